"""Files are whole or as they were; names from files stay in their folder."""

import os
from contextlib import suppress
from pathlib import PurePosixPath, PureWindowsPath

import pytest

from usummary.errors import ExportError
from usummary.files import beside, is_plain_path, leads_inside, stays_inside, written_beside

ESCAPES = [
    "", ".", "..", "../x", "a/../../x", "/x", "//server/share/x", "\\x", "a\\x", "..\\x",
    "\\\\server\\share\\x", "\\\\.\\pipe\\x", "C:x", "C:\\x", "C:/x", "a:stream", "a/C:x",
    "CON", "a/nul.txt", "com1", "LPT9.mp4", "a\0b", "a. ", "a.", "a\n", "\ud800", "x" * 256,
]  # fmt: skip


@pytest.mark.parametrize("name", ESCAPES)
def test_names_that_lead_elsewhere_on_any_system(name):
    assert not stays_inside(name)


@pytest.mark.parametrize("name", ["summary.mp4", "clips/shot 01.mp4", ".hidden", "ä/é.png", "..a"])
def test_names_that_stay(name):
    assert stays_inside(name)
    assert leads_inside(name, PureWindowsPath)
    assert leads_inside(name, PurePosixPath)


def test_a_person_may_call_a_file_what_the_system_allows():
    for name in ("12:30.mp4", "con.mp4", "a.", "x\\y.mp4"):
        assert leads_inside(name, PurePosixPath)
    assert leads_inside("study\\x.dcm", PureWindowsPath)
    for name in ("con.mp4", "C:x", "\\x", "..\\x", "a:b"):
        assert not leads_inside(name, PureWindowsPath)
    for name in ("../x", "/x", "a\0"):
        assert not leads_inside(name, PurePosixPath)


def test_paths_that_ask_other_machines():
    assert is_plain_path("/exams/a.mp4")
    assert is_plain_path("C:\\exams\\a.mp4")
    for path in ("\\\\server\\x", "//server/x", "\\/server/x", "\\\\?\\UNC\\server\\x", "a\0"):
        assert not is_plain_path(path)


@pytest.mark.parametrize("sync", [False, True])
def test_a_failed_write_leaves_what_was_there(tmp_path, sync):
    path = tmp_path / "deep" / "file"
    with beside(path, sync=sync) as part:
        part.write_text("old")
    with suppress(KeyboardInterrupt), beside(path, sync=sync) as part:
        part.write_text("ne")
        raise KeyboardInterrupt
    assert [left.name for left in path.parent.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_a_persons_work_is_on_the_disk_before_it_takes_the_name(tmp_path, monkeypatch):
    path, events = tmp_path / "file", []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: events.append(path.exists()) or fsync(handle))
    with beside(path, sync=True) as part:
        part.write_text("x")
    assert events[0] is False


def test_a_write_that_cannot_be_is_an_export_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(ExportError, match="could not be written"),
        written_beside(tmp_path / "file" / "below"),
    ):
        pass
