"""Cards, freeze-frame list and planes, on hand-made results."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.ui.values import make_opened, make_summary
from ui.result.cards import button_at
from ui.result.freeze_frames import plane_line
from ui.result.side_panel import SidePanel
from ui.session.session import Session
from usummary.project import load_project


@pytest.fixture
def session(qtbot):
    made = Session()
    state = made.state
    state.start_opening(Path("exam.mp4"))
    state.finish_opening(make_opened())
    state.start_run()
    state.finish_run(make_summary())
    yield made
    made.close()


@pytest.fixture
def side(qtbot, session, tmp_path):
    session.state.project_path = tmp_path / "exam.usummary"
    made = SidePanel(session)
    qtbot.addWidget(made)
    session.changed.connect(made.refresh)
    made.resize(380, 700)
    made.show()
    made.refresh()
    return made


def press(side: SidePanel, row: int, name: str) -> None:
    view = side.cards.list
    rect = view.visualRect(side.cards.model.index(row))
    spot = button_at(rect, name).center().toPoint()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(spot))


def test_a_card_is_kept_rejected_and_locked_by_its_buttons(side, session, qtbot) -> None:
    state = session.state
    side.cards.all_box.click()
    assert side.cards.model.rowCount() == 5
    press(side, 0, "lock")
    assert state.shots[0].decision == "locked"
    assert "locked" in side.cards.model.data(side.cards.model.index(0))
    press(side, 0, "reject")
    assert state.shots[0].decision == "locked"
    press(side, 0, "lock")
    assert state.shots[0].decision == "kept"
    press(side, 0, "keep")
    assert state.shots[0].decision == "automatic"
    press(side, 3, "reject")
    assert not state.shots[3].selected
    session.editing.undo()
    assert state.shots[3].decision == "automatic"
    qtbot.waitUntil(lambda: state.saving == "saved")
    assert load_project(state.project_path).edits == state.edits
    assert "saved" in side.saving.text()


def test_only_key_shots_are_shown_until_all_are_wanted(side, session) -> None:
    assert side.cards.model.rowCount() == len(session.state.key_shots)
    session.editing.decide(session.state.key_shots[0], "reject")
    assert side.cards.model.rowCount() == len(session.state.key_shots)
    side.cards.all_box.click()
    assert side.cards.model.rowCount() == len(session.state.shots)


def test_the_recall_follows_the_tolerance(side) -> None:
    freezes = side.freezes
    freezes.tolerance.setValue(0.0)
    assert "Recall 50%" in freezes.recall.text()
    freezes.tolerance.setValue(1.0)
    assert "Recall 100%" in freezes.recall.text()


def test_freeze_frames_are_added_labelled_and_removed(side, session) -> None:
    freezes, state = side.freezes, session.state
    session.state.playhead_s = 7.0
    freezes.add_button.click()
    assert [freeze.frame for freeze in state.freeze_frames] == [25, 50, 10]
    freezes.list.setCurrentRow(2)
    freezes._menu.actions()[0].trigger()
    assert state.freeze_frames[2].plane == "Brain (Cb.)"
    assert "Brain (Cb.) – frozen" in side.planes.list.item(0).text()
    assert freezes.list.currentRow() == 2
    freezes.remove_button.click()
    assert len(state.freeze_frames) == 2
    for _ in range(3):
        session.editing.undo()
    assert len(state.freeze_frames) == 2
    assert "Brain" not in freezes.list.item(1).text()


def test_the_pair_shows_key_frame_and_freeze_frame(side) -> None:
    side._tabs.button(1).click()
    side.freezes.list.setCurrentRow(0)
    assert side.missing_pictures() == [25]
    side.freezes.list.setCurrentRow(1)
    assert side.missing_pictures() == [50]


def test_planes_are_named_in_neutral_words() -> None:
    assert plane_line("Lips", shown=False, frozen=False).endswith("Lips – not in summary")
    assert plane_line("Lips", shown=False, frozen=True).endswith("Lips – frozen, not in summary")
    assert plane_line("Lips", shown=True, frozen=True).startswith("■ ◆")


def test_in_and_out_points_hold_both_pictures(session) -> None:
    state = session.state
    state.playhead_s = 1.0
    session.set_point("in")
    state.playhead_s = 1.4
    session.set_point("out")
    assert state.between_points == (10, 15)
    session.editing.add_shot()
    added = next(shot for shot in state.shots if shot.decision == "kept")
    assert (added.start_frame, added.end_frame) == (10, 15)
    assert state.shots[state.selected] == added
    assert state.between_points is None
    state.playhead_s = 5.0
    session.set_point("out")
    state.playhead_s = 6.5
    session.set_point("in")
    assert (state.in_s, state.out_s) == (6.5, None)
