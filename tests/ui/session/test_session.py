"""Editing on a real file: every edit is saved at once, and comes back with the recording."""

import json
import threading
import zipfile
from pathlib import Path

import pytest

from ui.session.session import Session, Task
from usummary import pipeline
from usummary.phantom import Recorder, render
from usummary.progress import Progress
from usummary.project import default_path, load_project
from usummary.selection.edits import Edits
from usummary.settings import Settings


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    recorder = Recorder(width=320, height=240, fps=20, bit_rate=400_000)
    path = tmp_path_factory.mktemp("editing") / "exam.mp4"
    return render(path, minutes=0.5, seed=4, recorder=recorder)


@pytest.fixture
def session(qtbot, recording):
    made = Session()
    yield made
    made.close()


def finish(qtbot, session: Session, path: Path) -> None:
    session.open(path)
    places = (path, default_path(path))
    qtbot.waitUntil(lambda: session.state.project_path in places)
    qtbot.waitUntil(lambda: session.state.phase in ("done", "failed"))
    assert session.state.phase == "done"
    qtbot.waitUntil(lambda: session.state.opened is not None)


def saved(qtbot, session: Session) -> Edits:
    """The edits that are on the disk once they are shown as saved."""
    qtbot.waitUntil(lambda: session.state.saving == "saved")
    return load_project(session.state.project_path).edits


def test_edits_are_saved_and_come_back(qtbot, session, recording, monkeypatch) -> None:
    finish(qtbot, session, recording)
    state, editing = session.state, session.editing
    assert state.saving == "nothing"
    assert not default_path(recording).exists()
    rejected = state.key_shots[0]
    editing.decide(rejected, "reject")
    assert state.saving == "saving"
    assert not state.shots[rejected].selected
    spare = next(i for i in range(len(state.shots)) if i not in state.key_shots and i != rejected)
    editing.decide(spare, "lock")
    assert state.shots[spare].selected
    editing.decide(spare, "reject")
    assert state.shots[spare].selected
    assert saved(qtbot, session) == state.edits
    session.choose_length("25%")
    edits = state.edits
    assert saved(qtbot, session) == edits

    def must_not_run(*_: object) -> None:
        raise AssertionError("a saved result was computed again")

    monkeypatch.setattr(pipeline, "summarize", must_not_run)
    session.state.length = "15%"
    finish(qtbot, session, recording)
    assert session.state.edits == edits
    assert session.state.length == "25%"
    assert session.state.saving == "saved"
    assert not session.editing.history.canUndo()


def test_undo_and_redo_show_and_save_the_value_before(qtbot, session, recording) -> None:
    finish(qtbot, session, recording)
    state, editing = session.state, session.editing
    start, shots = state.edits, state.shots
    shot = next(shot for shot in state.shots if state.edits.decision(shot) != "locked")
    session.playback.seek((shot.start_s + shot.end_s) / 2)
    qtbot.waitUntil(lambda: session.playback.on_screen == session.playback.due)
    editing.split()
    assert len(state.shots) == len(shots) + 1
    editing.add_freeze("Femur")
    assert state.summary.coverage["Femur"]["frozen"]
    session.choose_length("20%")
    newest = state.edits
    for _ in range(3):
        session.editing.undo()
    assert (state.edits, state.shots) == (start, shots)
    assert saved(qtbot, session) == start
    for _ in range(3):
        session.editing.redo()
    assert (state.edits, state.length) == (newest, "20%")
    assert saved(qtbot, session) == newest


def test_covering_is_switched_undone_and_saved(qtbot, session, recording) -> None:
    finish(qtbot, session, recording)
    state = session.state
    assert state.cover_planes
    assert state.summary.cover_s == Settings().cover_s
    shots = state.shots
    session.cover_planes(False)
    assert (state.cover_planes, state.summary.cover_s) == (False, 0.0)
    assert saved(qtbot, session) == state.edits
    finish(qtbot, session, recording)
    assert not state.cover_planes
    session.cover_planes(True)
    assert state.shots == shots
    session.editing.undo()
    assert not state.cover_planes
    session.editing.redo()
    assert state.shots == shots
    saved(qtbot, session)
    assert load_project(state.project_path).cover_planes


def test_a_project_opens_its_recording_and_is_saved_to(qtbot, session, recording, tmp_path) -> None:
    finish(qtbot, session, recording)
    copy = tmp_path / "for a colleague.usummary"
    with qtbot.waitSignal(session.copied):
        session.save_project_as(copy)
    before = session.state.edits
    finish(qtbot, session, copy)
    assert session.state.path == recording
    assert session.state.edits == before
    free = [shot.decision for shot in session.state.shots].index("automatic")
    session.editing.decide(free, "keep")
    assert saved(qtbot, session) == session.state.edits != before
    assert load_project(copy).edits == session.state.edits
    assert load_project(default_path(recording)).edits == before


def edit(session: Session) -> None:
    free = [shot.decision for shot in session.state.shots].index("automatic")
    session.editing.decide(free, "keep")


