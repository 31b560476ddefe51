"""Computes what a data set may leave out: shots, user summaries, importance, oracle.

The oracle summary agrees best with all annotators (B. Gong et al., NeurIPS 2014; K. Zhang et al.,
ECCV 2016): steps are added greedily while the mean F-score over the annotators rises. A file's own
``gtsummary`` is kept if it has one; it can differ from ours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from usummary.analysis import kts
from usummary.research.benchmark_choice import choose
from usummary.research.videos import Video
from usummary.types import IntArray

USER_SHARE = (15, 100)
"""Share of a video that goes into a user summary made from ratings: the protocol of TVSum."""

STEPS_PER_SHOT = 10
"""Least mean length of our shots. The shots that come with SumMe are ceil(T / 10) per video."""


def shots(features: NDArray[np.floating], picks: IntArray, frame_count: int) -> IntArray:
    """(S, 2) half-open shots by our KTS on the unit vectors of (T, C, h, w) features.

    There is at most one shot per `STEPS_PER_SHOT` steps, and fewer if fewer change points stand out
    (`kts.change_points_at_most`). The benchmarks' penalty v = 1 does not suit unknown features:
    with it, 14 videos of DINO features get one shot each.
    """
    rows = kts.unit_rows(features.mean(axis=(2, 3), dtype=np.float32))
    most = -(-len(rows) // STEPS_PER_SHOT) - 1
    starts = np.concatenate([[0], picks[kts.change_points_at_most(rows, most)]])
    return np.stack([starts, np.append(starts[1:], frame_count)], axis=1)


def completed(video: Video) -> Video:
    """The video with user summaries, importance and oracle, if somebody annotated it."""
    rated = not len(video.users) and video.ratings is not None
    if rated:
        video = replace(video, users=user_summaries(video))
    if len(video.users):
        if video.importance is None:
            video = replace(video, importance=_mean_rating(video) if rated else _chosen_by(video))
        if video.oracle is None:
            video = replace(video, oracle=oracle(video))
    return video


def user_summaries(video: Video) -> NDArray[np.bool_]:
    """(U, n_frames) the shots that each annotator's ratings choose, 15 % of the frames."""
    assert video.ratings is not None
    numerator, denominator = USER_SHARE
    budget = video.frame_count * numerator // denominator
    return np.stack([choose(video, rating, budget) for rating in video.ratings])


def _chosen_by(video: Video) -> NDArray[np.float64]:
    """(T,) share of the annotators who chose each step."""
    return np.asarray(video.users[:, video.picks].mean(axis=0))


def _mean_rating(video: Video) -> NDArray[np.float64]:
    """(T,) mean rating of each step, scaled to [0, 1]."""
    assert video.ratings is not None
    mean = video.ratings.mean(axis=0)
    spread = float(np.ptp(mean))
    return np.asarray((mean - mean.min()) / spread) if spread > 0 else np.zeros_like(mean)


def oracle(video: Video) -> NDArray[np.bool_]:
    """(T,) the steps of the oracle summary.

    A step counts with all the frames it stands for. Among equally good steps the first is taken.
    """
    # F = 2 * common / (length of the oracle + length of the user summary), for every step at once.
    chosen_frames = np.add.reduceat(video.users, video.picks, axis=1, dtype=np.int64)  # (U, T)
    held = video.held
    sizes = video.users.sum(axis=1)
    taken = np.zeros(len(held), np.bool_)
    common, length, best = np.zeros(len(sizes), np.int64), 0, 0.0
    while not taken.all():
        both = 2 * (common[:, None] + chosen_frames)
        scores = (both / (length + held + sizes[:, None])).mean(axis=0)
        scores[taken] = -1.0
        step = int(scores.argmax())
        if scores[step] <= best:
            break
        taken[step] = True
        best = float(scores[step])
        common = common + chosen_frames[:, step]
        length += int(held[step])
    return taken
