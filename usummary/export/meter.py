"""Runs the export in a thread while the caller's thread reports progress and can stop it."""

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
    """Counts finished work in encoded frames; other work as the frames that take as long."""

    def __init__(self, total: float) -> None:
        self._total = max(total, 1.0)
        self._done = 0.0
        self._clock = Clock()
        self._stop = threading.Event()

    def step(self, units: float = 1.0) -> None:
        """Count `units` as done. Does not return if the export was stopped."""
        if self._stop.is_set():
            raise _Stopped
        self._done = min(self._done + units, self._total)

    def stop(self) -> None:
        """Let the work end at its next step."""
        self._stop.set()

    def progress(self) -> Progress:
        """The share of the work that is done, as a report."""
        fraction = self._done / self._total
        return Progress("exporting", fraction, self._clock.seconds_left(fraction))


def run_reporting(work: Callable[[Meter], T], total: float, report: Report) -> T:
    """Runs `work` in a thread of its own, reports every 50 ms from this one, returns its result.

    A single seek, page or closing of a file can take longer than the 100 ms after which a report is
    due, so the working thread could not report in time. When `report` raises (`Cancelled`), the
    work stops at its next step; once it has ended, the exception is raised on.
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
