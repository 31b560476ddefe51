"""How long the window does not answer when things are used for the first time.

Each way through the program runs in a process of its own, with no kept features, projects or
caches, so that whatever is loaded, drawn or made once is met there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rows import Row

if TYPE_CHECKING:
    from benchmarks.heartbeat import Heartbeat
    from ui.window.main_window import MainWindow

TARGET = "100 ms"  # a person notices when nothing moves for longer
GIVE_UP_S = 600.0
EXAM_MINUTES = 0.5
SHOWN_FOR_S = 0.5
"""How long something that opened at once is looked at."""


def run() -> list[Row]:
    """Rows of the longest waits, one for each thing done."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        exam = _render(Path(folder))
        for way in WAYS:
            for name, (worst, second) in in_fresh_process(way, exam, Path(folder) / way).items():
                rows.append(
                    Row(
                        f"longest the window does not answer: {name}",
                        f"{1000 * worst:.0f} ms, then {1000 * second:.0f} ms",
                        TARGET,
                        "",
                    )
                )
    return rows


def in_fresh_process(way: str, exam: Path, home: Path) -> dict[str, tuple[float, float]]:
    """The two longest gaps of each step of a way, seconds."""
    homes = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CACHE", "DATA", "CONFIG")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.liveness", way, str(exam), str(home)],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **homes, "QT_QPA_PLATFORM": "offscreen"},
        text=True,
    )
    found: dict[str, tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _render(folder: Path) -> Path:
    from usummary.phantom import Recorder, render

    recorder = Recorder(width=640, height=480, fps=20, bit_rate=1_000_000)
    return render(folder / "exam.mp4", minutes=EXAM_MINUTES, seed=4, recorder=recorder)


class Visit:
    """A window that was just started, with one exam to work on, and its heartbeat."""

    def __init__(self, window: MainWindow, heart: Heartbeat, exam: Path, home: Path) -> None:
        self.window, self.exam, self.home = window, exam, home
        self._heart = heart
        self.gaps: dict[str, tuple[float, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Watches one thing that a person does, and what follows at once."""
        self._heart.take()
        yield
        let_pass(SHOWN_FOR_S)
        self.gaps[name] = self._heart.take()

    def until(self, there: Callable[[], bool]) -> None:
        """Runs the event loop until something is there."""
        for _ in range(round(GIVE_UP_S / 0.02)):
            if there():
                return
            let_pass(0.02)
        raise TimeoutError("The window did not get there.")

    def finish(self) -> None:
        """Until the exam is summarised."""
        self.until(lambda: self.window.state.phase in ("done", "failed"))
        self.until(lambda: not self.window.session.working)
        if self.window.state.phase == "failed":
            raise RuntimeError(self.window.error.cause.text())


def exam_first(visit: Visit) -> None:
    """Opens an exam, looks at it, compares, exports."""
    window = visit.window
    with visit.step("an exam is opened, run and played"):
        window.open(visit.exam)
        visit.until(lambda: window.state.phase in ("running", "done"))
        window.session.playback.play(1.0)
        visit.finish()
        window.session.playback.pause()
        visit.until(lambda: not window.side.missing_pictures())
    with visit.step("hovering over the timeline"):
        hover(window)
    with visit.step("zooming and dragging"):
        for turn in range(40):
            window.player.track.scrubbed.emit(60 * EXAM_MINUTES * (turn * 17 % 40) / 40)
            window.timeline.zoom((0.6, 1.5)[turn % 2])
            let_pass(0.02)
    with visit.step("lengths and edits"):
        for key in ("length_2", "length_4", "length_1", "reject", "undo"):
            window.key_actions[key].trigger()
            let_pass(0.1)
    look_at_dialogs(visit)
    with visit.step("comparing"):
        window.key_actions["compare"].trigger()
        visit.until(lambda: len(window.compare.compared) == 4)
        window.compare.panel.baselines["random scores"].trigger()
        visit.until(lambda: len(window.compare.compared) == 8)
        window.key_actions["compare"].trigger()
    with visit.step("exporting"):
        from usummary.export import ExportOptions

        window.session.export(visit.home / "summary", ExportOptions())
        visit.until(lambda: not window.session.working)


def look_at_dialogs(visit: Visit) -> None:
    """Opens and closes every dialog."""
    from PySide6.QtWidgets import QDialog

    for name in ("settings", "keys", "review_mask", "export"):
        with visit.step(f"the dialog of “{name}”"):
            visit.window.key_actions[name].trigger()
            let_pass(SHOWN_FOR_S)
            for dialog in visit.window.findChildren(QDialog):
                dialog.close()


def hover(window: MainWindow) -> None:
    """Moves the mouse along the timeline."""
    from PySide6.QtCore import QPoint
    from PySide6.QtTest import QTest

    for place in range(20):
        QTest.mouseMove(window.timeline, QPoint(120 + 40 * place, 60))
        let_pass(0.05)


def settings_first(visit: Visit) -> None:
    """Opens the settings before anything else."""
    with visit.step("settings, right after the start"):
        visit.window.key_actions["settings"].trigger()
        visit.until(lambda: not visit.window._looker.busy)


def cohort_first(visit: Visit) -> None:
    """Measures a cohort before any exam was opened, and saves its figure."""
    from ui.session import jobs

    cohort = visit.window.cohort
    with visit.step("a cohort is opened and filled, right after the start"):
        cohort.show(True)
        visit.until(lambda: bool(cohort.page.models))
        cohort.add([visit.exam])
        visit.until(lambda: bool(cohort.exams))
    with visit.step("a cohort is measured"):
        cohort.run()
        visit.until(lambda: not visit.window.session.working)
    if cohort.measured is None or not cohort.measured.exams:
        raise RuntimeError("nothing was measured")
    with visit.step("a cohort's figure is saved"):
        cohort._help(jobs.save_cohort_figure(visit.home / "f.svg", cohort.measured, "f1", None))
        visit.until(lambda: not cohort._helper.busy)


WAYS: dict[str, Callable[[Visit], None]] = {
    "exam": exam_first,
    "settings": settings_first,
    "cohort": cohort_first,
}


def let_pass(seconds: float) -> None:
    """Runs the event loop, as the program does."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def measure(way: str, exam: Path, home: Path) -> dict[str, tuple[float, float]]:
    """Starts the program as `ui.app` does and goes one way through it."""
    from benchmarks.heartbeat import Heartbeat
    from ui import liveness, memory
    from ui.application import Application
    from ui.common import language, theme
    from ui.window.main_window import MainWindow

    liveness.keep_live()
    memory.give_back_what_is_freed()
    app = Application(["usummary"])
    language.use("en")
    theme.apply(app, "dark")
    window = MainWindow()
    window.show()
    let_pass(SHOWN_FOR_S)
    home.mkdir(parents=True, exist_ok=True)
    visit = Visit(window, Heartbeat(), exam, home)
    WAYS[way](visit)
    window.close()
    return visit.gaps


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
