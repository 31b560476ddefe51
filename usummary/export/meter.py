"""Runs the export while its caller's thread reports progress and can stop it at any time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from usummary.progress import Clock, Progress, Report

_INTERVAL_S = 0.05

T = TypeVar("T")


class _Stopped(BaseException):
    """Ends the work in its thread; never leaves this module."""


class Meter:
    """Counts finished work in encoded frames; other work counts as frames that take as long."""

    def __init__(self, total: float) -> None:
        self._total = max(total, 1.0)
        self._done = 0.0
        self._clock = Clock()
        self._stop = threading.Event()

    def step(self, units: float = 1.0) -> None:
        """`units` more are done. Does not return if the export was stopped."""
        if self._stop.is_set():
            raise _Stopped
        self._done = min(self._done + units, self._total)

    def stop(self) -> None:
        """Let the work end at its next step."""
        self._stop.set()

    def progress(self) -> Progress:
        """How far the work is."""
        fraction = self._done / self._total
        return Progress("exporting", fraction, self._clock.seconds_left(fraction))


def run_reporting(work: Callable[[Meter], T], total: float, report: Report) -> T:
    """What `work` returns, done in a thread of its own while this one reports every 50 ms.

    Seeking, drawing a page or closing a file can each take longer than the 100 ms after which a
    report is due; this way none of them delays it. When `report` raises (`Cancelled`), the work is
    stopped at its next step, and the exception goes on when it has ended.
    """
    meter = Meter(total)
    with ThreadPoolExecutor(1, thread_name_prefix="export") as pool:
        future = pool.submit(work, meter)
        try:
            while not future.done():
                report(meter.progress())
                wait([future], timeout=_INTERVAL_S)
            result = future.result()
        except BaseException:
            meter.stop()
            raise
    report(Progress("exporting", 1.0, 0.0))
    return result
