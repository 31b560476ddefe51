"""What PRODUCT promises of a finished exam, row by row and by key, on a real file."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from ui.common import theme
from ui.export.mask_review import MaskReview
from ui.window.main_window import MainWindow
from ui.window.settings_dialog import SettingsDialog
from usummary.phantom import Recorder, render

SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    recorder = Recorder(width=320, height=240, fps=20, bit_rate=400_000)
    path = tmp_path_factory.mktemp("rows") / "exam ü.mp4"
    return render(path, minutes=0.5, seed=4, recorder=recorder)


@pytest.fixture(scope="module")
def shown(qapp, recording):
    """A window with the finished exam."""
    theme.apply(QApplication.instance())
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    window.open(recording)
    yield window
    window.close()


@pytest.fixture
def window(qtbot, shown):
    qtbot.waitUntil(lambda: shown.state.phase == "done")
    qtbot.waitUntil(lambda: not shown.session.working)
    shown.activateWindow()  # a dialog of the test before may have taken the keys
    qtbot.waitUntil(shown.isActiveWindow)
    shown.session.playback.go(0)
    yield shown
    shown.session.playback.pause()


def press(window: MainWindow, key: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window, key, modifier)


def test_j_k_l_and_space_play(window) -> None:
    playback = window.session.playback
    press(window, Qt.Key.Key_L)
    assert playback.speed == 1.0
    press(window, Qt.Key.Key_L)
    assert playback.speed == 2.0
    for wanted in (1.0, 0.5, -0.5):
        press(window, Qt.Key.Key_J)
        assert playback.speed == wanted
    press(window, Qt.Key.Key_K)
    assert playback.speed == 0
    press(window, Qt.Key.Key_Space)
    assert playback.speed == 1.0
    press(window, Qt.Key.Key_Space)
    assert playback.speed == 0


def test_frames_and_seconds_are_stepped(qtbot, window) -> None:
    playback = window.session.playback
    table = window.state.opened.table
    press(window, Qt.Key.Key_Period)
    assert playback.due == 1
    press(window, Qt.Key.Key_Comma)
    assert playback.due == 0
    press(window, Qt.Key.Key_Right)
    press(window, Qt.Key.Key_Right)
    assert playback.due == table.position_at(2.0)
    press(window, Qt.Key.Key_Left)
    assert playback.due == table.position_at(1.0)
    qtbot.waitUntil(lambda: playback.on_screen == playback.due)


def test_key_shots_and_freeze_frames_are_jumped_to(window) -> None:
    state, playback = window.state, window.session.playback
    table = state.opened.table
    starts = [state.shots[index].start_frame for index in state.key_shots]
    later = [table.position_of(0, start) for start in starts if start > 0]
    for start in later:
        press(window, Qt.Key.Key_Down)
        assert playback.due == start
    for start in reversed(later[:-1]):
        press(window, Qt.Key.Key_Up)
        assert playback.due == start
    press(window, Qt.Key.Key_Home)
    places = [freeze.frame for freeze in state.freeze_frames if freeze.frame > 0]
    for place in places:
        press(window, Qt.Key.Key_F)
        assert playback.due == place
    for place in reversed(places[:-1]):
        press(window, Qt.Key.Key_F, SHIFT)
        assert playback.due == place
    assert len(places) > 1


def test_in_and_out_point_make_a_shot(qtbot, window) -> None:
    state, player = window.state, window.player
    bare = player.track.grab().toImage()
    for _ in range(3):
        press(window, Qt.Key.Key_Right)
    press(window, Qt.Key.Key_I)
    assert not player.buttons["add_shot"].isEnabled()
    press(window, Qt.Key.Key_Right)
    player.buttons["mark_out"].click()
    assert player.buttons["add_shot"].isEnabled()
    assert player.track.grab().toImage() != bare
    first, stop = state.between_points
    press(window, Qt.Key.Key_A)
    added = state.shots[state.selected]
    assert (added.start_frame, added.end_frame, added.decision) == (first, stop, "kept")
    assert state.in_s is None
    press(window, Qt.Key.Key_Z, CONTROL)
    assert (first, stop) not in {(shot.start_frame, shot.end_frame) for shot in state.shots}


def test_four_lengths_have_a_key_each(window) -> None:
    for key, length in ((Qt.Key.Key_2, "20%"), (Qt.Key.Key_3, "25%"), (Qt.Key.Key_4, "P"),
                        (Qt.Key.Key_1, "15%")):  # fmt: skip
        press(window, key)
        assert window.state.summary.length == length


def test_the_summary_is_played_and_nothing_else(qtbot, window) -> None:
    state, playback = window.state, window.session.playback
    seen = []
    playback.shown.connect(lambda _: seen.append(playback.on_screen))
    press(window, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: playback.speed == 0)
    press(window, Qt.Key.Key_P)
    playback.pause()
    inside = [(state.shots[i].start_frame, state.shots[i].end_frame) for i in state.key_shots]
    assert len(seen) > 5
    assert all(any(first <= at < stop for first, stop in inside) for at in seen)


def test_the_track_seeks(qtbot, window) -> None:
    track, playback = window.player.track, window.session.playback
    at = QPoint(track.width() // 2, track.height() // 2)
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=at)
    middle = window.state.opened.table.end_s / 2
    assert abs(window.state.playhead_s - middle) < 0.1
    qtbot.waitUntil(lambda: playback.on_screen == playback.due)


def test_the_mask_is_reviewed_by_key(qtbot, window) -> None:
    press(window, Qt.Key.Key_M, CONTROL)
    (review,) = window.findChildren(MaskReview)
    qtbot.waitUntil(lambda: review.picture.count() > 1)
    before = review.view.polygon
    review.view.setFocus()
    QTest.keyClick(review.view, Qt.Key.Key_N)
    QTest.keyClick(review.view, Qt.Key.Key_Down)
    with qtbot.waitSignal(review.confirmed):
        QTest.keyClick(review.view, Qt.Key.Key_Return)
    assert window.state.edits.masks[0] != before
    assert window.state.analysis.regions[0].source == "person"
    window.key_actions["undo"].trigger()  # no key: without a window manager no window is active now
    assert window.state.analysis.regions[0].polygon == before


def test_settings_open_and_tips_follow_the_keys(window) -> None:
    window.key_actions["settings"].trigger()
    (dialog,) = window.findChildren(SettingsDialog)
    dialog.reject()
    button = window.player.buttons["frame_on"]
    assert button.toolTip() == "One frame on (.)"
    window.key_actions.remap({"frame_on": ("Ctrl+G",)})
    assert button.toolTip() == "One frame on (Ctrl+G)"
    assert window.cards.delegate.tips["reject"] == "Reject (X)"
    window.key_actions.remap({})


def test_a_recent_exam_opens_from_the_start_screen(qtbot, window, recording) -> None:
    page = window.start_page
    page.show_recent([Path(path) for path in window.preferences.recent])
    (link,) = [b for b in page.findChildren(QPushButton) if b.text() == recording.name]
    link.click()
    assert window.state.path == recording
    qtbot.waitUntil(lambda: window.state.phase == "done")
