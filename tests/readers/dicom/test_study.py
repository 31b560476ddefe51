"""Study folders: cines in acquisition order, stills as freeze-frames."""

from __future__ import annotations

import pytest

from tests.builders import (
    dicom_dataset,
    read_code,
    write_dicom_cine,
    write_study,
    write_video,
)
from usummary.errors import UnreadableFile
from usummary.readers import open_exam


def test_cines_are_joined_in_acquisition_order(tmp_path):
    with open_exam(write_study(tmp_path / "étude 1", cines=3)) as exam:
        assert [read_code(r.frame(0).pixels) for r in exam.recordings] == [0, 100, 200]
        assert exam.offsets_s == pytest.approx((0.0, 1.0, 2.0))
        assert exam.duration_s == pytest.approx(3.0)
        assert exam.frame_count == 75


def test_stills_between_cines_lie_at_the_end_of_the_one_before(tmp_path):
    with open_exam(write_study(tmp_path, cines=2, stills=2)) as exam:
        stills = exam.freeze_frames
        assert [(s.recording, s.frame, s.source) for s in stills] == [
            (0, 24, "still"),
            (1, 24, "still"),
        ]
        assert [s.time_s for s in stills] == pytest.approx([0.96, 1.96])
        assert [s.path.name for s in stills] == ["still0", "still1"]
        assert [exam.locate(s.time_s) for s in stills] == [(0, 24), (1, 24)]


def test_a_still_within_a_cine_lies_at_that_moment(tmp_path):
    write_dicom_cine(tmp_path / "a", n=25, AcquisitionDateTime="20200101100000.000")
    write_dicom_cine(tmp_path / "b", n=1, ContentDate="20200101", ContentTime="100000.440")
    with open_exam(tmp_path) as exam:
        (still,) = exam.freeze_frames
        assert (still.recording, still.frame) == (0, 11)
        assert still.time_s == pytest.approx(0.44)


def test_without_times_the_instance_numbers_count(tmp_path):
    for number, n in ((3, 25), (1, 25), (2, 1), (4, 1)):
        write_dicom_cine(tmp_path / f"{9 - number}", n=n, first_code=number, InstanceNumber=number)
    with open_exam(tmp_path) as exam:
        assert [read_code(r.frame(0).pixels) for r in exam.recordings] == [1, 3]
        assert [(s.recording, s.frame) for s in exam.freeze_frames] == [(0, 24), (1, 24)]


def test_a_still_before_all_cines_lies_at_the_start(tmp_path):
    write_dicom_cine(tmp_path / "a", n=5, AcquisitionDateTime="20200101100000")
    write_dicom_cine(tmp_path / "b", n=1, AcquisitionDateTime="20200101095900")
    with open_exam(tmp_path) as exam:
        assert [(s.recording, s.frame, s.time_s) for s in exam.freeze_frames] == [(0, 0, 0.0)]


def test_other_files_are_ignored_with_their_number(tmp_path):
    write_study(tmp_path / "below" / "it")
    (tmp_path / "notes.txt").write_text("x" * 200)
    dicom_dataset().save_as(tmp_path / "report.dcm", enforce_file_format=True)
    with open_exam(tmp_path) as exam:
        assert len(exam.recordings) == 2
        assert any(notice.startswith("2 files in the folder") for notice in exam.notices)


def test_two_studies_are_refused(tmp_path):
    write_dicom_cine(tmp_path / "a", StudyInstanceUID="1.2.3")
    write_dicom_cine(tmp_path / "b", StudyInstanceUID="1.2.4")
    with pytest.raises(UnreadableFile, match="holds 2 studies"):
        open_exam(tmp_path)


def test_folders_without_a_cine(tmp_path):
    with pytest.raises(UnreadableFile, match="holds no recording"):
        open_exam(tmp_path)
    write_video(tmp_path / "a.mp4")
    with pytest.raises(UnreadableFile, match="open a video file by itself"):
        open_exam(tmp_path)
    write_dicom_cine(tmp_path / "still", n=1)
    with pytest.raises(UnreadableFile, match="holds no recording"):
        open_exam(tmp_path)


def test_a_damaged_cine_is_left_out_with_a_notice(tmp_path):
    write_study(tmp_path, cines=2, stills=0)
    damaged = tmp_path / "9.dcm"
    damaged.write_bytes(damaged.read_bytes()[:3000])
    with open_exam(tmp_path) as exam:
        assert [read_code(r.frame(0).pixels) for r in exam.recordings] == [100]
        assert 'Cines that are damaged were left out: "9.dcm".' in exam.notices


def test_parts_of_a_concatenation_follow_one_another(tmp_path):
    same = {"AcquisitionDateTime": "20200101100000", "InstanceNumber": 1}
    for part, name in ((2, "a"), (1, "b"), (3, "c")):
        write_dicom_cine(tmp_path / name, first_code=part, InConcatenationNumber=part, **same)
    with open_exam(tmp_path) as exam:
        assert [read_code(r.frame(0).pixels) for r in exam.recordings] == [1, 2, 3]
        assert exam.notices == ()


def test_a_folder_of_pictures_says_what_to_do(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.PNG").write_bytes(b"picture")
    with pytest.raises(UnreadableFile, match=r"It holds 3 pictures.*make a video of them"):
        open_exam(tmp_path)
