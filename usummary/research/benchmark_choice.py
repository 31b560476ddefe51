"""Key shots as the benchmarks choose them: mean score, whole frames, exact 0/1 knapsack.

The application's selection (`usummary.selection.choose`) works on an exam and has other rules; the
kernels are the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usummary.analysis.frame_scores import hold, shot_means
from usummary.errors import InputError
from usummary.research.videos import Video
from usummary.selection import knapsack
from usummary.settings import parse_length
from usummary.types import IntArray


def choose(video: Video, scores: ArrayLike, budget: int) -> NDArray[np.bool_]:
    """(n_frames,) frames of the best shots of at most `budget` frames together.

    Args:
        video: Its picks and shots are used.
        scores: (T,) a finite number per step. Shots with a mean of 0 or less are never chosen.
        budget: Number of frames.

    Raises:
        InputError: Fewer or more scores than steps, or a score that is not a number.
    """
    try:
        shots = key_shots(scores, video.picks, video.shots, budget)
    except ValueError as error:
        raise InputError(f"{video.name}: {error}.") from error
    chosen = np.zeros(video.frame_count, np.bool_)
    for start, end in video.shots[shots]:
        chosen[start:end] = True
    return chosen


def key_shots(scores: ArrayLike, picks: IntArray, shots: IntArray, budget: int) -> list[int]:
    """Numbers of the best shots of at most `budget` frames together; see `choose`.

    Raises:
        ValueError: The scores do not fit the picks, or are no numbers.
    """
    frames = hold(np.asarray(scores, np.float64), picks, int(shots[-1, 1]))
    starts, ends = shots[:, 0], shots[:, 1]
    means = shot_means(frames, starts.tolist(), ends.tolist())
    return knapsack.select(means, ends - starts, budget)


def budget_of(video: Video, length: str) -> int:
    """Number of frames that a length allows: the exact share, rounded down.

    ``P`` is the mean share that the annotators of this video chose.

    Raises:
        SettingsError: `length` is none.
        InputError: ``P`` of a video that nobody annotated.
    """
    share = parse_length(length)
    if share is not None:
        return video.frame_count * share[0] // share[1]
    if not len(video.users):
        raise InputError(f"{video.name} has no annotators, so there is no length P.")
    return int(video.users.sum()) // len(video.users)
