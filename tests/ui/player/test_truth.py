"""What is on screen, what labels say and what an edit acts on are one, however slow decoding is.

The decoder is slowed by a stand-in: it waits before each picture until the test lets it go on.
"""

import threading

import pytest

from tests.ui.recordings import number_in, write_numbered
from tests.ui.windows import shown_window
from ui.session.frames import Cursor
from ui.session.state import clock

HERE, THERE = 40, 150


@pytest.fixture
def recording(tmp_path):
    return write_numbered(tmp_path / "numbered.mp4", list(range(0, 8000, 40)))


@pytest.fixture
def gate(monkeypatch):
    """Pictures are decoded while it is set."""
    opened = threading.Event()
    opened.set()
    read = Cursor.read

    def slowly(cursor):
        opened.wait()
        return read(cursor)

    monkeypatch.setattr(Cursor, "read", slowly)
    yield opened
    opened.set()


@pytest.fixture
def window(qtbot, gate, recording):
    with shown_window(qtbot, "player") as made:
        made.open(recording)
        qtbot.waitUntil(lambda: made.state.phase == "done")
        made.session.playback.go(HERE)
        qtbot.waitUntil(lambda: made.session.playback.on_screen == HERE)
        yield made


def agree(window):
    """Checks that picture, label and place of edits are one; returns that position."""
    player, state = window.player, window.state
    shown = number_in(player.view._image)
    assert player._frame.text().startswith(f"frame {shown + 1} / 200")
    assert state.here == shown
    return shown


def test_a_late_picture_is_named_as_the_one_it_is(qtbot, window, gate):
    gate.clear()
    playback, player = window.session.playback, window.player
    playback.go(THERE)
    assert agree(window) == HERE
    assert player._time.text().startswith(clock(window.state.opened.table.time_of(HERE), digits=3))
    wanted = f"Loading {clock(window.state.opened.table.time_of(THERE), digits=3)} …"
    qtbot.waitUntil(lambda: player.view.waits_for == wanted)
    assert player.view.accessibleDescription() == wanted
    playback.step(1)
    assert agree(window) == HERE
    assert player.view.waits_for.startswith("Loading 0:06.04")
    gate.set()
    qtbot.waitUntil(lambda: playback.on_screen == THERE + 1)
    assert agree(window) == THERE + 1
    assert player.view.waits_for == ""


def test_edits_act_on_the_picture_that_is_seen(qtbot, window, gate):
    state, table = window.state, window.state.opened.table
    gate.clear()
    window.session.playback.go(THERE)
    window.session.set_point("in")
    assert state.in_s == table.time_of(HERE)
    window.session.set_point("out")
    assert state.out_s == table.end_of(HERE)
    window.session.editing.add_freeze("Femur")
    assert [f.frame for f in state.freeze_frames if f.plane == "Femur"] == [HERE]
    before = {shot.start_frame for shot in state.shots}
    window.session.editing.split()
    assert {shot.start_frame for shot in state.shots} - before == {HERE}
    state.selected = None
    under = state.target_shot
    assert state.shots[under].start_frame <= HERE < state.shots[under].end_frame
    assert agree(window) == HERE
    qtbot.waitUntil(lambda: state.saving == "saved")
    gate.set()  # pytest-qt closes the window, which waits for the decoder, before fixtures end


def test_playing_with_a_slow_decoder_names_what_is_seen(qtbot, window, gate):
    gate.clear()
    playback = window.session.playback
    playback.play()
    qtbot.waitUntil(lambda: window.state.playhead_s > window.state.opened.table.time_of(HERE) + 1.5)
    shown = agree(window)
    window.session.set_point("in")
    assert window.state.in_s == window.state.opened.table.time_of(shown)
    playback.pause()
    gate.set()
    qtbot.waitUntil(lambda: playback.on_screen == playback.due)
    agree(window)


def test_a_run_yields_while_somebody_watches(qtbot, window, gate):
    playback = window.session.playback
    assert not playback.attended
    gate.clear()
    playback.go(THERE)
    assert playback.attended
    gate.set()
    qtbot.waitUntil(lambda: not playback.attended)
    playback.play()
    assert playback.attended
    playback.pause()
    playback.scrub(0.5)
    assert playback.attended
    playback.seek(0.5)
    qtbot.waitUntil(lambda: not playback.attended)


def test_a_place_without_a_picture_is_said_and_nobody_waits_for_it(qtbot, window):
    playback = window.session.playback
    playback.go(HERE)
    playback._source.lacks.emit(HERE + 1)
    playback._source.want = lambda *_: None
    playback._due = HERE + 1
    playback.moved.emit(0.0)
    assert playback.lacking
    assert not playback.waiting
    assert window.player.view.waits_for.startswith("There is no picture at")
