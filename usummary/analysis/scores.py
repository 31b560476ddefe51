"""Features -> Scores: one importance per sampled frame."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from usummary.errors import ModelError
from usummary.types import Features, Scores


class SummariserRunner(Protocol):
    """What scores need of a runner (see `usummary.networks.runtime`)."""

    def run(self, inputs: NDArray[np.generic]) -> tuple[NDArray[np.generic], ...]: ...


def score(features: Features, summariser: SummariserRunner) -> Scores:
    """Importance of every sampled frame.

    The whole exam goes through the network at once, (1, T, C, h, w) to (1, T n): the importance of
    a frame can depend on any other.

    Raises:
        ModelError: The network gave another number of scores, or values that are no scores.
    """
    samples = features.samples
    values = summariser.run(features.maps[None])[0].reshape(-1).astype(np.float32)
    if values.size != samples.frames.size or not np.isfinite(values).all():
        raise ModelError(
            f"The summariser gave {values.size} scores for {samples.frames.size} frames, or values "
            "that are not numbers. Its model folder does not fit this program."
        )
    frames = samples.frames.ravel()
    recordings = np.repeat(samples.recordings, samples.frames.shape[1])
    once = np.ones(frames.size, bool)  # not the repeats that fill up last clips
    once[1:] = (np.diff(frames) != 0) | (np.diff(recordings) != 0)
    return Scores(
        times_s=samples.times_s.ravel()[once],
        values=values[once].clip(0, 1),
        recordings=recordings[once],
        frames=frames[once],
    )
