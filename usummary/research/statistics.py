"""Means over splits and seeds, with intervals and tests.

A table's number is the mean over a split's test videos, then over splits; its spread is the
standard deviation of this mean over seeds. Most of the uncertainty comes from the small number of
videos. So intervals are bootstraps over videos, and tests flip the signs of per-video differences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usummary.research.record import Record, TrainingResult, VideoResult

Measure = Callable[[VideoResult], float | None]

_DRAWS = 10_000
_EXACT_VIDEOS = 13
"""With at most this many videos, all 2 ** n sign patterns are counted."""


def f_score(over: str, length: str) -> Measure:
    """F-score at a length, `over` being ``best`` or ``mean``; None if it was not measured."""

    def measure(video: VideoResult) -> float | None:
        result = video.lengths.get(length)
        return None if result is None else float(getattr(result, over))

    return measure


def tau(video: VideoResult) -> float | None:
    """Kendall's tau-b."""
    return video.tau


def rho(video: VideoResult) -> float | None:
    """Spearman's rho."""
    return video.rho


@dataclass(frozen=True, slots=True)
class TableNumber:
    """One number of a table.

    Attributes:
        mean: Mean over splits and seeds.
        spread: Standard deviation over seeds; None with a single seed.
        undefined: How many videos had no value (constant scores) and were left out.
    """

    mean: float
    spread: float | None
    undefined: int


def estimate(
    results: Iterable[TrainingResult], splits: Sequence[Sequence[str]], measure: Measure
) -> TableNumber | None:
    """The number of one row; None if nothing was measured or everything is undefined.

    Args:
        results: Results of one method, with any seeds and splits; or of one baseline.
        splits: Names of the test videos of each split.
        measure: What is averaged.
    """
    by_seed: dict[int, list[float]] = defaultdict(list)
    undefined = 0
    for result in results:
        tests = splits if result.setting == "baseline" else [splits[result.split]]
        for names in tests:
            values = [measure(result.videos[name]) for name in names]
            known = [value for value in values if value is not None]
            undefined += len(values) - len(known)
            if known:
                by_seed[result.seed].append(float(np.mean(known)))
    means = [float(np.mean(values)) for values in by_seed.values()]
    if not means:
        return None
    spread = float(np.std(means, ddof=1)) if len(means) > 1 else None
    return TableNumber(float(np.mean(means)), spread, undefined)


def by_video(results: Iterable[TrainingResult], measure: Measure) -> dict[str, float]:
    """Mean of each video over the seeds and splits that tested it, if it is defined."""
    found: dict[str, list[float]] = defaultdict(list)
    for result in results:
        for name, video in result.videos.items():
            value = measure(video)
            if value is not None:
                found[name].append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def bootstrap_interval(values: Sequence[float], *, level: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval of the mean over videos; always the same draws."""
    data = np.asarray(values, np.float64)
    draws = np.random.default_rng(0).integers(len(data), size=(_DRAWS, len(data)))
    tail = 50 * (1 - level)
    low, high = np.percentile(data[draws].mean(axis=1), [tail, 100 - tail])
    return float(low), float(high)


def sign_flip(differences: Sequence[float]) -> float:
    """Two-sided p-value of the mean, if each difference could as well have the other sign."""
    data = np.asarray(differences, np.float64)
    observed = abs(float(data.mean()))
    means = np.abs(_signs(len(data)) @ data) / len(data)
    hits = int((means >= observed - 1e-12).sum())
    if len(data) <= _EXACT_VIDEOS:
        return hits / len(means)
    return (hits + 1) / (len(means) + 1)


def _signs(count: int) -> NDArray[np.float64]:
    """(patterns, count) all patterns of signs, or many random ones."""
    if count <= _EXACT_VIDEOS:
        bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
        return np.where(bits, -1.0, 1.0)
    return np.random.default_rng(0).choice([-1.0, 1.0], size=(_DRAWS, count))


def rows_of(record: Record, setting: str, features: str) -> dict[str, list[TrainingResult]]:
    """Results of one setting and kind of features by method, in the experiment's order."""
    found: dict[str, list[TrainingResult]] = {entry.name: [] for entry in record.experiment.methods}
    for result in record.results:
        if (result.setting, result.features) == (setting, features):
            found[result.method].append(result)
    return found


def tests_of(record: Record, setting: str) -> list[list[str]]:
    """Names of the test videos of each split of a setting."""
    return [test for _, test in record.splits[setting]]
