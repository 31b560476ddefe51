"""The timeline's lanes, one drawing function each, which gets the lane's strip.

A lane draws into tiles, which are kept until their content changes. It also draws the signs that
reach into its view from beyond the edges, so that two tiles side by side look like one picture.
Everything that moves with the mouse or the playhead is drawn over the tiles by the timeline.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPolygonF

from ui.common.theme import color
from ui.session.state import State, clock
from ui.timeline.view import View
from usummary.types import FreezeFrame, Scores, Shot

STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
LABEL_PX = 84
MARKER_PX = 5.0
REACH_PX = 12.0
"""How far a sign reaches beyond its time."""
ROUND_PX = 6.0
"""Narrower bars get square corners, which is much faster to draw and looks the same."""

Lane = Callable[[QPainter, QRectF, View, State], None]


def shown_scores(state: State) -> Scores | None:
    """The result's scores; during the first run, the provisional scores."""
    return state.analysis.scores if state.analysis else state.preview


def shots_in(state: State, view: View) -> range:
    """Indices of the shots that reach into a view."""
    reach = REACH_PX / view.px_per_s
    first = bisect_right(state.shots, view.first_s - reach, key=lambda shot: shot.end_s)
    stop = bisect_left(state.shots, view.last_s + reach, key=lambda shot: shot.start_s)
    return range(first, max(first, stop))


def content(view: View, state: State) -> Hashable:
    """Everything that the lanes show in a view: equal contents look the same."""
    scores = shown_scores(state)
    values = b""
    if scores is not None:
        part = _scores_in(scores, view)
        values = scores.values[part].tobytes() + scores.times_s[part].tobytes()
    freezes = tuple((freeze, _joint(freeze, state)) for freeze in _freezes_in(state, view))
    which = shots_in(state, view)
    return (
        state.opened is None,
        state.analysis is None,
        values,
        state.shots[which.start : which.stop],
        freezes,
    )


def draw_axis(painter: QPainter, strip: QRectF, view: View, _: State) -> None:
    """Time marks as dense as their labels allow."""
    step = next((s for s in STEPS_S if s * view.px_per_s >= LABEL_PX), STEPS_S[-1])
    digits = 1 if step < 1 else 0
    for count in range(max(int(view.first_s / step) - 1, 0), int(view.last_s / step) + 1):
        x = strip.left() + view.x(count * step)
        painter.setPen(color("line"))
        painter.drawLine(QPointF(x, strip.bottom() - 5), QPointF(x, strip.bottom()))
        painter.setPen(color("muted"))
        # On a whole pixel, so that no rounding error makes a letter look different in two tiles.
        spot = QRectF(round(x) + 4, strip.top(), LABEL_PX, strip.height())
        painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, clock(count * step, digits=digits))


