"""Segmentation, knapsack, and choosing with edits, one thread, warm, beside a plain program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks import inputs
from benchmarks.rows import Row
from usummary import pipeline
from usummary.analysis import kts
from usummary.project import Project, load_project, save_project
from usummary.selection import knapsack
from usummary.selection.edits import UNEDITED, apply, keep, move_edge, reject
from usummary.settings import DEFAULTS

WIDTH = 1024
STATUS = Path("/proc/self/status")


def run() -> list[Row]:
    """All rows of this group, measured in a process of its own that has one thread."""
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.kernels"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | limits,
    )
    return [Row(*row) for row in json.loads(result.stdout)]


def measure() -> list[Row]:
    """All rows of this group, in this process."""
    kts.change_points(scenes(200, 0), max_change_points=2)  # compiles, on the first run ever
    knapsack.select([1.0, 1.0], [1, 1], 1)
    return [
        _segmentation("scenes", 3000, "0.3 s", plain=True),
        _segmentation("scenes", 8000, "1 s"),
        _segmentation("scenes", 20_000, "4 s"),
        _segmentation("drifting", 3000, "0.3 s", plain=True),
        _segmentation("static", 8000, "10 s"),
        _at_most(),
        _memory(),
        *(_knapsack(kind) for kind in ("free", "score x length", "strongly correlated")),
        *(_choosing(kind) for kind in ("random scores", "equal scores")),
        _choosing_with_edits(),
        _opening_a_project(),
    ]


def scenes(count: int, seed: int, *, length: int = 23, noise: float = 0.5) -> NDArray[np.float32]:
    """Unit rows of random scenes, `length` rows long on average, with noise."""
    rng = np.random.default_rng(seed)
    rows = np.empty((count, WIDTH), dtype=np.float32)
    at = 0
    while at < count:
        stop = min(at + int(rng.integers(length // 2, 2 * length)), count)
        part = rng.normal(size=WIDTH) + noise * rng.normal(size=(stop - at, WIDTH))
        rows[at:stop] = part / np.linalg.norm(part, axis=1, keepdims=True)
        at = stop
    return rows


def drifting(count: int, seed: int) -> NDArray[np.float32]:
    """Unit rows that wander like a probe: each is 97 % of the one before and new noise."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, WIDTH)).astype(np.float32)
    for at in range(1, count):
        rows[at] = 0.97 * rows[at - 1] + (1 - 0.97**2) ** 0.5 * rows[at]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def static(count: int, seed: int) -> NDArray[np.float32]:
    """Unit rows of one scene with noise: every row stays a candidate."""
    return scenes(count, seed, length=2 * count, noise=0.3)


MAKERS: dict[str, Callable[[int, int], NDArray[np.float32]]] = {
    "scenes": scenes,
    "drifting": drifting,
    "static": static,
}


def _timed(work: Callable[[], object], repeats: int = 3) -> tuple[float, object]:
    """Least wall-clock seconds of some runs, and the last answer."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        answer = work()
        best = min(best, time.perf_counter() - start)
    return best, answer


def _segmentation(kind: str, count: int, target: str, *, plain: bool = False) -> Row:
    rows = MAKERS[kind](count, 0)
    seconds, points = _timed(lambda: kts.change_points(rows))
    assert isinstance(points, np.ndarray)
    reference = ""
    if plain:
        most = len(points) + 20
        plain_seconds, expected = _timed(lambda: plain_segmentation(rows, most), repeats=1)
        same = "identical" if np.array_equal(points, expected) else "NOT identical"
        reference = f"plain float64 DP up to {most} cuts {plain_seconds:.1f} s, {same}"
    name = f"KTS {kind} N = {count}, d = {WIDTH} ({len(points)} change points)"
    return Row(name, f"{seconds:.3f} s", target, reference)


def plain_segmentation(rows: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """The textbook program: an N x N array of scatter, then every number of cuts to `most`."""
    wide = rows.astype(np.float64)
    wide -= wide.mean(axis=0)
    count = len(wide)
    gram = wide @ wide.T
    energy = np.concatenate([[0.0], np.cumsum(np.diagonal(gram))])
    block = np.zeros((count + 1, count + 1))
    block[1:, 1:] = np.cumsum(np.cumsum(gram, axis=0), axis=1)
    corner = np.diagonal(block)
    length = np.arange(count + 1)
    spread = corner[None, :] + corner[:, None] - 2 * block
    rows_in = length[None, :] - length[:, None]
    cost = energy[None, :] - energy[:, None] - spread / np.maximum(rows_in, 1)
    loss, back = _plain_layers(np.maximum(cost, 0.0).T.copy(), most)
    number = np.maximum(np.arange(most + 1), 1e-300)
    best = int(np.argmin(loss / count + number / (2 * count) * (np.log(count / number) + 1)))
    points = np.empty(best, dtype=np.int64)
    at = count
    for layer in range(best, 0, -1):
        at = points[layer - 1] = back[layer, at]
    return points


@njit(cache=True)
def _plain_layers(
    cost: NDArray[np.float64], most: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Least loss of all rows for 0..most cuts, and the last cut by (cuts, prefix)."""
    count = len(cost) - 1
    loss = cost[:, 0].copy()
    back = np.zeros((most + 1, count + 1), dtype=np.int32)
    result = np.empty(most + 1)
    result[0] = loss[count]
    for layer in range(1, most + 1):
        fresh = np.full(count + 1, np.inf)
        for end in range(layer + 1, count + 1):
            for start in range(layer, end):
                value = loss[start] + cost[end, start]
                if value < fresh[end]:
                    fresh[end] = value
                    back[layer, end] = start
        loss = fresh
        result[layer] = loss[count]
    return result, back


