"""How a summary compares with what people chose: F-score, rank correlation, freeze-frames, planes.

There are two kinds. The benchmarks' measures work on arrays: a summary is one 0/1 per frame, a user
summary one 0/1 per person and frame. The application's measures work on shots and freeze-frames.
No measure is ever NaN: an undefined measure is None, and means leave it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from usummary.errors import InputError
from usummary.types import STANDARD_PLANES, FloatArray, FreezeFrame, Shot


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Agreement of one summary with one user summary, frame by frame.

    Attributes:
        precision: Share of the summary that the person chose too; 0 for an empty summary.
        recall: Share of the person's choice that is in the summary; 0 where nothing was chosen.
        f_score: 2PR / (P + R), 0 where both are 0.
    """

    precision: float
    recall: float
    f_score: float


def precision_recall(summary: ArrayLike, user_summary: ArrayLike) -> list[PrecisionRecall]:
    """Agreement with each person, from whole frame counts.

    Args:
        summary: (n_frames,) 0/1 or boolean.
        user_summary: (n_frames,) or (n_users, n_frames) 0/1 or boolean.

    Raises:
        InputError: The lengths differ, nobody is given, or a value is neither 0 nor 1.
    """
    ours = _binary(summary, "The summary")
    theirs = np.atleast_2d(_binary(user_summary, "The user summary"))
    if ours.ndim != 1 or theirs.ndim != 2 or theirs.shape[1] != len(ours):
        raise InputError(
            f"A summary of shape {ours.shape} cannot be compared with user summaries of shape "
            f"{theirs.shape}: both need the same number of frames."
        )
    if len(theirs) == 0:
        raise InputError("There is no user summary to compare with.")
    kept = int(ours.sum())
    return [_agreement(int((ours & user).sum()), kept, int(user.sum())) for user in theirs]


def f_score(
    summary: ArrayLike, user_summary: ArrayLike, *, over: Literal["mean", "max"] = "mean"
) -> float:
    """F-score on frames, in [0, 1].

    Args:
        summary: (n_frames,) 0/1 or boolean.
        user_summary: (n_frames,) or (n_users, n_frames) 0/1 or boolean.
        over: Mean over the users (the protocol of TVSum) or the best user (SumMe).

    Raises:
        InputError: As for `precision_recall`.
    """
    scores = [user.f_score for user in precision_recall(summary, user_summary)]
    return max(scores) if over == "max" else sum(scores) / len(scores)


def kendall_tau(scores: ArrayLike, annotations: ArrayLike) -> float | None:
    """Kendall's tau-b of scores against each annotator, averaged.

    Args:
        scores: (n,) predicted importance.
        annotations: (n,) or (n_annotators, n) importance that people gave.

    Returns:
        None if it is undefined: the scores are constant, or those of every annotator are. The mean
        leaves out annotators whose scores are constant.

    Raises:
        InputError: The lengths differ, or a value is not finite.
    """
    return _mean_correlation(scores, annotations, _tau)


def spearman_rho(scores: ArrayLike, annotations: ArrayLike) -> float | None:
    """Spearman's rho of scores against each annotator, averaged; see `kendall_tau`."""
    return _mean_correlation(scores, annotations, _rho)


def freeze_frame_recall(
    times_s: Iterable[float], shots: Iterable[Shot], tolerance_s: float = 0.0
) -> float | None:
    """Share of the times that lie in a key shot, or at most `tolerance_s` from one.

    A shot holds the times of ``[start_s, end_s)``. With a tolerance above 0 the widened interval
    is closed: both its ends count.

    Args:
        times_s: Exam times of the freeze-frames.
        shots: Shots; only those with `Shot.selected` count.
        tolerance_s: Seconds.

    Returns:
        In [0, 1]; None without any time.
    """
    times = list(times_s)
    key_shots = [shot for shot in shots if shot.selected]
    if not times:
        return None
    return int(_are_held(times, key_shots, tolerance_s).sum()) / len(times)


def coverage(
    shots: Iterable[Shot], freeze_frames: Iterable[FreezeFrame]
) -> dict[str, dict[str, bool]]:
    """Which standard planes the key shots show, and which the freeze-frames hold.

    Returns:
        For each of `STANDARD_PLANES`, in their order, ``{"shown": ..., "frozen": ...}``.
    """
    shown = {shot.plane for shot in shots if shot.selected}
    frozen = {freeze.plane for freeze in freeze_frames}
    return {
        plane: {"shown": plane in shown, "frozen": plane in frozen} for plane in STANDARD_PLANES
    }


