"""Turns finished units of work into progress reports of the exporting stage."""

from __future__ import annotations

import time

from usummary.progress import Progress, Report

_INTERVAL_S = 0.04


class Meter:
    """Counts work in encoded frames; other work is put into as many frames as take that long."""

    def __init__(self, total: float, report: Report) -> None:
        self._total = max(total, 1.0)
        self._report = report
        self._done = 0.0
        self._started = time.monotonic()
        self._last = -1.0
        report(Progress("exporting", 0.0))

    def step(self, units: float = 1.0) -> None:
        """`units` more are done. May raise `Cancelled` out of the callable."""
        self._done = min(self._done + units, self._total)
        now = time.monotonic()
        if now - self._last < _INTERVAL_S:
            return
        self._last = now
        fraction = self._done / self._total
        spent = now - self._started
        left = spent / fraction - spent if fraction > 0.01 else None
        self._report(Progress("exporting", fraction, left))

    def finish(self) -> None:
        """Everything is done."""
        self._report(Progress("exporting", 1.0, 0.0))
