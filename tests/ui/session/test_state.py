"""The window's state, without a display and without Qt."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.ui.values import make_opened, make_summary
from ui.session.state import FrameTable, State, clock, next_speed


@pytest.fixture
def done() -> State:
    """An exam of two recordings with shots 0 to 4, key shots 1 and 3, freeze-frames in 1 and 2."""
    state = State()
    state.start_opening(Path("exam.mp4"))
    state.finish_opening(make_opened())
    state.start_run()
    state.finish_run(make_summary())
    return state


def test_the_state_needs_no_qt() -> None:
    code = (
        "import sys, ui.session.state;"
        " sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_time_shows_the_frame_that_is_on_screen_then() -> None:
    table = FrameTable(np.array([0.0, 0.1, 0.5, 0.6]), (0, 2, 4), 0.7)
    assert [table.position_at(t) for t in (-1, 0, 0.0999, 0.1, 0.3, 0.5, 9)] == [
        0,
        0,
        0,
        1,
        1,
        2,
        3,
    ]
    assert [table.place_of(p) for p in range(4)] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [table.position_of(r, f) for r, f in ((0, 0), (0, 2), (1, 1), (1, 9))] == [0, 1, 3, 3]


def test_every_position_is_found_again_from_its_time() -> None:
    table = FrameTable(np.cumsum(np.random.default_rng(1).uniform(0.001, 0.2, 500)), (0, 500), 99.0)
    assert [table.position_at(table.time_of(p)) for p in range(500)] == list(range(500))


def test_a_cancelled_run_leaves_what_was_there(done: State) -> None:
    before = done.summary
    done.start_run()
    done.cancel_run()
    assert done.phase == "done"
    assert done.summary is before
    fresh = State()
    fresh.start_opening(Path("other.mp4"))
    fresh.start_run()
    fresh.cancel_run()
    assert fresh.phase == "cancelled"
    fresh.finish_opening(make_opened())
    assert fresh.phase == "cancelled"
    assert fresh.can_run
    assert not fresh.can_export


def test_key_shots_and_freeze_frames_are_stepped_through(done: State) -> None:
    assert done.key_shots == [1, 3]
    assert done.next_key_shot(-1) is None
    done.playhead_s = done.shots[done.next_key_shot(1)].start_s
    assert done.playhead_s == 2.0
    assert done.next_key_shot(1) == 3
    done.playhead_s = 7.0
    assert done.next_key_shot(-1) == 3
    assert done.next_key_shot(1) is None
    assert done.next_freeze_frame(1) is None
    back = done.next_freeze_frame(-1)
    assert back is not None
    assert back.time_s == 5.0


def test_cards_number_freeze_frames_from_one(done: State) -> None:
    assert done.matched_freeze_frames(1) == [1]
    assert done.matched_freeze_frames(3) == []


def test_playing_only_key_shots_leaves_out_what_is_between(done: State) -> None:
    assert done.after_key_shots(0.0) == 2.0
    assert done.after_key_shots(3.0) == 3.0
    assert done.after_key_shots(4.0) == 6.0
    assert done.after_key_shots(8.0) is None


def test_a_shot_that_is_no_key_shot_any_more_is_not_selected(done: State) -> None:
    done.selected = 3
    summary = done.summary
    assert summary is not None
    shots = tuple(replace(shot, selected=index == 1) for index, shot in enumerate(summary.shots))
    done.show_summary(replace(summary, shots=shots, length="10%"))
    assert done.selected is None
    assert done.length == "10%"


def test_p_belongs_to_one_exam(done: State) -> None:
    done.length = "P"
    done.start_opening(Path("next.mp4"))
    assert done.length == "15%"
    assert done.summary is None


def test_notices_are_said_once(done: State) -> None:
    assert done.notices == ("recording is simulated", "a shot was cut")


def test_the_pictures_at_both_points_lie_between_them(done: State) -> None:
    """The out point is where its picture ends, so that picture belongs to the shot."""
    table = done.opened.table
    done.playhead_s = table.time_of(3)
    done.set_point("in")
    done.set_point("out")
    assert done.between_points == (3, 4)
    done.playhead_s = table.time_of(7)
    done.set_point("out")
    assert done.out_s == table.end_of(7) == table.time_of(8)
    assert done.between_points == (3, 8)


def test_speeds_go_down_to_backwards_and_up_again() -> None:
    speeds, speed = [], 1.0
    for direction in (-1, -1, -1, -1, -1, 1):
        speed = next_speed(speed, direction)
        speeds.append(speed)
    assert speeds == [0.5, -0.5, -1.0, -2.0, -4.0, -2.0]
    assert (next_speed(0, 1), next_speed(0, -1), next_speed(8.0, 1)) == (1.0, -1.0, 8.0)


def test_times_are_written_for_people() -> None:
    assert clock(65.4321, digits=1) == "1:05.4"
    assert clock(0.3, digits=2) == "0:00.30"
    assert clock(3905) == "1:05:05"
