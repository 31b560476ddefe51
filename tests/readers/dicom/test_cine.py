"""Colours, frame times and regions of DICOM cines."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    MPEG4HP41,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.builders import (
    code_picture,
    damage_frame,
    read_code,
    region_sequence,
    write_dicom_cine,
    write_dicom_video,
    write_video,
)
from tests.shared_data import SHARED, needs_shared
from usummary.readers import open_exam
from usummary.types import Box

COLOURS = np.array([(200, 30, 40), (30, 180, 60), (20, 40, 220), (240, 200, 20)], np.uint8)


def _golden(n: int = 2) -> np.ndarray:
    """(n, 48, 64, 3): four colour stripes, the rest mostly grey, as scanner screens are."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :] = (np.arange(64, dtype=np.uint8) * 2)[None, :, None]
    for index, colour in enumerate(COLOURS):
        picture[4:12, 8 + 12 * index : 18 + 12 * index] = colour
    return np.stack([picture] * n)


def _assert_right(path, tolerance):
    with open_exam(path) as exam:
        pixels = exam.recordings[0].frame(1).pixels.astype(int)
    for index, colour in enumerate(COLOURS):
        found = pixels[8, 12 + 12 * index]
        assert np.abs(found - colour.astype(int)).max() <= tolerance, (found, colour)


@pytest.mark.parametrize(
    ("syntax", "tolerance"),
    [
        (ExplicitVRLittleEndian, 0),
        (ExplicitVRBigEndian, 0),
        (RLELossless, 0),
        (JPEGLSLossless, 0),
        (JPEG2000Lossless, 0),
        (JPEGBaseline8Bit, 12),
    ],
)
@pytest.mark.parametrize("declared", ["RGB", "right"])
def test_rgb_in_every_encoding(tmp_path, syntax, tolerance, declared):
    photometric = "RGB"
    if declared == "right" and syntax == JPEGBaseline8Bit:
        photometric = "YBR_FULL_422"
    path = write_dicom_cine(tmp_path / "a.dcm", syntax, stored=_golden(), photometric=photometric)
    _assert_right(path, tolerance)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless])
@pytest.mark.parametrize("declared", ["YBR_FULL", "RGB"])
def test_ybr_whether_declared_or_not(tmp_path, syntax, declared):
    ybr = np.stack([convert_color_space(p, "RGB", "YBR_FULL") for p in _golden()])
    path = write_dicom_cine(tmp_path / "a.dcm", syntax, stored=ybr, photometric="RGB")
    dataset = pydicom.dcmread(path)
    dataset.PhotometricInterpretation = declared
    dataset.save_as(path)
    _assert_right(path, 4)
    with open_exam(path) as exam:
        assert ("colours wrongly" in " ".join(exam.notices)) == (declared == "RGB")


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_rgb_declared_as_ybr_is_not_turned_green(tmp_path, syntax):
    path = write_dicom_cine(tmp_path / "a.dcm", syntax, stored=_golden())
    dataset = pydicom.dcmread(path)
    dataset.PhotometricInterpretation = "YBR_FULL"
    dataset.save_as(path)
    _assert_right(path, 0)


def test_ybr_full_422_uncompressed(tmp_path):
    ybr = np.stack([convert_color_space(p, "RGB", "YBR_FULL") for p in _golden()])
    path = write_dicom_cine(tmp_path / "a.dcm", stored=_golden())
    dataset = pydicom.dcmread(path)
    pairs = ybr.reshape(2, 48, 32, 2, 3)
    packed = np.stack(
        [pairs[..., 0, 0], pairs[..., 1, 0], pairs[..., 0, 1], pairs[..., 0, 2]], axis=-1
    )
    dataset.PixelData = packed.tobytes()
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.save_as(path)
    _assert_right(path, 4)


def test_planes_one_after_the_other(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", stored=_golden())
    dataset = pydicom.dcmread(path)
    dataset.PlanarConfiguration = 1
    dataset.PixelData = _golden().transpose(0, 3, 1, 2).tobytes()
    dataset.save_as(path)
    _assert_right(path, 0)


def test_a_jpeg_that_says_rgb_itself(tmp_path):
    frames = []
    for picture in _golden():
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=95, keep_rgb=True)
        frames.append(buffer.getvalue())
    path = write_dicom_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, stored=_golden())
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate(frames)
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.save_as(path)
    _assert_right(path, 12)


