"""Draws the user guide's pictures anew, from the simulated sample exam (no test).

    QT_QPA_PLATFORM=offscreen python -m tests.ui.guide_pictures docs/pictures

The summary, the edits, the comparison and the list of keys, as a person meets them.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LONGEST_WAIT_S = 120.0
SIZE = (1280, 800)


def main(folder: Path) -> None:
    """Write every picture into `folder`; settings and projects of the person are not touched."""
    with tempfile.TemporaryDirectory() as home:
        for kind in ("DATA", "CONFIG"):
            os.environ[f"XDG_{kind}_HOME"] = home
        _draw(folder)


def _draw(folder: Path) -> None:
    from ui.application import Application
    from ui.common import theme
    from ui.window.dialogs import CheatSheet
    from ui.window.main_window import MainWindow

    application = Application(["usummary"])
    theme.apply(application, "dark")
    window = MainWindow()
    window.use_theme("dark")
    window.resize(*SIZE)
    window.show()
    window.session.open_sample()
    _until(lambda: window.state.phase in ("done", "failed") and not window.session.busy)
    window.navigation.jump("shot", 1)
    _save(window, folder / "window.png")

    editing, shots = window.session.editing, window.state.key_shots
    editing.decide(shots[0], "keep")
    editing.decide(shots[1], "lock")
    editing.decide(0, "reject")
    _save(window, folder / "edits.png")

    for _ in range(3):
        editing.undo()
    window.compare.toggle()
    _until(lambda: len(window.compare.compared) == 4)
    for baseline in window.compare.panel.baselines.values():
        baseline.trigger()
    baselines = {*window.compare.panel.baselines}
    _until(lambda: baselines <= {lane.who for lane in window.compare.compared})
    _save(window, folder / "compare.png")

    window.show_keys()
    _save(window.findChild(CheatSheet), folder / "keys.png")
    window.close()


def _save(window: object, path: Path) -> None:
    _pause(3.0)  # pictures of the timeline still arrive
    window.grab().save(str(path))  # type: ignore[attr-defined]


def _until(done: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > LONGEST_WAIT_S:
            raise TimeoutError("The window did not get there.")
        _pause(0.1)


def _pause(seconds: float) -> None:
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
