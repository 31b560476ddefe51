"""Provisional scores while features are still computed, as often as they are cheap.

A summariser looks at a whole exam at once, so what it says of half an exam is not half of what it
says of all of it: provisional scores are there to be looked at, and nothing is selected by them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from usummary.types import Features, Scores

GROWTH = 1.25
"""There is no new preview before the exam is this many times as long as in the last one."""

SHARE = 0.04
"""All previews together may take this share of the time so far; the first one may take longer."""

Show = Callable[[Scores], None]


class Previews:
    """To be called with the number of clips so far and a way to get their features, as it grows.

    Args:
        score: Scores features; its cost is taken to grow as the number of clips does.
        show: Is given provisional scores, in the thread that computes.
        now: Seconds on a clock.
    """

    def __init__(
        self,
        score: Callable[[Features], Scores],
        show: Show,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._score = score
        self._show = show
        self._now = now
        self._began_s = now()
        self._spent_s = self._last_s = 0.0
        self._clips = 0

    def __call__(self, clips: int, get_features: Callable[[], Features]) -> None:
        began_s = self._now()
        if self._clips and not self._worth(clips, began_s):
            return
        scores = self._score(get_features())
        self._last_s = self._now() - began_s
        self._spent_s += self._last_s
        self._clips = clips
        self._show(scores)

    def _worth(self, clips: int, now_s: float) -> bool:
        growth = clips / self._clips
        expected_s = self._spent_s + self._last_s * growth
        return growth >= GROWTH and expected_s <= SHARE * (now_s - self._began_s)
