"""The picture view: what is seen at which scale, and what is black outside the sector."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QImage

from ui.player.picture_view import PictureView, cover
from usummary.export.canvas import sector_mask
from usummary.types import Box, Region

REGION = Region(
    Box(40, 20, 260, 180), ((130, 20), (170, 20), (259, 150), (150, 179), (40, 150)), "person"
)


@pytest.fixture
def view(qtbot):
    made = PictureView()
    qtbot.addWidget(made)
    made.resize(640, 400)
    image = QImage(320, 200, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    for x in range(0, 320, 2):
        for y in range(200):
            image.setPixelColor(x, y, Qt.GlobalColor.black)
    made.show_image(image)
    made.show()
    return made


def test_zooming_keeps_what_is_under_the_cursor(view) -> None:
    at = QPointF(100, 300)
    before = view._to_picture(at)
    view.zoom_to(view.scale * 3, at)
    after = view._to_picture(at)
    assert not view.fitted
    assert abs(after.x() - before.x()) < 1
    assert abs(after.y() - before.y()) < 1
    view.zoom_to(0.01, at)
    assert view.fitted


def test_the_picture_is_dragged_but_not_out_of_sight(qtbot, view) -> None:
    view.zoom_to(8.0, QPointF(320, 200))
    before = view.picture_rect().left()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPointF(300, 200).toPoint())
    qtbot.mouseMove(view, QPointF(340, 200).toPoint())
    assert view.picture_rect().left() == pytest.approx(before + 40, abs=1)
    for _ in range(2):
        qtbot.mouseMove(view, QPointF(9000, 9000).toPoint())
    assert view.picture_rect().left() <= 0
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton)
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
    assert view.fitted


def test_at_100_percent_every_pixel_is_the_recordings(view) -> None:
    view.zoom_full()
    seen = view.grab().toImage()
    where = view.picture_rect()
    assert where.width() * view.devicePixelRatioF() == pytest.approx(320)
    left, top = round(where.left()), round(where.top())
    row = [seen.pixelColor(left + x, top + 50).value() for x in range(320)]
    assert row == [0, 255] * 160


def test_the_mask_is_the_exports_to_within_its_border() -> None:
    """No pixel that an export shows is hidden or the other way round, save on the outline."""
    black = cover(REGION, QSize(320, 200)).convertToFormat(QImage.Format.Format_Alpha8)
    rows = np.frombuffer(black.constBits(), np.uint8).reshape(200, black.bytesPerLine())[:, :320]
    inside = sector_mask(REGION, 320, 200) > 0
    differs = (rows == 0) != inside
    edge = np.zeros_like(inside)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            edge |= np.roll(inside, (dy, dx), (0, 1)) != inside
    assert not (differs & ~edge).any()
    assert differs.sum() < 0.5 * edge.sum()
    assert set(np.unique(rows)) == {0, 255}


def test_outside_of_the_mask_nothing_of_the_picture_is_seen(view) -> None:
    view.show_region(REGION, outlined=False, masked=True)
    seen = view.grab().toImage()
    assert max(seen.pixelColor(x, 20).value() for x in range(0, 200)) == 0
    assert max(seen.pixelColor(x, 200).value() for x in range(200, 400)) > 100
