"""A wide picture kept as tiles: each is drawn when it is first seen, and again when it changes.

At one scale tiles are counted from exam time 0, so scrolling shows the same tiles at other places.
A changed result makes every tile doubtful. Before a doubtful tile is shown, its content is compared
with the content it was drawn from, so that only tiles with real changes are drawn again: comparing
takes far less time than drawing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPixmap

from ui.timeline.view import View

TILE_PX = 512
BUDGET_BYTES = 64 * 2**20


@dataclass
class Tile:
    """One drawn tile.

    Attributes:
        picture: The drawing.
        content: The content it was drawn from.
        checked: Number of the round of doubts in which the content was last compared.
    """

    picture: QPixmap
    content: Hashable
    checked: int


class Tiles:
    """Draws tiles and keeps those that were seen last.

    Args:
        draw: Draws a view at full height, from x = 0 on.
        content: Everything that `draw` would show in a view; equal contents look the same.
        budget: Bytes that tiles may take; those in sight are kept in any case.
    """

    def __init__(
        self,
        draw: Callable[[QPainter, View], None],
        content: Callable[[View], Hashable],
        budget: int = BUDGET_BYTES,
    ) -> None:
        self._draw, self._content, self._budget = draw, content, budget
        self._tiles: OrderedDict[tuple[float, int], Tile] = OrderedDict()
        self._round = 0
        self._bytes = 0
        self.drawn = 0
        """Number of tiles drawn so far."""

    @property
    def bytes_held(self) -> int:
        return self._bytes

    def drop(self) -> None:
        """Forgets all tiles, after a change of size or colours."""
        self._tiles.clear()
        self._bytes = 0

    def doubt(self) -> None:
        """Makes all tiles doubtful: anything may have changed."""
        self._round += 1

    def paint(self, painter: QPainter, left: float, view: View, height: int, ratio: float) -> None:
        """Draws a view to the right of `left`, on whole pixels of the screen.

        At fractions of a pixel Qt would blend neighbouring pixels, and tiles would have seams.
        """
        pixels = round(TILE_PX * ratio)
        offset = round(view.first_s * view.px_per_s * ratio)
        last = offset + int(view.width * ratio)
        for index in range(offset // pixels, last // pixels + 1):
            tile = self._tile(view.px_per_s, index, QSize(pixels, round(height * ratio)), ratio)
            painter.drawPixmap(QPointF(left + (index * pixels - offset) / ratio, 0), tile.picture)
        self._evict(last // pixels + 1 - offset // pixels)

    def _tile(self, px_per_s: float, index: int, size: QSize, ratio: float) -> Tile:
        key = (px_per_s, index)
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)  # `_evict` takes from the front
            if tile.checked == self._round:
                return tile
        width = size.width() / ratio
        view = View(index * width / px_per_s, px_per_s, width)
        content = self._content(view)
        if tile is not None and tile.content == content:
            tile.checked = self._round
            return tile
        if tile is None:
            self._bytes += size.width() * size.height() * 4
        self._tiles[key] = Tile(self._picture(view, size, ratio), content, self._round)
        return self._tiles[key]

    def _picture(self, view: View, size: QSize, ratio: float) -> QPixmap:
        self.drawn += 1
        picture = QPixmap(size)
        picture.setDevicePixelRatio(ratio)
        with QPainter(picture) as painter:
            self._draw(painter, view)
        return picture

    def _evict(self, in_sight: int) -> None:
        # Tiles in sight stay over budget too, or every paint would draw all of them again.
        while self._bytes > self._budget and len(self._tiles) > in_sight:
            _, old = self._tiles.popitem(last=False)
            self._bytes -= old.picture.width() * old.picture.height() * 4