def plane_recall(covered: dict[str, dict[str, bool]]) -> float | None:
    """Share of the frozen planes in a `coverage` that are also shown; None if none was frozen."""
    frozen = [state["shown"] for state in covered.values() if state["frozen"]]
    return sum(frozen) / len(frozen) if frozen else None


def _binary(values: ArrayLike, name: str) -> NDArray[np.bool_]:
    array = np.asarray(values)
    result = array.astype(bool)
    if not np.array_equal(array, result):
        raise InputError(f"{name} must hold one 0 or 1 per frame.")
    return result


def _agreement(both: int, ours: int, theirs: int) -> PrecisionRecall:
    return PrecisionRecall(
        precision=both / ours if ours else 0.0,
        recall=both / theirs if theirs else 0.0,
        f_score=2 * both / (ours + theirs) if ours + theirs else 0.0,
    )


def _mean_correlation(
    scores: ArrayLike,
    annotations: ArrayLike,
    correlation: Callable[[FloatArray, FloatArray], float],
) -> float | None:
    ours = np.asarray(scores, dtype=np.float64)
    theirs = np.atleast_2d(np.asarray(annotations, dtype=np.float64))
    if ours.ndim != 1 or theirs.ndim != 2 or theirs.shape[1] != len(ours):
        raise InputError(
            f"Scores of shape {ours.shape} cannot be compared with annotations of shape "
            f"{theirs.shape}: both need the same number of steps."
        )
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise InputError("Scores and annotations must be finite numbers.")
    if not _varies(ours):
        return None
    values = [correlation(ours, annotator) for annotator in theirs if _varies(annotator)]
    return sum(values) / len(values) if values else None


def _tau(first: FloatArray, second: FloatArray) -> float:
    """Kendall's tau-b; computed from ranks where the annotator `second` has only two values.

    Pairs in which the annotator's values are equal count for nothing. So concordant minus
    discordant pairs are twice the sum of the upper frames' ranks (less the mean rank), and an hour
    of frames takes milliseconds instead of seconds.
    """
    upper = second == second.max()
    if not np.all(second[~upper] == second.min()):
        return float(_tau_b(first, second))
    _, ties = np.unique(first, return_counts=True)
    pairs, chosen = len(first) * (len(first) - 1) // 2, int(upper.sum())
    untied_first = pairs - int((ties * (ties - 1) // 2).sum())
    untied_second = chosen * (len(first) - chosen)
    balance = 2 * float(_ranks(first)[upper].sum())
    return balance / float(np.sqrt(float(untied_first) * float(untied_second)))


@njit(cache=True, nogil=True)
def _tau_b(first: FloatArray, second: FloatArray) -> float:
    """Kendall's tau-b; both arrays must hold at least two different values.

    Concordant minus discordant pairs, divided by the root of (pairs untied in `first`) x (pairs
    untied in `second`). Compares all pairs: for a few thousand steps this is a hundred times faster
    than the general routine of a statistics library, which also computes a p-value.
    """
    balance, untied_first, untied_second = 0, 0, 0
    for i in range(len(first)):
        for j in range(i):
            a = (first[i] > first[j]) - (first[i] < first[j])
            b = (second[i] > second[j]) - (second[i] < second[j])
            balance += a * b
            untied_first += a * a
            untied_second += b * b
    return float(balance / np.sqrt(float(untied_first) * float(untied_second)))


def _rho(first: FloatArray, second: FloatArray) -> float:
    """Pearson's correlation of the ranks."""
    a, b = _ranks(first), _ranks(second)
    return float((a @ b) / np.sqrt((a @ a) * (b @ b)))


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks minus the mean rank; equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared = ends - (counts - 1) / 2
    return np.asarray(shared[place] - (len(values) + 1) / 2)


def _varies(values: FloatArray) -> bool:
    return len(values) > 1 and bool(np.any(values != values[0]))


def _are_held(times_s: list[float], shots: list[Shot], tolerance_s: float) -> NDArray[np.bool_]:
    """(n,) for each time, whether one of the shots holds it."""
    times = np.array(times_s, np.float64)[:, None]
    starts = np.array([shot.start_s for shot in shots], np.float64)
    ends = np.array([shot.end_s for shot in shots], np.float64)
    if tolerance_s > 0:
        held = (starts - tolerance_s <= times) & (times <= ends + tolerance_s)
    else:
        held = (starts <= times) & (times < ends)
    return np.asarray(held.any(axis=1), np.bool_)
