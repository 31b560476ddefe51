"""How work reports itself, and how it is cancelled.

A stage calls the plain callable it was given, at least every 100 ms. The callable may raise
`Cancelled`; stages do not catch it and only tidy up in ``finally``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["reading", "features", "scoring", "selecting", "exporting", "experiment"]
STAGES: tuple[Stage, ...] = ("reading", "features", "scoring", "selecting", "exporting")
"""Those of one summary, in order."""


class Cancelled(BaseException):
    """Raised by a progress callable to stop the work; no error, and never shown as one.

    A `BaseException`, like `KeyboardInterrupt`, so that no handler for errors catches it.
    """


@dataclass(frozen=True, slots=True)
class Progress:
    """One report: `fraction` of `stage` is done.

    Attributes:
        stage: The stage that reports.
        fraction: Done share of that stage, 0 to 1, never falling within a stage.
        seconds_left: Estimated time left for the stage, None while unknown.
        message: A short note for the person, such as a fallback; mostly empty.
        device: What computes, for people; empty while unknown.
    """

    stage: Stage
    fraction: float
    seconds_left: float | None = None
    message: str = ""
    device: str = ""


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """A `Report` that shows nothing."""
