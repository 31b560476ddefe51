"""Starting is quick because heavy libraries are not imported; nothing reports over the network."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "openvino", "av", "cv2", "pydicom", "numba", "matplotlib", "scipy")
NOT_FOR_HELP = (*HEAVY, "numpy", "rich", "typer.rich_utils", "usummary.settings", "usummary.types")


def modules_after(code: str) -> set[str]:
    """Names of the modules that a fresh interpreter holds after running `code`."""
    script = f"import sys\n{code}\nprint('MODULES', *sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return set(result.stdout.rpartition("MODULES")[2].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["summarize", "--help"],
        ["compose", "--help"],
        ["train", "summariser", "--help"],
        ["evaluate", "--help"],
        ["experiment", "--help"],
    ],
)
def test_help_imports_nothing_heavy(arguments):
    loaded = modules_after(
        "from usummary.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit as end: assert end.code == 0, end.code"
    )
    assert "usummary.cli" in loaded
    assert loaded.isdisjoint(NOT_FOR_HELP)
    if arguments[0] in ("--help", "--version"):  # typer reads a command's arguments by pydantic
        assert "pydantic" not in loaded


def test_the_package_loads_its_parts_on_first_use():
    loaded = modules_after("import usummary")
    assert loaded.isdisjoint({*HEAVY, "numpy", "usummary.pipeline"})


def test_the_window_starts_without_networks():
    loaded = modules_after("import ui.app, ui.window.main_window")
    assert "PySide6.QtWidgets" in loaded
    assert loaded.isdisjoint({"torch", "openvino", "pydicom", "matplotlib"})


def test_openvino_runs_without_its_telemetry():
    loaded = modules_after(
        "import usummary.networks\n"
        "from openvino.tools.ovc import convert_impl\n"
        "assert convert_impl.tm.__name__.endswith('telemetry_stub'), convert_impl.tm"
    )
    assert "openvino.tools.ovc.telemetry_stub" in loaded