def _at_most() -> Row:
    rows = np.ascontiguousarray(drifting(15_000, 1)[:, :128])
    seconds, points = _timed(lambda: kts.change_points_at_most(rows, 800))
    assert isinstance(points, np.ndarray)
    name = f"KTS at most 800 change points, N = 15000, d = 128 ({len(points)} found)"
    return Row(name, f"{seconds:.3f} s", "", "")


def _memory() -> Row:
    """Peak of a fresh process, N = 20,000: all of it, interpreter and features included."""
    name = f"KTS peak memory of the whole process, scenes N = 20000, d = {WIDTH}"
    if not STATUS.exists():
        return Row(name, "measured on Linux only", "500 MB", "")
    code = (
        "from benchmarks.kernels import kts, peak_megabytes, scenes\n"
        "kts.change_points(scenes(200, 0), max_change_points=2)\n"
        "rows = scenes(20_000, 0)\n"
        "before = peak_megabytes()\n"
        "kts.change_points(rows)\n"
        "print(before, peak_megabytes())\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    before, peak = (float(word) for word in result.stdout.split())
    return Row(name, f"{peak:.0f} MB", "500 MB", f"{before:.0f} MB of it before the call")


def peak_megabytes() -> float:
    """Peak resident memory of this process since it started (`getrusage` keeps a parent's)."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _knapsack(kind: str) -> Row:
    rng = np.random.default_rng(0)
    weights = rng.integers(1, 400, 2000)
    values = {
        "free": rng.random(2000),
        "score x length": rng.random(2000) * weights,
        "strongly correlated": weights + 100.0,
    }[kind]
    seconds, chosen = _timed(lambda: knapsack.select(values, weights, 20_000))
    plain_seconds, expected = _timed(lambda: plain_knapsack(values, weights, 20_000), repeats=1)
    assert isinstance(chosen, list)
    same = "same value" if np.isclose(values[chosen].sum(), expected, rtol=1e-13) else "OTHER VALUE"
    name = f"knapsack 2000 items x 20000, {kind}"
    return Row(name, f"{1000 * seconds:.1f} ms", "200 ms", f"table {plain_seconds:.2f} s, {same}")


def plain_knapsack(values: NDArray[np.float64], weights: NDArray[np.int64], capacity: int) -> float:
    """Greatest total value, by the textbook table."""
    best = np.zeros(capacity + 1)
    for value, weight in zip(values, weights, strict=True):
        best[weight:] = np.maximum(best[weight:], best[: capacity + 1 - weight] + value)
    return float(best[-1])


def _choosing(kind: str) -> Row:
    """What choosing another length of a 65-minute exam asks for: 15 % of it, in milliseconds."""
    rng = np.random.default_rng(0)
    weights = np.maximum(2000, rng.exponential(5000, 800)).astype(np.int64)
    scores = rng.random(800) if kind == "random scores" else np.full(800, 0.37)
    budget = int(weights.sum()) * 15 // 100
    seconds, _ = _timed(lambda: knapsack.select(scores * weights, weights, budget))
    name = f"knapsack 800 shots x {budget} ms, {kind}"
    return Row(name, f"{1000 * seconds:.1f} ms", "20 ms" if kind == "random scores" else "", "")


def _choosing_with_edits() -> Row:
    """What every edit of a long exam asks for."""
    analysis = inputs.long_analysis()
    edits = UNEDITED
    for number in range(0, inputs.SHOTS, 10):
        edits = (keep if number % 20 else reject)(edits, analysis.shots[number])
    for number in range(4, inputs.SHOTS, 40):
        shots = apply(analysis, edits).shots
        edits = move_edge(edits, shots, number, "end", shots[number].end_frame + 2)
    seconds, _ = _timed(lambda: pipeline.select(analysis, "15%", edits=edits), repeats=20)
    name = f"choosing from {inputs.SHOTS} shots, 80 decided and 20 moved"
    return Row(name, f"{1000 * seconds:.1f} ms", "20 ms", "")


def _opening_a_project() -> Row:
    analysis = inputs.long_analysis()
    project = Project(analysis.path, DEFAULTS, "15%", UNEDITED, analysis, cover_planes=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exam.usummary"
        save_project(path, project)
        seconds, _ = _timed(lambda: load_project(path))
    return Row(f"opening a project of {inputs.MINUTES} minutes", f"{seconds:.3f} s", "0.3 s", "")


if __name__ == "__main__":
    print(json.dumps(measure()))
