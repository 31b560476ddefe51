"""An exam that was closed leaves nothing behind in memory."""

import gc
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from ui.common import theme
from ui.session.frames import FrameSource, ThumbnailSource
from ui.session.state import FrameTable
from ui.session.worker import Job, Worker
from ui.window.main_window import MainWindow
from usummary.phantom import Recorder, render
from usummary.types import Analysis, Summary

KINDS = (Analysis, FrameSource, FrameTable, Job, Summary, ThumbnailSource, Worker)
TIMES = 4


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    recorder = Recorder(width=320, height=240, fps=15, bit_rate=300_000)
    path = tmp_path_factory.mktemp("reopening") / "exam.mp4"
    return render(path, minutes=0.2, seed=2, recorder=recorder)


def of_exams() -> list[object]:
    """All objects of the kinds that belong to an exam."""
    gc.collect()
    return [one for one in gc.get_objects() if type(one) in KINDS]


def test_reopening_leaves_no_object_of_the_exam_before(qtbot, recording) -> None:
    theme.apply(QApplication.instance())
    others = of_exams()  # of windows of earlier tests; held, so that they stay the same
    held = {id(one) for one in others}

    def alive() -> Counter[str]:
        """How many objects of each kind this test's window has."""
        return Counter(type(one).__name__ for one in of_exams() if id(one) not in held)

    window = MainWindow()
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()

    def open_it() -> None:
        window.open(recording)
        qtbot.waitUntil(lambda: window.state.phase == "done")
        qtbot.waitUntil(lambda: not window.side.missing_pictures())
        with qtbot.waitSignal(window.session.playback.shown):
            window.session.playback.play(4.0)

    open_it()
    open_it()
    qtbot.waitUntil(lambda: alive()["Job"] == 2)  # the player's and the pictures'
    before = alive()
    assert before["FrameSource"] == before["ThumbnailSource"] == 1
    for _ in range(TIMES):
        open_it()
    qtbot.waitUntil(lambda: alive() == before)  # a thread may be on its way out
    window.close()
