"""How work reports its progress, and how it is cancelled.

A stage calls the callable that it was given at least every 100 ms. The callable may raise
`Cancelled`; stages do not catch it and only tidy up in ``finally``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["reading", "features", "scoring", "selecting", "exporting", "experiment"]
STAGES: tuple[Stage, ...] = ("reading", "features", "scoring", "selecting", "exporting")
"""The stages of one summary, in order."""


class Cancelled(BaseException):
    """Raised by a progress callable to stop the work. Not an error, and never shown as one.

    A `BaseException`, like `KeyboardInterrupt`, so that no handler for errors catches it.
    """


@dataclass(frozen=True, slots=True)
class Progress:
    """One report: `fraction` of `stage` is done.

    Attributes:
        stage: The stage that reports.
        fraction: Share of the stage that is done, 0 to 1; it never falls within a stage.
        seconds_left: Estimated time left for the stage, None while unknown.
        message: A short note for the person, such as a fallback; mostly empty.
        device: Name of the device that computes, for people; empty while unknown.
    """

    stage: Stage
    fraction: float
    seconds_left: float | None = None
    message: str = ""
    device: str = ""


Report = Callable[[Progress], None]

_SETTLED_S = 1.0
"""No estimate is given before this: the first second mostly goes into opening and warming up."""


class Clock:
    """Estimates the time left from the share of the work that is done.

    The share at the first call counts as taken over from an earlier run, such as cached features:
    it says nothing about the speed of this run.

    Args:
        now: Seconds on a clock that never goes back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began: tuple[float, float] | None = None

    def seconds_left(self, fraction: float) -> float | None:
        """Time left when `fraction` (0 to 1) is done now; None while no estimate is possible."""
        now = self._now()
        if self._began is None:
            self._began = now, fraction
        spent, done = now - self._began[0], fraction - self._began[1]
        if done <= 0 or spent < _SETTLED_S:
            return None
        return spent / done * (1 - fraction)


def silent(_: Progress) -> None:
    """A `Report` that shows nothing."""
