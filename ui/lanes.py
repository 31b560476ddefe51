"""What the timeline draws, one function a lane. Each gets its own strip of the widget.

A lane draws into a picture that the timeline keeps until the view or the result changes; what moves
with the mouse or the playhead is drawn over it by the timeline itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from ui.state import State, clock
from ui.theme import DARK

STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
LABEL_PX = 84
MARKER_PX = 5.0


@dataclass(frozen=True)
class View:
    """The part of the exam that a width shows.

    Attributes:
        first_s, last_s: Exam times at the left and right edge.
        width: Pixels between them.
    """

    first_s: float
    last_s: float
    width: float

    @property
    def px_per_s(self) -> float:
        return self.width / max(self.last_s - self.first_s, 1e-9)

    def x(self, time_s: float) -> float:
        return (time_s - self.first_s) * self.px_per_s

    def time(self, x: float) -> float:
        return self.first_s + x / self.px_per_s

    def zoomed(self, factor: float, at_px: float, limit_s: float, shortest_s: float) -> View:
        """Shows `factor` times as much, the time under `at_px` staying where it is."""
        span = min(max((self.last_s - self.first_s) * factor, shortest_s), limit_s)
        first = self.time(at_px) - span * at_px / max(self.width, 1)
        return View(first, first + span, self.width).inside(limit_s)

    def panned(self, pixels: float, limit_s: float) -> View:
        """Moved by a drag of `pixels` to the right."""
        shift = pixels / self.px_per_s
        return View(self.first_s - shift, self.last_s - shift, self.width).inside(limit_s)

    def inside(self, limit_s: float) -> View:
        """Moved so that it shows nothing before 0 or after `limit_s` where it need not."""
        span = min(self.last_s - self.first_s, limit_s)
        first = min(max(self.first_s, 0.0), limit_s - span)
        return View(first, first + span, self.width)


Lane = Callable[[QPainter, QRectF, View, State], None]


def draw_axis(painter: QPainter, strip: QRectF, view: View, _: State) -> None:
    """Time marks as dense as their labels allow."""
    step = next((s for s in STEPS_S if s * view.px_per_s >= LABEL_PX), STEPS_S[-1])
    digits = 1 if step < 1 else 0
    for count in range(int(view.first_s / step), int(view.last_s / step) + 1):
        x = strip.left() + view.x(count * step)
        painter.setPen(DARK.color("line"))
        painter.drawLine(QPointF(x, strip.bottom() - 5), QPointF(x, strip.bottom()))
        text = clock(count * step, digits=digits)
        width = painter.fontMetrics().horizontalAdvance(text) + 2
        if x + 4 + width > strip.right():
            continue
        painter.setPen(DARK.color("muted"))
        spot = QRectF(x + 4, strip.top(), width, strip.height())
        painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, text)


def draw_curve(painter: QPainter, strip: QRectF, view: View, state: State) -> None:
    """Importance over time: the highest score of each pixel column."""
    painter.setPen(DARK.color("line"))
    painter.drawLine(strip.bottomLeft(), strip.bottomRight())
    analysis = state.analysis
    if analysis is None or len(analysis.scores.times_s) == 0:
        return
    columns, heights = curve_columns(analysis.scores.times_s, analysis.scores.values, view)
    if len(columns) == 0:
        return
    xs = strip.left() + columns
    ys = strip.bottom() - heights * (strip.height() - 2)
    points = [QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]
    ground = [QPointF(points[-1].x(), strip.bottom()), QPointF(points[0].x(), strip.bottom())]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(DARK.color("curve", 70))
    painter.drawPolygon(QPolygonF([*points, *ground]))
    painter.setPen(QPen(DARK.color("curve"), 1.3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF(points))


def curve_columns(
    times_s: np.ndarray, values: np.ndarray, view: View
) -> tuple[np.ndarray, np.ndarray]:
    """Pixel columns (k,) inside the view and the highest score (k,) of each.

    One score beyond either edge is kept, so that the line runs on to the edge.
    """
    first = max(int(np.searchsorted(times_s, view.first_s)) - 1, 0)
    stop = min(int(np.searchsorted(times_s, view.last_s)) + 1, len(times_s))
    inside, shown = times_s[first:stop], values[first:stop]
    pixels = np.floor((inside - view.first_s) * view.px_per_s)
    starts = np.flatnonzero(np.diff(pixels, prepend=-np.inf))
    if len(starts) == 0:
        return np.empty(0), np.empty(0)
    return pixels[starts], np.maximum.reduceat(shown, starts)


def draw_shots(painter: QPainter, strip: QRectF, view: View, state: State) -> None:
    """All shots as faint bars, key shots as bright ones, the selected one outlined."""
    for index, shot in enumerate(state.shots):
        if shot.end_s < view.first_s or shot.start_s > view.last_s:
            continue
        left = strip.left() + view.x(shot.start_s)
        width = max((shot.end_s - shot.start_s) * view.px_per_s - 1, 1.5)
        bar = QRectF(left, strip.top(), width, strip.height())
        if not shot.selected:
            bar = bar.adjusted(0, strip.height() * 0.35, 0, -strip.height() * 0.35)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(DARK.color("accent" if shot.selected else "line"))
        painter.drawRoundedRect(bar, 2, 2)
        if index == state.selected:
            painter.setPen(QPen(DARK.color("text"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(bar.adjusted(0, 1, 0, -1), 2, 2)


def draw_freeze_frames(painter: QPainter, strip: QRectF, view: View, state: State) -> None:
    """A diamond each: filled and joined to the shot above if that is a key shot, else hollow."""
    middle = strip.center().y()
    for freeze in state.freeze_frames:
        x = strip.left() + view.x(freeze.time_s)
        if not -20 <= x - strip.left() <= view.width + 20:
            continue
        matched = freeze.matched_shot is not None
        painter.setPen(QPen(DARK.color("freeze"), 1.5))
        if freeze.matched_shot is not None:
            shot = state.shots[freeze.matched_shot]
            joint = strip.left() + view.x(min(max(freeze.time_s, shot.start_s), shot.end_s))
            painter.drawLine(QPointF(joint, strip.top() - 4), QPointF(joint, middle))
        end = strip.left() + view.x(max(freeze.end_s, freeze.time_s))
        if end - x > MARKER_PX:
            painter.drawLine(QPointF(x, middle), QPointF(end, middle))
        painter.setBrush(DARK.color("freeze") if matched else DARK.color("panel"))
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(x, middle - MARKER_PX),
                    QPointF(x + MARKER_PX, middle),
                    QPointF(x, middle + MARKER_PX),
                    QPointF(x - MARKER_PX, middle),
                ]
            )
        )


LANES: tuple[tuple[str, float, Lane], ...] = (
    ("", 22, draw_axis),
    ("Importance", 0, draw_curve),
    ("Key shots", 24, draw_shots),
    ("Freeze-frames", 22, draw_freeze_frames),
)
"""Name, height in pixels (0: what is left over) and drawing of each lane, from top to bottom."""
