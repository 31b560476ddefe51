"""Recording times from presentation stamps, also where these jump, start again, or repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from usummary.types import IntArray

JUMP_S = 10.0
"""A longer distance of two pictures is no pause but a jump of the clock."""
_JUMP = 10
"""And so many times the usual distance, for recordings of few pictures."""
_PLACES = 3
"""Places that a notice names."""


@dataclass(frozen=True)
class Paced:
    """Times of a recording's pictures.

    Attributes:
        times_s: (n,) recording times, rising, the first one 0.
        duration_s: When the last picture ends.
        notices: What was changed about the stamps.
    """

    times_s: NDArray[np.float64]
    duration_s: float
    notices: tuple[str, ...] = ()


def paced(stamps: IntArray, last: int, unit_s: Fraction, rate: Fraction) -> Paced:
    """Times of pictures in the order in which they are shown.

    Where stamps go back or jump, the next picture follows at the usual distance; pictures of one
    stamp share the time up to the next one.

    Args:
        stamps: (n,) presentation stamps.
        last: How long the last picture lasts, as stored; 0 or less: not known.
        unit_s: Seconds per unit of both.
        rate: Pictures per second where the stamps tell nothing.
    """
    gaps = np.diff(stamps)
    rising = gaps[gaps > 0]
    usual = int(np.median(rising)) if rising.size else max(round(1 / (rate * unit_s)), 1)
    longest = max(JUMP_S / float(unit_s), _JUMP * usual)
    jumps = (gaps < 0) | (gaps > longest)
    ticks = np.concatenate([[0], np.cumsum(np.where(jumps, usual, gaps))])
    seconds: NDArray[np.float64] = ticks.astype(np.float64) * unit_s.numerator
    seconds /= unit_s.denominator
    notices = []
    if jumps.any():
        notices.append(_jumps_notice(seconds[1:][jumps]))
    repeated = int((gaps == 0).sum())
    if repeated:
        seconds = _spread(seconds, float(usual * unit_s))
        notices.append(
            f"Pictures with the same time stamp as the one before: {repeated}; they are shown in "
            "the time between it and the next one."
        )
    if last > longest:
        notices.append("The last picture of the recording is said to last very long; it is not.")
    length = last if 0 < last <= longest else usual
    return Paced(seconds, float(seconds[-1]) + float(length * unit_s), tuple(notices))


def _jumps_notice(places_s: Sequence[float] | NDArray[np.float64]) -> str:
    named = ", ".join(f"{int(at) // 60}:{at % 60:04.1f}" for at in places_s[:_PLACES])
    more = f" and {len(places_s) - _PLACES} more" if len(places_s) > _PLACES else ""
    return (
        f"The recording's time stamps jump or start again at {named}{more}; its time goes on there "
        "at its own pace."
    )


def _spread(seconds: NDArray[np.float64], usual_s: float) -> NDArray[np.float64]:
    """`seconds` with runs of one value spread evenly up to the next value."""
    starts = np.flatnonzero(np.diff(seconds, prepend=-1.0) > 0)
    lengths = np.diff(starts, append=len(seconds))
    values = seconds[starts]
    steps = np.diff(values, append=values[-1] + usual_s * lengths[-1]) / lengths
    within = np.arange(len(seconds)) - np.repeat(starts, lengths)
    return np.asarray(np.repeat(values, lengths) + within * np.repeat(steps, lengths))
