"""The player's track: the whole exam in one bar below the picture, with in and out point."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.common.language import tr
from ui.common.theme import color
from ui.session.state import State
from ui.timeline import lanes, overlays
from ui.timeline.view import View

HEIGHT_PX = 26
EDGE_PX = overlays.HEAD_PX + 1
BAR_PX = 6
"""Height of the bar; marks on it are taller."""


class Track(QWidget):
    """Shows where in the exam the playhead is; a click seeks, a drag scrubs.

    Signals:
        scrubbed: Exam time under the cursor while it drags; `sought` follows.
        sought: Exam time that was clicked, or where a drag ended.
    """

    scrubbed = Signal(float)
    sought = Signal(float)

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._dragging = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Place in the exam"))
        self.setMinimumWidth(120)

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT_PX)

    @property
    def whole(self) -> View:
        """The view of the whole exam, between the two ends of the bar."""
        opened = self._state.opened
        return View.of(0.0, opened.table.end_s if opened else 1.0, self._bar().width())

    def _bar(self) -> QRectF:
        width = max(self.width() - 2 * EDGE_PX, 1.0)
        return QRectF(EDGE_PX, (self.height() - BAR_PX) / 2, width, BAR_PX)

    def _time_at(self, x: float) -> float:
        view = self.whole
        return view.time(min(max(x - EDGE_PX, 0.0), view.width))

    def paintEvent(self, _: QPaintEvent) -> None:
        state, bar, view = self._state, self._bar(), self.whole
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("line"))
            painter.drawRoundedRect(bar, BAR_PX / 2, BAR_PX / 2)
            if state.opened is None:
                return
            painter.setBrush(color("accent"))
            painter.drawRects([lanes.bar_of(state.shots[at], bar, view) for at in state.key_shots])
            overlays.draw_points(painter, bar.adjusted(0, -5, 0, 5), view, state)
            column = QRectF(bar.left(), 1, bar.width(), self.height() - 3)
            overlays.draw_playhead(painter, column, view, state)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._state.opened is not None:
            self._dragging = True
            self.scrubbed.emit(self._time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self.scrubbed.emit(self._time_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._dragging:
            self._dragging = False
            self.sought.emit(self._time_at(event.position().x()))
