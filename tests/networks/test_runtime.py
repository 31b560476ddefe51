"""The runners agree with the plain network, keep their conversion, and fall back visibly."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from usummary import paths
from usummary.errors import DeviceError, ModelError
from usummary.networks import runtime, weights
from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.networks.i3d import SonoNetI3D, SonoNetI3DConfig
from usummary.networks.policy import Summariser
from usummary.networks.runtime import OpenVINORunner, TorchRunner, open_runner, run_halving
from usummary.networks.sumfcn import SumFCN, SumFCNConfig
from usummary.networks.unet3d import UNet3DConfig
from usummary.networks.weights import Training, save_model

FLOAT32_TOLERANCE = 1e-4
"""Largest difference of the CPU runner from torch, as a share of the largest value."""
BFLOAT16_TOLERANCE = 0.03
"""The same for the bfloat16 that a CUDA device computes backbones in."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    torch.manual_seed(2)
    folder = tmp_path_factory.mktemp("models")
    eye = SonoNetI3D(SonoNetI3DConfig(height=32, width=48))
    backbone = save_model(folder / "eye", eye, Training("none"))
    for name, net in (
        ("judge", Summariser(UNet3DConfig(channels=128, squeezed=8))),
        ("baseline", BiLSTM(BiLSTMConfig(hidden=8))),
        ("relative", SumFCN(SumFCNConfig(width=8, levels=3))),
    ):
        net.norm.set_statistics(torch.rand(128), torch.rand(128) + 0.5)
        save_model(folder / name, net, Training("none", backbone=backbone))
    return folder


@pytest.fixture
def eye(folder) -> weights.Model:
    return weights.load_model("eye", folder=folder)


def clips(count: int) -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (count, 16, 32, 48), dtype=np.uint8)


def reference(model, inputs) -> tuple[np.ndarray, ...]:
    with torch.inference_mode():
        outputs = weights.build(model)(torch.from_numpy(inputs))
    several = outputs if isinstance(outputs, tuple) else (outputs,)
    return tuple(output.numpy() for output in several)


def assert_agree(found, expected, tolerance):
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == np.float32
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max()


def test_backbone_on_openvino_agrees_with_torch(eye):
    with open_runner(eye, "cpu") as runner:
        for batch in (1, 3):
            outputs = runner.run(clips(batch))
            assert_agree(outputs, reference(eye, clips(batch)), FLOAT32_TOLERANCE)
            assert [output.shape[0] for output in outputs] == [batch] * 3
        assert "CPU" in runner.device
        assert "float32" in runner.device
        assert runner.notices == ()


@pytest.mark.parametrize("name", ["judge", "baseline", "relative"])
def test_summarisers_on_openvino_agree_with_torch_for_any_length(name, folder):
    model = weights.load_model(name, folder=folder)
    rng = np.random.default_rng(1)
    with open_runner(model, "cpu") as runner:
        for clips_, size in ((1, (7, 9)), (2, (1, 1)), (5, (7, 9)), (8, (2, 2)), (300, (2, 3))):
            features = rng.normal(1, 2, (1, clips_, 128, *size)).astype(np.float16)
            expected = reference(model, features)
            assert_agree(runner.run(features), expected, FLOAT32_TOLERANCE)
            assert_agree(runner.run(features.astype(np.float32)), expected, FLOAT32_TOLERANCE)


def test_shipped_models_agree_with_torch():
    shipped = weights.list_models()
    if not shipped:
        pytest.skip("no models are shipped with this checkout")
    rng = np.random.default_rng(7)
    for model in shipped:
        if model.role == "backbone":
            shape = (1, model.clip_length, model.height, model.width)
            inputs = rng.integers(0, 256, shape, dtype=np.uint8)
        else:
            shape = (1, 21, model.config["channels"], 7, 9)
            inputs = np.abs(rng.normal(0, 1, shape)).astype(np.float16)
        with open_runner(model, "cpu") as runner:
            assert_agree(runner.run(inputs), reference(model, inputs), FLOAT32_TOLERANCE)