def of_a_newer_version(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    header = json.loads(parts["project.json"]) | {"version": 99}
    parts["project.json"] = json.dumps(header).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part)


@pytest.mark.parametrize("fault", [of_a_newer_version, lambda path: path.write_bytes(b"half")])
def test_a_project_that_cannot_be_used_is_left_as_it_is(
    qtbot, session, recording, tmp_path, fault
) -> None:
    path = tmp_path / "exam.mp4"
    path.write_bytes(recording.read_bytes())
    own = default_path(path)
    finish(qtbot, session, path)
    edit(session)
    saved(qtbot, session)
    fault(own)
    before = own.read_bytes()

    session.open(path)
    qtbot.waitUntil(lambda: session.state.phase == "done")
    assert session.state.edits == Edits()
    assert any(str(own) in notice for notice in session.state.notices)
    edit(session)
    assert session.state.saving == "off"
    session.run()
    qtbot.waitUntil(lambda: session.state.phase == "done")
    assert session.save_all() == ()
    assert own.read_bytes() == before
    assert not list(own.parent.glob(f"{own.name}*.unused"))

    elsewhere = tmp_path / "other.usummary"
    session.save_project_as(elsewhere)
    assert saved(qtbot, session) == session.state.edits
    assert load_project(elsewhere).edits == session.state.edits != Edits()
    assert own.read_bytes() == before


def test_edits_of_another_recording_are_set_aside_each_time(
    qtbot, session, recording, tmp_path
) -> None:
    path = tmp_path / "exam.mp4"
    path.write_bytes(recording.read_bytes())
    own, kept = default_path(path), []
    finish(qtbot, session, path)
    for number in (1, 2):
        edit(session)
        saved(qtbot, session)
        kept.append(own.read_bytes())
        box = (8).to_bytes(4, "big") + b"free"
        path.write_bytes(recording.read_bytes() + box * number)
        finish(qtbot, session, path)
        assert session.state.edits == Edits()
        assert any("another recording" in notice for notice in session.state.notices)
    aside = sorted(own.parent.glob(f"{own.name}*.unused"))
    assert [file.read_bytes() for file in aside] == kept


@pytest.mark.parametrize("wanted", ["mine", "theirs"])
def test_two_sessions_on_one_exam_lose_nothing(qtbot, session, recording, tmp_path, wanted) -> None:
    path = tmp_path / "exam.mp4"
    path.write_bytes(recording.read_bytes())
    own, other = default_path(path), Session()
    finish(qtbot, session, path)
    finish(qtbot, other, path)
    edit(session)
    mine = saved(qtbot, session)
    other.choose_length("25%")
    with qtbot.waitSignal(other.changed_beside, timeout=10_000) as asked:
        other.editing.decide(other.state.key_shots[-1], "reject")
    theirs = other.state.edits
    assert asked.args == [own]
    assert other.state.saving == "failed"
    assert load_project(own).edits == mine

    other.resolve(wanted)
    qtbot.waitUntil(lambda: other.state.saving == "saved")
    assert load_project(own).edits == other.state.edits == (theirs if wanted == "mine" else mine)
    (kept,) = own.parent.glob(f"{own.name}*.unused")
    assert load_project(kept).edits == (mine if wanted == "mine" else theirs)
    edit(other)
    saved(qtbot, other)
    other.close()


def test_a_task_ends_by_itself_and_not_with_the_one_before(qtbot, session) -> None:
    """What gives way to a task, and the task, are told apart by whoever waits for its end."""
    ended, results, go = [], [], threading.Event()
    session.ended.connect(ended.append)

    def until_cancelled(report):
        while True:
            report(Progress("reading", 0.0))
            go.wait(0.01)

    session.queue.add(Path("queued.mp4"))
    first = Task("run", "run", until_cancelled, results.append, Path("queued.mp4"), queued=True)
    session._begin(first)
    task = session.work_beside("cohort", lambda _: "measured")
    assert task is not None
    assert session.work_beside("cohort", lambda _: "too much") is None
    session.queue.entries.clear()
    qtbot.waitUntil(lambda: len(ended) == 2, timeout=10_000)
    assert ended == [first, task]
    assert results == []


def test_a_project_that_is_none_is_said(qtbot, session, tmp_path) -> None:
    other = tmp_path / "letter.usummary"
    other.write_text("dear colleague")
    with qtbot.waitSignal(session.problem) as said:
        session.open(other)
    assert "no usummary project" in said.args[0].sentence


def test_an_edit_that_cannot_be_made_is_refused_in_words(qtbot, session, recording) -> None:
    finish(qtbot, session, recording)
    refused: list[str] = []
    session.refused.connect(refused.append)
    edits = session.state.edits
    session.editing.decide(999, "keep")
    session.editing.add_shot()
    session.playback.seek(session.state.shots[1].start_s)
    qtbot.waitUntil(lambda: session.playback.on_screen == session.playback.due)
    session.editing.split()
    assert len(refused) == 3
    assert session.state.edits == edits
