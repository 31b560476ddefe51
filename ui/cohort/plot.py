"""The plot of a cohort: a dot and its interval for every way to choose, in one group a length."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.cohort.tables import MEASURES, who
from ui.common.language import tr
from ui.common.theme import color

if TYPE_CHECKING:
    from usummary.agreement import Measure
    from usummary.comparing.cohort import Against, Cohort, WayToChoose
    from usummary.comparing.intervals import Interval

LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 52, 12, 10, 24
LINE_PX = 18
CAP_PX, MARK_PX = 3.5, 4.5
PARTS = ("accent", "curve", "text", "danger", "muted")
"""Colours of the ways to choose, whose shapes differ too. Orange is kept for freeze-frames."""
TICKS = 5
MOST = 1.0
"""Measures lie within this distance from 0. Intervals of few exams can be wider and are cut off."""


class CohortPlot(QWidget):
    """Draws one measure of a cohort; it never computes one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: dict[str, list[Interval | None]] = {}
        self._lengths: list[str] = []
        self._rows: list[WayToChoose] = []
        self._chosen: WayToChoose | None = None
        self._differs = False
        self.setMinimumSize(260, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(440, 260)

    def show_cohort(self, cohort: Cohort, measure: Measure, against: Against | None) -> None:
        """Shows the means of `measure`, or of its differences to `against`."""
        rows = cohort.rows
        self._lengths = list(dict.fromkeys(row.length for row in rows))
        self._points = {row.who: [None] * len(self._lengths) for row in rows}
        for row in rows:
            interval = cohort.mean(row, measure, against)
            self._points[row.who][self._lengths.index(row.length)] = interval
        self._differs = against is not None
        name = tr(MEASURES[measure][0])
        self.setAccessibleName(tr("Plot of {measure}", measure=name))
        self.setAccessibleDescription(tr("The table above holds the same numbers."))
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            shown = [mean for row in self._points.values() for mean in row if mean is not None]
            if not shown:
                return
            legend = self._draw_legend(painter)
            high = self.height() - TOP_PX - BOTTOM_PX - legend
            area = QRectF(LEFT_PX, TOP_PX, max(self.width() - LEFT_PX - RIGHT_PX, 1), max(high, 1))
            y = self._draw_scale(painter, area, shown)
            self._draw_groups(painter, area, y)

    def _draw_scale(
        self, painter: QPainter, area: QRectF, shown: Sequence[Interval]
    ) -> Callable[[float], float]:
        """Draws lines at round values; returns a function from values to heights on screen."""
        low = max(min(0.0, *(mean.low for mean in shown)), -MOST)
        high = min(max(0.0, *(mean.high for mean in shown)), MOST)
        step = nice_step((high - low) or 1.0)
        first, last = math.floor(low / step), math.ceil(high / step)
        last = max(last, first + 1)

        def y(value: float) -> float:
            return area.bottom() - area.height() * (value / step - first) / (last - first)

        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number in range(first, last + 1):
            at = y(number * step)
            painter.setPen(QPen(color("muted" if number == 0 else "line"), 1))
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            painter.setPen(color("muted"))
            value = f"{number * step:+g}" if self._differs and number else f"{number * step:g}"
            place = QRectF(0, at - LINE_PX / 2, LEFT_PX - 8, LINE_PX)
            painter.drawText(place, int(right), value.replace("-", "\N{MINUS SIGN}"))
        return y

    def _draw_groups(self, painter: QPainter, area: QRectF, y: Callable[[float], float]) -> None:
        wide = area.width() / len(self._lengths)
        center = int(Qt.AlignmentFlag.AlignCenter)
        for group, length in enumerate(self._lengths):
            left = area.left() + group * wide
            if group:
                painter.setPen(QPen(color("line"), 1, Qt.PenStyle.DotLine))
                painter.drawLine(QPointF(left, area.top()), QPointF(left, area.bottom()))
            painter.setPen(color("muted"))
            painter.drawText(QRectF(left, area.bottom() + 4, wide, LINE_PX), center, length)
            for place, means in enumerate(self._points.values()):
                found = means[group]
                if found is not None:
                    painter.setClipRect(area.adjusted(0, -MARK_PX, 0, MARK_PX))
                    x = left + wide * (place + 1) / (len(self._points) + 1)
                    _draw_mean(painter, x, y, found, place)
                    painter.setClipping(False)

    def _draw_legend(self, painter: QPainter) -> float:
        """Draws the legend in lines at the bottom; returns its height."""
        metrics, lines = painter.fontMetrics(), 1
        places, x = [], float(LEFT_PX)
        for name in map(who, self._points):
            width = metrics.horizontalAdvance(name) + 30
            if x > LEFT_PX and x + width > self.width() - RIGHT_PX:
                lines, x = lines + 1, float(LEFT_PX)
            places.append((x, lines - 1, name))
            x += width
        top = self.height() - lines * LINE_PX
        for number, (x, line, name) in enumerate(places):
            middle = top + (line + 0.5) * LINE_PX
            draw_mark(painter, QPointF(x + 5, middle), number)
            painter.setPen(color("text"))
            room = QRectF(x + 14, middle - LINE_PX / 2, self.width() - x - 14, LINE_PX)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), name)
        return float(lines * LINE_PX)


def nice_step(span: float) -> float:
    """1, 2 or 5 times a power of ten that divides a span into about `TICKS` parts."""
    rough = span / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next((times * power for times in (1, 2, 5) if times * power >= rough), 10 * power)


def _draw_mean(
    painter: QPainter, x: float, y: Callable[[float], float], found: Interval, place: int
) -> None:
    painter.setPen(QPen(color(PARTS[place % len(PARTS)]), 1.5))
    if found.count > 1:
        low, high = y(found.low), y(found.high)
        painter.drawLine(QPointF(x, low), QPointF(x, high))
        for end in (low, high):
            painter.drawLine(QPointF(x - CAP_PX, end), QPointF(x + CAP_PX, end))
    draw_mark(painter, QPointF(x, y(found.mean)), place)


def draw_mark(painter: QPainter, at: QPointF, place: int) -> None:
    """The shape of a way to choose: circle, square, diamond or triangle, in its colour."""
    part = color(PARTS[place % len(PARTS)])
    painter.setPen(QPen(part, 1))
    painter.setBrush(part)
    if place % 4 == 0:
        painter.drawEllipse(at, MARK_PX, MARK_PX)
    elif place % 4 == 1:
        painter.drawRect(QRectF(at.x() - 4, at.y() - 4, 8, 8))
    else:
        turns = (0, 90, 180, 270) if place % 4 == 2 else (0, 120, 240)
        radius = MARK_PX + 1
        corners = [
            QPointF(
                at.x() + radius * math.sin(math.radians(turn)),
                at.y() - radius * math.cos(math.radians(turn)),
            )
            for turn in turns
        ]
        painter.drawPolygon(QPolygonF(corners))
