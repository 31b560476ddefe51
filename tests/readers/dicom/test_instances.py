"""Which files of a folder belong to a study: each once, ultrasound, of one patient."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pydicom
import pytest
from pydicom.uid import SecondaryCaptureImageStorage, generate_uid

from tests.builders import read_code, write_dicom_cine, write_element, write_study
from usummary.errors import UnreadableFile
from usummary.export.record import hide_names
from usummary.readers import open_exam
from usummary.readers.find_exams import exams_at


def _codes(folder):
    with open_exam(folder) as exam:
        codes = [read_code(recording.frame(0).pixels) for recording in exam.recordings]
        return (
            codes,
            [(s.path.name, s.recording, s.frame) for s in exam.freeze_frames],
            exam.notices,
        )


def test_copies_count_once_and_are_named(tmp_path):
    write_study(tmp_path, cines=2, frames=6, stills=2)
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "9.dcm", tmp_path / "copy" / "9 (1).dcm")
    shutil.copy(tmp_path / "still0", tmp_path / "copy" / "a still0 copy")
    shutil.copy(tmp_path / "8.dcm", tmp_path / "0 copy of 8.dcm")
    (tmp_path / "._9.dcm").write_bytes(b"\x00\x05\x16\x07" + bytes(400))
    codes, stills, notices = _codes(tmp_path)
    assert codes == [0, 100]
    assert stills == [("still0", 0, 5), ("still1", 1, 5)]
    assert (
        "Copies of other files of the study were left out: "
        '"0 copy of 8.dcm", "9 (1).dcm", "a still0 copy".' in notices
    )


def test_different_files_with_one_instance_uid_are_all_used_and_told(tmp_path):
    for number in (1, 2):
        path = write_dicom_cine(
            tmp_path / f"{number}.dcm", n=3, first_code=number, InstanceNumber=number
        )
        write_element(path, "SOPInstanceUID", b"1.2.3\0")
    codes, _, notices = _codes(tmp_path)
    assert codes == [1, 2]
    assert any("the same instance" in notice and '"2.dcm"' in notice for notice in notices)


def test_files_without_an_instance_uid_are_no_copies(tmp_path):
    for number in (1, 2):
        path = write_dicom_cine(tmp_path / f"{number}.dcm", n=3, InstanceNumber=number)
        write_element(path, "SOPInstanceUID", b"")
    assert len(_codes(tmp_path)[0]) == 2


def _cine(path, **elements):
    return write_dicom_cine(path, n=4, **({"PatientName": "Made^Up"} | elements))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"PatientID": "1"}, {"PatientID": "2"}),
        ({"PatientID": "1"}, {"PatientID": "2", "StudyInstanceUID": ""}),
        ({"PatientID": "1", "StudyInstanceUID": ""}, {"PatientID": "2", "StudyInstanceUID": ""}),
        ({"PatientID": "0", "PatientName": "One^A"}, {"PatientID": "0", "PatientName": "Two^B"}),
        ({"PatientName": "One^A"}, {"PatientName": "Two^B"}),
        ({"PatientBirthDate": "19900101"}, {"PatientBirthDate": "19910101"}),
    ],
)
def test_two_patients_are_never_joined(tmp_path, one, other):
    _cine(tmp_path / "a.dcm", **one)
    _cine(tmp_path / "b.dcm", **other)
    with pytest.raises(UnreadableFile, match="several patients") as caught:
        open_exam(tmp_path)
    assert "One" not in str(caught.value)
    assert exams_at(tmp_path) == [tmp_path / "a.dcm", tmp_path / "b.dcm"]


def test_a_still_of_another_patient_is_not_joined_either(tmp_path):
    _cine(tmp_path / "a.dcm", PatientID="1")
    write_dicom_cine(tmp_path / "b.dcm", n=1, PatientID="2")
    with pytest.raises(UnreadableFile, match="several patients"):
        open_exam(tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"PatientID": "1"}, {"PatientID": None}),
        ({"PatientID": "ab1 "}, {"PatientID": "AB1"}),
        ({"PatientName": "DOE^JANE"}, {"PatientName": "Doe^Jane^M"}),
        ({"PatientName": "Doe^Jane"}, {"PatientName": "Jane Doe"}),
    ],
)
def test_one_patient_written_in_two_ways_is_one(tmp_path, one, other):
    _cine(tmp_path / "a.dcm", InstanceNumber=1, **one)
    _cine(tmp_path / "b.dcm", InstanceNumber=2, **other)
    assert len(_codes(tmp_path)[0]) == 2


def test_a_file_without_study_is_taken_and_told(tmp_path):
    _cine(tmp_path / "a.dcm", InstanceNumber=1)
    _cine(tmp_path / "b.dcm", InstanceNumber=2, StudyInstanceUID="")
    codes, _, notices = _codes(tmp_path)
    assert len(codes) == 2
    assert any("name no study" in notice and '"b.dcm"' in notice for notice in notices)


@pytest.mark.parametrize("modality", ["", None, "US"])
def test_a_blank_modality_is_told_by_the_class(tmp_path, modality):
    _cine(tmp_path / "a.dcm", Modality=modality)
    write_dicom_cine(
        tmp_path / "ct.dcm", n=3, Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2"
    )
    codes, _, notices = _codes(tmp_path)
    assert codes == [0]
    assert any(notice.startswith("1 file in the folder") for notice in notices)


@pytest.mark.parametrize("modality", ["OT", "SC", "", "MR"])
def test_captured_stills_of_any_modality_count_beside_ultrasound(tmp_path, modality):
    _cine(tmp_path / "a.dcm", AcquisitionDateTime="20200101100000")
    still = write_dicom_cine(
        tmp_path / "b.dcm",
        n=1,
        AcquisitionDateTime="20200101100000.1",
        Modality=modality,
        SOPClassUID=SecondaryCaptureImageStorage,
    )
    codes, stills, notices = _codes(tmp_path)
    assert (codes, stills, notices) == ([0], [("b.dcm", 0, 2)], ())
    (tmp_path / "a.dcm").unlink()
    with pytest.raises(UnreadableFile, match="holds no recording"):
        open_exam(tmp_path)
    assert still.exists()


def test_a_damaged_file_is_left_out_by_name(tmp_path):
    _cine(tmp_path / "a.dcm")
    (tmp_path / "b.dcm").write_bytes(
        bytes(128) + b"DICM" + np.arange(200, dtype=np.uint8).tobytes()
    )
    _, _, notices = _codes(tmp_path)
    assert notices == ('DICOM files that cannot be read were left out: "b.dcm".',)


@pytest.mark.parametrize(
    "stamp",
    [
        lambda m, s: {"AcquisitionDate": "20200101", "AcquisitionTime": f"10:{m:02d}:{s:02d}"},
        lambda m, s: {"AcquisitionDate": "2020.01.01", "AcquisitionTime": f"10{m:02d}{s:02d}"},
        lambda m, s: {"StudyDate": "20200101", "AcquisitionTime": f"10{m:02d}{s:02d}"},
        lambda m, s: {"ContentTime": f"10{m:02d}{s:02d}.5"},
        lambda m, s: {"AcquisitionDateTime": f"2020010110{m:02d}{s:02d}.000+0100"},
        lambda m, s: {
            "AcquisitionDateTime": f"20200101{10 - m:02d}{m:02d}{s:02d}.000{-m:+03d}00".replace(
                "+00", "-00"
            )
        },
    ],
)
def test_clocks_of_all_kinds_give_the_order(tmp_path, stamp):
    for number in range(3):
        path = write_dicom_cine(
            tmp_path / f"c{9 - number}.dcm",
            n=10,
            first_code=100 * number,
            InstanceNumber=9 - number,
        )
        dataset = pydicom.dcmread(path)
        for keyword, value in stamp(number, 0).items():
            write_element(path, keyword, value.encode() + b" " * (len(value) % 2))
        assert dataset.InstanceNumber == 9 - number
    still = write_dicom_cine(tmp_path / "s0.dcm", n=1, InstanceNumber=50)
    for keyword, value in stamp(1, 30).items():
        write_element(still, keyword, value.encode() + b" " * (len(value) % 2))
    codes, stills, notices = _codes(tmp_path)
    assert codes == [0, 100, 200]
    assert stills == [("s0.dcm", 1, 9)]
    assert notices == ()


def test_the_end_of_summer_time(tmp_path):
    stamps = ["20201025025900+0200", "20201025020100+0100", "20201025020300+0100"]
    for number, stamp in enumerate(stamps):
        write_dicom_cine(
            tmp_path / f"c{9 - number}.dcm",
            n=3,
            first_code=100 * number,
            AcquisitionDateTime=stamp,
            InstanceNumber=9 - number,
        )
    assert _codes(tmp_path)[0] == [0, 100, 200]


def test_an_order_that_nothing_tells_is_told(tmp_path):
    for name in ("b", "a"):
        write_dicom_cine(tmp_path / name, n=3, SOPInstanceUID=generate_uid())
    assert any("by file name" in notice for notice in _codes(tmp_path)[2])


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_disc_with_other_things_on_it(tmp_path):
    deep = tmp_path / "DICOM" / "PA000000" / "ST000000" / "SE000000"
    write_study(deep, cines=2, frames=6, stills=2)
    for number, path in enumerate(sorted(deep.iterdir())):
        path.rename(deep / f"IM{number:06d}")
    (tmp_path / "viewer.exe").write_bytes(b"MZ" + bytes(500))
    (tmp_path / "AUTORUN.INF").write_text("[autorun]")
    (deep / "link").symlink_to(tmp_path / "gone")
    (deep / "loop").symlink_to(tmp_path, target_is_directory=True)
    codes, stills, notices = _codes(tmp_path)
    assert codes == [0, 100]
    assert len(stills) == 2
    assert notices == ("2 files in the folder that are no ultrasound images were ignored.",)


def test_names_of_files_that_were_left_out_are_not_exported(tmp_path):
    _cine(tmp_path / "a.dcm")
    shutil.copy(tmp_path / "a.dcm", tmp_path / "Jane Doe copy.dcm")
    (tmp_path / "Doe_Jane.dcm").write_bytes(bytes(128) + b"DICM" + bytes(range(200)))
    with open_exam(tmp_path) as exam:
        told = " ".join(exam.notices)
        assert "Jane Doe copy.dcm" in told
        assert "Doe_Jane.dcm" in told
        hidden = " ".join(hide_names(notice, exam) for notice in exam.notices)
        assert "Doe" not in hidden
