"""How late the window's own timer comes while the window is used, and what kept it."""

from __future__ import annotations

import faulthandler
import threading
import time
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import Qt, QTimer

EVERY_MS = 10
LIMIT_S = 0.1
"""A person notices when nothing moves for longer."""


class Heartbeat:
    """A 10-ms timer in the main thread, and by how much its beats came late through our doing.

    On a busy machine the kernel itself keeps threads from running, and no program can tick then.
    Linux says how long each thread was ready to run and had no core; that time, of the main thread
    and of the one other Python thread that waited longest (it may have held the interpreter lock),
    is taken off each gap. What is left is time in which this program kept its own window waiting.

    Args:
        stacks: Where every thread's stack is written to whenever a beat is later than the limit.
            A thread that knows no interpreter lock writes it, so it also sees who holds the lock.
    """

    def __init__(self, stacks: TextIO | None = None) -> None:
        self.gaps_s: list[float] = []
        self._stacks = stacks
        self._at = time.monotonic()
        self._waited = _read_waits()
        self._timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=EVERY_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def take(self) -> tuple[float, float]:
        """The longest gap since the last call and the second longest, seconds; starts anew."""
        if self._stacks is not None:
            faulthandler.cancel_dump_traceback_later()
        worst, second, *_ = [*sorted(self.gaps_s, reverse=True), 0.0, 0.0]
        self.gaps_s = []
        return worst, second

    def _beat(self) -> None:
        now, waited = time.monotonic(), _read_waits()
        more = {thread: s - self._waited.get(thread, s) for thread, s in waited.items()}
        ours = more.pop(threading.main_thread().native_id or 0, 0.0)
        self.gaps_s.append(now - self._at - ours - max(more.values(), default=0.0))
        self._at, self._waited = now, waited
        if self._stacks is not None:
            faulthandler.dump_traceback_later(float(__import__("os").environ.get("STACKS","0.1")), file=self._stacks)


def _read_waits() -> dict[int, float]:
    """Seconds that each thread was ready to run and had no core; nothing where no Linux tells."""
    waits = {}
    for thread in threading.enumerate():
        try:
            text = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text()
        except OSError:
            continue
        waits[thread.native_id or 0] = int(text.split()[1]) / 1e9
    return waits
