"""Ridge regression of the importance on one step's features: what needs no sequence at all.

A row of sanity: a network that is no better than this has learnt nothing from time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from usummary import metrics
from usummary.errors import InputError
from usummary.research.methods import Scorer, Tell
from usummary.research.pairwise import Inputs, inputs_of
from usummary.research.videos import Video

_Rows = NDArray[np.float64]


class Options(BaseModel):
    """Of ridge regression."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: Inputs = "features"
    """What it sees."""
    penalties: tuple[float, ...] = Field(default=(1e1, 1e2, 1e3, 1e4, 1e5), min_length=1)
    """Weights of the squared coefficients beside the squared errors, inputs having unit spread; the
    one with the best tau on the validation videos is taken, the first one without any."""


def train(
    learn: Sequence[Video],
    validation: Sequence[Video],
    options: Options,
    seed: int,
    tell: Tell,
) -> Scorer:
    """Solved at once, nothing is left to chance; validation videos are learnt too in the end."""
    if any(one.importance is None for one in (*learn, *validation)):
        raise InputError("Ridge regression needs annotations for every training video.")
    judged = [video for video in validation if len(video.users)]
    taus = {
        penalty: _mean_tau(_fitted(learn, penalty, options.inputs), judged)
        for penalty in options.penalties
    }
    best = max(taus, key=lambda penalty: taus[penalty])
    both = [*learn, *(one for one in validation if one not in learn)]
    tell(f"penalty {best:g}: tau {taus[best]:.4f} on {len(judged)} validation videos")
    return _fitted(both, best, options.inputs)


def _mean_tau(score: Scorer, videos: Sequence[Video]) -> float:
    found = [metrics.kendall_tau(score(video.features), video.opinions) for video in videos]
    return float(np.mean([tau or 0.0 for tau in found])) if found else 0.0


def _fitted(videos: Sequence[Video], penalty: float, inputs: Inputs) -> Scorer:
    seen = _seen(inputs)
    rows = np.concatenate([seen(video.features) for video in videos])
    wanted = np.concatenate([one.importance for one in videos if one.importance is not None])
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    rows = (rows - mean) / spread
    gram = rows.T @ rows + penalty * np.eye(rows.shape[1])
    weights = np.linalg.solve(gram, rows.T @ (wanted - wanted.mean()))

    def score(features: NDArray[np.floating]) -> _Rows:
        vectors = (seen(features) - mean) / spread
        return np.asarray(np.clip(vectors @ weights + wanted.mean(), 0, 1))

    return score


def _seen(inputs: Inputs) -> Callable[[NDArray[np.floating]], _Rows]:
    """What is regressed on: (T, C) means over space."""
    return lambda features: inputs_of(features, inputs).mean(axis=(2, 3), dtype=np.float64)
