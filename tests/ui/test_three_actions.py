"""Open, look, export: three actions, each of them by key."""

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog

from ui.common import theme
from ui.window.main_window import MainWindow
from usummary.phantom import Recorder, render


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    recorder = Recorder(width=320, height=240, fps=20, bit_rate=400_000)
    path = tmp_path_factory.mktemp("exam") / "exam.mp4"
    return render(path, minutes=0.4, seed=4, recorder=recorder)


@pytest.fixture
def window(qtbot):
    theme.apply(QApplication.instance())
    made = MainWindow()
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()
    assert {thread.name for thread in threading.enumerate()}.isdisjoint({"player", "work"})


def test_from_a_recording_to_a_reel_by_key(qtbot, window, recording, monkeypatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(recording), ""))
    QTest.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.state.phase in ("done", "failed"))

    QTest.keyClick(window, Qt.Key.Key_Down)
    assert window.state.selected in window.state.key_shots

    qtbot.waitUntil(lambda: not window.session.busy)
    QTest.keyClick(window, Qt.Key.Key_E)
    (sheet,) = [made for made in window.findChildren(QDialog) if made.isVisible()]
    with qtbot.waitSignal(window.session.exported) as told:
        QTest.keyClick(sheet, Qt.Key.Key_Return)
    folder, paths = told.args
    assert folder / "summary.mp4" in paths
    assert (folder / "summary.mp4").stat().st_size > 1000


def test_edits_by_key_are_made_and_undone(qtbot, window, recording) -> None:
    window.open(recording)
    qtbot.waitUntil(lambda: window.state.phase in ("done", "failed"))
    before = window.state.edits
    QTest.keyClick(window, Qt.Key.Key_Home)
    QTest.keyClick(window, Qt.Key.Key_Down)
    shot = window.state.shots[window.state.selected]
    QTest.keyClick(window, Qt.Key.Key_X)
    assert window.state.edits.decision(shot) == "rejected"
    assert "Reject" in window.key_actions["undo"].text()
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.state.edits == before
    QTest.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert window.state.edits.decision(shot) == "rejected"
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def test_a_theme_shows_everywhere_at_once(window) -> None:
    dark = window.grab().toImage().pixelColor(3, window.height() // 2)
    window.use_theme("light")
    light = window.grab().toImage().pixelColor(3, window.height() // 2)
    window.use_theme("dark")
    assert dark.lightness() < 60 < 200 < light.lightness()
