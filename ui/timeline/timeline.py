"""The timeline: shows the exam from left to right, and a click jumps to any place in it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.common.language import tr
from ui.common.theme import color
from ui.session.frames import Small
from ui.session.state import State, clock
from ui.timeline import hover, lanes, overlays
from ui.timeline.edges import Edge, edge_near
from ui.timeline.filmstrip import Filmstrip
from ui.timeline.hover import HoverCard
from ui.timeline.lanes import Lane
from ui.timeline.minimap import MiniMap
from ui.timeline.tiles import Tiles
from ui.timeline.view import View

NAMES_PX = 120
RIGHT_PX = 14
GAP_PX = 5
CLICK_PX = 4
LEAST_PX = 196
"""Least height of the timeline: the importance curve can just be read."""
SHORTEST_VIEW_S = 0.5
ASK_MS = 60
"""How long the view or the mouse must rest before pictures are ordered."""

LANES: tuple[tuple[str, float, Lane | None], ...] = (
    ("", 18, lanes.draw_axis),
    ("Pictures", 38, None),
    ("Importance", 0, lanes.draw_curve),
    ("Key shots", 22, lanes.draw_shots),
    ("Freeze-frames", 18, lanes.draw_freeze_frames),
    ("Your edits", 16, lanes.draw_edits),
    ("Whole exam", 22, None),
)
"""Name, height in pixels (0: the rest) and drawing function of each lane, from top to bottom.

