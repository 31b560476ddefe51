"""Drawings over the timeline's tiles: everything that moves with mouse, keys or playhead.

Strips begin at the view's left edge, so a time is at ``strip.left() + view.x(time)``.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from ui.common.theme import color
from ui.session.state import State
from ui.timeline import lanes
from ui.timeline.edges import Edge, border_time
from ui.timeline.view import View

HEAD_PX = 5.0
BRACKET_PX = 6.0


def draw_upright(painter: QPainter, x: float, column: QRectF) -> None:
    """A line from top to bottom of all lanes, in the painter's pen."""
    painter.drawLine(QPointF(x, column.top()), QPointF(x, column.bottom()))


def draw_points(painter: QPainter, band: QRectF, view: View, state: State) -> None:
    """The in and the out point as brackets, with a band between them."""
    if state.in_s is not None and state.out_s is not None:
        left, right = (band.left() + view.x(at) for at in (state.in_s, state.out_s))
        painter.fillRect(QRectF(left, band.top(), right - left, band.height()), color("text", 28))
    painter.setPen(QPen(color("text"), 2))
    for time_s, inward in ((state.in_s, BRACKET_PX), (state.out_s, -BRACKET_PX)):
        if time_s is not None:
            x = band.left() + view.x(time_s)
            ends = (QPointF(x + inward, band.top()), QPointF(x, band.top()),
                    QPointF(x, band.bottom()), QPointF(x + inward, band.bottom()))  # fmt: skip
            painter.drawPolyline(QPolygonF(ends))


def draw_selected(painter: QPainter, strip: QRectF, view: View, state: State) -> None:
    """A frame around the bar of the selected shot."""
    if state.selected is None:
        return
    bar = lanes.bar_of(state.shots[state.selected], strip, view)
    painter.setPen(QPen(color("text"), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(bar.adjusted(0, 1, 0, -1), 2, 2)


def draw_edge(painter: QPainter, strip: QRectF, view: View, state: State, edge: Edge) -> None:
    """The edge under the cursor."""
    if state.opened is not None:
        x = strip.left() + view.x(border_time(state.opened.table, edge.position))
        painter.setPen(QPen(color("text"), 3))
        painter.drawLine(QPointF(x, strip.top() - 2), QPointF(x, strip.bottom() + 2))


def draw_dragged(
    painter: QPainter, strip: QRectF, column: QRectF, view: View, state: State, edge: Edge
) -> None:
    """The shot as it would be if its edge were dropped here, and a line through all lanes."""
    if state.opened is None:
        return
    shot = state.shots[edge.shot]
    x = strip.left() + view.x(border_time(state.opened.table, edge.position))
    other = strip.left() + view.x(shot.end_s if edge.which == "start" else shot.start_s)
    painter.setPen(QPen(color("text"), 1, Qt.PenStyle.DashLine))
    painter.setBrush(color("accent", 120))
    painter.drawRect(QRectF(QPointF(x, strip.top()), QPointF(other, strip.bottom())))
    draw_upright(painter, x, column)


def draw_playhead(painter: QPainter, column: QRectF, view: View, state: State) -> None:
    """The playhead as a line through all lanes with a head at the top, if it is in view."""
    x = view.x(state.playhead_s)
    if not 0 <= x <= view.width:
        return
    x, top = column.left() + x, column.top()
    painter.setPen(QPen(color("playhead"), 1.5))
    draw_upright(painter, x, column)
    painter.setBrush(color("playhead"))
    head = (QPointF(x - HEAD_PX, top), QPointF(x + HEAD_PX, top), QPointF(x, top + 8))
    painter.drawPolygon(QPolygonF(head))
