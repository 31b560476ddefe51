"""The benchmarks' measures of one video's scores; every number of a table comes from here.

F-scores compare the chosen frames with those of each annotator, at every wanted length. Rank
correlations compare the scores themselves, at the picks, with each annotator's opinions
(`Video.opinions`): a summary's 0s and 1s would hide how the scores order the frames left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usummary import metrics
from usummary.errors import InputError
from usummary.research.benchmark_choice import budget_of, choose
from usummary.research.videos import Video


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a summary of one length agrees with the annotators, in [0, 1].

    Attributes:
        mean: F-score, mean over the annotators (the protocol of TVSum).
        best: F-score with the annotator it agrees best with (SumMe).
        share: Share of the video that the summary holds.
    """

    mean: float
    best: float
    share: float


@dataclass(frozen=True)
class Assessment:
    """The measures of one video's scores.

    Attributes:
        lengths: Agreement by length.
        tau: Kendall's tau-b, mean over the annotators; None where it is undefined: constant scores.
        rho: Spearman's rho, likewise.
    """

    lengths: dict[str, Agreement]
    tau: float | None
    rho: float | None


def assess(video: Video, scores: ArrayLike, lengths: Sequence[str]) -> Assessment:
    """Score one video.

    Args:
        video: With at least one annotator.
        scores: (T,) finite; see `selection.choose`.
        lengths: Such as ``15%`` or ``P``.

    Raises:
        InputError: Nobody annotated the video, or the scores do not fit it.
    """
    if not len(video.users):
        raise InputError(
            f"{video.name} has no user_summary and no ratings, so nothing can be tested on it. "
            "Use it for training only."
        )
    values = np.asarray(scores, np.float64)
    summaries = {length: choose(video, values, budget_of(video, length)) for length in lengths}
    return Assessment(
        lengths={length: agreement(video, frames) for length, frames in summaries.items()},
        tau=metrics.kendall_tau(values, video.opinions),
        rho=metrics.spearman_rho(values, video.opinions),
    )


def agreement(video: Video, frames: NDArray[np.bool_]) -> Agreement:
    """Agreement of one summary (n_frames,) with the annotators of its video."""
    return _summed_up(metrics.precision_recall(frames, video.users), float(frames.mean()))


def _summed_up(scores: Sequence[metrics.PrecisionRecall], share: float) -> Agreement:
    values = [user.f_score for user in scores]
    return Agreement(sum(values) / len(values), max(values), share)
