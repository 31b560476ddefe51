"""What counts as an exam, the same for listing and for opening."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.builders import dicom_dataset, write_dicom_cine, write_study, write_video
from usummary.errors import UnreadableFile
from usummary.progress import Cancelled
from usummary.readers import open_exam
from usummary.readers.find_exams import VIDEO_ENDINGS, exams_at, find_exams


def _study(folder, uid, **how):
    write_study(folder, **how)
    from pydicom import dcmread

    for path in folder.rglob("*"):
        if path.is_file():
            dataset = dcmread(path)
            dataset.StudyInstanceUID = uid
            dataset.save_as(path)
    return folder


def test_a_study_without_endings_is_one_exam(tmp_path):
    write_study(tmp_path, cines=2, stills=1)
    for path in list(tmp_path.glob("*.dcm")):
        path.rename(path.with_suffix(""))
    assert exams_at(tmp_path) == [tmp_path]
    with open_exam(tmp_path) as exam:
        assert len(exam.recordings) == 2


def test_folders_of_series_are_one_exam(tmp_path):
    study = tmp_path / "study"
    for series in ("1", "2"):
        (study / series).mkdir(parents=True)
        write_dicom_cine(study / series / "IM1", n=3)
    assert exams_at(study) == [study]
    assert exams_at(tmp_path) == [tmp_path]


def test_two_studies_in_folders_are_two_exams(tmp_path):
    one = _study(tmp_path / "a" / "deep", "1.2.3", cines=1, stills=1)
    other = _study(tmp_path / "b", "1.2.4", cines=1, stills=0)
    found = exams_at(tmp_path)
    assert found == [tmp_path / "a", tmp_path / "b"]
    for path in found:
        open_exam(path).close()
    shutil.move(one, tmp_path / "b" / "deep")
    assert exams_at(tmp_path) == [other / "8.dcm", other / "deep"] or exams_at(tmp_path) == [
        other / "9.dcm",
        other / "deep",
    ]


@pytest.mark.parametrize("ending", [".m4v", ".MPG", ".wmv", ".ts", ".vob", ".3gp"])
def test_videos_of_any_known_ending_are_exams(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"x")
    assert ending.lower() in VIDEO_ENDINGS
    assert exams_at(tmp_path) == [path]


def test_cines_of_several_studies_side_by_side_are_opened_one_by_one(tmp_path):
    write_dicom_cine(tmp_path / "a", n=3, StudyInstanceUID="1.2.3")
    write_dicom_cine(tmp_path / "b", n=3, StudyInstanceUID="1.2.4")
    write_dicom_cine(tmp_path / "still", n=1, StudyInstanceUID="1.2.4")
    with pytest.raises(UnreadableFile, match="holds 2 studies"):
        open_exam(tmp_path)
    assert exams_at(tmp_path) == [tmp_path / "a", tmp_path / "b"]


def test_a_study_beside_a_video(tmp_path):
    write_study(tmp_path / "study", cines=1, stills=0)
    video = write_video(tmp_path / "a.mp4", n=3)
    assert exams_at(tmp_path) == [video, tmp_path / "study"]


def test_nothing_that_cannot_be_opened_is_listed(tmp_path):
    dicom_dataset().save_as(tmp_path / "report.dcm", enforce_file_format=True)
    write_dicom_cine(tmp_path / "still.dcm", n=1)
    (tmp_path / "notes.txt").write_text("x" * 300)
    (tmp_path / "empty").mkdir()
    for look in (exams_at, find_exams):
        with pytest.raises(UnreadableFile, match="holds no recordings"):
            look(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_linked_folders_are_followed_and_loops_end(tmp_path):
    study = write_study(tmp_path / "elsewhere", cines=2, stills=1)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "study").symlink_to(study, target_is_directory=True)
    (linked / "loop").symlink_to(linked, target_is_directory=True)
    (linked / "broken").symlink_to(tmp_path / "nowhere")
    assert exams_at(linked) == [linked / "study"]
    with open_exam(linked) as exam:
        assert len(exam.recordings) == 2
        assert len(exam.freeze_frames) == 1


def test_looking_for_exams_can_be_cancelled(tmp_path):
    write_study(tmp_path / "study", cines=1, stills=1)

    def cancel(_):
        raise Cancelled

    for find in (exams_at, find_exams):
        with pytest.raises(Cancelled):
            find(tmp_path, cancel)