def draw_curve(painter: QPainter, strip: QRectF, view: View, state: State) -> None:
    """Importance over time: the highest score of each pixel column; dotted while provisional."""
    painter.setPen(color("line"))
    painter.drawLine(strip.bottomLeft(), strip.bottomRight())
    scores = shown_scores(state)
    if scores is None:
        return
    ratio = painter.device().devicePixelRatioF()
    opacity = _curve_opacity(scores, view, (strip.height(), ratio), dotted=state.analysis is None)
    if opacity is None:
        return
    levels = np.arange(256, dtype=np.uint32)
    ink = color("curve")
    parts = (ink.red(), ink.green(), ink.blue())
    red, green, blue = (np.uint32(part) * levels // 255 for part in parts)
    pixels = (levels << 24 | red << 16 | green << 8 | blue)[opacity]
    rows, columns = pixels.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    picture = QImage(pixels.data, columns, rows, pixels.strides[0], form)
    picture.setDevicePixelRatio(ratio)
    painter.drawImage(strip.topLeft(), picture)


def _curve_opacity(
    scores: Scores, view: View, size: tuple[float, float], *, dotted: bool
) -> np.ndarray | None:
    """The curve and the area under it as opacities 0 to 255 (rows, columns) of screen pixels.

    `size` is the height in pixels and the number of screen pixels per pixel. Computing each pixel
    is five times faster than drawing a polygon with as many corners.
    """
    columns, heights = curve_columns(scores, view)
    if len(columns) == 0:
        return None
    high, ratio = size
    # The curve's height at both borders of each screen column; between them it is a straight line.
    borders = np.arange(round(view.width * ratio) + 1, dtype=np.float64)
    tops = np.interp(borders / ratio, columns + 0.5, heights, np.nan, np.nan)
    tops = ((high - (high - 2) * tops) * ratio).astype(np.float32)
    rows = np.arange(round(high * ratio), dtype=np.float32)[:, np.newaxis] + 1
    upper, lower = np.minimum(tops[:-1], tops[1:]), np.maximum(tops[:-1], tops[1:])
    # How much of a pixel the line covers, 0 to 1: this is what smooths the line's edges.
    half = np.float32(0.65 * ratio)
    line = np.clip(rows - (upper - half), 0, 1) * np.clip(lower + half + 1 - rows, 0, 1)
    if dotted:
        spots = (np.round(borders[:-1] + view.first_s * view.px_per_s * ratio) // (2 * ratio)) % 2
        line *= spots.astype(np.float32)
    ground = np.clip(rows - (upper + lower) / 2, 0, 1) * np.float32((30 if dotted else 70) / 255)
    opacity: np.ndarray = np.nan_to_num(line + ground * (1 - line)) * 255
    return opacity.astype(np.uint8)


def curve_columns(scores: Scores, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Pixel columns (k,) of a view and the highest score (k,) of each.

    Some columns beyond both edges are included, so that the line runs on to the edge. Columns are
    counted through the whole exam, so that views some pixels apart have the same columns.
    """
    part = _scores_in(scores, view)
    times, values = scores.times_s[part], scores.values[part]
    if len(times) == 0:
        return np.empty(0), np.empty(0)
    pixels = np.floor(times * view.px_per_s)
    starts = np.flatnonzero(np.diff(pixels, prepend=-np.inf))
    return pixels[starts] - view.first_s * view.px_per_s, np.maximum.reduceat(values, starts)


def _scores_in(scores: Scores, view: View) -> slice:
    """The scores of a view and of some columns beyond its edges, and one more at both sides.

    Empty for a view that begins after the last score.
    """
    beyond = 4 / view.px_per_s
    first = int(np.searchsorted(scores.times_s, view.first_s - beyond))
    if first == len(scores.times_s):
        return slice(0, 0)
    stop = int(np.searchsorted(scores.times_s, view.last_s + beyond)) + 1
    return slice(max(first - 1, 0), stop)


def bar_of(shot: Shot, strip: QRectF, view: View) -> QRectF:
    """The bar of a shot in a strip, at full height."""
    width = max(shot.duration_s * view.px_per_s - 1, 1.5)
    return QRectF(strip.left() + view.x(shot.start_s), strip.top(), width, strip.height())


def draw_shots(painter: QPainter, strip: QRectF, view: View, state: State) -> None:
    """All shots as faint low bars, key shots as bright high ones."""
    shots = [state.shots[index] for index in shots_in(state, view)]
    low = strip.adjusted(0, strip.height() * 0.35, 0, -strip.height() * 0.35)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color("line"))
    draw_bars(painter, [bar_of(shot, low, view) for shot in shots if not shot.selected])
    painter.setBrush(color("accent"))
    draw_bars(painter, [bar_of(shot, strip, view) for shot in shots if shot.selected])


def draw_bars(painter: QPainter, bars: list[QRectF]) -> None:
    """Bars in the painter's pen and brush, wide ones with round corners."""
    painter.drawRects([bar for bar in bars if bar.width() < ROUND_PX])
    for bar in bars:
        if bar.width() >= ROUND_PX:
            painter.drawRoundedRect(bar, 2, 2)


def draw_freeze_frames(painter: QPainter, strip: QRectF, view: View, state: State) -> None:
    """A diamond for each: filled and joined to the key shot that holds it, else hollow."""
    middle = strip.center().y()
    for freeze in _freezes_in(state, view):
        x = strip.left() + view.x(freeze.time_s)
        painter.setPen(QPen(color("freeze"), 1.5))
        joint = _joint(freeze, state)
        if joint is not None:
            top = QPointF(strip.left() + view.x(joint), strip.top() - 4)
            painter.drawLine(top, QPointF(top.x(), middle))
        end = strip.left() + view.x(max(freeze.end_s, freeze.time_s))
        if end - x > MARKER_PX:
            painter.drawLine(QPointF(x, middle), QPointF(end, middle))
        painter.setBrush(color("panel" if joint is None else "freeze"))
        draw_diamond(painter, QPointF(x, middle))
        if freeze.source == "added":
            painter.drawLine(QPointF(x - 4, strip.bottom() - 1), QPointF(x + 4, strip.bottom() - 1))


def draw_diamond(painter: QPainter, at: QPointF) -> None:
    """A freeze-frame's sign, in the painter's pen and brush."""
    sides = ((0, -MARKER_PX), (MARKER_PX, 0), (0, MARKER_PX), (-MARKER_PX, 0))
    painter.drawPolygon(QPolygonF([at + QPointF(dx, dy) for dx, dy in sides]))


def _freezes_in(state: State, view: View) -> list[FreezeFrame]:
    reach = REACH_PX / view.px_per_s
    first, last = view.first_s - reach, view.last_s + reach
    return [
        freeze
        for freeze in state.freeze_frames
        if freeze.time_s <= last and max(freeze.end_s, freeze.time_s) >= first
    ]


def _joint(freeze: FreezeFrame, state: State) -> float | None:
    """Exam time at which a freeze-frame is joined to the key shot that holds it."""
    if freeze.matched_shot is None:
        return None
    shot = state.shots[freeze.matched_shot]
    return min(max(freeze.time_s, shot.start_s), shot.end_s)


def draw_edits(painter: QPainter, strip: QRectF, view: View, state: State) -> None:
    """The person's decisions, a sign for each kind, and the borders that they set."""
    for index in shots_in(state, view):
        shot = state.shots[index]
        if not shot.recut and shot.decision == "automatic":
            continue
        bar = bar_of(shot, strip, view)
        if shot.recut:
            _draw_cut(painter, bar.left(), strip)
            _draw_cut(painter, bar.left() + shot.duration_s * view.px_per_s, strip)
        if shot.decision == "automatic":
            continue
        part = "danger" if shot.decision == "rejected" else "accent"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(part, 90))
        painter.drawRect(QRectF(bar.left(), strip.center().y() - 1.5, bar.width(), 3))
        SIGNS[shot.decision](painter, QPointF(bar.center().x(), strip.center().y()))


def _draw_cut(painter: QPainter, x: float, strip: QRectF) -> None:
    painter.setPen(QPen(color("text"), 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(x, strip.top()), QPointF(x, strip.bottom()))


def _draw_strokes(painter: QPainter, at: QPointF, part: str, ends: list[float]) -> None:
    """Thick lines around a point, on a patch that keeps them readable; four numbers per line."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color("panel"))
    painter.drawRoundedRect(QRectF(at.x() - 7, at.y() - 7, 14, 14), 3, 3)
    painter.setPen(QPen(color(part), 2, c=Qt.PenCapStyle.RoundCap))
    for x1, y1, x2, y2 in zip(*[iter(ends)] * 4, strict=True):
        painter.drawLine(QLineF(at.x() + x1, at.y() + y1, at.x() + x2, at.y() + y2))


def _draw_kept(painter: QPainter, at: QPointF) -> None:
    _draw_strokes(painter, at, "accent", [-4, 0, -1, 3.5, -1, 3.5, 4.5, -3.5])


def _draw_rejected(painter: QPainter, at: QPointF) -> None:
    _draw_strokes(painter, at, "danger", [-3.5, -3.5, 3.5, 3.5, -3.5, 3.5, 3.5, -3.5])


def _draw_locked(painter: QPainter, at: QPointF) -> None:
    _draw_strokes(painter, at, "accent", [])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color("accent"), 1.5))
    painter.drawArc(QRectF(at.x() - 3, at.y() - 6, 6, 8), 0, 180 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color("accent"))
    painter.drawRect(QRectF(at.x() - 4.5, at.y() - 1.5, 9, 7))


SIGNS: dict[str, Callable[[QPainter, QPointF], None]] = {
    "kept": _draw_kept,
    "rejected": _draw_rejected,
    "locked": _draw_locked,
}
