"""How each step relates to its own video: inputs that mean the same in every video.

With 20 training videos of different kinds, a direction in feature space that is important in one
video means nothing in another. That a step resembles its surroundings can be important in all
(``docs/decisions/evaluation.md``). The self-attention of VASNet (J. Fajtl et al., ACCV workshops
2018) follows the same idea.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from usummary.analysis import kts

Inputs = Literal["features", "relations"]
"""Inputs of a method: the features, or how each step relates to the steps around it."""

REACHES = (2, 5, 10, 20, 40)
"""Numbers of steps before, and of steps after, over which means are taken."""


def relations(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """(T, 2 * reaches, 1, 1) mean cosine of every step with the steps before and after it.

    The step itself counts too, so no mean is empty. Each channel has zero mean and unit spread
    within the video, so that videos with much and with little movement are alike.

    Args:
        features: (T, C, h, w), pooled over space first.
    """
    rows = kts.unit_rows(features.mean(axis=(2, 3), dtype=np.float32))
    steps = np.arange(len(rows))
    sums = np.pad(np.cumsum(rows @ rows.T, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    means = []
    for reach in REACHES:
        for first, last in ((steps - reach, steps), (steps, steps + reach)):
            start, end = np.maximum(first, 0), np.minimum(last + 1, len(rows))
            means.append((sums[steps, end] - sums[steps, start]) / (end - start))
    channels = np.stack(means, axis=1)
    channels = (channels - channels.mean(axis=0)) / np.maximum(channels.std(axis=0), 1e-6)
    return np.asarray(channels[:, :, None, None], np.float32)


def inputs_of(features: NDArray[np.floating], inputs: Inputs) -> NDArray[np.float32]:
    """(T, C', h, w) a method's inputs from (T, C, h, w) features."""
    return relations(features) if inputs == "relations" else features.astype(np.float32)
