"""What every test runs under: no display, no person's folders.

This module is imported before any test module, so what it sets is there before Qt, matplotlib or
platformdirs look for it.
"""

import os
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["MPLBACKEND"] = "Agg"

_FEWER_INSTRUCTIONS = "ONEDNN_MAX_CPU_ISA"
"""Makes torch compute as on an older processor (`python3 dev.py test` does that once)."""


def _openvino_as_it_is() -> None:
    """Let OpenVINO look at the processor before that variable is set.

    OpenVINO chooses its kernels by the processor itself but has oneDNN inside, which obeys the
    variable: told two different things, it crashes. It looks once, at its first computation.
    """
    import numpy as np
    import openvino as ov
    from openvino import opset13 as ops

    picture = ops.parameter([1, 1, 4, 4], np.float32)
    kernel = ops.constant(np.ones((1, 1, 3, 3), np.float32))
    blurred = ops.convolution(picture, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    ov.Core().compile_model(ov.Model([blurred], [picture]), "CPU")([np.ones((1, 1, 4, 4))])


if (_WANTED := os.environ.pop(_FEWER_INSTRUCTIONS, None)) is not None:
    _openvino_as_it_is()
    os.environ[_FEWER_INSTRUCTIONS] = _WANTED

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # As in a background shell; what tests send to themselves and to their children must arrive.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_HOME = Path(tempfile.mkdtemp(prefix="usummary-tests-"))
for _name in ("cache", "data", "config", "state"):
    os.environ[f"XDG_{_name.upper()}_HOME"] = str(_HOME / _name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle", type=int, metavar="SEED", help="run files, and tests in each, in random order"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """No test may need another one before it: ``--shuffle`` shows one that does."""
    seed = config.getoption("--shuffle")
    if seed is not None:
        order = random.Random(seed)
        files = {item.path: order.random() for item in items}
        items.sort(key=lambda item: (files[item.path], order.random()))


@pytest.fixture(scope="session", autouse=True)
def persons_folders() -> Iterator[Path]:
    """The folder that stands in for the person's cache and data; also for child processes."""
    yield _HOME
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture
def signal_handlers(monkeypatch) -> Iterator[None]:
    """Gives the handlers back that the command line takes over; pytest sees to crashes itself."""
    from usummary import log

    monkeypatch.setattr(log, "_watch_for_crashes", lambda _: None)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def run(capsys, monkeypatch, signal_handlers):
    """Run a command line; its exit code, stdout and stderr."""
    from usummary import cli

    monkeypatch.setenv("COLUMNS", "200")

    def run_it(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    return run_it


# What training needs: used by the tests of training and of its commands, made once for both.


@pytest.fixture(scope="session")
def made_data(tmp_path_factory):
    from tests.training.made_data import make_data

    return make_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def backbone(tmp_path_factory):
    """A tiny backbone in a folder of models."""
    from tests.training.made_data import write_backbone

    return write_backbone(tmp_path_factory.mktemp("models") / "eye")


@pytest.fixture(scope="session")
def composed(made_data, tmp_path_factory):
    """Folders of composed recordings of half a minute, by part of the split: do not write there."""
    from usummary.training.composing.collection import CollectionPlan, compose_all

    folder = tmp_path_factory.mktemp("composed")
    for part in ("train", "test"):
        plan = CollectionPlan(made_data, part, freezes="show", fps=10)
        list(compose_all(plan, folder / part, lambda *_: None))
    return {part: folder / part for part in ("train", "test")}
