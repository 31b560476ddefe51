"""From the scores of sampled frames to those of all frames, and of shots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from usummary.types import FloatArray, IntArray


def hold(values: FloatArray, picks: IntArray, frame_count: int) -> NDArray[np.float64]:
    """Scores of all frames: each keeps the score of the last sampled frame up to it.

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
    sums = np.concatenate([[0.0], np.cumsum(frame_scores)])
    begin, end = np.asarray(starts), np.asarray(ends)
    means: NDArray[np.float64] = (sums[end] - sums[begin]) / (end - begin)
    return means
