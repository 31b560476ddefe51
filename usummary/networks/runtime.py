"""Runs networks: on the CPU with OpenVINO, on a CUDA device with torch, behind one interface.

A network is converted for OpenVINO once; the converted graph is kept in the cache folder, so later
starts import no torch. Reasons and figures: ``docs/decisions/runtimes.md``.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from usummary import paths
from usummary.errors import DeviceError, ModelError
from usummary.networks import weights
from usummary.networks.weights import Model

if TYPE_CHECKING:
    import openvino as ov
    from torch import Tensor, nn

Array = NDArray[Any]
Device = Literal["auto", "cpu", "cuda"]

_HASHES = "sha256.txt"
_EXAMPLE_CLIPS = 5
_CLIPS_AT_ONCE = 128
_FIRST_CUDA_BATCH = 16


class Runner(Protocol):
    """A network that is ready to run; close it, or use it in a ``with`` statement.

    A backbone takes uint8 (N, n, H, W) and gives maps (N, C, h, w), steps (N, s, C), planes
    (N, K), float32. A summariser takes float16 or float32 features (1, T, C, h, w) and gives
    scores (1, T * n), float32.
    """

    @property
    def device(self) -> str:
        """Device, runtime and precision in use, as text for people."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """Fallbacks so far, as sentences for the person."""
        ...

    def run(self, inputs: Array) -> tuple[Array, ...]:
        """Outputs for one batch; several threads may not call at once.

        Raises:
            ModelError: `inputs` is not of the network's shape or type.
        """
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Runner: ...

    def __exit__(self, *_: object) -> None: ...


def open_runner(model: Model, device: Device = "auto") -> Runner:
    """A runner for a checked model.

    Args:
        model: From `weights.load_model`.
        device: ``auto`` takes a CUDA device if one can be used, else the CPU.

    Raises:
        DeviceError: ``cuda`` was asked for and there is none.
        ModelError: The weights do not fit the network.
    """
    if device != "cpu" and _has_cuda():
        return TorchRunner(model, weights.build(model), "cuda")
    if device == "cuda":
        raise DeviceError(
            "No CUDA device can be used here. Install an NVIDIA driver and a CUDA build of torch, "
            "or choose the device auto or cpu."
        )
    return OpenVINORunner(model)


def _has_cuda() -> bool:
    """Whether torch can use a CUDA device; torch is imported only where there is a driver."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()


# --- CPU: OpenVINO --------------------------------------------------------------------------------


