"""The timeline: what it shows, and where its clicks lead."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.values import make_opened, make_summary
from ui.lanes import View, curve_columns
from ui.state import State
from ui.theme import DARK
from ui.timeline import NAMES_PX, Timeline


@pytest.fixture
def timeline(qtbot):
    state = State()
    state.finish_opening(make_opened())
    state.finish_run(make_summary())
    widget = Timeline(state)
    qtbot.addWidget(widget)
    widget.resize(900, 160)
    widget.show()
    widget.fit()
    return widget


def wheel(widget: Timeline, x: float, turns: int) -> None:
    at = QPointF(x, 60)
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * turns), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


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
    strips = timeline._strips()
    ratio = picture.devicePixelRatio()

    def color(time_s: float, lane: int, above: float = 0.0) -> str:
        x, y = NAMES_PX + timeline.view.x(time_s), strips[lane].center().y() - above
        return picture.pixelColor(round(x * ratio), round(y * ratio)).name()

    inside = [time_s for time_s in np.arange(0.5, 10, 1.0) if color(time_s, 2, 10) == DARK.accent]
    assert inside == [2.5, 3.5, 6.5, 7.5]
    assert color(2.5, 3) == DARK.freeze
    assert color(5.0, 3) == DARK.panel


def test_each_column_of_the_curve_is_its_highest_score() -> None:
    rng = np.random.default_rng(2)
    times, values = np.sort(rng.uniform(0, 100, 3000)), rng.random(3000)
    view = View(20.0, 60.0, 250.0)
    columns, heights = curve_columns(times, values, view)
    inside = [(c, h) for c, h in zip(columns, heights, strict=True) if 0 <= c < 250]
    for column, height in inside:
        here = np.floor((times - 20.0) * view.px_per_s) == column
        assert height == values[here].max()
    assert len(inside) > 240


def test_a_long_exam_is_drawn_quickly(qtbot, timeline) -> None:
    """65 minutes at 15 scores a second: 58,500 scores are still one point a pixel column."""
    times = np.arange(58_500) / 15
    columns, _ = curve_columns(times, np.random.default_rng(1).random(58_500), View(0, 3900, 1500))
    assert len(columns) <= 1501
