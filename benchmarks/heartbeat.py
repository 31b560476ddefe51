"""How late the window's own timer comes while the window is used, and what kept it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer

EVERY_MS = 10


class Heartbeat:
    """A 10-ms timer in the main thread, and by how much its beats came late through our doing.

    On a busy machine the kernel itself keeps threads from running, and no program can tick then.
    Linux says how long each thread was ready to run and had no core; that time, of the main thread
    and of the one other Python thread that waited longest (it may have held the interpreter lock),
    is taken off each gap. What is left is time in which this program kept its own window waiting.
    """

    def __init__(self) -> None:
        self.gaps_s: list[float] = []
        self._at = time.monotonic()
        self._waited = _read_waits()
        self._timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=EVERY_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def take(self) -> tuple[float, float]:
        """The longest gap since the last call and the second longest, seconds; starts anew."""
        worst, second, *_ = [*sorted(self.gaps_s, reverse=True), 0.0, 0.0]
        self.gaps_s = []
        return worst, second

    def _beat(self) -> None:
        now, waited = time.monotonic(), _read_waits()
        more = {thread: s - self._waited.get(thread, s) for thread, s in waited.items()}
        ours = more.pop(threading.main_thread().native_id or 0, 0.0)
        self.gaps_s.append(now - self._at - ours - max(more.values(), default=0.0))
        self._at, self._waited = now, waited


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
