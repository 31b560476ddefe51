"""Means over exams, with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Interval:
    """Mean over exams with its 95 % interval (normal approximation, Student's t for few exams).

    Attributes:
        mean: Mean of one value per exam.
        low, high: Ends of the interval. With a single exam both equal the mean, and nothing is
            known of its uncertainty.
        count: Number of exams.
    """

    mean: float
    low: float
    high: float
    count: int


def t_interval(values: ArrayLike) -> Interval:
    """Mean of one value per exam, at least one, with its 95 % interval by Student's t."""
    from scipy.special import stdtrit

    array = np.asarray(values, float)
    mean = float(array.mean())
    if len(array) < 2:
        return Interval(mean, mean, mean, len(array))
    half = float(stdtrit(len(array) - 1, 0.975) * array.std(ddof=1) / np.sqrt(len(array)))
    return Interval(mean, mean - half, mean + half, len(array))
