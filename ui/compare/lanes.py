"""The lanes of a comparison: the key shots of every summary over the same time, one thin lane each.

They always show the same part of the exam as the timeline: zooming and scrolling there also changes
the lanes. A click seeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.common.language import tr
from ui.common.theme import color
from ui.compare.table import title
from ui.session.state import State
from ui.timeline import lanes, overlays
from ui.timeline.timeline import CLICK_PX, Timeline
from ui.timeline.view import View
from usummary.types import Shot

if TYPE_CHECKING:
    from usummary.comparing.one_exam import Compared

NAMES_PX = 196
RIGHT_PX = 14
AXIS_PX, FREEZES_PX = 18, 16
LEAST_PX, MOST_PX = 12.0, 20.0
"""Greatest height of a lane with its gap, pixels."""
GAP_PX = 3.0
LENGTH_PX = 44


class ComparedLanes(QWidget):
    """Draws the lanes in groups, freeze-frames above, the playhead through all.

    Bars that hold a freeze-frame are filled, the others are pale with an outline. A thin line goes
    down from every freeze-frame, so that one sees at once which lanes hold it.

    Args:
        state: What is open.
        timeline: Whose part of the exam is shown.

    Signals:
        sought: Exam time that was clicked.
        row_chosen: Position of the lane that was clicked.
    """

    sought = Signal(float)
    row_chosen = Signal(int)

    def __init__(self, state: State, timeline: Timeline, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._timeline = state, timeline
        self._lanes: Sequence[Compared] = ()
        self._bars: list[list[tuple[Shot, bool]]] = []
        self._kept: tuple[object, QPixmap] | None = None
        self._chosen: int | None = None
        self._pressed: QPointF | None = None
        self._panned_px: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Lanes of key shots"))
        timeline.viewed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(800, 300)

    @property
    def view(self) -> View:
        """The timeline's part of the exam, at this width."""
        shown = self._timeline.view
        return View.of(shown.first_s, shown.last_s, self._inner_width())

    def show_lanes(self, compared: Sequence[Compared]) -> None:
        self._lanes, self._bars = compared, [_bars_of(lane) for lane in compared]
        self._chosen = self._kept = None
        self.setMinimumHeight(round(self._top() + LEAST_PX * len(compared) + GAP_PX))
        self.setAccessibleDescription(
            tr(
                "{count} summaries of the same exam, one below the other. The table says how each "
                "compares with the freeze-frames.",
                count=len(compared),
            )
        )
        self.update()

    def choose(self, row: int | None) -> None:
        """Marks a lane."""
        if row != self._chosen:
            self._chosen = row
            self.update()

    def strip_of(self, row: int) -> QRectF:
        """The strip of a lane's bars."""
        rest = self.height() - self._top() - GAP_PX
        high = min(max(rest / max(len(self._lanes), 1), LEAST_PX), MOST_PX)
        top = self._top() + row * high
        return QRectF(NAMES_PX, top + GAP_PX / 2, self._inner_width(), high - GAP_PX)

    def _top(self) -> float:
        return AXIS_PX + FREEZES_PX + 3 * GAP_PX

    def _inner_width(self) -> float:
        return max(self.width() - NAMES_PX - RIGHT_PX, 1)

    def _row_at(self, y: float) -> int | None:
        for row in range(len(self._lanes)):
            strip = self.strip_of(row)
            if strip.top() - GAP_PX / 2 <= y < strip.bottom() + GAP_PX / 2:
                return row
        return None

    def paintEvent(self, _: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._still())
            if self._state.opened is None:
                return
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            column = QRectF(NAMES_PX, GAP_PX, self._inner_width(), self._bottom() - GAP_PX)
            overlays.draw_playhead(painter, column, self.view, self._state)

    def _still(self) -> QPixmap:
        """The drawing of everything except the playhead; only drawn again after changes."""
        state, ratio = self._state, self.devicePixelRatioF()
        shows = (
            self.view, self.width(), self.height(), ratio, self._chosen,
            state.opened is None, state.freeze_frames, color("panel").rgb(), self.font().toString(),
        )  # fmt: skip
        if self._kept is None or self._kept[0] != shows:
            picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            picture.setDevicePixelRatio(ratio)
            picture.fill(color("panel"))
            if state.opened is not None:
                with QPainter(picture) as painter:
                    painter.setFont(self.font())
                    self._draw(painter)
            self._kept = shows, picture
        return self._kept[1]

    def _draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_names(painter)
        view = self.view
        axis = QRectF(NAMES_PX, GAP_PX, self._inner_width(), AXIS_PX)
        painter.setClipRect(axis)
        lanes.draw_axis(painter, axis, view, self._state)
        painter.setClipRect(QRectF(NAMES_PX - 6, 0, self._inner_width() + 12, self.height()))
        self._draw_freezes(painter, view)
        for row, lane in enumerate(self._lanes):
            bars = [(shot, holds) for shot, holds in self._bars[row] if _is_in(shot, view)]
            draw_lane(painter, self.strip_of(row), view, lane.kind, bars)

    def _bottom(self) -> float:
        return self.strip_of(max(len(self._lanes) - 1, 0)).bottom() + GAP_PX

    def _draw_names(self, painter: QPainter) -> None:
        """Draws the name at each group's first lane, each length, and the chosen lane's band."""
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setPen(color("muted"))
        names = QRectF(12, AXIS_PX + 2 * GAP_PX, NAMES_PX - 24, FREEZES_PX)
        painter.drawText(names, middle, tr("Freeze-frames"))
        before = None
        for row, lane in enumerate(self._lanes):
            strip = self.strip_of(row)
            if row == self._chosen:
                band = QRectF(4, strip.top() - 1, self.width() - 8, strip.height() + 2)
                painter.fillRect(band, color("hover"))
            if lane.who != before and before is not None:
                painter.setPen(color("line"))
                y = strip.top() - GAP_PX / 2
                painter.drawLine(QPointF(12, y), QPointF(self.width() - RIGHT_PX, y))
            line = max(strip.height(), painter.fontMetrics().height())
            text = QRectF(12, strip.center().y() - line / 2, NAMES_PX - 24 - LENGTH_PX, line)
            if lane.who != before:
                painter.setPen(color("text"))
                words = painter.fontMetrics().elidedText(
                    title(lane), Qt.TextElideMode.ElideRight, int(text.width())
                )
                painter.drawText(text, middle, words)
            painter.setPen(color("muted"))
            text.setRect(NAMES_PX - 12 - LENGTH_PX, text.top(), LENGTH_PX, line)
            painter.drawText(text, middle | int(Qt.AlignmentFlag.AlignRight), lane.length)
            before = lane.who

    def _draw_freezes(self, painter: QPainter, view: View) -> None:
        middle = AXIS_PX + 2 * GAP_PX + FREEZES_PX / 2
        for freeze in self._state.freeze_frames:
            x = view.x(freeze.time_s)
            if not -lanes.REACH_PX <= x <= view.width + lanes.REACH_PX:
                continue
            painter.setPen(QPen(color("freeze", 110), 1))
            painter.drawLine(QPointF(NAMES_PX + x, middle), QPointF(NAMES_PX + x, self._bottom()))
            painter.setPen(QPen(color("freeze"), 1.5))
            painter.setBrush(color("freeze"))
            lanes.draw_diamond(painter, QPointF(NAMES_PX + x, middle))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the cursor like the timeline; pans when turned sideways or with Shift."""
        turn = event.angleDelta()
        if turn.x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._timeline.pan((turn.x() or turn.y()) / 2)
        elif turn.y():
            inner = self._inner_width()
            at = min(max(event.position().x() - NAMES_PX, 0.0), inner)
            self._timeline.zoom(0.8 ** (turn.y() / 120), at / inner * self._timeline.view.width)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._state.opened is not None:
            self._pressed, self._panned_px = event.position(), None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        way = event.position().x() - self._pressed.x()
        if self._panned_px is None and abs(way) <= CLICK_PX:
            return
        ratio = self._timeline.view.width / self._inner_width()
        self._timeline.pan((way - (self._panned_px or 0.0)) * ratio)
        self._panned_px = way

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        clicked = self._panned_px is None
        self._pressed = self._panned_px = None
        if not clicked:
            return
        row, at = self._row_at(event.position().y()), event.position().x()
        if row is not None:
            self.row_chosen.emit(row)
        if at >= NAMES_PX and self._state.opened is not None:
            end_s = self._state.opened.table.end_s
            self.sought.emit(min(max(self.view.time(at - NAMES_PX), 0.0), end_s))


def _is_in(shot: Shot, view: View) -> bool:
    return shot.end_s >= view.first_s and shot.start_s <= view.last_s


def _bars_of(lane: Compared) -> list[tuple[Shot, bool]]:
    """A lane's key shots, and whether each holds a freeze-frame."""
    holding = {freeze.matched_shot for freeze in lane.summary.freeze_frames}
    shots = enumerate(lane.summary.shots)
    return [(shot, index in holding) for index, shot in shots if shot.selected]


def draw_lane(
    painter: QPainter, strip: QRectF, view: View, kind: str, bars: Sequence[tuple[Shot, bool]]
) -> None:
    """Draws key shots of a model or a baseline: filled if they hold a freeze-frame, else pale."""
    part = "accent" if kind == "model" else "curve"
    painter.setPen(color("line"))
    middle = strip.center().y()
    painter.drawLine(QPointF(strip.left(), middle), QPointF(strip.right(), middle))
    painter.setPen(QPen(color(part), 1))
    for filled, brush in ((False, _pale(part)), (True, color(part))):
        painter.setBrush(brush)
        lanes.draw_bars(
            painter, [lanes.bar_of(shot, strip, view) for shot, holds in bars if holds == filled]
        )


def _pale(part: str) -> QColor:
    """A colour mixed with three quarters of the panel's: opaque colours are drawn faster."""
    own, ground = color(part), color("panel")
    red, green, blue = (
        round(0.27 * above + 0.73 * below)
        for above, below in (
            (own.red(), ground.red()),
            (own.green(), ground.green()),
            (own.blue(), ground.blue()),
        )
    )
    return QColor(red, green, blue)