class OpenVINORunner:
    """A network on the CPU, in float32 on every processor.

    OpenVINO would take bfloat16 on some processors, and a report must not depend on the processor.
    A summariser runs as two graphs: the first reduces features some clips at a time, the second
    scores the whole exam. So a long exam's features are never in memory in float32.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._notices: list[str] = []
        core = _core()
        # LATENCY: one clip at a time on all cores. Several at once take as long per clip, measured.
        hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        self._requests: list[Any] = [
            core.compile_model(graph, "CPU", hints).create_infer_request()
            for graph in self._kept_graphs(core)
        ]
        self.device = f"CPU, OpenVINO {_openvino_version()}, float32"

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(self._notices)

    def run(self, inputs: Array) -> tuple[Array, ...]:
        inputs = _checked(inputs, self._model)
        if not self._requests:
            raise _closed(self._model)
        if self._model.role == "backbone":
            return _infer(self._requests[0], inputs)
        clips = inputs.shape[1]
        reduced: Array | None = None
        for start in range(0, clips, _CLIPS_AT_ONCE):
            part = _infer(self._requests[0], inputs[:, start : start + _CLIPS_AT_ONCE])[0]
            if reduced is None:
                reduced = np.empty((1, clips, *part.shape[2:]), np.float32)
            reduced[:, start : start + _CLIPS_AT_ONCE] = part
        return _infer(self._requests[1], reduced)

    def close(self) -> None:
        """Free the memory."""
        self._requests = []

    def __enter__(self) -> OpenVINORunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _kept_graphs(self, core: ov.Core) -> list[ov.Model]:
        """The converted network, from the cache folder; if it is not there it is made and kept."""
        folder = graph_folder(self._model)
        if _is_whole(folder):
            return [core.read_model(path) for path in sorted(folder.glob("*.xml"))]
        graphs = _converted(self._model)
        try:
            _keep(graphs, folder)
        except OSError as error:
            self._notices.append(
                f"The converted network could not be kept in {folder.parent} ({error.strerror}); "
                "the next start will take some seconds longer."
            )
        return graphs


@functools.cache
def _core() -> ov.Core:
    """The only OpenVINO core of this process, which is never freed.

    OpenVINO's CPU plugin gives the thread that first compiles a network a signal stack, and frees
    that stack with its last object, in whichever thread that happens. The first thread would then
    have a freed signal stack, and the next Ctrl-C would end the program in a segmentation fault.
    """
    import openvino as ov

    return ov.Core()


def _infer(request: Any, inputs: Array | None) -> tuple[Array, ...]:
    """Outputs of one graph, as arrays that the next call does not overwrite."""
    results = request.infer([np.ascontiguousarray(inputs)], share_inputs=True)
    return tuple(np.asarray(value) for value in results.to_tuple())


_CODE = (
    "bilstm.py", "both_ways.py", "i3d.py", "policy.py", "runtime.py", "scorer.py", "st3d.py",
    "sumfcn.py", "unet3d.py",
)  # fmt: skip
"""Files of this package that shape a graph."""


def graph_folder(model: Model) -> Path:
    """Folder of a model's converted network.

    Its name changes with everything that shapes the graph: weights, config, this package's network
    code, OpenVINO.
    """
    code = hashlib.sha256(repr((model.network, sorted(model.config.items()))).encode())
    for file in _CODE:
        code.update(resources.files(__package__).joinpath(file).read_bytes())
    name = f"{model.sha256[:16]}-{_openvino_version()}-{code.hexdigest()[:16]}"
    return paths.cache_dir() / "openvino" / name


def _openvino_version() -> str:
    from importlib.metadata import version

    return version("openvino")


def _converted(model: Model) -> list[ov.Model]:
    """The network as OpenVINO graphs, for any batch (backbone) or any T, h and w (summariser)."""
    import torch

    net = weights.build(model)
    with torch.no_grad():
        if model.role == "backbone":
            clip = torch.zeros(1, model.clip_length, model.height, model.width, dtype=torch.uint8)
            return [_convert(net, "forward", clip, any_size=(0,))]
        channels = int(model.config["channels"])
        features = torch.zeros(1, _EXAMPLE_CLIPS, channels, 2, 3, dtype=torch.float16)
        reduced = net.reduced(features)  # type: ignore[operator]
        return [
            _convert(net, "reduced", features, any_size=(1, 3, 4)),
            _convert(net, "scores", reduced, any_size=(1, 3, 4)[: reduced.ndim - 2]),
        ]


def _convert(net: nn.Module, method: str, example: Tensor, any_size: tuple[int, ...]) -> ov.Model:
    """One method of a network as a graph; the dimensions `any_size` of its input stay open."""
    import openvino as ov
    import torch

    shape = [-1 if axis in any_size else size for axis, size in enumerate(example.shape)]
    kinds = {torch.uint8: ov.Type.u8, torch.float16: ov.Type.f16, torch.float32: ov.Type.f32}
    with warnings.catch_warnings():
        # torch calls tracing deprecated, but OpenVINO's converter needs it.
        warnings.simplefilter("ignore")
        call = getattr(net, method)
        traced = torch.jit.trace(_as_module(net, call), example, check_trace=False)  # type: ignore[no-untyped-call]
        return ov.convert_model(
            traced,
            example_input=example,
            input=[(ov.PartialShape(shape), kinds[example.dtype])],
        )


def _as_module(net: nn.Module, call: Callable[[Tensor], Any]) -> nn.Module:
    """A module whose forward is `call`, a method of `net`."""
    from torch import nn

    class Step(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, inputs: Tensor) -> Any:
            return call(inputs)

    return Step().eval()


def _keep(graphs: list[ov.Model], folder: Path) -> None:
    """Save graphs beside their place, then rename; of two processes at once, the first wins."""
    import openvino as ov

    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
    try:
        try:
            for number, graph in enumerate(graphs):
                # OpenVINO would store weights in float16 by default.
                ov.save_model(graph, part / f"{number}.xml", compress_to_fp16=False)
        except RuntimeError as error:
            raise OSError(0, "it could not be written") from error
        (part / _HASHES).write_text(_hashes(part), encoding="ascii")
        if folder.exists() and not _is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)  # a damaged graph would be in the way
        try:
            part.replace(folder)
        except OSError:
            if not _is_whole(folder):  # else another process was first, with the same graph
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    """Whether the kept graph is there and unchanged.

    Checked at every start, like the weights file that the graph was made from.
    """
    try:
        return (folder / _HASHES).read_text(encoding="ascii") == _hashes(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _hashes(folder: Path) -> str:
    lines = []
    for path in sorted(path for path in folder.iterdir() if path.name != _HASHES):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)


# --- CUDA: torch ----------------------------------------------------------------------------------


class TorchRunner:
    """A network in torch: backbones in bfloat16 where it is safe, summarisers in float32.

    When memory runs out the batch is halved; when a single clip does not fit, the rest of the work
    moves to the CPU. Both become `notices`.
    """

    def __init__(self, model: Model, net: nn.Module, device: str) -> None:
        import torch

        self._torch = torch
        self._model = model
        self._device = torch.device(device)
        self._notices: list[str] = []
        self._fallback: OpenVINORunner | None = None
        self._batch = _FIRST_CUDA_BATCH
        self._net: nn.Module | None = net.to(self._device)
        if model.role == "backbone":
            self._net = net.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    @property
    def device(self) -> str:
        if self._fallback is not None:
            return self._fallback.device
        precision = "bfloat16" if self._model.role == "backbone" else "float32"
        cuda = self._device.type == "cuda"
        name = self._torch.cuda.get_device_name(self._device) if cuda else self._device.type
        return f"{name}, torch {self._torch.__version__}, {precision}"

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(self._notices) + (self._fallback.notices if self._fallback else ())

    def run(self, inputs: Array) -> tuple[Array, ...]:
        inputs = _checked(inputs, self._model)
        if self._fallback is not None:
            return self._fallback.run(inputs)
        memory_error = self._torch.OutOfMemoryError
        try:
            outputs, batch = run_halving(self._forward, inputs, self._batch, memory_error)
        except memory_error:
            return self._move_to_cpu().run(inputs)
        if batch < min(self._batch, len(inputs)):
            self._notices.append(
                f"The memory of {self.device} ran out; clips are now computed {batch} at a time."
            )
            self._batch = batch  # or every later call would run out of memory first
        return outputs

    def close(self) -> None:
        """Free the memory."""
        self._net = None
        if self._fallback is not None:
            self._fallback.close()
        if self._device.type == "cuda":
            self._torch.cuda.empty_cache()

    def __enter__(self) -> TorchRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forward(self, inputs: Array) -> tuple[Array, ...]:
        torch = self._torch
        if self._net is None:
            raise _closed(self._model)
        tensor = torch.from_numpy(np.ascontiguousarray(inputs))
        if self._device.type == "cuda":
            tensor = tensor.pin_memory().to(self._device, non_blocking=True)
        bfloat16 = self._model.role == "backbone"
        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=bfloat16),
        ):
            outputs: Tensor | tuple[Tensor, ...] = self._net(tensor)
        several = outputs if isinstance(outputs, tuple) else (outputs,)
        return tuple(output.float().cpu().numpy() for output in several)

    def _move_to_cpu(self) -> OpenVINORunner:
        self._notices.append(
            f"The memory of {self.device} is too small even for one clip; the rest was computed on "
            "the CPU, which is slower."
        )
        self.close()
        self._fallback = OpenVINORunner(self._model)
        return self._fallback


def run_halving(
    run: Callable[[Array], tuple[Array, ...]],
    inputs: Array,
    batch: int,
    memory_error: type[Exception],
) -> tuple[tuple[Array, ...], int]:
    """Run `inputs` in batches, halving the batch whenever memory runs out.

    Returns:
        The outputs for all of `inputs`, and the batch size that fitted.

    Raises:
        memory_error: One single input did not fit.
    """
    batch = min(batch, len(inputs))
    done: list[tuple[Array, ...]] = []
    start = 0
    while start < len(inputs):
        try:
            done.append(run(inputs[start : start + batch]))
        except memory_error:
            if batch == 1:
                raise
            batch //= 2
        else:
            start += batch
    return tuple(np.concatenate(parts) for parts in zip(*done, strict=True)), batch


def _checked(inputs: Array, model: Model) -> Array:
    """`inputs` in the type that the network takes, with their shape checked.

    Raises:
        ModelError: The shape does not fit.
    """
    if model.role == "backbone":
        wanted: tuple[int, ...] = (model.clip_length, model.height, model.width)
        fits = inputs.ndim == 4 and inputs.shape[1:] == wanted and inputs.dtype == np.uint8
        text = f"uint8 (N, {', '.join(map(str, wanted))})"
    else:
        channels = model.config["channels"]
        fits = inputs.ndim == 5 and inputs.shape[0] == 1 and inputs.shape[2] == channels
        fits = fits and inputs.dtype in (np.float16, np.float32)
        text = f"float16 (1, T, {channels}, h, w)"
    if not fits or inputs.size == 0:
        raise ModelError(
            f'The model "{model.name}" takes {text}, it was given {inputs.dtype} '
            f"{inputs.shape}. A summariser needs features of its own backbone."
        )
    return inputs if model.role == "backbone" else inputs.astype(np.float16, copy=False)


def _closed(model: Model) -> ModelError:
    return ModelError(f'The runner of "{model.name}" is closed. Open another one.')
