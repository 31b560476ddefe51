"""The picture view: one picture, fitted or as large as the person wants it.

Sizes are in two units: picture pixels, and the widget's own (logical) pixels, of which a high-DPI
screen has several device pixels each. 100 % is one picture pixel on one device pixel.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.common.language import tr
from ui.common.theme import DARK
from usummary.types import Region

WHEEL_STEP = 120
ZOOM_A_STEP = 1.25
LARGEST = 16.0
"""Largest scale: device pixels per picture pixel, along each side."""


class PictureView(QWidget):
    """Shows one picture, the sector's outline over it, and black around the sector on request.

    Signals:
        zoomed: The picture's scale changed.
    """

    zoomed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._region: Region | None = None
        self._outlined = self._masked = False
        self.waits_for = ""
        self._mask: QImage | None = None
        self._scale: float | None = None
        self._middle = QPointF()
        self._dragged_from: QPointF | None = None
        self.setMinimumSize(320, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Picture"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(800, 500)

    @property
    def fitted(self) -> bool:
        """Scales the picture to fit, now and whenever the window changes its size."""
        return self._scale is None

    @property
    def scale(self) -> float:
        """Widget pixels per picture pixel."""
        return self._fitting() if self._scale is None else self._scale

    @Slot(object)
    def show_image(self, image: QImage | None) -> None:
        """Shows another picture; if its size differs, it is fitted again."""
        before, self._image = self._image, image
        if image is None or before is None or image.size() != before.size():
            self._mask = None
            self.fit()
        self.update()

    def show_region(self, region: Region | None, *, outlined: bool, masked: bool) -> None:
        """Draws a region's outline over the picture, or black around it as in exports."""
        if region != self._region:
            self._region, self._mask = region, None
        self._outlined, self._masked = outlined, masked
        self.update()

    def show_waiting(self, text: str) -> None:
        """Says over the picture that it is not the wanted one yet; "": it is."""
        if text != self.waits_for:
            self.waits_for = text
            self.setAccessibleDescription(text)
            self.update()

    def fit(self) -> None:
        self._scale = None
        self._changed()

    def zoom_full(self) -> None:
        """Scales to 100 %: one picture pixel per screen pixel."""
        self.zoom_to(1 / self.devicePixelRatioF(), QPointF(self.rect().center()))

    def zoom_to(self, scale: float, fixed: QPointF) -> None:
        """Scales the picture; the place under the widget's point `fixed` stays there.

        A scale at which all of the picture can be seen fits it.
        """
        if not self._shows():
            return
        under = self._to_picture(fixed)
        scale = min(scale, max(LARGEST / self.devicePixelRatioF(), self._fitting()))
        full = 1 / self.devicePixelRatioF()
        if scale <= self._fitting() * 1.001 and abs(scale - full) > 1e-9:
            self.fit()
            return
        self._scale = scale
        self._middle = under - (fixed - self._center()) / scale
        self._changed()

    def picture_rect(self) -> QRectF:
        """Place of the whole picture in widget pixels; partly outside the widget when zoomed."""
        assert self._image is not None
        scale = self.scale
        size = QPointF(self._image.width(), self._image.height())
        middle = size / 2 if self._scale is None else self._middle
        corner = self._center() - middle * scale
        if self._scale is not None:  # whole device pixels, so that 100 % is not blurred
            ratio = self.devicePixelRatioF()
            corner = QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio)
        return QRectF(corner.x(), corner.y(), size.x() * scale, size.y() * scale)

    def _shows(self) -> bool:
        return self._image is not None and not self._image.isNull()

    def _center(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def _fitting(self) -> float:
        if self._image is None or self._image.isNull():
            return 1.0
        return min(self.width() / self._image.width(), self.height() / self._image.height())

    def _to_picture(self, at: QPointF) -> QPointF:
        return (at - self.picture_rect().topLeft()) / self.scale

    def _changed(self) -> None:
        """Keeps a zoomed picture in view; a picture smaller than the widget is centred."""
        if self._scale is not None and self._image is not None:
            self._middle = QPointF(
                _kept(self._middle.x(), self._image.width(), self.width() / self._scale),
                _kept(self._middle.y(), self._image.height(), self.height() / self._scale),
            )
        self._show_cursor()
        self.update()
        self.zoomed.emit()

    def _show_cursor(self) -> None:
        if self._scale is None:
            self.unsetCursor()
        elif self._dragged_from is None:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / WHEEL_STEP
        self.zoom_to(self.scale * ZOOM_A_STEP**steps, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._scale is not None:
            self._dragged_from = event.position()
            self._show_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is not None:
            self._middle -= (event.position() - self._dragged_from) / self.scale
            self._dragged_from = event.position()
            self._changed()

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:
        self._dragged_from = None
        self._show_cursor()

    def mouseDoubleClickEvent(self, _: QMouseEvent) -> None:
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._changed()

    def paintEvent(self, _: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), DARK.color("picture"))
            if self._image is not None and self._shows():
                painter.save()
                self._paint_picture(painter, self._image)
                painter.restore()
            if self.waits_for:
                self._paint_waiting(painter)

    def _paint_waiting(self, painter: QPainter) -> None:
        room = painter.fontMetrics().boundingRect(self.waits_for)
        pill = QRectF(12, 12, room.width() + 24, room.height() + 12)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(DARK.color("picture", 210))
        painter.drawRoundedRect(pill, 8, 8)
        painter.setPen(DARK.color("text"))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, self.waits_for)

    def _paint_picture(self, painter: QPainter, image: QImage) -> None:
        where, scale = self.picture_rect(), self.scale
        exact = abs(scale * self.devicePixelRatioF() - 1) < 1e-9
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not exact)
        painter.drawImage(where, image)
        if self._region is None:
            return
        if self._masked:
            if self._mask is None:
                self._mask = cover(self._region, image.size())
            painter.drawImage(where, self._mask)
        if self._outlined:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(where.topLeft())
            painter.scale(scale, scale)
            pen = QPen(DARK.color("accent", 200), 1.5, Qt.PenStyle.DashLine)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawPolygon(_polygon(self._region))


def cover(region: Region, size: QSize) -> QImage:
    """Black with a hole for the sector, as in a masked export to within a pixel.

    It is drawn here because importing the export's libraries would block the main thread.
    """
    black = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    black.fill(Qt.GlobalColor.black)
    box = region.box
    with QPainter(black) as painter:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.setClipRect(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0)
        if len(region.polygon) < 3:
            painter.fillRect(black.rect(), Qt.GlobalColor.transparent)
        else:
            painter.setBrush(Qt.GlobalColor.transparent)
            painter.setPen(QPen(Qt.GlobalColor.transparent, 1))
            painter.drawPolygon(_polygon(region))
    return black


def _polygon(region: Region) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in region.polygon])


def _kept(middle: float, length: float, room: float) -> float:
    """Clamps the picture's place so that no more of the view is empty than needed."""
    if length <= room:
        return length / 2
    return min(max(middle, room / 2), length - room / 2)