Lanes without a drawing function are not in tiles: small pictures arrive one by one, and the
mini-map is a widget.
"""
AXIS, PICTURES, CURVE, SHOTS, FREEZES, EDITS, WHOLE = range(7)


class Timeline(QWidget):
    """Draws the lanes; a click seeks, the wheel zooms at the cursor, a drag pans or moves an edge.

    Signals:
        sought: Exam time that was clicked.
        scrubbed: Exam time under the cursor while it drags along the time marks; `sought` follows.
        edge_moved: Index into `State.shots`, ``start`` or ``end``, and the edge's new position:
            that of the shot's first picture, or one after that of its last (which may be the next
            recording's first, or the number of pictures).
        pictures_wanted: List of `Small` that the lane of pictures and the hover card lack.
        viewed: Another part of the exam is shown.
    """

    sought = Signal(float)
    scrubbed = Signal(float)
    edge_moved = Signal(int, str, int)
    pictures_wanted = Signal(object)
    viewed = Signal()

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._view = View(0.0, 1.0, 1.0)
        self._tiles = Tiles(self._draw_tile, self._content)
        self._strip = Filmstrip(state)
        self._map = MiniMap(state, self)
        self._card: HoverCard | None = None
        self._hover: QPointF | None = None
        self._hover_picture: tuple[int, QPixmap] | None = None
        self._pressed: QPointF | None = None
        self._dragged = False
        self._pressed_view = self._view
        self._edge: Edge | None = None
        self._grabbed: Edge | None = None
        self._ask = QTimer(self, singleShot=True, interval=ASK_MS)
        self._ask.timeout.connect(self._ask_for_pictures)
        self._map.wanted.connect(self._show_from)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumHeight(LEAST_PX)
        self.setMaximumHeight(320)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Timeline"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(800, 224)

    @property
    def view(self) -> View:
        """The part of the exam that is shown."""
        return self._view

    @property
    def tiles(self) -> Tiles:
        return self._tiles

    @property
    def _limit_s(self) -> float:
        opened = self._state.opened
        return opened.table.end_s if opened else 1.0

    # What is shown

    def refresh(self) -> None:
        """Shows the state: the result, its selection, the edits or the freeze-frames changed."""
        if self._state.opened is None:
            self._strip.forget()
            self._hover_picture = None
        if self._grabbed is not None:
            self._pressed = None  # the dragged edge may not exist any more
        self._edge = self._grabbed = None
        self._tiles.doubt()
        self._map.refresh()
        self._ask.start()
        self._describe()
        self.update()

    def take_picture(self, wanted: Small, image: QImage) -> None:
        """Takes a picture that was ordered with `pictures_wanted`."""
        if wanted.height != self._card_height:
            self._strip.take(wanted.position, image)
        else:
            self._hover_picture = (wanted.position, QPixmap.fromImage(image))
            self._show_card()
        self.update()

    def fit(self) -> None:
        """Shows the whole exam."""
        self._set_view(View.of(0.0, self._limit_s, self._inner_width()))

    def show_time(self, time_s: float) -> None:
        """Shows the playhead at a time; if that is out of view, turns the page."""
        if not self._view.first_s <= time_s <= self._view.last_s:
            self._show_from(time_s - self._view.span_s * 0.1)
        self._map.update()
        self.update()

    def zoom(self, factor: float, at_px: float | None = None) -> None:
        """Shows `factor` times as much around a pixel column, or around the playhead."""
        if at_px is None:
            at_px = min(max(self._view.x(self._state.playhead_s), 0.0), self._view.width)
        self._set_view(self._view.zoomed(factor, at_px, self._limit_s, SHORTEST_VIEW_S))

    def pan(self, pixels: float) -> None:
        """Moves the shown part of the exam to the right."""
        self._set_view(self._view.panned(pixels, self._limit_s))

    def _show_from(self, first_s: float) -> None:
        self._set_view(self._view.starting(first_s, self._limit_s))

    def _set_view(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self._map.show_view(view)
            self._ask.start()
            self._describe()
            self.update()
            self.viewed.emit()

    def _describe(self) -> None:
        state, view = self._state, self._view
        decided = sum(shot.decision != "automatic" for shot in state.shots)
        self.setAccessibleDescription(
            tr(
                "{shots} key shots and {freezes} freeze-frames in {time}. Shots decided by you: "
                "{decided}. Shows {first} to {last}.",
                shots=len(state.key_shots), freezes=len(state.freeze_frames),
                time=clock(self._limit_s), decided=decided,
                first=clock(view.first_s), last=clock(view.last_s),
            )
        )  # fmt: skip

    # Places

    def _inner_width(self) -> float:
        return max(self.width() - NAMES_PX - RIGHT_PX, 1)

    def _time_at(self, x: float) -> float:
        return min(max(self._view.time(x - NAMES_PX), 0.0), self._limit_s)

    def _strips(self, left: float = NAMES_PX, width: float | None = None) -> list[QRectF]:
        """One rectangle per lane, from top to bottom."""
        fixed = sum(height for _, height, _ in LANES) + GAP_PX * (len(LANES) + 1)
        rest = max(self.height() - fixed, 20)
        strips, top = [], float(GAP_PX)
        for _, height, _ in LANES:
            strips.append(QRectF(left, top, width or self._inner_width(), height or rest))
            top += (height or rest) + GAP_PX
        return strips

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().height() != event.oldSize().height():
            self._tiles.drop()
        fitted = self._view.span_s >= self._limit_s * (1 - 1e-9)
        self._map.setGeometry(self._strips()[WHOLE].toRect())
        if fitted:
            self.fit()
        else:
            view = View(self._view.first_s, self._view.px_per_s, self._inner_width())
            self._set_view(view.inside(self._limit_s))
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._tiles.drop()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._tiles.drop()
        return super().event(event)

    # Painting

    def _content(self, view: View) -> object:
        return lanes.content(view, self._state)

    def _draw_tile(self, painter: QPainter, view: View) -> None:
        painter.fillRect(QRectF(0, 0, view.width + 1, self.height()), color("panel"))
        painter.setFont(self.font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (_, _, draw), strip in zip(LANES, self._strips(0, view.width), strict=True):
            if draw is not None:
                painter.setClipRect(strip.adjusted(0, -GAP_PX, 0, 1))
                draw(painter, strip, view, self._state)

    def paintEvent(self, _: QPaintEvent) -> None:
        strips = self._strips()
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), color("panel"))
            painter.setPen(color("muted"))
            for lane, strip in zip(LANES, strips, strict=True):
                spot = QRectF(12, strip.top(), NAMES_PX - 20, strip.height())
                painter.drawText(spot, Qt.AlignmentFlag.AlignVCenter, tr(lane[0]))
            if self._state.opened is None:
                return
            painter.setClipRect(QRectF(NAMES_PX - 6, 0, self._inner_width() + 12, self.height()))
            painter.save()
            painter.setClipRect(QRectF(NAMES_PX, 0, self._inner_width(), self.height()))
            ratio = self.devicePixelRatioF()
            self._tiles.paint(painter, NAMES_PX, self._view, self.height(), ratio)
            self._strip.draw(painter, strips[PICTURES], self._view)
            painter.restore()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_over(painter, strips)

    def _draw_over(self, painter: QPainter, strips: list[QRectF]) -> None:
        """Draws everything that moves with mouse, keys or playhead, over the tiles."""
        view, state, shots = self._view, self._state, strips[SHOTS]
        column = QRectF(NAMES_PX, GAP_PX, self._inner_width(), self._map.y() - 2 * GAP_PX)
        band = QRectF(strips[CURVE].topLeft(), strips[EDITS].bottomRight())
        overlays.draw_points(painter, band, view, state)
        overlays.draw_selected(painter, shots, view, state)
        if self._grabbed is not None:
            overlays.draw_dragged(painter, shots, column, view, state, self._grabbed)
        edge = self._grabbed or self._edge
        if edge is not None:
            overlays.draw_edge(painter, shots, view, state, edge)
        overlays.draw_playhead(painter, column, view, state)
        if self._hover is not None and not self._dragged:
            painter.setPen(QPen(color("muted"), 1, Qt.PenStyle.DotLine))
            overlays.draw_upright(painter, self._hover.x(), column)

    # Pictures

    def _ask_for_pictures(self) -> None:
        height = self._strips()[PICTURES].height()
        ratio = self.devicePixelRatioF()
        wanted = self._strip.wanted(self._view, height, ratio)
        position = self._hovered_position()
        if position is not None and (self._hover_picture or (None,))[0] != position:
            wanted.insert(0, Small(position, 0, self._card_height))
        self.pictures_wanted.emit(wanted)

    @property
    def _card_height(self) -> int:
        """Height of the hover card's picture; it tells that picture from those of the lane."""
        return round(hover.PICTURE_PX * self.devicePixelRatioF())

    def _hovered_position(self) -> int | None:
        if self._state.opened is None or (self._hover is None and self._grabbed is None):
            return None
        table = self._state.opened.table
        if self._grabbed is not None:
            # The first or last picture of the shot if the edge were dropped here.
            return self._grabbed.position - (self._grabbed.which == "end")
        return table.position_at(self._time_at(self._hover.x())) if self._hover else None

    def _show_card(self) -> None:
        """Shows the picture under the cursor; until it arrives, the nearest one there is."""
        position = self._hovered_position()
        if self._card is None:
            self._card = HoverCard(self.window())
        if position is None or self._state.opened is None or self._hover is None:
            self._card.hide()
            return
        table = self._state.opened.table
        time_s = table.time_of(position)
        if self._grabbed is None:
            time_s = self._time_at(self._hover.x())
        exact = self._hover_picture
        if exact is not None and exact[0] == position:
            picture: QPixmap | None = exact[1]
        else:
            nearby_s = self._strips()[PICTURES].height() * 3 / self._view.px_per_s
            picture = self._strip.near(time_s, nearby_s)
        _, frame = table.place_of(position)
        spot = self.mapTo(self.window(), QPointF(self._hover.x(), -hover.MARGIN_PX)).toPoint()
        text = tr("{time}   frame {frame:,}", time=clock(time_s, digits=2), frame=frame + 1)
        self._card.show_at(spot, text, picture)

    # Mouse and keys

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the cursor; pans when turned sideways or with Shift, on trackpads by pixels."""
        turn, fine = event.angleDelta(), event.pixelDelta()
        sideways = abs(turn.x()) > abs(turn.y())
        if sideways or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            by_turn = (turn.x() or turn.y()) / 120 * 60
            self.pan((fine.x() or fine.y()) if not fine.isNull() else by_turn)
        elif turn.y():
            at = min(max(event.position().x() - NAMES_PX, 0.0), self._view.width)
            self.zoom(0.8 ** (turn.y() / 120), at)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._state.opened is None:
            return
        self._pressed, self._dragged = event.position(), False
        self._pressed_view = self._view
        self._edge = self._grabbed = self._edge_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        inside = NAMES_PX <= at.x() <= NAMES_PX + self._view.width and at.y() < self._map.y()
        self._hover = at if inside or self._grabbed else None
        if self._pressed is None:
            self._edge = self._edge_at(at)
        else:
            self._drag(at, self._pressed)
        self._show_cursor()
        self._show_card()
        self._ask.start()
        self.update()

    def _drag(self, at: QPointF, pressed: QPointF) -> None:
        way = at.x() - pressed.x()
        self._dragged = self._dragged or abs(way) > CLICK_PX
        if not self._dragged or self._state.opened is None:
            return
        if self._grabbed is not None:
            time_s = self._time_at(at.x())
            self._grabbed = self._grabbed.dragged_to(time_s, self._state.opened.table)
        elif self._strips()[AXIS].contains(pressed):
            self.scrubbed.emit(self._time_at(at.x()))
        else:
            self._set_view(self._pressed_view.panned(way, self._limit_s))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        pressed, grabbed, dragged = self._pressed, self._grabbed, self._dragged
        self._pressed, self._grabbed, self._dragged = None, None, False
        time_s = self._time_at(event.position().x())
        if not dragged or (grabbed is None and self._strips()[AXIS].contains(pressed)):
            self.sought.emit(time_s)
        elif grabbed is not None and grabbed != self._edge:
            self._edge = None
            self.edge_moved.emit(grabbed.shot, grabbed.which, grabbed.position)
        self._show_cursor()
        self.update()

    def _edge_at(self, at: QPointF) -> Edge | None:
        if not self._strips()[SHOTS].contains(at):
            return None
        return edge_near(self._state, self._view, at.x() - NAMES_PX)

    def _show_cursor(self) -> None:
        if self._grabbed is not None or self._edge is not None:
            self.setCursor(Qt.CursorShape.SplitHCursor)
        elif self._dragged:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self.unsetCursor()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = self._edge = None
        self._show_card()
        self.update()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        factors = {Qt.Key.Key_Plus: 0.8, Qt.Key.Key_Minus: 1.25}
        factor = factors.get(Qt.Key(event.key()))
        if factor is None:
            super().keyPressEvent(event)
        else:
            self.zoom(factor)
