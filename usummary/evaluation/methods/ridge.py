"""Ridge regression of the importance on one step's features: what needs no sequence at all.

A row of sanity: a network that is no better than this has learnt nothing from time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from usummary.errors import InputError
from usummary.evaluation.methods import Scorer, Tell
from usummary.evaluation.videos import Video


class Options(BaseModel):
    """Of ridge regression."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    penalty: float = Field(default=100.0, gt=0)
    """Weight of the squared coefficients beside the squared errors, features having unit spread."""


def train(
    learn: Sequence[Video],
    validation: Sequence[Video],
    options: Options,
    seed: int,
    tell: Tell,
) -> Scorer:
    """Solved at once; nothing is left to chance or to the validation part, which is learnt too."""
    videos = [*learn, *(one for one in validation if one not in learn)]
    if any(one.importance is None for one in videos):
        raise InputError("Ridge regression needs annotations for every training video.")
    rows = np.concatenate([one.vectors for one in videos]).astype(np.float64)
    wanted = np.concatenate([one.importance for one in videos if one.importance is not None])
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    rows = (rows - mean) / spread
    gram = rows.T @ rows + options.penalty * np.eye(rows.shape[1])
    weights = np.linalg.solve(gram, rows.T @ (wanted - wanted.mean()))
    tell(f"{len(rows)} steps, {rows.shape[1]} coefficients")

    def score(features: NDArray[np.floating]) -> NDArray[np.floating]:
        vectors = (features.mean(axis=(2, 3), dtype=np.float64) - mean) / spread
        return np.asarray(np.clip(vectors @ weights + wanted.mean(), 0, 1))

    return score