def test_outputs_are_not_overwritten_by_the_next_run(eye):
    with open_runner(eye, "cpu") as runner:
        first = runner.run(clips(1))[0]
        kept = first.copy()
        runner.run(255 - clips(1))
        assert np.array_equal(first, kept)


def test_a_second_start_reads_the_kept_graph_without_torch(eye):
    open_runner(eye, "cpu").close()
    code = (
        "import sys; from usummary.networks import runtime, weights; import numpy as np\n"
        f"runner = runtime.open_runner(weights.load_model({str(eye.folder)!r}), 'cpu')\n"
        "assert runner.run(np.zeros((1, 16, 32, 48), np.uint8))[0].shape == (1, 128, 2, 3)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_a_damaged_kept_graph_is_made_again(eye):
    open_runner(eye, "cpu").close()
    kept = runtime.graph_folder(eye) / "0.bin"
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 0x40
    kept.write_bytes(data)
    with open_runner(eye, "cpu") as runner:
        assert_agree(runner.run(clips(1)), reference(eye, clips(1)), FLOAT32_TOLERANCE)
    assert kept.read_bytes() != bytes(data)
    assert [path.name for path in kept.parent.parent.glob(".part-*")] == []


def test_two_starts_at_once_leave_one_whole_graph(folder, tmp_path):
    """Both convert, both work, one result stands."""
    code = (
        "import sys; from pathlib import Path; from usummary import paths\n"
        f"paths.cache_dir = lambda: Path({str(tmp_path)!r})\n"
        "from usummary.networks import runtime, weights; import numpy as np\n"
        f"runner = runtime.open_runner(weights.load_model({str(folder / 'baseline')!r}), 'cpu')\n"
        "print(runner.run(np.ones((1, 2, 128, 1, 1), np.float16))[0].sum(), runner.notices)"
    )
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0] == answers[1]
    assert answers[0].endswith(" ()\n")
    assert [path.name[0] for path in (tmp_path / "openvino").iterdir()] != ["."]
    assert len(list((tmp_path / "openvino").iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_said_and_survived(folder, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setattr(paths, "cache_dir", lambda: blocked)
    with OpenVINORunner(weights.load_model("baseline", folder=folder)) as runner:
        assert runner.run(np.ones((1, 2, 128, 1, 1), np.float16))[0].shape == (1, 32)
        assert "could not be kept" in runner.notices[0]


@pytest.mark.parametrize(
    "inputs",
    [
        np.zeros((1, 16, 32, 47), np.uint8),
        np.zeros((1, 15, 32, 48), np.uint8),
        np.zeros((16, 32, 48), np.uint8),
        np.zeros((1, 16, 32, 48), np.float32),
        np.zeros((0, 16, 32, 48), np.uint8),
    ],
)
def test_a_wrong_input_is_explained(inputs, eye):
    with open_runner(eye, "cpu") as runner, pytest.raises(ModelError, match=r"takes uint8 \(N, 16"):
        runner.run(inputs)


def test_features_of_another_backbone_are_refused(folder):
    model = weights.load_model("baseline", folder=folder)
    with (
        open_runner(model, "cpu") as runner,
        pytest.raises(ModelError, match=r"float16 \(1, T, 128"),
    ):
        runner.run(np.zeros((1, 4, 2048, 4, 4), np.float16))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_without_a_cuda_device_asking_for_one_is_an_error_and_auto_takes_the_cpu(eye):
    with pytest.raises(DeviceError, match="No CUDA device"):
        open_runner(eye, "cuda")
    with open_runner(eye, "auto") as runner:
        assert runner.device.startswith("CPU, OpenVINO")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_torch_on_the_cpu(eye, folder):
    with open_runner(eye, "cuda") as runner:
        assert_agree(runner.run(clips(5)), reference(eye, clips(5)), BFLOAT16_TOLERANCE)
        assert "bfloat16" in runner.device
    judge = weights.load_model("judge", folder=folder)
    features = np.random.default_rng(2).normal(size=(1, 13, 128, 7, 9)).astype(np.float16)
    with open_runner(judge, "cuda") as runner:
        assert_agree(runner.run(features), reference(judge, features), BFLOAT16_TOLERANCE)


def test_torch_runner_in_bfloat16_agrees(eye):
    """What CUDA computes, computed by torch's CPU device: same casts, same layout."""
    with TorchRunner(eye, weights.build(eye), "cpu") as runner:
        assert_agree(runner.run(clips(2)), reference(eye, clips(2)), BFLOAT16_TOLERANCE)
        assert "bfloat16" in runner.device


def test_torch_runner_keeps_summarisers_in_float32(folder):
    model = weights.load_model("judge", folder=folder)
    features = np.random.default_rng(2).normal(size=(1, 9, 128, 2, 3)).astype(np.float16)
    with TorchRunner(model, weights.build(model), "cpu") as runner:
        assert_agree(runner.run(features), reference(model, features), FLOAT32_TOLERANCE)
        assert "float32" in runner.device


class TooLarge(torch.nn.Module):
    """A network that runs out of memory above `limit` clips, as torch says it on a GPU."""

    def __init__(self, net: torch.nn.Module, limit: int) -> None:
        super().__init__()
        self.net = net
        self.limit = limit
        self.batches: list[int] = []

    def forward(self, inputs):
        self.batches.append(len(inputs))
        if len(inputs) > self.limit:
            raise torch.OutOfMemoryError("out of memory")
        return self.net(inputs)


def test_a_batch_that_does_not_fit_is_halved_and_said_once(eye):
    net = TooLarge(weights.build(eye), limit=3)
    with TorchRunner(eye, net, "cpu") as runner:
        outputs = runner.run(clips(10))
        assert net.batches == [10, 5, 2, 2, 2, 2, 2]
        assert_agree(outputs, reference(eye, clips(10)), BFLOAT16_TOLERANCE)
        runner.run(clips(4))
        assert net.batches[7:] == [2, 2]
        assert len(runner.notices) == 1
        assert "2 at a time" in runner.notices[0]


def test_when_one_clip_does_not_fit_the_cpu_goes_on_visibly(eye):
    net = TooLarge(weights.build(eye), limit=0)
    with TorchRunner(eye, net, "cpu") as runner:
        assert_agree(runner.run(clips(2)), reference(eye, clips(2)), FLOAT32_TOLERANCE)
        assert net.batches == [2, 1]
        assert "the rest was computed on the CPU" in runner.notices[0]
        assert runner.device.startswith("CPU, OpenVINO")
        runner.run(clips(1))
        assert net.batches == [2, 1]
        assert len(runner.notices) == 1


def test_halving_keeps_the_order_and_raises_when_nothing_fits():
    inputs = np.arange(23)

    def at_most_four(batch):
        if len(batch) > 4:
            raise MemoryError
        return batch * 2, -batch

    outputs, size = run_halving(at_most_four, inputs, 16, MemoryError)
    assert size == 4
    assert np.array_equal(outputs[0], inputs * 2)
    assert np.array_equal(outputs[1], -inputs)

    def never(batch):
        raise MemoryError

    with pytest.raises(MemoryError):
        run_halving(never, inputs, 16, MemoryError)


def test_a_closed_runner_does_not_run(eye):
    for runner in (OpenVINORunner(eye), TorchRunner(eye, weights.build(eye), "cpu")):
        runner.close()
        with pytest.raises(ModelError, match="closed"):
            runner.run(clips(1))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal stacks")
def test_a_signal_is_survived_after_a_runner_was_closed_in_another_thread(eye):
    code = (
        "import faulthandler, os, pathlib, signal, sys, threading\n"
        "from usummary.networks import runtime, weights\n"
        "faulthandler.enable()\n"  # Python's handlers then run on the thread's signal stack
        "signal.signal(signal.SIGTERM, lambda *_: print('told'))\n"
        "model = weights.load_model(sys.argv[1])\n"
        "runners = [runtime.open_runner(model, 'cpu')]\n"
        "last = threading.Thread(target=lambda: runners.pop().close())\n"
        "last.start(), last.join()\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    command = [sys.executable, "-c", code, str(eye.folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (0, "told\n"), result.stderr
