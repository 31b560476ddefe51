"""How a step relates to its own video: what can be learnt where features mean little.

With 20 training videos of one kind each, no direction in feature space is important in another
video; that a step looks like what is around it can be (``docs/decisions/evaluation.md``). The same
idea is the self-attention of VASNet (J. Fajtl et al., ACCV workshops 2018).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from usummary.analysis import kts

Inputs = Literal["features", "relations"]
"""What a method sees: the features, or instead how each step relates to those around it."""

REACHES = (2, 5, 10, 20, 40)
"""Steps before and after, each side by itself."""


def relations(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """(T, 2 * reaches, 1, 1) mean cosine of every step with those before and after it.

    The step itself counts too, so there is always one. Each of the channels has zero mean and unit
    spread within the video: a video of much movement is then as good as one of little.

    Args:
        features: (T, C, h, w), pooled over space first.
    """
    rows = kts.unit_rows(features.mean(axis=(2, 3), dtype=np.float32))
    steps = np.arange(len(rows))
    sums = np.pad(np.cumsum(rows @ rows.T, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    found = []
    for reach in REACHES:
        for first, last in ((steps - reach, steps), (steps, steps + reach)):
            start, end = np.maximum(first, 0), np.minimum(last + 1, len(rows))
            found.append((sums[steps, end] - sums[steps, start]) / (end - start))
    channels = np.stack(found, axis=1)
    channels = (channels - channels.mean(axis=0)) / np.maximum(channels.std(axis=0), 1e-6)
    return np.asarray(channels[:, :, None, None], np.float32)


def inputs_of(features: NDArray[np.floating], inputs: Inputs) -> NDArray[np.float32]:
    """(T, C', h, w) what a method sees of (T, C, h, w) features."""
    return relations(features) if inputs == "relations" else features.astype(np.float32)
