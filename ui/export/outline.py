"""A picture with the outline of its sector, whose corners can be moved, added and removed."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.common.language import tr
from ui.common.theme import DARK

Polygon = tuple[tuple[int, int], ...]

FEWEST = 3
_REACH = 12.0
"""Distance in screen pixels within which the mouse takes hold of a corner or an edge."""
_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class OutlineView(QWidget):
    """Shows what an export keeps: outside the outline the picture is dimmed.

    By mouse: dragging moves a corner, a click on an edge adds one, a right click removes one. By
    keys: N and P choose a corner, the arrows move it (with Shift by ten pixels), Insert adds one
    after it, and Delete removes it.

    Signals:
        edited: The person changed the outline.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Outline of the ultrasound sector"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self._image: QImage | None = None
        self._size = QSize(1, 1)
        self._corners: list[tuple[int, int]] = []
        self._chosen = 0
        self._dragging = False

    @property
    def polygon(self) -> Polygon:
        """The outline in pixels of the picture."""
        return tuple(self._corners)

    def show_outline(self, polygon: Polygon, width: int, height: int) -> None:
        """Shows another outline, in a picture of this size."""
        self._corners = list(polygon)
        self._size = QSize(width, height)
        self._chosen = 0
        self._dragging = False
        self.update()

    def show_image(self, image: QImage | None) -> None:
        self._image = image
        self.update()

    def to_screen(self, corner: tuple[int, int]) -> QPointF:
        """The widget's point for a place in the picture."""
        place = self._place()
        scale = place.width() / self._size.width()
        return place.topLeft() + QPointF(*corner) * scale

    def _to_picture(self, point: QPointF) -> tuple[int, int]:
        place = self._place()
        scale = place.width() / self._size.width()
        inside = (point - place.topLeft()) / max(scale, 1e-6)
        return self._bounded(round(inside.x()), round(inside.y()))

    def _bounded(self, x: int, y: int) -> tuple[int, int]:
        return min(max(x, 0), self._size.width()), min(max(y, 0), self._size.height())

    def _place(self) -> QRectF:
        room = QRectF(self.rect()).adjusted(10, 10, -10, -10)
        fitted = self._size.scaled(room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, 0, fitted.width(), fitted.height())
        place.moveCenter(room.center())
        return place

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        painter.fillRect(self.rect(), QColor("black"))
        place = self._place()
        if self._image is None:
            painter.setPen(DARK.color("muted"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, tr("Reading pictures …"))
        else:
            painter.drawImage(place, self._image)
        corners = [self.to_screen(corner) for corner in self._corners]
        shape = QPolygonF(corners)
        path, outside = QPainterPath(), QPainterPath()
        path.addPolygon(shape)
        path.closeSubpath()
        outside.addRect(place)
        painter.fillPath(outside.subtracted(path), QColor(20, 0, 0, 165))
        painter.setPen(QPen(DARK.color("freeze"), 2))
        painter.drawPolygon(shape)
        for number, corner in enumerate(corners):
            chosen = number == self._chosen
            painter.setBrush(DARK.color("playhead" if chosen else "freeze"))
            side = 6.0 if chosen and self.hasFocus() else 4.0
            painter.drawRect(QRectF(corner.x() - side, corner.y() - side, 2 * side, 2 * side))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        corner = self._corner_at(event.position())
        if event.button() == Qt.MouseButton.RightButton:
            if corner is not None:
                self._chosen = corner
                self._remove()
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if corner is None:
            edge = self._edge_at(event.position())
            if edge is None:
                return
            corner = edge + 1
            self._corners.insert(corner, self._to_picture(event.position()))
            self.edited.emit()
        self._chosen, self._dragging = corner, True
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._put(self._to_picture(event.position()))

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:
        self._dragging = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not self._corners:
            super().keyPressEvent(event)
        elif key in _MOVES:
            far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            x, y = self._corners[self._chosen]
            self._put(self._bounded(x + far * _MOVES[key][0], y + far * _MOVES[key][1]))
        elif key in (Qt.Key.Key_N, Qt.Key.Key_P):
            step = 1 if key == Qt.Key.Key_N else -1
            self._chosen = (self._chosen + step) % len(self._corners)
            self.update()
        elif key == Qt.Key.Key_Insert:
            self._add_behind()
        elif key == Qt.Key.Key_Delete:
            self._remove()
        else:
            super().keyPressEvent(event)

    def _put(self, place: tuple[int, int]) -> None:
        if self._corners[self._chosen] != place:
            self._corners[self._chosen] = place
            self.edited.emit()
            self.update()

    def _add_behind(self) -> None:
        x, y = self._corners[self._chosen]
        other = self._corners[(self._chosen + 1) % len(self._corners)]
        self._chosen += 1
        self._corners.insert(self._chosen, ((x + other[0]) // 2, (y + other[1]) // 2))
        self.edited.emit()
        self.update()

    def _remove(self) -> None:
        if len(self._corners) > FEWEST:
            del self._corners[self._chosen]
            self._chosen %= len(self._corners)
            self.edited.emit()
            self.update()

    def _corner_at(self, point: QPointF) -> int | None:
        far = [_length(self.to_screen(corner) - point) for corner in self._corners]
        nearest = min(range(len(far)), key=far.__getitem__, default=None)
        return nearest if nearest is not None and far[nearest] <= _REACH else None

    def _edge_at(self, point: QPointF) -> int | None:
        """The corner that begins the edge at this point."""
        shape = [self.to_screen(corner) for corner in self._corners]
        for number, start in enumerate(shape):
            along = shape[(number + 1) % len(shape)] - start
            square = max(QPointF.dotProduct(along, along), 1e-9)
            share = min(max(QPointF.dotProduct(point - start, along) / square, 0.0), 1.0)
            if _length(start + along * share - point) <= _REACH:
                return number
        return None


def _length(vector: QPointF) -> float:
    return float(QPointF.dotProduct(vector, vector) ** 0.5)
