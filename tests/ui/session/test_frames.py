"""When the player reads on and when it jumps."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from tests.ui.recordings import write_numbered
from ui.session.frames import Cursor, FrameSource
from ui.session.state import FrameTable

SYNCS = np.array([0, 100, 200], np.int64)


@pytest.fixture
def cursor() -> Cursor:
    """At picture 120 of 300, with a sync frame every 100."""
    table = FrameTable(np.arange(300) / 30, (0, 300), 10.0)
    exam = SimpleNamespace(recordings=[SimpleNamespace(frames=lambda _: iter(()))])
    made = Cursor(exam, table, SYNCS)
    made.jump(120)
    return made


@pytest.mark.parametrize(
    ("position", "reads_on"),
    [
        (120, True),
        (125, True),
        (150, True),  # 30 pictures on, or 50 frames from the sync frame
        (160, False),
        (119, False),
        (200, False),  # a sync frame: a jump needs no other
        (205, False),
    ],
)
def test_standing_still_the_cheaper_way_is_taken(cursor, position, reads_on) -> None:
    assert cursor.near(position, moving=False) == reads_on


def test_playing_only_little_is_read_on(cursor) -> None:
    assert cursor.near(131, moving=True)
    assert not cursor.near(132, moving=True)


def test_a_sync_frame_close_ahead_is_read_on_to(cursor) -> None:
    cursor.jump(196)
    assert cursor.near(200, moving=False)
    assert not cursor.near(215, moving=False)


def test_what_lies_around_is_filled_in_to_both_sides(qtbot, tmp_path) -> None:
    """And then the source rests: one that reads the same pictures again and again never does."""
    source = FrameSource(write_numbered(tmp_path / "n.mp4", [40 * k for k in range(200)]))
    rested, wait = threading.Event(), source._changed.wait
    source._changed.wait = lambda seconds: rested.set() or wait(seconds)
    with qtbot.waitSignal(source.opened):
        source.start()
    source.want(150)
    wanted = range(150 - 30, 150 + 30)
    qtbot.waitUntil(lambda: all(source.picture(at) for at in wanted))
    rested.clear()
    qtbot.waitUntil(rested.is_set)
    source.close()
