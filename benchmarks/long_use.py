"""Memory over a long scripted use of the window: ``python -m benchmarks.long_use --minutes N``.

A simulated exam is opened, played, searched, zoomed, edited and chosen from again and again, and
opened anew every half minute, as in a day of work. Resident memory is read every few seconds; its
trend is a line fitted through the second half, when every cache has filled.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ui.window.main_window import MainWindow

READ_EVERY_S = 2.0
REOPEN_EVERY_S = 30.0
RUN_LIMIT_S = 1800.0


def main() -> None:
    """Uses the window for the wanted time and prints what memory did."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_use", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--exam-minutes", type=float, default=3.0, help="length of the exam")
    parser.add_argument("--exam", type=Path, help="another recording than the simulated one")
    chosen = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder  # projects and preferences of its own
        path = chosen.exam or _render(Path(folder) / "exam.mp4", chosen.exam_minutes)
        times, sizes = _use(path, 60 * chosen.minutes)
    _show(np.array(times), np.array(sizes))


def _render(path: Path, minutes: float) -> Path:
    from usummary.phantom import render

    return render(path, minutes=minutes, seed=1)


def _use(path: Path, seconds: float) -> tuple[list[float], list[float]]:
    """Times in minutes and resident memory in MB while the window is used."""
    from PySide6.QtWidgets import QApplication

    from ui import liveness, memory
    from ui.common import theme
    from ui.window.main_window import MainWindow

    liveness.keep_live()
    memory.give_back_what_is_freed()
    app = QApplication([])
    theme.apply(app)
    window = MainWindow()
    window.resize(1920, 1080)
    window.show()
    times: list[float] = []
    sizes: list[float] = []
    chance = random.Random(1)
    _open(window, path)
    began = read_at = opened_at = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        if now - opened_at > REOPEN_EVERY_S:
            _open(window, path)
            opened_at = time.monotonic()
        _act(window, chance)
        _let_pass(0.1)
        if now >= read_at:
            read_at += READ_EVERY_S
            times.append((now - began) / 60)
            sizes.append(_resident_mb())
    window.close()
    return times, sizes


def _open(window: MainWindow, path: Path) -> None:
    window.open(path)
    give_up = time.monotonic() + RUN_LIMIT_S
    while window.state.phase != "done" and time.monotonic() < give_up:
        _let_pass(0.05)
    if window.state.phase != "done":
        raise SystemExit(f"The run did not finish: {window.error.title.text()}")


def _act(window: MainWindow, chance: random.Random) -> None:
    state, session = window.state, window.session
    if state.opened is None:
        return
    shot = chance.randrange(len(state.shots))
    acts = (
        lambda: session.playback.seek(chance.uniform(0, state.opened.table.end_s)),
        lambda: session.playback.play(chance.choice((1.0, 2.0, 4.0))),
        lambda: session.playback.step(chance.choice((-1, 1))),
        lambda: session.choose_length(chance.choice(("15%", "20%", "25%"))),
        lambda: window.timeline.zoom(chance.choice((0.5, 0.8, 1.25, 2.0))),
        lambda: session.editing.decide(shot, chance.choice(("keep", "reject", "clear"))),
        session.editing.undo,
        session.editing.redo,
        lambda: window.navigation.go_to_shot(shot),
    )
    chance.choice(acts)()


def _let_pass(seconds: float) -> None:
    """Runs the event loop, as the program does; without one Qt puts deleting off for ever."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def _resident_mb() -> float:
    """Resident memory of this process; Linux only."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _show(times: np.ndarray, sizes: np.ndarray) -> None:
    for place in np.linspace(0, len(times) - 1, min(10, len(times))).astype(int):
        print(f"{times[place]:5.1f} min  {sizes[place]:6.0f} MB", flush=True)
    late = times >= times[-1] / 2
    slope, _ = np.polyfit(times[late], sizes[late], 1)
    print(f"peak {sizes.max():.0f} MB, trend of the second half {slope:+.1f} MB a minute")


if __name__ == "__main__":
    main()
