"""Single pictures with names burned in, as parts of a study: no artefact shows what lies outside.

A still is a freeze-frame of its study and is exported as nothing but a time. It is only shown where
a scanner stored the frozen picture as a cine too; then the outline of the person masks it, for in
a picture that never changes no sector can be found.
"""

from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from tests.export.test_burned_in import DICOM, check_nothing_shows
from tests.shared_data import needs_shared
from usummary.analysis.sector import find_region
from usummary.readers import open_exam
from usummary.types import Box, Region

pytestmark = needs_shared

STILLS = {
    "dicom-test-files__US1_RLE.dcm": ((20, 110), (620, 110), (620, 330), (20, 330)),
    "dwv__gdcm-US-RGB-8-epicard.dcm": ((310, 56), (330, 56), (540, 330), (320, 405), (80, 325)),
    "pydicom__examples_jpeg2k.dcm": ((20, 110), (620, 110), (620, 330), (20, 330)),
    "pydicom__examples_palette.dcm": ((260, 52), (460, 52), (640, 330), (80, 330)),
    "pydicom__examples_rgb_color.dcm": ((10, 55), (310, 55), (310, 165), (10, 165)),
}
"""Files with an outline each, as a person would draw it."""


def make_study(name: str, folder: Path) -> Path:
    """A study of the still and of a cine that shows the still twice."""
    folder.mkdir()
    still = pydicom.dcmread(DICOM / name)
    still.save_as(folder / "still.dcm")
    cine = pydicom.dcmread(DICOM / name)
    if cine.file_meta.TransferSyntaxUID.is_compressed:
        cine.decompress(generate_instance_uid=False)
    cine.PixelData = cine.PixelData[: cine.Rows * cine.Columns * cine.SamplesPerPixel] * 2
    cine.NumberOfFrames, cine.FrameTime = 2, 40.0
    cine.SOPInstanceUID = cine.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    cine.save_as(folder / "cine.dcm")
    return folder


@pytest.mark.parametrize("name", STILLS)
def test_nothing_burned_into_a_still_shows(name, tmp_path):
    columns, rows = zip(*STILLS[name], strict=True)
    box = Box(min(columns), min(rows), max(columns), max(rows))
    study = make_study(name, tmp_path / "study")
    with open_exam(study) as exam:
        assert [freeze.path.name for freeze in exam.freeze_frames] == ["still.dcm"]
        assert find_region(exam.recordings[0]).source == "whole"
    region = Region(box, STILLS[name], "person")
    check_nothing_shows(study, lambda _: region, ((0, 1), (1, 2)), tmp_path)
