"""The saver: each file is tried, each failure told, and nothing of another window written over."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.edited import make_analysis
from ui.session.saving import ChangedBeside, Saver, set_aside, stamp_of
from usummary.project import Project, load_project, save_project
from usummary.selection import edits as e
from usummary.selection.edits import UNEDITED
from usummary.settings import DEFAULTS

ANALYSIS = make_analysis()
PROJECT = Project(ANALYSIS.path, DEFAULTS, "15%", UNEDITED, ANALYSIS, cover_planes=False)
OTHER = replace(PROJECT, edits=e.keep(UNEDITED, ANALYSIS.shots[1]))


@pytest.fixture
def saver(qtbot):
    made = Saver()
    yield made
    made.finish()


def in_no_folder(tmp_path: Path, name: str) -> Path:
    """A place where nothing can be written, for the folder's name is a file's."""
    (tmp_path / name).write_text("a file")
    return tmp_path / name / "exam.usummary"


def test_one_that_fails_keeps_no_other_from_the_disk(qtbot, saver, tmp_path) -> None:
    bad = [in_no_folder(tmp_path, name) for name in ("one", "two")]
    good = [tmp_path / "good.usummary", tmp_path / "last.usummary"]
    told = []
    saver.failed.connect(lambda path, error: told.append((path, str(error))))
    for path in (bad[0], good[0], bad[1], good[1]):
        saver.save(path, PROJECT)
    errors = saver.finish()
    assert [load_project(path).length for path in good] == ["15%", "15%"]
    assert [path for path, _ in told] == bad
    assert len(errors) == 2
    for (path, sentence), error in zip(told, errors, strict=True):
        assert str(path) in sentence
        assert str(error) == sentence


def test_waiting_ones_are_written_after_one_that_failed(qtbot, saver, tmp_path) -> None:
    good = tmp_path / "good.usummary"
    with qtbot.waitSignal(saver.failed), qtbot.waitSignal(saver.saved) as saved:
        saver.save(in_no_folder(tmp_path, "one"), PROJECT)
        saver.save(good, PROJECT)
    assert saved.args == [good]
    assert good.exists()


def test_a_file_that_another_window_wrote_is_left(qtbot, saver, tmp_path) -> None:
    path = tmp_path / "exam.usummary"
    saver.know(path, None)
    for project in (PROJECT, OTHER):
        with qtbot.waitSignal(saver.saved):
            saver.save(path, project)
    save_project(path, PROJECT)
    theirs = path.read_bytes()
    with qtbot.waitSignal(saver.failed) as failed:
        saver.save(path, OTHER)
    assert isinstance(failed.args[1], ChangedBeside)
    assert path.read_bytes() == theirs
    saver.know(path, stamp_of(path))
    with qtbot.waitSignal(saver.saved):
        saver.save(path, OTHER)
    assert load_project(path).edits == OTHER.edits


def test_at_the_end_edits_in_conflict_are_kept_beside(qtbot, saver, tmp_path) -> None:
    path = tmp_path / "exam.usummary"
    save_project(path, PROJECT)
    theirs = path.read_bytes()
    saver.know(path, None)
    saver.save(path, OTHER)
    (error,) = saver.finish()
    assert path.read_bytes() == theirs
    (kept,) = tmp_path.glob("*.unused")
    assert kept.name in str(error)
    assert load_project(kept).edits == OTHER.edits


def test_what_is_set_aside_replaces_nothing(tmp_path) -> None:
    path = tmp_path / "exam 12.5 weeks.usummary"
    for content in ("first", "second", "third"):
        path.write_text(content)
        set_aside(path)
    kept = sorted(tmp_path.iterdir())
    assert [file.read_text() for file in kept] == ["first", "second", "third"]
    assert all(file.name.startswith("exam 12.5 weeks.usummary ") for file in kept)
