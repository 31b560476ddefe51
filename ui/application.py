"""The program as the system sees it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication


class Application(QApplication):
    """A `QApplication` that receives files opened by double click, on systems that send an event.

    macOS sends an event; Linux and Windows start the program with the path.

    Signals:
        opened: Path of a file to open.
    """

    opened = Signal(object)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.opened.emit(Path(event.file()))
            return True
        return super().event(event)
