"""Small signs of the decisions about a shot, each drawn into a square."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF


def draw_mark(painter: QPainter, name: str, square: QRectF, ink: QColor) -> None:
    """Draws ``keep`` (a tick), ``reject`` (a cross) or ``lock`` (a padlock)."""
    side = square.width()
    painter.setPen(QPen(ink, max(side * 0.12, 1.5), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)

    def at(x: float, y: float) -> QPointF:
        return QPointF(square.left() + x * side, square.top() + y * side)

    if name == "keep":
        painter.drawPolyline(QPolygonF([at(0.18, 0.55), at(0.42, 0.78), at(0.84, 0.26)]))
    elif name == "reject":
        painter.drawLine(at(0.22, 0.22), at(0.78, 0.78))
        painter.drawLine(at(0.78, 0.22), at(0.22, 0.78))
    else:
        bow = QPainterPath(at(0.32, 0.48))
        bow.cubicTo(at(0.3, 0.02), at(0.7, 0.02), at(0.68, 0.48))
        painter.drawPath(bow)
        painter.setBrush(ink)
        painter.drawRoundedRect(QRectF(at(0.22, 0.48), at(0.78, 0.88)), 1.5, 1.5)
