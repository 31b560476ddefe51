"""DICOM files that are written otherwise than they say, or without what should stand before."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from tests.builders import (
    damage_frame,
    read_code,
    write_dicom_cine,
    write_element,
    write_encoded_cine,
)
from usummary.errors import UnreadableFile
from usummary.readers import open_exam
from usummary.readers.dicom.header import read_header


def _meta(path):
    data = path.read_bytes()
    length = int.from_bytes(data[140:144], "little")
    return data[: 144 + length]


def _codes(path):
    with open_exam(path) as exam:
        codes = [read_code(frame.pixels) for frame in exam.recordings[0].frames()]
        return codes, exam.notices


@pytest.mark.parametrize("implicit", [True, False])
def test_elements_are_read_as_they_are_written_whatever_the_file_says(tmp_path, implicit):
    says, is_so = ExplicitVRLittleEndian, ImplicitVRLittleEndian
    if not implicit:
        says, is_so = is_so, says
    path = write_dicom_cine(tmp_path / "a.dcm", says, n=5)
    other = write_dicom_cine(tmp_path / "b.dcm", is_so, n=5)
    path.write_bytes(_meta(path) + other.read_bytes()[len(_meta(other)) :])
    assert _codes(path) == ([0, 1, 2, 3, 4], ())


@pytest.mark.parametrize("name", ["a.dcm", "IMG00001"])
@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_a_bare_data_set_opens(tmp_path, name, syntax):
    whole = write_dicom_cine(tmp_path / "whole", syntax, n=4)
    path = tmp_path / name
    path.write_bytes(whole.read_bytes()[len(_meta(whole)) :])
    assert _codes(path) == ([0, 1, 2, 3], ())
    whole.unlink()
    assert _codes(tmp_path) == ([0, 1, 2, 3], ())


def test_file_meta_without_a_preamble_opens(tmp_path):
    path = write_dicom_cine(tmp_path / "IM1", n=4)
    path.write_bytes(path.read_bytes()[132:])
    assert _codes(path) == ([0, 1, 2, 3], ())


@pytest.mark.parametrize("syntax", [RLELossless, JPEGBaseline8Bit])
def test_an_encapsulated_bare_data_set_tells_its_encoding_itself(tmp_path, syntax):
    whole = write_dicom_cine(tmp_path / "whole", syntax, n=4)
    path = tmp_path / "a.dcm"
    path.write_bytes(whole.read_bytes()[len(_meta(whole)) :])
    codes, notices = _codes(path)
    assert codes == [0, 1, 2, 3]
    assert any("stored and read as" in notice for notice in notices)


def test_a_stream_of_another_kind_than_declared_is_read_and_told(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, photometric="YBR_FULL_422", n=3)
    frames = list(pydicom.encaps.generate_frames(pydicom.dcmread(path).PixelData))
    write_encoded_cine(path, pydicom.uid.JPEG2000, frames, path)
    codes, notices = _codes(path)
    assert codes == [0, 1, 2]
    assert any("stored and read as JPEG Baseline" in notice for notice in notices)


def test_a_deflated_file_opens_with_every_frame_by_itself(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", n=12)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    assert _codes(path) == (list(range(12)), ())
    with open_exam(path) as exam:
        for index in (11, 3, 7):
            assert read_code(exam.recordings[0].frame(index).pixels) == index
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with open_exam(path) as exam:
        assert 0 < exam.recordings[0].info.frame_count < 12
        assert "fewer pictures" in exam.notices[0]


def test_what_is_no_dicom_file_is_told_by_its_header_alone(tmp_path):
    text = tmp_path / "notes"
    text.write_bytes(b"\x08\x00" + b"x" * 300)
    assert read_header(text) is None
    apple = tmp_path / "._a.dcm"
    apple.write_bytes(b"\x00\x05\x16\x07" + bytes(400))
    assert read_header(apple) is None
    named = tmp_path / "a.dcm"
    named.write_bytes(b"x" * 300)
    with pytest.raises(UnreadableFile, match="no DICOM file"):
        read_header(named)


@pytest.mark.parametrize("value", [b"", b"n ", b"1 ", b"-3"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless])
def test_a_cine_whose_number_of_frames_is_wrong_is_no_still(tmp_path, value, syntax):
    path = write_dicom_cine(tmp_path / "a.dcm", syntax, n=6)
    write_element(path, "NumberOfFrames", value)
    codes, notices = _codes(path)
    assert codes == list(range(6))
    assert len(notices) == 1
    assert "Number of Frames" in notices[0] or "holds 6 pictures" in notices[0]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless])
def test_more_pictures_than_told_are_all_used(tmp_path, syntax):
    path = write_dicom_cine(tmp_path / "a.dcm", syntax, n=8)
    write_element(path, "NumberOfFrames", b"5 ")
    assert _codes(path) == (
        list(range(8)),
        ("The DICOM file holds 8 pictures and says 5; all are used.",),
    )


def test_a_directory_file_says_what_to_open(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", n=3)
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    del dataset.SOPClassUID
    dataset.save_as(tmp_path / "DICOMDIR", enforce_file_format=True)
    with pytest.raises(UnreadableFile, match="Open the folder"):
        open_exam(tmp_path / "DICOMDIR")
    assert _codes(tmp_path) == ([0, 1, 2], ())


def test_damage_inside_a_study_leaves_the_other_cines(tmp_path):
    write_dicom_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, n=1 + 1, InstanceNumber=1)
    broken = write_dicom_cine(tmp_path / "b.dcm", JPEGBaseline8Bit, n=2, InstanceNumber=2)
    damage_frame(damage_frame(broken, 0), 1)
    with open_exam(tmp_path) as exam:
        assert [recording.info.path.name for recording in exam.recordings] == ["a.dcm"]
        assert 'Cines that are damaged were left out: "b.dcm".' in exam.notices
        assert np.isfinite(exam.duration_s)
