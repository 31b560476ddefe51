"""Which standard plane a stretch of an exam shows, from the backbone's plane head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from usummary.types import BACKGROUND, STANDARD_PLANES, Features, PlaneTrack

MIN_HELD = 0.4
"""A plane whose mean probability over a stretch is below this was glimpsed, not held.

A single clip of 16 samples at 15 per second, however sure, gives a stretch of 3 s at most 0.36.
"""


def best_plane(features: Features, clips: NDArray[np.int64]) -> tuple[str | None, float]:
    """The standard plane of greatest probability in any of these clips, and that probability.

    Args:
        features: Features of the exam.
        clips: Indices of clips.

    Returns:
        ``(None, 0.0)`` if no plane reaches the probability `Features.unsure`.
    """
    columns = [index for index, name in enumerate(features.classes) if name != BACKGROUND]
    if not columns or len(clips) == 0:
        return None, 0.0
    planes = features.planes[clips][:, columns]
    _, column = np.unravel_index(int(planes.argmax()), planes.shape)
    confidence = float(planes.max())
    if confidence < features.unsure:
        return None, 0.0
    return features.classes[columns[int(column)]], confidence


def plane_track(features: Features) -> PlaneTrack:
    """The likeliest standard plane of each clip; empty if the backbone has no plane head."""
    columns = [column for column, name in enumerate(features.classes) if name in STANDARD_PLANES]
    numbers = np.array([STANDARD_PLANES.index(features.classes[c]) for c in columns], np.int64)
    clips = slice(None) if columns else slice(0)
    planes = features.planes[clips][:, columns]
    best = planes.argmax(axis=1) if columns else np.zeros(0, np.int64)
    return PlaneTrack(
        recordings=features.samples.recordings[clips],
        frames=features.samples.frames[clips, 0],
        planes=numbers[best],
        confidences=planes[np.arange(len(best)), best].astype(np.float32),
    )
