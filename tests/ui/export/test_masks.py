"""The mask review and the export sheet: what a person confirms is what the signals carry."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from tests.ui.recordings import HEIGHT, WIDTH, write_numbered
from tests.ui.values import make_opened, make_summary
from ui.export.mask_review import MaskReview
from ui.export.sheet import ExportSheet, size_text
from usummary.export import ExportOptions, estimate
from usummary.types import Box, Region

SQUARE = ((40, 8), (280, 8), (280, 40), (40, 40))
FOUND = Region(Box(40, 8, 280, 40), SQUARE, "pictures")


@pytest.fixture
def review(qtbot, tmp_path):
    path = write_numbered(tmp_path / "n.mp4", [40 * k for k in range(60)])
    made = MaskReview(path, ((WIDTH, HEIGHT),), (FOUND,))
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.picture.count() > 1)
    yield made
    made.close()


def at(review: MaskReview, x: int, y: int) -> QPoint:
    return review.view.to_screen((x, y)).toPoint()


def test_a_proposal_is_confirmed_as_it_is(qtbot, review):
    assert review.status.text() == "Proposed by the program"
    with qtbot.waitSignal(review.confirmed) as signal:
        review.confirm_button.click()
    assert signal.args == [0, SQUARE]
    assert not review.isVisible()


def test_corners_are_dragged_added_and_taken_away(qtbot, review):
    view, left = review.view, Qt.MouseButton.LeftButton
    QTest.mousePress(view, left, pos=at(review, 40, 8))
    QTest.mouseMove(view, at(review, 60, 12))
    QTest.mouseRelease(view, left, pos=at(review, 60, 12))
    x, y = view.polygon[0]
    assert abs(x - 60) <= 1
    assert abs(y - 12) <= 1
    assert review.status.text() == "Changed, not confirmed yet"
    QTest.mouseClick(view, left, pos=at(review, 160, 40))
    assert len(view.polygon) == 5
    QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=at(review, 280, 40))
    assert (280, 40) not in view.polygon
    review.reset()
    assert view.polygon == SQUARE
    review.show_whole()
    assert view.polygon == ((0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT))


def test_an_outline_is_edited_by_keys_and_stays_in_the_picture(review):
    view = review.view
    QTest.keyClick(view, Qt.Key.Key_N)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.polygon[1] == (281, 8)
    for _ in range(9):
        QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert view.polygon[1] == (WIDTH, 8)
    QTest.keyClick(view, Qt.Key.Key_Insert)
    assert view.polygon[2] == (300, 24)
    for _ in range(9):
        QTest.keyClick(view, Qt.Key.Key_Delete)
    assert len(view.polygon) == 3


def test_the_median_shows_what_stands_still(review):
    """Of frames 0 to 59 the highest bits are dark in all, so the last bar is black."""
    review.picture.setCurrentIndex(0)
    median = review._images[0]
    assert (median.width(), median.height()) == (WIDTH, HEIGHT)
    bars = [median.pixelColor(20 + 40 * bit, HEIGHT // 2).value() for bit in range(8)]
    assert bars[6] < 30
    assert bars[7] < 30


@pytest.fixture
def sheet(qtbot, tmp_path):
    summary, infos = make_summary(), make_opened().recordings
    made = ExportSheet(
        tmp_path / "out", ExportOptions(), lambda wanted: estimate(summary, infos, wanted)
    )
    made.show_masks([False, True])
    qtbot.addWidget(made)
    made.show()
    return made


def test_enter_exports_what_is_ticked(qtbot, sheet, tmp_path):
    sheet.checks["clips"].setChecked(False)
    sheet.checks["csv"].setChecked(True)
    with qtbot.waitSignal(sheet.wanted) as signal:
        QTest.keyClick(sheet.folder, Qt.Key.Key_Return)
    assert signal.args == [tmp_path / "out", ExportOptions(clips=False, csv=True)]


def test_sizes_follow_what_is_ticked_and_masks_are_told(qtbot, sheet):
    before = sheet.total.text()
    for name in ("reel", "clips", "stills", "contact_sheet", "report"):
        sheet.checks[name].setChecked(False)
    assert sheet.total.text() != before
    assert sheet.mask_state.text() == "Masks: 1 of 2 confirmed"
    sheet.show_masks([False, True], missing=True)
    assert sheet.mask_state.text().startswith("No sector was found")
    assert not sheet.warning.isVisible()
    sheet.checks["mask"].setChecked(False)
    assert sheet.warning.isVisible()
    assert not sheet.review_button.isEnabled()


def test_a_used_folder_is_asked_about(sheet, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    heard = []
    sheet.wanted.connect(lambda folder, options: heard.append(options.overwrite))
    answer = QMessageBox.StandardButton.Cancel
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answer)
    sheet.export_button.click()
    assert heard == []
    answer = QMessageBox.StandardButton.Yes
    sheet.export_button.click()
    assert heard == [True]


def test_sizes_are_no_more_exact_than_they_deserve():
    assert size_text(400) == "about 1 kB"
    assert size_text(1_234_567) == "about 1.2 MB"
    assert size_text(123_456_789) == "about 123 MB"
