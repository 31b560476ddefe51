"""The timeline: the whole exam from left to right, and the one place to jump anywhere in it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.lanes import LANES, View
from ui.state import State, clock
from ui.theme import DARK

NAMES_PX = 118
RIGHT_PX = 14
GAP_PX = 6
CLICK_PX = 4
SHORTEST_VIEW_S = 0.5


class Timeline(QWidget):
    """Draws the lanes; a click seeks, the wheel zooms at the cursor, a drag pans.

    Signals:
        sought: Exam time that was clicked.
    """

    sought = Signal(float)

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._view = View(0.0, 1.0, 1.0)
        self._still: QPixmap | None = None
        self._pressed: QPointF | None = None
        self._dragged = False
        self._dragged_from = self._view
        self._hover: float | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(144)
        self.setMaximumHeight(240)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Timeline")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        return QSize(800, 156)

    @property
    def view(self) -> View:
        """The part of the exam that is shown."""
        return self._view

    @property
    def _limit_s(self) -> float:
        opened = self._state.opened
        return opened.table.end_s if opened else 1.0

    def refresh(self) -> None:
        """Draws the lanes again: the result, the selection or the freeze-frames changed."""
        self._still = None
        self._describe()
        self.update()

    def fit(self) -> None:
        """Shows the whole exam."""
        self._set_view(View(0.0, self._limit_s, self._inner_width()))

    def show_time(self, time_s: float) -> None:
        """The playhead moved; turns the page where it left the view."""
        span = self._view.last_s - self._view.first_s
        if span < self._limit_s and not self._view.first_s <= time_s <= self._view.last_s:
            first = time_s - span * 0.1
            moved = View(first, first + span, self._view.width)
            self._set_view(moved.inside(self._limit_s))
        self.update()

    def zoom(self, factor: float, at_px: float | None = None) -> None:
        """Shows `factor` times as much around a pixel column, or around the playhead."""
        if at_px is None:
            at_px = min(max(self._view.x(self._state.playhead_s), 0.0), self._view.width)
        self._set_view(self._view.zoomed(factor, at_px, self._limit_s, SHORTEST_VIEW_S))

    def _set_view(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self._still = None
            self.update()

    def _inner_width(self) -> float:
        return max(self.width() - NAMES_PX - RIGHT_PX, 1)

    def _time_at(self, x: float) -> float:
        return min(max(self._view.time(x - NAMES_PX), 0.0), self._limit_s)

    def _describe(self) -> None:
        state = self._state
        self.setAccessibleDescription(
            f"{len(state.key_shots)} key shots and {len(state.freeze_frames)} freeze-frames "
            f"in {clock(self._limit_s)}"
        )

    def _strips(self) -> list[QRectF]:
        """One rectangle a lane, from top to bottom."""
        fixed = sum(height for _, height, _ in LANES) + GAP_PX * (len(LANES) + 1)
        rest = max(self.height() - fixed, 20)
        strips, top = [], float(GAP_PX)
        for _, height, _ in LANES:
            strips.append(QRectF(NAMES_PX, top, self._inner_width(), height or rest))
            top += (height or rest) + GAP_PX
        return strips

    def _drawn_lanes(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(DARK.color("panel"))
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (name, _, draw), strip in zip(LANES, self._strips(), strict=True):
            painter.setPen(DARK.color("muted"))
            spot = QRectF(12, strip.top(), NAMES_PX - 20, strip.height())
            painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, name)
            painter.save()
            painter.setClipRect(strip.adjusted(-6, -6, 6, 0))
            if self._state.opened is not None:
                draw(painter, strip, self._view, self._state)
            painter.restore()
        painter.end()
        return picture

    def paintEvent(self, _: QPaintEvent) -> None:
        if self._still is None:
            self._still = self._drawn_lanes()
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._still)
            if self._state.opened is None:
                return
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_playhead(painter)
            if self._hover is not None and not self._dragged:
                self._draw_hover(painter, self._hover)

    def _draw_playhead(self, painter: QPainter) -> None:
        x = self._view.x(self._state.playhead_s)
        if not 0 <= x <= self._view.width:
            return
        x += NAMES_PX
        painter.setPen(QPen(DARK.color("playhead"), 1.5))
        painter.drawLine(QPointF(x, GAP_PX + 6), QPointF(x, self.height() - GAP_PX))
        painter.setBrush(DARK.color("playhead"))
        head = [QPointF(x - 5, GAP_PX), QPointF(x + 5, GAP_PX), QPointF(x, GAP_PX + 8)]
        painter.drawPolygon(QPolygonF(head))

    def _draw_hover(self, painter: QPainter, x: float) -> None:
        opened = self._state.opened
        if opened is None:
            return
        time_s = self._time_at(x)
        _, frame = opened.table.place_of(opened.table.position_at(time_s))
        text = f"{clock(time_s, digits=2)}   frame {frame + 1:,}"
        painter.setPen(QPen(DARK.color("muted"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, GAP_PX), QPointF(x, self.height() - GAP_PX))
        width = painter.fontMetrics().horizontalAdvance(text) + 16
        left = min(max(x + 8, NAMES_PX), self.width() - width - 4)
        box = QRectF(left, GAP_PX + 24, width, 22)
        painter.setPen(DARK.color("line"))
        painter.setBrush(DARK.color("raised"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(DARK.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        view = View(self._view.first_s, self._view.last_s, self._inner_width())
        self._set_view(view.inside(self._limit_s))
        self._still = None
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turns = event.angleDelta().y() / 120
        sideways = event.angleDelta().x() / 120
        if turns:
            at = min(max(event.position().x() - NAMES_PX, 0.0), self._view.width)
            self.zoom(0.8**turns, at)
        elif sideways:
            self._set_view(self._view.panned(sideways * 60, self._limit_s))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position(), False
            self._dragged_from = self._view

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is not None:
            way = at.x() - self._pressed.x()
            self._dragged = self._dragged or abs(way) > CLICK_PX
            if self._dragged:
                self._set_view(self._dragged_from.panned(way, self._limit_s))
        inside = NAMES_PX <= at.x() <= NAMES_PX + self._view.width
        self._hover = at.x() if inside else None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        if not self._dragged and self._state.opened is not None:
            self.sought.emit(self._time_at(event.position().x()))
        self._pressed, self._dragged = None, False
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        factors = {Qt.Key.Key_Plus: 0.8, Qt.Key.Key_Minus: 1.25}
        factor = factors.get(Qt.Key(event.key()))
        if factor is None:
            super().keyPressEvent(event)
        else:
            self.zoom(factor)
