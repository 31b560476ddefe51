"""A store of the side panel's small pictures that drops the least recently used ones."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

MOST = 96


class Pictures(QObject):
    """Pictures by position; the least recently used one is dropped first.

    Signals:
        arrived: A position whose picture is now there.
    """

    arrived = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._held: dict[int, QImage] = {}

    def get(self, position: int) -> QImage | None:
        image = self._held.pop(position, None)
        if image is not None:
            self._held[position] = image
        return image

    def missing(self, positions: Iterable[int]) -> list[int]:
        """The positions without a picture, each once."""
        return [at for at in dict.fromkeys(positions) if at not in self._held]

    def take(self, position: int, image: QImage) -> None:
        self._held[position] = image
        while len(self._held) > MOST:
            del self._held[next(iter(self._held))]
        self.arrived.emit(position)

    def forget(self) -> None:
        self._held.clear()
