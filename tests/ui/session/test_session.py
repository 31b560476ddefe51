"""Editing on a real file: every edit is saved at once, and comes back with the recording."""

from pathlib import Path

import pytest

from ui.session.session import Session
from usummary import pipeline
from usummary.phantom import Recorder, render
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
    state.playhead_s = (shot.start_s + shot.end_s) / 2
    editing.split()
    assert len(state.shots) == len(shots) + 1
    editing.add_freeze("Femur")
    assert state.summary.coverage["Femur"]["frozen"]
    session.choose_length("20%")
    newest = state.edits
    for _ in range(3):
        session.undo()
    assert (state.edits, state.shots) == (start, shots)
    assert saved(qtbot, session) == start
    for _ in range(3):
        session.redo()
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
    session.undo()
    assert not state.cover_planes
    session.redo()
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


def test_a_damaged_project_costs_no_result(qtbot, session, recording) -> None:
    own = default_path(recording)
    own.parent.mkdir(exist_ok=True)
    own.write_bytes(b"half a file")
    finish(qtbot, session, recording)
    assert session.state.edits == Edits()
    assert any("edits made before" in notice for notice in session.state.notices)
    assert own.with_suffix(".unused").read_bytes() == b"half a file"


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
    session.state.playhead_s = session.state.shots[1].start_s
    session.editing.split()
    assert len(refused) == 3
    assert session.state.edits == edits
