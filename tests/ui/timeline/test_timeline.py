"""The timeline: what it shows, and where its clicks lead."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.values import make_opened, make_summary
from ui.common.theme import DARK
from ui.session.frames import Small
from ui.session.state import State
from ui.timeline.edges import nearest_border
from ui.timeline.lanes import curve_columns
from ui.timeline.timeline import CURVE, FREEZES, LANES, NAMES_PX, PICTURES, SHOTS, WHOLE, Timeline
from ui.timeline.view import View
from usummary.types import Scores


@pytest.fixture
def timeline(qtbot):
    state = State()
    state.finish_opening(make_opened())
    state.finish_run(make_summary())
    widget = Timeline(state)
    qtbot.addWidget(widget)
    widget.resize(900, 224)
    widget.show()
    widget.fit()
    return widget


def wheel(widget: Timeline, x: float, turns: int, *, shift: bool = False) -> None:
    at = QPointF(x, 60)
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * turns), Qt.MouseButton.NoButton,
        held, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def point(widget: Timeline, time_s: float, lane: int) -> QPoint:
    """Where a time is in a lane."""
    return QPoint(
        NAMES_PX + round(widget.view.x(time_s)), round(widget._strips()[lane].center().y())
    )


def drag(widget: Timeline, start: QPoint, end: QPoint) -> None:
    QTest.mouseMove(widget, start)
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(widget, end)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=end)


def decide(widget: Timeline, shot: int, decision: str) -> None:
    """Shows the summary with one shot decided."""
    state = widget._state
    shots = list(state.shots)
    shots[shot] = replace(shots[shot], decision=decision)
    state.show_summary(replace(state.summary, shots=tuple(shots)))
    widget.refresh()


def painted(widget: Timeline) -> QImage:
    """The tiles of the present view, as they are shown."""
    picture = QImage(round(widget.view.width), widget.height(), QImage.Format.Format_RGB32)
    with QPainter(picture) as painter:
        widget.tiles.paint(painter, 0, widget.view, widget.height(), 1.0)
    return picture


def pixels(image: QImage) -> np.ndarray:
    return np.array(image.constBits(), dtype=np.uint8).reshape(image.height(), -1, 4)[..., :3]


def test_fitting_shows_the_whole_exam(timeline) -> None:
    assert (timeline.view.first_s, timeline.view.last_s) == (0.0, 10.0)


def test_the_wheel_keeps_the_time_under_the_cursor(timeline) -> None:
    x = NAMES_PX + 400.0
    before = timeline.view.time(400)
    wheel(timeline, x, 3)
    assert timeline.view.last_s - timeline.view.first_s == pytest.approx(10 * 0.8**3)
    assert timeline.view.time(400) == pytest.approx(before)
    wheel(timeline, x, -9)
    assert (timeline.view.first_s, timeline.view.last_s) == (0.0, 10.0)


def test_a_click_seeks_and_a_drag_pans(qtbot, timeline) -> None:
    wheel(timeline, NAMES_PX, 5)
    first = timeline.view.first_s
    left = Qt.MouseButton.LeftButton
    with qtbot.assertNotEmitted(timeline.sought):
        QTest.mousePress(timeline, left, pos=QPoint(500, 60))
        QTest.mouseMove(timeline, QPoint(440, 60))
        QTest.mouseRelease(timeline, left, pos=QPoint(440, 60))
    assert timeline.view.first_s == pytest.approx(first + 60 / timeline.view.px_per_s)
    with qtbot.waitSignal(timeline.sought) as sought:
        QTest.mouseClick(timeline, left, pos=QPoint(NAMES_PX + 100, 60))
    assert sought.args[0] == pytest.approx(timeline.view.time(100))


def test_the_page_turns_with_the_playhead(timeline) -> None:
    wheel(timeline, NAMES_PX, 6)
    timeline.show_time(9.0)
    assert timeline.view.first_s < 9.0 < timeline.view.last_s


def test_key_shots_and_freeze_frames_are_drawn_where_they_are(timeline) -> None:
    """Key shots in their colour from 2 to 4 s and 6 to 8 s; the matched freeze-frame filled."""
    picture = timeline.grab().toImage()
    ratio = picture.devicePixelRatio()

    def color(time_s: float, lane: int, above: int = 0) -> str:
        at = point(timeline, time_s, lane)
        return picture.pixelColor(round(at.x() * ratio), round((at.y() - above) * ratio)).name()

    times = np.arange(0.5, 10, 1.0)
    inside = [time_s for time_s in times if color(time_s, SHOTS, 9) == DARK.accent]
    assert inside == [2.5, 3.5, 6.5, 7.5]
    assert color(2.5, FREEZES) == DARK.freeze
    assert color(5.0, FREEZES) == DARK.panel


def test_shift_and_the_wheel_pan(timeline) -> None:
    wheel(timeline, NAMES_PX, 5)
    before = timeline.view
    wheel(timeline, NAMES_PX + 100, -1, shift=True)
    assert timeline.view.px_per_s == before.px_per_s
    assert timeline.view.first_s == pytest.approx(before.first_s + 60 / before.px_per_s)


def test_dragging_the_time_marks_scrubs_and_then_seeks(qtbot, timeline) -> None:
    scrubbed: list[float] = []
    timeline.scrubbed.connect(scrubbed.append)
    with qtbot.waitSignal(timeline.sought) as sought:
        drag(timeline, point(timeline, 2.0, 0), point(timeline, 7.0, 0))
    assert scrubbed == [pytest.approx(7.0, abs=0.02)] == sought.args
    assert timeline.view.first_s == 0


# Tiles


@pytest.mark.parametrize("turns", [0, 3, 9, 20])
def test_tiles_look_like_one_picture(timeline, turns) -> None:
    """At several scales, in the middle of the exam: the same pixels as drawn in one go."""
    decide(timeline, 0, "rejected")
    decide(timeline, 1, "kept")
    wheel(timeline, NAMES_PX + 300, turns)
    scale = timeline.view.px_per_s
    timeline._show_from(round(timeline.view.first_s * scale) / scale)
    whole = QImage(painted(timeline).size(), QImage.Format.Format_RGB32)
    with QPainter(whole) as painter:
        timeline._draw_tile(painter, timeline.view)
    off = np.abs(pixels(whole).astype(int) - pixels(painted(timeline))).max(axis=2)
    assert off.max() <= 2
    assert len(np.unique(pixels(whole).reshape(-1, 3), axis=0)) > 20


def test_scrolling_back_and_unchanged_results_draw_nothing_again(timeline) -> None:
    wheel(timeline, NAMES_PX, 9)
    painted(timeline)
    drawn = timeline.tiles.drawn
    timeline.pan(-5)
    timeline.pan(5)
    timeline.refresh()
    painted(timeline)
    assert timeline.tiles.drawn == drawn


def test_only_tiles_whose_content_changed_are_drawn_again(timeline) -> None:
    """The exam is 1532 pixels wide, so that three tiles show it; one decision changes one."""
    timeline.resize(NAMES_PX + 14 + 1532, 224)
    timeline.fit()
    before, drawn = pixels(painted(timeline)), timeline.tiles.drawn
    decide(timeline, 4, "kept")
    after = pixels(painted(timeline))
    assert timeline.tiles.drawn == drawn + 1
    changed = np.flatnonzero((before != after).any(axis=(0, 2)))
    assert changed.min() >= 1024
    assert timeline.view.time(changed.min()) == pytest.approx(8.0, abs=0.05)


def test_the_curve_fills_in_while_the_run_goes_on(qtbot) -> None:
    """Only the tile that the new provisional scores lie in is drawn again."""
    state = State()
    state.finish_opening(make_opened())
    state.start_run()
    widget = Timeline(state)
    qtbot.addWidget(widget)
    widget.resize(NAMES_PX + 14 + 1532, 224)
    widget.fit()
    full = make_summary().analysis.scores
    drawn = []
    for count in (20, 45, 50):
        state.show_preview(
            Scores(full.times_s[:count], full.values[:count], full.recordings, full.frames)
        )
        widget.refresh()
        painted(widget)
        drawn.append(widget.tiles.drawn)
    assert drawn == [3, 5, 6]
    curve = pixels(painted(widget))[round(widget._strips()[CURVE].bottom()) - 4]
    panel = np.array(QColor(DARK.panel).getRgb()[:3])[::-1]
    x = round(widget.view.x(4.5))
    assert (curve[x - 50] != panel).any()
    assert (curve[x + 100 :] == panel).all()


def test_tiles_out_of_sight_are_forgotten_when_they_take_too_much(timeline) -> None:
    timeline.tiles._budget = 3 * 512 * 224 * 4
    for _ in range(12):
        timeline.zoom(0.8)
        painted(timeline)
    assert timeline.tiles.bytes_held <= timeline.tiles._budget


# Edges


@pytest.mark.parametrize(
    ("start", "end", "moved"),
    [
        (4.0, 4.62, (1, "end", 46)),
        (4.0, 1.0, (1, "end", 21)),  # one picture is left
        (4.0, 9.0, (1, "end", 60)),  # its recording ends there
        (6.0, 6.33, (3, "start", 63)),
        (8.0, 9.99, (3, "end", 100)),
    ],
)
def test_a_dragged_edge_lands_on_a_frame(qtbot, timeline, start, end, moved) -> None:
    with qtbot.waitSignal(timeline.edge_moved) as signal, qtbot.assertNotEmitted(timeline.sought):
        drag(timeline, point(timeline, start, SHOTS), point(timeline, end, SHOTS))
    assert tuple(signal.args) == moved
    assert (timeline.view.first_s, timeline.view.last_s) == (0.0, 10.0)


def test_near_an_edge_the_cursor_says_that_it_can_be_dragged(timeline) -> None:
    QTest.mouseMove(timeline, point(timeline, 4.0, SHOTS))
    assert timeline.cursor().shape() == Qt.CursorShape.SplitHCursor
    QTest.mouseMove(timeline, point(timeline, 4.5, SHOTS))
    assert timeline.cursor().shape() == Qt.CursorShape.ArrowCursor
    QTest.mouseMove(timeline, point(timeline, 4.0, CURVE))
    assert timeline.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_the_border_is_seen_while_it_is_dragged(timeline) -> None:
    before = timeline.grab().toImage()
    start, end = point(timeline, 4.0, SHOTS), point(timeline, 5.5, SHOTS)
    QTest.mouseMove(timeline, start)
    QTest.mousePress(timeline, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(timeline, end)
    during = timeline.grab().toImage()
    inside = point(timeline, 5.0, SHOTS) - QPoint(0, 8)
    assert during.pixelColor(inside) != before.pixelColor(inside)
    assert timeline._card is not None
    assert timeline._card.text == "0:05.40   frame 55"
    QTest.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=end)


def test_a_locked_shot_is_neither_moved_nor_cut_into(qtbot, timeline) -> None:
    decide(timeline, 3, "locked")
    with qtbot.assertNotEmitted(timeline.edge_moved):
        drag(timeline, point(timeline, 6.05, SHOTS), point(timeline, 7.0, SHOTS))
    timeline.fit()
    with qtbot.assertNotEmitted(timeline.edge_moved):
        drag(timeline, point(timeline, 8.0, SHOTS), point(timeline, 7.0, SHOTS))
    with qtbot.waitSignal(timeline.edge_moved) as moved:
        drag(timeline, point(timeline, 8.0, SHOTS), point(timeline, 9.0, SHOTS))
    assert moved.args == [4, "start", 90]


def test_an_edge_does_not_leave_its_recording(qtbot, timeline) -> None:
    with qtbot.assertNotEmitted(timeline.edge_moved):
        drag(timeline, point(timeline, 6.0, SHOTS), point(timeline, 1.0, SHOTS))


def test_the_nearest_border_is_between_two_pictures() -> None:
    table = make_opened().table
    assert [nearest_border(table, at) for at in (-1, 0.04, 0.06, 9.94, 9.96, 20)] == [
        0, 0, 1, 99, 100, 100,
    ]  # fmt: skip


# Pictures


def answer(widget: Timeline, value: int = 0xFF204080) -> list[Small]:
    """Gives every picture that is asked for, each in one colour."""
    asked: list[Small] = []

    def give(wanted: list[Small]) -> None:
        asked.extend(wanted)
        for small in wanted:
            widget.take_picture(small, filled(value, small.height))

    widget.pictures_wanted.connect(give)
    return asked


def test_pictures_fill_their_lane_and_are_asked_for_once(qtbot, timeline) -> None:
    asked = answer(timeline)
    wheel(timeline, NAMES_PX, 4)
    qtbot.waitUntil(lambda: bool(asked))
    times = [small.position / 10 for small in asked]
    assert times == sorted(set(times))
    assert max(times) <= timeline.view.last_s + 0.5
    picture = timeline.grab().toImage()
    blue = sum(
        picture.pixelColor(point(timeline, time_s, PICTURES)).name() == "#204080"
        for time_s in np.linspace(0, timeline.view.last_s * 0.99, 50)
    )
    assert blue > 40
    timeline._ask_for_pictures()
    assert len(asked) == len(set(asked)) == len(times)


def test_the_nearest_scale_shows_every_picture_exactly(timeline) -> None:
    asked = answer(timeline)
    wheel(timeline, NAMES_PX, 30)
    timeline._ask_for_pictures()
    assert {(small.position, small.slack) for small in asked} == {(at, 0) for at in range(6)}
    timeline._ask_for_pictures()
    assert len(asked) == 6


def test_another_scale_needs_only_some_new_pictures(timeline) -> None:
    asked = answer(timeline)
    timeline._ask_for_pictures()
    first = len(asked)
    wheel(timeline, NAMES_PX, 1)
    timeline._ask_for_pictures()
    assert len(asked) - first < first


def test_hovering_shows_the_nearest_picture_and_then_the_exact_one(qtbot, timeline) -> None:
    timeline._strip.take(30, filled(0xFF112233))
    asked: list[Small] = []
    timeline.pictures_wanted.connect(asked.extend)
    QTest.mouseMove(timeline, point(timeline, 3.25, CURVE))
    card = timeline._card
    assert card is not None
    assert card.isVisible()
    assert card.text.endswith("frame 33")
    assert card.picture.toImage().pixelColor(2, 2).name() == "#112233"
    qtbot.waitUntil(lambda: bool(asked))
    assert (asked[0].position, asked[0].slack) == (32, 0)
    timeline.take_picture(asked[0], filled(0xFFAABBCC, asked[0].height))
    assert card.picture.toImage().pixelColor(2, 2).name() == "#aabbcc"
    QTest.mouseMove(timeline, QPoint(4, 60))
    assert not card.isVisible()


def filled(value: int, height: int = 30) -> QImage:
    image = QImage(height * 4 // 3, height, QImage.Format.Format_RGB32)
    image.fill(value)
    return image


# Mini-map


def test_the_mini_map_shows_the_view_and_moves_it(timeline) -> None:
    wheel(timeline, NAMES_PX, 6)
    small = timeline._map
    assert small.geometry() == timeline._strips()[WHOLE].toRect()
    frame = small.frame
    assert frame.left() == 0
    assert frame.width() == pytest.approx(small.width() * 0.8**6)
    held = QPoint(10, 8)
    QTest.mousePress(small, Qt.MouseButton.LeftButton, pos=held)
    QTest.mouseMove(small, held + QPoint(200, 0))
    assert small.frame.left() == pytest.approx(200, abs=1)
    QTest.mouseMove(small, QPoint(5000, 8))
    QTest.mouseRelease(small, Qt.MouseButton.LeftButton, pos=QPoint(5000, 8))
    assert timeline.view.last_s == pytest.approx(10)
    QTest.mouseClick(small, Qt.MouseButton.LeftButton, pos=QPoint(100, 8))
    middle = (timeline.view.first_s + timeline.view.last_s) / 2
    assert middle == pytest.approx(max(small.whole.time(100), timeline.view.span_s / 2))


def test_what_a_screen_reader_hears(timeline) -> None:
    decide(timeline, 1, "kept")
    assert timeline.accessibleDescription() == (
        "2 key shots and 2 freeze-frames in 0:10. Shots decided by you: 1. Shows 0:00 to 0:10."
    )
    assert timeline.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_every_lane_has_room_at_the_lowest_height(timeline) -> None:
    timeline.resize(900, timeline.minimumHeight())
    strips = timeline._strips()
    assert strips[-1].bottom() < timeline.height()
    assert len(strips) == len(LANES)
    assert all(lane.height() >= 14 for lane in strips)


def test_each_column_of_the_curve_is_its_highest_score() -> None:
    rng = np.random.default_rng(2)
    times, values = np.sort(rng.uniform(0, 100, 3000)), rng.random(3000)
    view = View.of(20.0, 60.0, 250.0)
    columns, heights = curve_columns(scores_of(times, values), view)
    inside = [(c, h) for c, h in zip(columns, heights, strict=True) if 0 <= c < 250]
    for column, height in inside:
        here = np.floor((times - 20.0) * view.px_per_s) == column
        assert height == values[here].astype(np.float32).max()
    assert len(inside) > 240


def test_the_curve_of_a_long_exam_is_one_point_a_pixel() -> None:
    """65 minutes at 15 scores a second."""
    times = np.arange(58_500) / 15
    scores = scores_of(times, np.random.default_rng(1).random(58_500))
    columns, _ = curve_columns(scores, View.of(0, 3900, 1500))
    assert 1500 <= len(columns) <= 1505


def scores_of(times: np.ndarray, values: np.ndarray) -> Scores:
    zeros = np.zeros(len(times), dtype=np.int64)
    return Scores(times, values.astype(np.float32), zeros, zeros)
