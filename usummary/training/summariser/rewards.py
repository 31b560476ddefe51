"""The rewards of a summary, for representing the exam and for not repeating itself.

Equations (3) and (4) of Liu et al., 3DST-UNet-RL, on L2-normalised features: squared distances of
raw features of many dimensions would make ``exp(-distance)`` zero for every summary. Both rewards
follow from one Gram matrix per exam, which all episodes share (`Rewards`).

Edge cases: an empty selection gets 0 and 0; a single frame has diversity 0; the cosine with a zero
vector is 0. No result is ever NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usummary.errors import InputError
from usummary.types import FloatArray


class Rewards:
    """The rewards of many summaries of one exam.

    Args:
        features: (P, D), any scale; normalised here.
        hold: Consecutive frames that share one row, so the exam has P x hold frames.
        cut_off: Rows more than this many rows apart count as entirely different (dissimilarity 1),
            as in the baseline DR-DSN, with 20. None compares all pairs.

    Raises:
        InputError: Features of another shape, or not finite.
    """

    def __init__(self, features: ArrayLike, *, hold: int = 1, cut_off: int | None = None) -> None:
        rows = _unit_rows(features)
        places = np.arange(len(rows))
        gram = np.clip(rows @ rows.T, -1.0, 1.0)
        length = (rows != 0).any(axis=1).astype(gram.dtype)  # squared norm: 1, or 0 of zero rows
        np.fill_diagonal(gram, length)  # rounding would leave a row a little unlike itself
        self._hold = hold
        self._square = np.maximum(length[:, None] + length[None] - 2 * gram, 0)
        self._apart = 1 - gram
        if cut_off is not None:
            self._apart[np.abs(places[:, None] - places) > cut_off] = 1

    @property
    def size(self) -> int:
        """Bytes of memory that this object takes."""
        return int(self._square.nbytes + self._apart.nbytes)

    def representativeness(self, selected: ArrayLike) -> FloatArray:
        """(k,) rewards in [0, 1] of k selections (k, P x hold), boolean or 0/1."""
        chosen = self._counts(selected) > 0
        return np.array([self._represent(episode) for episode in chosen], np.float64)

    def _represent(self, chosen: NDArray[np.bool_]) -> float:
        if not chosen.any():
            return 0.0
        nearest = self._square[chosen].min(axis=0)  # whole rows: faster than columns
        return float(np.exp(-nearest.mean(dtype=np.float64)))

    def diversity(self, selected: ArrayLike) -> FloatArray:
        """(k,) rewards in [0, 2] of k selections (k, P x hold), boolean or 0/1."""
        counts = self._counts(selected)
        sizes = counts.sum(axis=1)
        pairs = sizes * (sizes - 1)
        # Frames of one row are alike, so counts of rows are enough: c A c sums over all ordered
        # pairs of frames, and c diag(A) are the pairs of a frame with itself.
        total = ((counts @ self._apart) * counts).sum(axis=1) - counts @ self._apart.diagonal()
        return np.where(pairs > 0, np.maximum(total, 0) / np.maximum(pairs, 1), 0.0)

    def _counts(self, selected: ArrayLike) -> NDArray[np.float64]:
        """(k, P) how many of each row's frames every episode selects."""
        chosen = np.asarray(selected)
        frames = len(self._apart) * self._hold
        if chosen.ndim != 2 or chosen.shape[1] != frames:
            raise InputError(f"A selection of {frames} frames is needed, not {chosen.shape}.")
        if chosen.dtype != np.bool_ and not np.isin(chosen, (0, 1)).all():
            raise InputError("A selection must hold only 0 and 1.")
        split = chosen.astype(np.float64).reshape(len(chosen), -1, self._hold)
        return np.asarray(split.sum(axis=2))


def representativeness(features: ArrayLike, selected: ArrayLike) -> float:
    """Equation (3): exp(-d), d the mean squared distance of frames to the nearest selected frame.

    Args:
        features: (L, D), any scale.
        selected: (L,) boolean or 0/1.

    Returns:
        In [0, 1]; 0 if nothing is selected.
    """
    return float(Rewards(features).representativeness(np.asarray(selected)[None])[0])


def diversity(features: ArrayLike, selected: ArrayLike, *, cut_off: int | None = None) -> float:
    """Equation (4): mean of ``1 - cosine`` over all ordered pairs of selected frames.

    Args:
        features: (L, D), any scale.
        selected: (L,) boolean or 0/1.
        cut_off: See `Rewards`.

    Returns:
        In [0, 2]; 0 if fewer than two frames are selected.
    """
    return float(Rewards(features, cut_off=cut_off).diversity(np.asarray(selected)[None])[0])


def _unit_rows(features: ArrayLike) -> NDArray[np.floating[Any]]:
    """Rows scaled to length 1 (zero rows stay zero), in the features' precision or float32."""
    rows = np.asarray(features)
    if rows.ndim != 2:
        raise InputError(f"Features must be frames x channels, not of shape {rows.shape}.")
    if not np.isfinite(rows).all():
        bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise InputError(f"The features of frame {bad} are not finite.")
    kind = np.float32 if rows.dtype in (np.float32, np.float16) else np.float64
    wide = rows.astype(np.float64)
    largest = np.abs(wide).max(axis=1, keepdims=True, initial=0)
    wide = wide / np.where(largest > 0, largest, 1)  # keeps squares from over- and underflowing
    norms = np.sqrt(np.square(wide).sum(axis=1, keepdims=True))
    return np.asarray(wide / np.where(norms > 0, norms, 1), kind)
