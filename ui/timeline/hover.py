"""The card above the timeline that shows the picture under the cursor."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from ui.common.theme import color

PICTURE_PX = 120
TEXT_PX = 24
MARGIN_PX = 6


class HoverCard(QWidget):
    """Picture, time and frame number, in a card over the window that lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture: QPixmap | None = None
        self.text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    @property
    def picture(self) -> QPixmap | None:
        """The picture shown now."""
        return self._picture

    def show_at(self, spot: QPoint, text: str, picture: QPixmap | None) -> None:
        """Shows the card above a point of its parent, moved so that it stays inside the parent."""
        parent = self.parentWidget()
        if parent is None:
            return
        self.text, self._picture = text, picture
        size = self._wanted_size()
        left = min(max(spot.x() - size.width() // 2, 4), parent.width() - size.width() - 4)
        self.setGeometry(left, max(spot.y() - size.height(), 4), size.width(), size.height())
        self.raise_()
        self.show()
        self.update()

    def _wanted_size(self) -> QSize:
        words = self.fontMetrics().horizontalAdvance(self.text)
        wide, high = words, 0
        if self._picture is not None:
            high = PICTURE_PX + MARGIN_PX
            wide = max(words, round(PICTURE_PX * self._picture.width() / self._picture.height()))
        return QSize(wide + 2 * MARGIN_PX + 8, high + TEXT_PX + MARGIN_PX)

    def paintEvent(self, _: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setPen(color("line"))
            painter.setBrush(color("raised"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
            if self._picture is not None:
                wide = PICTURE_PX * self._picture.width() / self._picture.height()
                spot = QRectF((self.width() - wide) / 2, MARGIN_PX, wide, PICTURE_PX)
                painter.drawPixmap(spot, self._picture, QRectF(self._picture.rect()))
            painter.setPen(color("text"))
            words = QRectF(0, self.height() - TEXT_PX - 2, self.width(), TEXT_PX)
            painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self.text)
