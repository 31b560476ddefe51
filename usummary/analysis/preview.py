"""Provisional scores while features are still computed, as often as that stays cheap.

A summariser sees the whole exam at once, so scores of the first half can change when the second
half comes. Provisional scores are only shown; nothing is selected by them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from usummary.types import Features, Scores

GROWTH = 1.25
"""The next preview waits until this many times as many clips are done as at the last one."""

SHARE = 0.04
"""All previews together may take this share of the time so far; the first one may take longer."""

Show = Callable[[Scores], None]


class Previews:
    """An `OnPart` callable for `features.compute` that shows a preview whenever one is worth it.

    Args:
        score: Scores features; its time is assumed to grow in proportion to the number of clips.
        show: Called with provisional scores, in the thread that computes.
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
        if self._clips and not self._is_worth_it(clips, began_s):
            return
        scores = self._score(get_features())
        self._last_s = self._now() - began_s
        self._spent_s += self._last_s
        self._clips = clips
        self._show(scores)

    def _is_worth_it(self, clips: int, now_s: float) -> bool:
        growth = clips / self._clips
        expected_s = self._spent_s + self._last_s * growth
        return growth >= GROWTH and expected_s <= SHARE * (now_s - self._began_s)
