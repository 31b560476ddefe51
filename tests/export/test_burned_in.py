"""What is burned into a picture outside the sector leaves no trace in any artefact.

The same recording is exported twice, once with everything outside the sector blackened before. All
artefacts have to be the same: then nothing outside has any effect on them.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest

from tests.export.exams import make_summary, shot
from tests.shared_data import SHARED, needs_shared
from usummary.analysis.sector import find_region
from usummary.export import ExportOptions, export_summary
from usummary.phantom import Recorder, render
from usummary.readers import open_exam
from usummary.types import Box, Region

DICOM = SHARED / "ultrasound" / "dicom"
BY_HAND = ((200, 60), (440, 60), (520, 420), (120, 420))
SHOTS = ((5, 25), (60, 90))


class Blackened:
    """A recording with nothing outside a polygon."""

    def __init__(self, recording, region: Region) -> None:
        self._recording = recording
        self.info, self.times_s = recording.info, recording.times_s
        self._mask = np.zeros((self.info.height, self.info.width), np.uint8)
        cv2.fillPoly(self._mask, [np.array(region.polygon, np.int32)], 255)

    def frame(self, index: int):
        return self._black(self._recording.frame(index))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator:
        return map(self._black, self._recording.frames(start, stop))

    def _black(self, frame):
        return replace(frame, pixels=cv2.bitwise_and(frame.pixels, frame.pixels, mask=self._mask))


def pictures_in(pdf: Path) -> list[np.ndarray]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [
            item.get_bitmap().to_numpy().copy()
            for page in document
            for item in page.get_objects()
            if item.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
        ]


def check_nothing_shows(path: Path, region_of, spans, folder: Path) -> None:
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        region = region_of(recording)
        shots = [shot(exam, *span, plane="Femur") for span in spans]
        summary = make_summary(exam, shots, [region])
        written = export_summary(exam, summary, folder / "seen", ExportOptions())
        black = replace(exam, recordings=(Blackened(recording, region),))
        outside = Blackened(recording, region)._mask == 0
        assert recording.frame(spans[0][0]).pixels[outside].max() > 100  # there is something
        export_summary(black, summary, folder / "black", ExportOptions())
    for file in written:
        name = file.relative_to(folder / "seen")
        if file.suffix in {".mp4", ".png"}:
            assert file.read_bytes() == (folder / "black" / name).read_bytes(), name
        elif file.suffix == ".pdf":
            seen, blackened = pictures_in(file), pictures_in(folder / "black" / name)
            assert len(seen) == len(blackened) > 0
            assert all(map(np.array_equal, seen, blackened)), name
    for still in (folder / "seen" / "keyframes").iterdir():
        assert cv2.imread(str(still))[outside].max() == 0


def drawn_by_hand(_) -> Region:
    columns, rows = zip(*BY_HAND, strict=True)
    return Region(Box(min(columns), min(rows), max(columns), max(rows)), BY_HAND, "person")


@pytest.mark.parametrize("region_of", [find_region, drawn_by_hand])
def test_nothing_burned_into_a_phantom_shows(region_of, tmp_path):
    recorder = Recorder(width=640, height=480, fps=20)
    path = render(tmp_path / "exam.mp4", minutes=0.2, seed=6, recorder=recorder)
    check_nothing_shows(path, region_of, SHOTS, tmp_path)


@needs_shared
@pytest.mark.parametrize(
    ("name", "count"),
    [("pydicom__examples_ybr_color.dcm", 30), ("pydicom-data__OBXXXX1A_rle_2frame.dcm", 2)],
)
def test_nothing_burned_into_a_cine_shows(name, count, tmp_path):
    check_nothing_shows(DICOM / name, find_region, ((0, count // 2), (count // 2, count)), tmp_path)
