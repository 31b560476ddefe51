"""The program's own icons, drawn in any colour from `resources/icons`."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from ui.common import theme
from usummary.paths import resources_dir

_SIZES = (16, 20, 24, 32, 48, 64)


def icon(name: str, part: str = "text") -> QIcon:
    """An icon in the colour of a theme part; greyed where its control is disabled."""
    found = QIcon()
    text = (resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    for color, mode in ((part, QIcon.Mode.Normal), ("faint", QIcon.Mode.Disabled)):
        drawing = text.replace("currentColor", theme.color(color).name())
        renderer = QSvgRenderer(QByteArray(drawing.encode()))
        for size in _SIZES:
            found.addPixmap(_drawn(renderer, size), mode)
    return found


def _drawn(renderer: QSvgRenderer, size: int) -> QPixmap:
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter)
    painter.end()
    return pixmap
