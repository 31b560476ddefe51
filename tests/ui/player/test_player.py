"""The player on real files: exact pictures, true speed."""

import itertools

import av
import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.builders import read_code, write_dicom_cine, write_video
from tests.ui.recordings import number_in, write_numbered
from ui.player.player import Player
from ui.session.playback import Playback
from ui.session.state import State
from usummary.types import Shot

COUNT = 200


@pytest.fixture(scope="module")
def times_ms() -> list[int]:
    """Variable frame rate: 20 to 60 ms between pictures."""
    steps = np.random.default_rng(5).integers(20, 61, COUNT - 1)
    return [0, *np.cumsum(steps).tolist()]


@pytest.fixture(scope="module")
def recording(tmp_path_factory, times_ms):
    return write_numbered(tmp_path_factory.mktemp("player") / "numbered ü.mp4", times_ms)


@pytest.fixture
def player(qtbot, recording):
    state = State()
    playback = Playback(state)
    playback.opened.connect(state.finish_opening)
    widget = Player(state, playback)
    qtbot.addWidget(widget)
    widget.resize(640, 300)
    widget.show()
    with qtbot.waitSignal(playback.opened):
        playback.open(recording)
    yield widget
    playback.close()


class Clock:
    """Stands in for the clock that playing follows; it moves when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("ui.session.playback.time", made)
    return made


def wait_for(qtbot, player: Player, number: int) -> None:
    qtbot.waitUntil(lambda: player.playback.on_screen == number)
    assert number_in(player.view._image) == number


def test_the_first_picture_comes_before_the_table_of_times(qtbot, recording) -> None:
    said = []
    playback = Playback(State())
    playback.ready.connect(lambda: said.append("ready"))
    with qtbot.waitSignal(playback.opened):
        playback.opened.connect(lambda _: said.append("opened"))
        playback.open(recording)
    assert said == ["ready", "opened"]
    playback.close()


def test_steps_and_jumps_show_exactly_the_frame_meant(qtbot, player) -> None:
    """In any order, and backwards over several sync frames."""
    for target in (0, 199, 3, 100, 99, 150, 29, 30, 31):
        player.playback.go(target)
        wait_for(qtbot, player, target)
    for step in (1, 1, -1, -1, -1):
        target += step
        player.playback.step(step)
        wait_for(qtbot, player, target)
    player.playback.go(70)
    for target in range(69, 35, -1):
        player.playback.step(-1)
        wait_for(qtbot, player, target)


def test_a_time_seeks_to_the_frame_on_screen_then(qtbot, player, times_ms) -> None:
    for number in (5, 120, 64):
        player.playback.seek((times_ms[number] + times_ms[number + 1]) / 2000)
        wait_for(qtbot, player, number)
    player.playback.seek(float("inf"))
    wait_for(qtbot, player, COUNT - 1)
    player.playback.step(1)
    assert player.playback.on_screen == COUNT - 1


@pytest.mark.parametrize("speed", [1.0, 4.0, -2.0])
def test_playing_keeps_true_time(qtbot, player, clock, speed) -> None:
    """The playhead follows the clock, whatever the decoder manages.

    What is shown never runs ahead of the playhead.
    """
    player.playback.seek(4.0 if speed < 0 else 0.0)
    start_s = player._state.playhead_s
    ahead = []
    table = player._state.opened.table

    def check(_):
        due = table.position_at(player._state.playhead_s)
        ahead.append((player.playback.on_screen - due) * np.sign(speed))

    player.playback.play(speed)
    player.playback.shown.connect(check)
    for tick in range(1, 36):
        clock.now_s = 100.0 + 0.02 * tick
        due_s = start_s + 0.02 * tick * speed
        qtbot.waitUntil(lambda due_s=due_s: abs(player._state.playhead_s - due_s) < 1e-9)
    qtbot.waitUntil(lambda: player.playback.on_screen == table.position_at(due_s))
    player.playback.pause()
    assert len(ahead) > 2
    assert max(ahead) <= 0


def test_playing_stops_at_the_end_and_starts_over(qtbot, player, clock) -> None:
    player.playback.seek(player._state.opened.table.end_s - 0.1)
    player.playback.play()
    clock.now_s += 0.2
    qtbot.waitUntil(lambda: player.playback.speed == 0)
    wait_for(qtbot, player, COUNT - 1)
    player.playback.play()
    clock.now_s += 0.5
    qtbot.waitUntil(lambda: player._state.playhead_s == pytest.approx(0.5))


def test_the_time_and_the_frame_are_shown_counted_from_one(qtbot, player, times_ms) -> None:
    player.playback.go(7)
    wait_for(qtbot, player, 7)
    assert player._frame.text() == "frame 8 / 200"
    assert player._time.text().startswith(f"0:00.{times_ms[7]:03d} /")


def test_a_window_that_closes_leaves_no_thread(qtbot, recording) -> None:
    import threading

    playback = Playback(State())
    with qtbot.waitSignal(playback.opened):
        playback.open(recording)
    playback.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "player"]


def test_dragging_shows_a_sync_frame_and_the_release_the_exact_one(
    qtbot, player, recording, times_ms
) -> None:
    """Far from what is decoded."""
    with av.open(str(recording)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.is_keyframe]
        syncs = [times_ms.index(round(p.pts * p.time_base * 1000)) for p in packets]
    wait_for(qtbot, player, 0)
    for exact in (167, 103):
        assert exact not in syncs
        nearest = min(syncs, key=lambda sync: abs(sync - exact))
        at = times_ms[exact] / 1000 + 0.001
        player.playback.scrub(at)
        assert player.playback.due == nearest
        wait_for(qtbot, player, nearest)
        assert player._state.playhead_s == at
        assert player._frame.text() == f"near frame {nearest + 1} / 200"
        player.playback.seek(at)
        wait_for(qtbot, player, exact)
        assert player._frame.text() == f"frame {exact + 1} / 200"


def test_a_shot_is_looped_until_the_person_goes_elsewhere(qtbot, player, times_ms) -> None:
    table = player._state.opened.table
    shot = Shot(0, 60, 72, table.time_of(60), table.time_of(72), 0.5, 65)
    seen = []
    player.playback.loop(shot)
    player.playback.shown.connect(lambda _: seen.append(player.playback.on_screen))
    qtbot.waitUntil(lambda: sum(b < a for a, b in itertools.pairwise(seen)) >= 2)
    assert {at for at in seen if at > 0} <= set(range(60, 72))
    player.playback.go(150)
    assert player.playback.looping is None
    wait_for(qtbot, player, 150)


@pytest.mark.parametrize("kind", ["turned", "dicom"])
def test_turned_videos_and_cines_show_the_frame_meant(qtbot, tmp_path, kind) -> None:
    if kind == "turned":
        path = write_video(tmp_path / "turned.mp4", n=40, turned=1)
    else:
        path = write_dicom_cine(tmp_path / "cine.dcm", n=40)
    state = State()
    playback = Playback(state)
    playback.opened.connect(state.finish_opening)
    shown = []
    playback.shown.connect(shown.append)
    with qtbot.waitSignal(playback.opened):
        playback.open(path)
    for target in (0, 39, 5, 4, 20):
        playback.go(target)
        qtbot.waitUntil(lambda target=target: playback.on_screen == target)
        image = shown[-1].convertToFormat(QImage.Format.Format_RGB888)
        size = image.height(), image.bytesPerLine()
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(size)[:, : image.width() * 3]
        assert read_code(rows.reshape(image.height(), image.width(), 3)) == target
    playback.close()