def test_palette(tmp_path):
    indices = np.zeros((2, 48, 64), np.uint8)
    for index in range(4):
        indices[:, 4:12, 8 + 12 * index : 18 + 12 * index] = index + 1
    tables = {}
    for channel, name in enumerate(("Red", "Green", "Blue")):
        table = np.zeros(256, np.uint16)
        table[1:5] = COLOURS[:, channel].astype(np.uint16) << 8
        tables[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tables[f"{name}PaletteColorLookupTableData"] = table.tobytes()
    path = write_dicom_cine(
        tmp_path / "a.dcm", stored=indices, photometric="PALETTE COLOR", **tables
    )
    _assert_right(path, 0)


def test_a_segmented_palette(tmp_path):
    """Four entries one by one, then a straight line to the last (PS3.3 C.7.9.2)."""
    segments = np.array([0, 4, 0, 256, 512, 768, 1, 252, 65280], "<u2").tobytes()
    tables = {}
    for name in ("Red", "Green", "Blue"):
        tables[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tables[f"Segmented{name}PaletteColorLookupTableData"] = segments
    codes = np.tile(np.arange(256, dtype=np.uint8).reshape(16, 16), (2, 1, 1))
    path = write_dicom_cine(tmp_path / "a.dcm", stored=codes, photometric="PALETTE COLOR", **tables)
    with open_exam(path) as exam:
        pixels = exam.recordings[0].frame(1).pixels
        assert np.array_equal(pixels, np.repeat(codes[1][..., None], 3, axis=-1))


def test_sixteen_bit_grey_uses_its_window(tmp_path):
    stored = np.tile(np.linspace(0, 4000, 64).astype(np.uint16), (2, 48, 1))
    path = write_dicom_cine(tmp_path / "a.dcm", stored=stored, photometric="MONOCHROME2")
    with open_exam(path) as exam:
        pixels = exam.recordings[0].frame(0).pixels
        assert pixels.dtype == np.uint8
        assert pixels[0, -1, 0] == pytest.approx(4000 / 65535 * 255, abs=1)


@pytest.mark.parametrize(
    ("elements", "steps_ms", "noticed"),
    [
        ({"FrameTime": 20.0, "CineRate": 50}, [20] * 11, False),
        ({"FrameTime": None, "RecommendedDisplayFrameRate": 20, "CineRate": 10}, [50] * 11, False),
        ({"FrameTime": None, "CineRate": 10}, [100] * 11, False),
        ({"FrameTime": None}, [1000 / 30] * 11, True),
        ({"FrameTime": 0.0}, [1000 / 30] * 11, True),
        (
            {
                "FrameTime": 20.0,
                "FrameTimeVector": [0.0, *[10, 20, 30] * 3, 10, 20],
                "FrameIncrementPointer": 0x00181065,
            },
            [*[10, 20, 30] * 3, 10, 20],
            False,
        ),
        (
            {
                "FrameTime": 20.0,
                "FrameTimeVector": [0.0, *[10, 20, 30] * 3, 10, 20],
                "FrameIncrementPointer": 0x00181063,
            },
            [20] * 11,
            False,
        ),
        ({"FrameTime": 20.0, "FrameTimeVector": [0.0, 10.0, 10.0]}, [20] * 11, False),
    ],
)
def test_frame_times_in_the_right_order(tmp_path, elements, steps_ms, noticed):
    path = write_dicom_cine(tmp_path / "a.dcm", **elements)
    with open_exam(path) as exam:
        steps = np.diff(exam.recordings[0].times_s) * 1000
        np.testing.assert_allclose(steps, steps_ms)
        assert any("assumed" in notice for notice in exam.notices) == noticed


def test_the_region_is_the_box_around_the_tissue_regions(tmp_path):
    regions = region_sequence((10, 12, 49, 79), (60, 10, 99, 79))
    regions.extend(region_sequence((0, 80, 159, 95), kind=4))
    path = write_dicom_cine(tmp_path / "a.dcm", SequenceOfUltrasoundRegions=regions)
    with open_exam(path) as exam:
        assert exam.recordings[0].info.region == Box(10, 10, 100, 80)


def test_a_region_of_another_size_is_not_used(tmp_path):
    regions = region_sequence((10, 12, 490, 790))
    path = write_dicom_cine(tmp_path / "a.dcm", SequenceOfUltrasoundRegions=regions)
    with open_exam(path) as exam:
        assert exam.recordings[0].info.region is None
        assert "does not fit" in exam.notices[0]


def test_a_dicom_file_with_another_name(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm").rename(tmp_path / "IM00001")
    with open_exam(path) as exam:
        assert exam.recordings[0].info.kind == "dicom"


def test_a_long_cine_is_never_in_memory_as_a_whole(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", n=200, size=(320, 240))  # 46 MB
    tracemalloc.start()
    try:
        with open_exam(path) as exam:
            assert read_code(exam.recordings[0].frame(199).pixels) == 199
            for _ in exam.recordings[0].luma(15):
                pass
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@needs_shared
def test_the_real_cines():
    folder = SHARED / "ultrasound" / "dicom"
    with open_exam(folder / "pydicom__examples_ybr_color.dcm") as exam:
        recording = exam.recordings[0]
        assert recording.info.frame_count == 30
        assert recording.times_s[1] == pytest.approx(0.033333)
        picture = recording.frame(5).pixels.astype(int)
        assert np.abs(picture[..., 0] - picture[..., 1]).mean() < 6  # grey, not green
    with open_exam(folder / "pydicom-data__OBXXXX1A_rle_2frame.dcm") as exam:
        recording = exam.recordings[0]
        assert recording.info.frame_count == 2
        assert recording.info.region == Box(120, 60, 800, 519)
        blue_bar = recording.frame(0).pixels[30, 300]
        assert blue_bar[2] > blue_bar[0] + 30


def test_a_damaged_frame_shows_the_one_before_and_a_notice(tmp_path):
    path = damage_frame(
        write_dicom_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, photometric="YBR_FULL_422"), 5
    )
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        assert recording.info.frame_count == 12
        assert recording.info.notices == ()
        assert read_code(recording.frame(5).pixels) == 4
        assert "Damaged" in recording.info.notices[0]
        codes = [read_code(frame.pixels) for frame in recording.frames()]
        assert codes == [0, 1, 2, 3, 4, 4, *range(6, 12)]
        assert [read_code(frame.pixels) for frame in recording.frames(5, 7)] == [4, 6]
        assert [frame.index for frame in recording.luma()] == [*range(5), *range(6, 12)]


def test_a_frame_that_is_of_another_size_counts_as_damaged(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, photometric="YBR_FULL_422", n=3)
    dataset = pydicom.dcmread(path)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=3))
    buffer = io.BytesIO()
    Image.fromarray(code_picture(1, (320, 192))).save(buffer, "JPEG")
    dataset.PixelData = encapsulate([frames[0], buffer.getvalue(), frames[2]])
    dataset.save_as(path)
    with open_exam(path) as exam:
        codes = [read_code(frame.pixels) for frame in exam.recordings[0].frames()]
        assert codes == [0, 0, 2]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit to set")
@pytest.mark.parametrize("kind", ["cine", "video"])
def test_more_cines_than_files_may_be_open(tmp_path, kind):
    video = write_video(tmp_path / "a.mp4", n=3, fps=25, size=(64, 32))
    study = tmp_path / "study"
    study.mkdir()
    for number in range(80):
        path = study / f"{number}.dcm"
        if kind == "cine":
            write_dicom_cine(path, n=2, size=(64, 32), InstanceNumber=number)
        else:
            write_dicom_video(path, MPEG4HP41, video, FrameTime=40.0, InstanceNumber=number)
    program = (
        "import resource, sys\n"
        "from usummary.readers import open_exam\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "with open_exam(sys.argv[1]) as exam:\n"
        "    passes = [recording.frame(0) for recording in exam.recordings]\n"
        "    print(len(passes))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(study)], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("80", "")
