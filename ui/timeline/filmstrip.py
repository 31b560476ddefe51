"""Small pictures side by side along the timeline, and the list of those still missing."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QPixmap

from ui.common.theme import color
from ui.session.frames import Small
from ui.session.state import State
from ui.timeline.view import View

GAP_PX = 2
BUDGET_BYTES = 48 * 2**20
COARSER = 3
"""Number of grids, each twice as coarse as the last, in which a stand-in is looked for."""


class Filmstrip:
    """Fills a lane with pictures at even spacing.

    Places are counted from exam time 0, each as wide as a picture. The time of a place's picture is
    rounded to a grid of 2^k seconds, so that most pictures can be used again at another scale.
    """

    def __init__(self, state: State, budget: int = BUDGET_BYTES) -> None:
        self._state = state
        self._budget = budget
        self._pictures: OrderedDict[int, QPixmap] = OrderedDict()
        self._bytes = 0

    def forget(self) -> None:
        """Forgets all pictures, for another exam."""
        self._pictures.clear()
        self._bytes = 0

    def take(self, position: int, image: QImage) -> None:
        """Keeps the picture of a position; the least recently shown ones make room."""
        if position in self._pictures:
            return
        self._pictures[position] = QPixmap.fromImage(image)
        self._bytes += image.sizeInBytes()
        while self._bytes > self._budget and len(self._pictures) > 1:
            _, old = self._pictures.popitem(last=False)
            self._bytes -= old.width() * old.height() * 4

    def near(self, time_s: float, within_s: float) -> QPixmap | None:
        """The kept picture nearest to an exam time, if it is at most `within_s` away."""
        if self._state.opened is None or not self._pictures:
            return None
        table = self._state.opened.table
        position = min(self._pictures, key=lambda at: abs(table.time_of(at) - time_s))
        near = abs(table.time_of(position) - time_s) <= within_s
        return self._pictures[position] if near else None

    def wanted(self, view: View, height: float, ratio: float) -> list[Small]:
        """Pictures of a view that are missing, from the left."""
        opened = self._state.opened
        if opened is None:
            return []
        slot_s = self._width(height) / view.px_per_s
        slack = int(slot_s / 2 / opened.table.typical_step_s)
        pixels = round(height * ratio)
        wanted = dict.fromkeys(position for _, position, _ in self._places(view, height))
        missing = [position for position in wanted if position not in self._pictures]
        return [Small(position, slack, pixels) for position in missing]

    def draw(self, painter: QPainter, strip: QRectF, view: View) -> None:
        """Draws the pictures that are there, and an empty place for each missing one."""
        width = self._width(strip.height())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for left, position, stand_ins in self._places(view, strip.height()):
            place = QRectF(strip.left() + left, strip.top(), width - GAP_PX, strip.height())
            there = next((at for at in (position, *stand_ins) if at in self._pictures), None)
            if there is None:
                painter.fillRect(place, color("raised"))
                continue
            self._pictures.move_to_end(there)
            picture = self._pictures[there]
            high = place.height()
            wide = min(picture.width() * high / picture.height(), place.width())
            spot = QRectF(place.left() + (place.width() - wide) / 2, place.top(), wide, high)
            painter.fillRect(place, color("picture"))
            painter.drawPixmap(spot, picture, QRectF(picture.rect()))

    def _width(self, height: float) -> int:
        """Pixels of one place, as wide as the first recording's pictures."""
        if self._state.opened is None:
            return round(height)
        info = self._state.opened.recordings[0]
        shape = min(max(info.width / max(info.height, 1), 0.5), 2.5)
        return round(height * shape) + GAP_PX

    def _places(self, view: View, height: float) -> Iterator[tuple[float, int, tuple[int, ...]]]:
        """Left pixel, position and stand-ins of every place in a view."""
        opened = self._state.opened
        if opened is None:
            return
        table = opened.table
        width = self._width(height)
        slot_s = width / view.px_per_s
        grid_s = max(2.0 ** math.floor(math.log2(slot_s)), table.typical_step_s)
        for index in range(int(view.first_s / slot_s), int(view.last_s / slot_s) + 1):
            middle = (index + 0.5) * slot_s
            if middle - slot_s / 2 >= table.end_s:
                return
            steps = (grid_s * 2**coarser for coarser in range(COARSER))
            first, *others = (
                table.position_at(min(round(middle / step) * step, table.end_s)) for step in steps
            )
            yield view.x(index * slot_s), first, tuple(others)
