"""One odd element of one file is a notice, or that file is left out by name; never more."""

from __future__ import annotations

import contextlib

import pytest

from tests.builders import (
    damage_frame,
    read_code,
    region_sequence,
    write_dicom_cine,
    write_element,
    write_study,
)
from usummary.errors import InputError, UnreadableFile
from usummary.readers import open_exam
from usummary.readers.dicom.header import KEYWORDS

ODD = [b"abc ", b"1\\2 ", b"", b"\xff\xfe\xfd", b"\0" * 5, b"-1", b"9" * 40, b"nan "]


def _beside_a_good_one(folder, keyword, value, vr=None):
    """Notices of a study of an odd cine and a good one, and the first codes of its recordings."""
    write_dicom_cine(folder / "good.dcm", n=3, size=(32, 16), AcquisitionDateTime="20200101100000")
    odd = write_dicom_cine(
        folder / "odd.dcm",
        n=3,
        size=(32, 16),
        AcquisitionDateTime="20200101100100",
        SequenceOfUltrasoundRegions=region_sequence((1, 1, 20, 10)),
    )
    write_element(odd, keyword, value, vr)
    with open_exam(folder) as exam:
        for recording in exam.recordings:
            assert len(list(recording.frames())) == recording.info.frame_count
        return exam.notices, {recording.info.path.name for recording in exam.recordings}


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_no_odd_element_ends_a_study(tmp_path, keyword):
    for number, value in enumerate(ODD):
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            notices, opened = _beside_a_good_one(folder, keyword, value)
        except UnreadableFile as error:
            several = "2 studies" in str(error) or "several patients" in str(error)
            told = keyword in {"StudyInstanceUID", "PatientName", "PatientID", "PatientBirthDate"}
            if several and told:
                continue
            raise
        assert "good.dcm" in opened
        assert "odd.dcm" in opened or any("odd.dcm" in n or "ignored" in n for n in notices)


@pytest.mark.parametrize("vr", ["ZZ", "US", "SQ", "FD", "PN"])
def test_an_element_of_a_wrong_kind_ends_nothing(tmp_path, vr):
    _, opened = _beside_a_good_one(tmp_path, "InstanceNumber", b"\x01\x02\x03", vr)
    assert "good.dcm" in opened


@pytest.mark.parametrize(
    ("keyword", "value", "element"),
    [
        ("NumberOfFrames", b"abc ", "Number of Frames"),
        ("NumberOfFrames", b"12\\12 ", "Number of Frames"),
        ("SeriesNumber", b"1\\2 ", "Series Number"),
        ("InstanceNumber", b"x ", "Instance Number"),
        ("FrameTime", b"nan ", "Frame Time"),
        ("BitsStored", b"\x01\x02\x03", "Bits Stored"),
        ("AcquisitionDateTime", b"soon", "Acquisition DateTime"),
    ],
)
def test_an_odd_element_is_named_with_its_file_once(tmp_path, keyword, value, element):
    notices, opened = _beside_a_good_one(tmp_path, keyword, value)
    assert opened == {"good.dcm", "odd.dcm"}
    about = [notice for notice in notices if element in notice]
    assert about == [f'The element "{element}" of "odd.dcm" cannot be read and is not used.']


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("Rows", b"\0\0"), ("SamplesPerPixel", b"\2\0"), ("BitsAllocated", b"\x0c\0")],
)
def test_pictures_that_cannot_be_are_left_out_by_name(tmp_path, keyword, value):
    notices, opened = _beside_a_good_one(tmp_path, keyword, value)
    assert opened == {"good.dcm"}
    assert any("left out" in notice and '"odd.dcm"' in notice for notice in notices)
    with pytest.raises(UnreadableFile, match=r"odd\.dcm"):
        open_exam(tmp_path / "odd.dcm")


def test_a_comma_in_a_number_is_read(tmp_path):
    path = write_element(write_dicom_cine(tmp_path / "a.dcm", n=3), "FrameTime", b"40,0")
    with open_exam(path) as exam:
        assert exam.recordings[0].times_s[1] == pytest.approx(0.04)
        assert exam.notices == ()


def test_a_region_that_lacks_a_corner_is_not_used(tmp_path):
    regions = region_sequence((10, 12, 49, 79), (60, 10, 99, 79))
    regions[1].RegionLocationMaxX1 = None
    path = write_dicom_cine(tmp_path / "a.dcm", n=3, SequenceOfUltrasoundRegions=regions)
    with open_exam(path) as exam:
        assert exam.recordings[0].info.region is None
        assert exam.notices == (
            "An ultrasound region in the DICOM file lacks a corner; it is not used.",
        )


def test_elements_of_many_files_are_told_in_one_notice(tmp_path):
    write_study(tmp_path, cines=2, frames=3, stills=2)
    for path in tmp_path.iterdir():
        write_element(path, "SeriesNumber", b"x ")
    with open_exam(tmp_path) as exam:
        told = [notice for notice in exam.notices if "Series Number" in notice]
        assert len(told) == 1
        assert "and 1 more" in told[0]


def test_a_damaged_first_frame_shows_the_one_after(tmp_path):
    from pydicom.uid import JPEGBaseline8Bit

    path = write_dicom_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, photometric="YBR_FULL_422")
    damage_frame(path, 0)
    with open_exam(path) as exam:
        codes = [read_code(frame.pixels) for frame in exam.recordings[0].frames()]
        assert codes == [1, *range(1, 12)]
        assert "Damaged" in exam.recordings[0].info.notices[0]


def test_changed_bytes_of_a_header_are_no_unexpected_error(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", n=2, size=(16, 8), PixelAspectRatio=[1, 2])
    whole = path.read_bytes()
    for at in range(132, len(whole) - 2 * 16 * 8 * 3, 5):  # each byte would take half a minute
        path.write_bytes(whole[:at] + bytes([at % 2 * 255]) + whole[at + 1 :])
        with contextlib.suppress(InputError), open_exam(path) as exam:
            list(exam.recordings[0].frames())
