"""Networks: the backbone on OpenVINO beside the same network in torch, starting, and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.rows import Row
from usummary.networks import runtime, weights
from usummary.networks.weights import Model
from usummary.settings import DEFAULT_MODEL

ROUNDS = 15
LONG_EXAM_CLIPS = 3656
"""65 minutes at 15 samples per second in clips of 16."""

_START = """
import json, sys, time
from pathlib import Path
def peak():  # of this process alone; getrusage would count the one that started it
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
began = time.perf_counter()
import numpy as np
from usummary.networks import runtime, weights
model = weights.load_model(sys.argv[1], "summariser")
backbone = weights.backbone_of(model)
with runtime.open_runner(backbone, "cpu") as runner:
    shape = (1, backbone.clip_length, backbone.height, backbone.width)
    out = runner.run(np.zeros(shape, np.uint8))
seconds = time.perf_counter() - began
before = peak()
features = np.ones((1, int(sys.argv[2]), *out[0].shape[1:]), np.float16)
with runtime.open_runner(model, "cpu") as runner:
    began = time.perf_counter()
    runner.run(features)
    score = time.perf_counter() - began
print(json.dumps([seconds, score, peak() - before, "torch" in sys.modules]))
"""


def run() -> list[Row]:
    """Rows for the default models on this machine's CPU."""
    summariser = weights.load_model(DEFAULT_MODEL, "summariser")
    backbone = weights.backbone_of(summariser)
    rows = fresh_process(summariser) if sys.platform == "linux" else []
    return [against_torch(backbone), *rows]


def against_torch(backbone: Model) -> Row:
    """One clip in OpenVINO and in torch eager, taking turns; the least disturbed turn of each."""
    import torch

    shape = (1, backbone.clip_length, backbone.height, backbone.width)
    clip = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    net, tensor = weights.build(backbone), torch.from_numpy(clip)
    times: dict[str, list[float]] = {"openvino": [], "torch": []}
    with runtime.open_runner(backbone, "cpu") as runner, torch.inference_mode():
        for turn in range(ROUNDS + 2):
            pair = {
                "openvino": timed(lambda: runner.run(clip)),
                "torch": timed(lambda: net(tensor)),
            }
            for name, seconds in pair.items():
                if turn >= 2:  # both have settled
                    times[name].append(seconds)
        device = runner.device
    ours, theirs = (min(times[name]) * 1000 for name in ("openvino", "torch"))
    return Row(
        f"backbone {backbone.name}, one clip, {device}",
        f"{ours:.0f} ms = {theirs / ours:.1f} times faster",
        "at least 3 times faster",
        f"torch eager, {torch.get_num_threads()} threads: {theirs:.0f} ms",
    )


def timed(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def fresh_process(summariser: Model) -> list[Row]:
    """What a person waits for at a second start, and what scoring a long exam takes."""
    command = [sys.executable, "-c", _START, str(summariser.folder), str(LONG_EXAM_CLIPS)]
    for _ in range(2):  # the first one may convert
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    start_s, score_s, memory_mb, torch_loaded = json.loads(answer)
    return [
        Row(
            "new process to the backbone's first result",
            f"{start_s:.1f} s",
            "3 s, without torch",
            f"converted before; torch imported: {'yes' if torch_loaded else 'no'}",
        ),
        Row(
            f"scoring a 65-minute exam ({LONG_EXAM_CLIPS:,} clips)",
            f"{score_s:.1f} s, {memory_mb:.0f} MB more",
            "some seconds, under 600 MB",
            f"the features themselves: {features_mb(summariser):.0f} MB of it",
        ),
    ]


def features_mb(summariser: Model) -> float:
    """Size of a long exam's maps as the program holds them (float16)."""
    backbone = weights.backbone_of(summariser)
    shape = (1, backbone.clip_length, backbone.height, backbone.width)
    with runtime.open_runner(backbone, "cpu") as runner:
        maps = runner.run(np.zeros(shape, np.uint8))[0]
    return LONG_EXAM_CLIPS * maps[0].size * 2 / 1e6
