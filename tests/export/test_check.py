"""The check after writing finds what is wrong."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.export.exams import DrawnRecording, even_times, make_exam, make_summary, sector, shot
from usummary.errors import ExportError
from usummary.export import ExportOptions
from usummary.export.check import FilmCheck, check_pages, check_still
from usummary.export.meter import Meter
from usummary.export.shots import REEL, ShotWriter

OPTIONS = ExportOptions(clips=False, stills=False, contact_sheet=False, report=False)


@pytest.fixture
def reel(tmp_path):
    """A written reel of two shots, what it should show, and its check."""
    exam = make_exam(DrawnRecording("exam.mp4", (320, 240), even_times(60)))
    shots = [shot(exam, 0, 20), shot(exam, 30, 50)]
    writer = ShotWriter(exam, make_summary(exam, shots, [sector(320, 240)]), tmp_path, OPTIONS)
    shown = writer.write(Meter(1))
    size = writer.canvas.width, writer.canvas.height
    return tmp_path / REEL, shown, lambda: FilmCheck(writer.sectors(), size, Meter(1))


def test_a_right_reel_passes(reel):
    path, shown, check = reel
    check()(path, shown)


@pytest.mark.parametrize(("number", "end"), [(0, "first"), (0, "last"), (1, "first"), (1, "last")])
def test_another_frame_is_found(reel, number, end):
    path, shown, check = reel
    meant = getattr(shown[number], end)
    wrong = replace(shown[number], **{end: np.roll(meant, 20, axis=1)})
    shots = [wrong if entry is shown[number] else entry for entry in shown]
    with pytest.raises(ExportError, match=f"another {end} frame of key shot {number + 1}"):
        check()(path, shots)


def test_other_times_are_found(reel):
    path, shown, check = reel
    ticks = shown[0].ticks.copy()
    ticks[7] += 90
    with pytest.raises(ExportError, match="other frame times"):
        check()(path, [replace(shown[0], ticks=ticks), shown[1]])


def test_a_missing_frame_is_found(reel):
    path, shown, check = reel
    ticks = np.insert(shown[1].ticks, 3, shown[1].ticks[2] + 9)
    with pytest.raises(ExportError, match="other frame times"):
        check()(path, [shown[0], replace(shown[1], ticks=ticks)])


@pytest.mark.parametrize("keep", [0, 40, 700, -3000, -200])
def test_a_cut_file_is_found(reel, keep):
    path, shown, check = reel
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ExportError, match="after writing, so nothing was exported"):
        check()(path, shown)


def test_a_name_outside_the_sector_is_found(tmp_path):
    exam = make_exam(DrawnRecording("exam.mp4", (320, 240), even_times(20)))
    summary = make_summary(exam, [shot(exam, 0, 20)], [sector(320, 240)])
    leaking = ShotWriter(exam, summary, tmp_path, replace(OPTIONS, mask=False))
    shown = leaking.write(Meter(1))
    place = leaking.canvas.place(0)
    outside = np.zeros((240, 320), np.uint8)
    outside[:, :64] = 255
    size = leaking.canvas.width, leaking.canvas.height
    with pytest.raises(ExportError, match="outside the sector"):
        FilmCheck({0: (place, outside)}, size, Meter(1))(tmp_path / REEL, shown)


def test_a_still_with_one_pixel_outside_the_sector_is_found(tmp_path):
    picture = np.zeros((40, 50, 3), np.uint8)
    picture[5, 6] = (0, 0, 9)
    outside = np.full((40, 50), 255, np.uint8)
    Image.fromarray(picture).save(tmp_path / "still.png")
    check_still(tmp_path / "still.png", (50, 40), None)
    with pytest.raises(ExportError, match="outside the sector"):
        check_still(tmp_path / "still.png", (50, 40), outside)
    with pytest.raises(ExportError, match="another size"):
        check_still(tmp_path / "still.png", (40, 50), None)


def test_a_cut_pdf_and_a_wrong_page_count_are_found(tmp_path):
    path = tmp_path / "pages.pdf"
    pages = [Image.new("RGB", (20, 20)) for _ in range(3)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    check_pages(path, 3)
    with pytest.raises(ExportError, match="no whole PDF of 2 pages"):
        check_pages(path, 2)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ExportError, match="no whole PDF"):
        check_pages(path, 3)


def test_a_recording_that_lost_frames_is_told(tmp_path):
    class Short(DrawnRecording):
        def frames(self, start=0, stop=None):
            return super().frames(start, min(stop, 12))

    exam = make_exam(Short("exam.mp4", (64, 48), even_times(20)))
    summary = make_summary(exam, [shot(exam, 0, 20, key=3)], [sector(64, 48)])
    with pytest.raises(ExportError, match="only 12 frames"):
        ShotWriter(exam, summary, tmp_path, OPTIONS).write(Meter(1))


def test_the_mask_follows_the_polygon():
    from usummary.export.canvas import sector_mask
    from usummary.types import Box, Region

    region = Region(Box(0, 0, 100, 100), ((50, 0), (100, 100), (0, 100)), "pictures")
    mask = sector_mask(region, 120, 110)
    assert mask.shape == (110, 120)
    assert mask[60, 50] == 255
    assert mask[10, 10] == 0
    assert not mask[:, 100:].any()
    assert not mask[100:].any()
    assert cv2.countNonZero(mask) == pytest.approx(5000, rel=0.03)
