"""Which standard plane a stretch of an exam shows, from the backbone's plane head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from usummary.types import BACKGROUND, Features


def best_plane(features: Features, clips: NDArray[np.int64]) -> tuple[str | None, float]:
    """The standard plane that one of these clips shows best, with its probability.

    Args:
        features: Features of the exam.
        clips: Indices of clips.

    Returns:
        ``(None, 0.0)`` if no clip shows one with at least `Features.unsure`.
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
