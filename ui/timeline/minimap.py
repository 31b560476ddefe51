"""The whole exam in a narrow strip, with a frame around the part that the timeline shows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from ui.common.language import tr
from ui.common.theme import color
from ui.session.state import State
from ui.timeline import lanes
from ui.timeline.view import View

NARROWEST_PX = 8.0


class MiniMap(QWidget):
    """Shows where in the exam the timeline is; a click or a drag moves it there.

    Signals:
        wanted: Exam time that the timeline's left edge should show.
    """

    wanted = Signal(float)

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._shown = View(0.0, 1.0, 1.0)
        self._still: QPixmap | None = None
        self._content: object = None
        self._held_at: float | None = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Mini-map"))
        self.setToolTip(tr("The whole exam; drag the frame to move the timeline"))

    @property
    def whole(self) -> View:
        """The view of the whole exam at this width."""
        opened = self._state.opened
        return View.of(0.0, opened.table.end_s if opened else 1.0, max(self.width(), 1))

    @property
    def frame(self) -> QRectF:
        """The frame around the part that the timeline shows, pixels; always wide enough to drag."""
        whole = self.whole
        left, right = whole.x(self._shown.first_s), whole.x(self._shown.last_s)
        width = min(max(right - left, NARROWEST_PX), self.width())
        left = min(max((left + right - width) / 2, 0.0), self.width() - width)
        return QRectF(left, 0, width, self.height())

    def show_view(self, view: View) -> None:
        """Frames the part that the timeline shows now."""
        self._shown = view
        self.update()

    def refresh(self) -> None:
        """Draws the exam again if it changed."""
        content = lanes.content(self.whole, self._state)
        if content != self._content:
            self._still, self._content = None, content
            self.update()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._still = None
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._still = None
        super().resizeEvent(event)

    def paintEvent(self, _: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._still is None or self._still.devicePixelRatio() != ratio:
            self._still = self._drawn(ratio)
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._still)
            if self._state.opened is None:
                return
            frame = self.frame
            after = QRectF(frame.right(), 0, self.width() - frame.right(), self.height())
            for part in (QRectF(0, 0, frame.left(), self.height()), after):
                painter.fillRect(part, color("panel", 150))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(color("muted"), 1.5))
            painter.drawRoundedRect(frame.adjusted(1, 1, -1, -1), 3, 3)
            x = self.whole.x(self._state.playhead_s)
            painter.setPen(QPen(color("playhead"), 1))
            painter.drawLine(QPointF(x, 1), QPointF(x, self.height() - 1))

    def _drawn(self, ratio: float) -> QPixmap:
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(color("window"))
        if self._state.opened is not None:
            strip = QRectF(0, 3, self.width(), self.height() - 6)
            with QPainter(picture) as painter:
                lanes.draw_curve(painter, strip, self.whole, self._state)
                lanes.draw_shots(painter, strip.adjusted(0, 2, 0, -7), self.whole, self._state)
                painter.setPen(QPen(color("freeze"), 1.5))
                for freeze in self._state.freeze_frames:
                    x = self.whole.x(freeze.time_s)
                    painter.drawLine(QPointF(x, strip.bottom() - 5), QPointF(x, strip.bottom()))
        return picture

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._state.opened is None:
            return
        x, frame = event.position().x(), self.frame
        inside = frame.left() <= x <= frame.right()
        self._held_at = x - frame.left() if inside else frame.width() / 2
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self._move_to(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held_at is not None:
            self._move_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held_at = None
            self.setCursor(Qt.CursorShape.OpenHandCursor)

    def _move_to(self, x: float) -> None:
        """Moves the frame so that the point where it was taken hold of is at `x`."""
        left = x - (self._held_at or 0.0)
        middle = self.whole.time(left + self.frame.width() / 2)
        self.wanted.emit(middle - self._shown.span_s / 2)
