"""From the scores of sampled frames to the scores of all frames, and of shots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from usummary.types import FloatArray, IntArray


def hold(values: FloatArray, picks: IntArray, frame_count: int) -> NDArray[np.float64]:
    """Scores of all frames: each takes the score of the last sampled frame at or before it.

    Args:
        values: (L,) scores of the sampled frames.
        picks: (L,) their frame indices, ascending, the first one 0.
        frame_count: Number of frames.

    Raises:
        ValueError: Fewer or more scores than picks, a score that is no number, or picks that do
            not start at 0 and ascend.
    """
    if len(values) != len(picks):
        raise ValueError(f"{len(values)} scores were given for {len(picks)} sampled frames")
    if not np.isfinite(values).all():
        raise ValueError("a score is not a number")
    if len(picks) == 0 or picks[0] != 0 or (np.diff(picks) <= 0).any():
        raise ValueError("sampled frames must start at frame 0 and ascend")
    lengths = np.diff(np.append(picks, frame_count))
    return np.repeat(np.asarray(values, np.float64), lengths)


def shot_means(
    frame_scores: NDArray[np.float64], starts: Sequence[int], ends: Sequence[int]
) -> NDArray[np.float64]:
    """Mean score over the frames of each half-open shot."""
    # Differences of one running sum: the time does not grow with the number of shots.
    sums = np.concatenate([[0.0], np.cumsum(frame_scores)])
    begin, end = np.asarray(starts), np.asarray(ends)
    means: NDArray[np.float64] = (sums[end] - sums[begin]) / (end - begin)
    return means


def span_scores(
    values: FloatArray, picks: IntArray, starts: Sequence[int], ends: Sequence[int]
) -> tuple[NDArray[np.float64], IntArray]:
    """Mean score and best frame of half-open spans, without making the scores of all frames.

    The results equal those of `shot_means` and of the first maximum of `hold`. For a few spans of a
    long recording this takes a tenth of the time.

    Args:
        values: (L,) scores of the sampled frames.
        picks: (L,) their frame indices, ascending, the first one 0.
        starts: First frame of each span.
        ends: Frame after the last of each span.
    """
    begin, end = np.asarray(starts, np.int64), np.asarray(ends, np.int64)
    exact = np.asarray(values, np.float64)
    # A sampled frame's score holds until the next one, so it counts as often as there are frames up
    # to that. `before[i]` is the sum over all frames before picks[i]; the sums of a span add what
    # its last pick holds up to the end, and take off what its first pick holds before the begin.
    before = np.concatenate([[0.0], np.cumsum(exact[:-1] * np.diff(picks))])
    first = np.searchsorted(picks, begin, side="right") - 1
    last = np.searchsorted(picks, end - 1, side="right") - 1
    sums = before[last] + exact[last] * (end - picks[last])
    sums -= before[first] + exact[first] * (begin - picks[first])
    best = [i + int(exact[i : j + 1].argmax()) for i, j in zip(first, last, strict=True)]
    means: NDArray[np.float64] = sums / (end - begin)
    return means, np.maximum(picks[best], begin)  # the first pick can lie before its span
