"""The list of freeze-frames beside a recording."""

from __future__ import annotations

import pytest

from tests.builders import write_study, write_video
from usummary.errors import SettingsError
from usummary.readers import open_exam
from usummary.readers.freeze_list import find_sidecar


@pytest.fixture
def path(tmp_path):
    return write_video(tmp_path / "exam.mp4", fps=25)


def _open(path, text, encoding="utf-8"):
    (path.parent / "exam.freeze.csv").write_text(text, encoding=encoding)
    with open_exam(path) as exam:
        return [(f.frame, f.plane, f.source) for f in exam.freeze_frames]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("time_s,plane\n0.8,4ch\n0.4,Femur\n", "utf-8"),
        ("Time_s;Plane\r\n0,8;4CH\r\n\r\n0,4;femur\r\n", "utf-8-sig"),
        ("frame\tplane\n20\t4CH\n10\tFEMUR\n", "utf-8"),
        ('plane,frame\n"4CH",20\n"Femur",10\n', "utf-8"),
    ],
)
def test_lists_that_say_the_same(path, text, encoding):
    expected = [(10, "Femur", "listed"), (20, "4CH", "listed")]
    assert _open(path, text, encoding) == expected


def test_the_plane_may_be_missing(path):
    assert _open(path, "time_s\n0.4\n") == [(10, None, "listed")]
    assert _open(path, "time_s,plane\n0.4,\n") == [(10, None, "listed")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_s,plane\n0.4,Femur\n0.5,Knee\n", 'Line 3 .*"Knee" is no standard plane'),
        ("time_s\n0.4\n1.7\n", "Line 3 .*outside the exam"),
        ("time_s\n-1\n", "Line 2 .*outside the exam"),
        ("time_s\nnan\n", "Line 2 .*outside the exam"),
        ("time_s\nsoon\n", 'Line 2 .*"soon" is no time'),
        ("frame\n40\n", "Line 2 .*40 frames"),
        ("frame\n-1\n", "Line 2 .*no frame"),
        ("second\n1\n", "first line"),
        ("time_s,frame\n1,1\n", "first line"),
        ("", "first line"),
    ],
)
def test_wrong_lines_are_named(path, text, message):
    with pytest.raises(SettingsError, match=message):
        _open(path, text)


def test_another_list_can_be_named(path, tmp_path):
    (path.parent / "exam.freeze.csv").write_text("frame\n3\n")
    other = tmp_path / "other.csv"
    other.write_text("frame\n5\n")
    with open_exam(path, freeze_frames=other) as exam:
        assert [f.frame for f in exam.freeze_frames] == [5]
    with pytest.raises(SettingsError, match="cannot be read"):
        open_exam(path, freeze_frames=tmp_path / "none.csv")


def test_frames_are_counted_through_a_study(tmp_path):
    folder = write_study(tmp_path / "study", stills=1)
    listed = tmp_path / "list.csv"
    listed.write_text("frame\n30\n")
    with open_exam(folder, freeze_frames=listed) as exam:
        found = [(f.recording, f.frame, f.source) for f in exam.freeze_frames]
        assert found == [(0, 24, "still"), (1, 5, "listed")]


def test_a_cell_longer_than_any_is_an_error_that_names_the_line(path):
    with pytest.raises(SettingsError, match=r"Line 2 of .*exam\.freeze\.csv"):
        _open(path, "time_s,plane\n0.4," + "x" * 200_000 + "\n")


@pytest.mark.parametrize("text", ["frame\n" + "9" * 5000 + "\n", "x" * 200_000])
def test_absurd_numbers_and_headings_are_errors_of_the_list(path, text):
    with pytest.raises(SettingsError):
        _open(path, text)


def test_a_folder_whose_name_has_a_dot_keeps_all_of_its_name(tmp_path) -> None:
    folder = tmp_path / "exam 12.5 weeks"
    write_study(folder)
    (tmp_path / "exam 12.freeze.csv").write_text("frame\n3\n")
    assert find_sidecar(folder) is None
    own = tmp_path / "exam 12.5 weeks.freeze.csv"
    own.write_text("frame\n3\n")
    assert find_sidecar(folder) == own
