"""Pixels that are wider than high are shown as square ones."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import MPEG4HP41, JPEGBaseline8Bit

from tests.builders import (
    read_code,
    region_sequence,
    write_dicom_cine,
    write_dicom_video,
    write_video,
)
from usummary.readers import open_exam
from usummary.types import Box


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, None])
@pytest.mark.parametrize(
    ("ratio", "size", "region"),
    [
        ([1, 2], (320, 96), Box(20, 10, 100, 60)),
        ([2, 1], (160, 192), Box(10, 20, 50, 120)),
        ([1, 1], (160, 96), Box(10, 10, 50, 60)),
    ],
)
def test_pictures_have_square_pixels(tmp_path, syntax, ratio, size, region):
    path = write_dicom_cine(
        tmp_path / "a.dcm",
        **({"syntax": syntax} if syntax else {}),
        n=3,
        PixelAspectRatio=ratio,
        SequenceOfUltrasoundRegions=region_sequence((10, 10, 49, 59)),
    )
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        assert (recording.info.width, recording.info.height) == size
        assert recording.info.region == region
        assert [read_code(frame.pixels) for frame in recording.frames()] == [0, 1, 2]
        assert {frame.pixels.shape for frame in recording.frames()} == {(size[1], size[0], 3)}
        assert {frame.pixels.shape for frame in recording.luma()} == {size[::-1]}
        assert recording.frame(1).pixels.shape == (size[1], size[0], 3)
        assert any("not square" in notice for notice in exam.notices) == (ratio != [1, 1])


def test_a_circle_that_was_squeezed_is_round(tmp_path):
    y, x = np.mgrid[:240, :160]
    disc = ((x - 80) ** 2 * 4 + (y - 120) ** 2 < 90**2).astype(np.uint8) * 255
    path = write_dicom_cine(
        tmp_path / "a.dcm",
        stored=np.stack([disc] * 2),
        photometric="MONOCHROME2",
        PixelAspectRatio=[1, 2],
    )
    with open_exam(path) as exam:
        lit = exam.recordings[0].frame(0).pixels[..., 0] > 127
    assert lit.any(axis=0).sum() == pytest.approx(lit.any(axis=1).sum(), abs=2)


@pytest.mark.parametrize("ratio", [[0, 1], [1, 100]])
def test_a_ratio_that_cannot_be_is_not_used_and_told(tmp_path, ratio):
    path = write_dicom_cine(tmp_path / "a.dcm", n=3, PixelAspectRatio=ratio)
    with open_exam(path) as exam:
        assert exam.recordings[0].info.width == 160
        assert any("Pixel Aspect Ratio" in notice for notice in exam.notices)


def test_spacing_does_not_stretch(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", n=3, PixelSpacing=[1.0, 2.0])
    with open_exam(path) as exam:
        assert exam.recordings[0].info.width == 160
        assert exam.notices == ()


def test_a_video_of_such_pixels_is_told(tmp_path):
    video = write_video(tmp_path / "a.mp4", n=4, fps=25)
    path = write_dicom_video(tmp_path / "a.dcm", MPEG4HP41, video, PixelAspectRatio=[1, 2])
    with open_exam(path) as exam:
        assert any("not square" in notice for notice in exam.notices)
