"""The comparison on a real file: opened by key, lanes switched on, clicked, copied, saved."""

import csv
import json
import os
import shlex
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from tests.comparing.test_one_exam import frozen_at, make
from tests.ui.windows import shown_window
from ui.compare import lanes
from ui.compare.table import ComparedTable
from ui.window.main_window import MainWindow
from usummary.comparing.one_exam import Terms, by_baseline, by_model
from usummary.paths import models_dir
from usummary.phantom import Recorder, render

OTHER = "second-model"


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    recorder = Recorder(width=320, height=240, fps=20, bit_rate=400_000)
    folder = tmp_path_factory.mktemp("a patient")
    return render(folder / "kurze übung.mp4", minutes=0.5, seed=4, recorder=recorder)


@pytest.fixture
def window(qtbot):
    with shown_window(qtbot, "player", "work", "comparing", "comparing beside") as made:
        yield made


@pytest.fixture
def _two_models(tmp_path, monkeypatch):
    """The same weights are installed under a second name."""
    installed = tmp_path / "models"
    shutil.copytree(models_dir(), installed)
    shutil.copytree(installed / "3dst-unet-rl", installed / OTHER)
    monkeypatch.setattr("usummary.paths.models_dir", lambda: installed)


@pytest.fixture
def comparing(qtbot, window, recording):
    """The window with the comparison of a finished exam, opened by its key."""
    window.open(recording)
    qtbot.waitUntil(lambda: window.state.phase in ("done", "failed"))
    qtbot.waitUntil(lambda: not window.session.working)
    QTest.keyClick(window, Qt.Key.Key_V)
    assert window.compare.is_shown
    assert not window.side.isVisible()
    qtbot.waitUntil(lambda: len(window.compare.compared) == 4)
    return window


def switch_on(qtbot, window: MainWindow, baseline: str) -> None:
    """As a person does by keys: the menu's entry under its letter would be the same action."""
    window.compare.panel.baselines[baseline].trigger()
    shown = window.compare
    qtbot.waitUntil(lambda: baseline in {lane.who for lane in shown.compared})


def test_lanes_are_seen_clicked_copied_and_saved(
    qtbot, comparing, recording, tmp_path, monkeypatch
) -> None:
    window, compare = comparing, comparing.compare
    switch_on(qtbot, window, "random scores")
    assert [lane.length for lane in compare.compared] == ["15%", "20%", "25%", "P"] * 2
    table = compare.panel.table
    assert table.rowCount() == 8
    assert table.item(4, 0).text() == "Random scores"

    # A click goes exactly there, and chooses the lane's row.
    strip, view = compare.lanes.strip_of(5), compare.lanes.view
    x = lanes.NAMES_PX + round(view.width / 3)
    wanted_s = view.time(x - lanes.NAMES_PX)
    at = QPoint(x, round(strip.center().y()))
    QTest.mouseClick(compare.lanes, Qt.MouseButton.LeftButton, pos=at)
    on_screen = window.state.opened.table.position_at(wanted_s)
    qtbot.waitUntil(lambda: window.session.playback.on_screen == on_screen)
    assert table.chosen == 5

    QTest.mouseClick(compare.panel.command_button, Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text()
    assert copied == (
        "usummary evaluate 'kurze übung.mp4' --model 3dst-unet-rl --baseline 'random scores' "
        "--seeds 1 --length 20% --cover-planes --mode application"
    )

    chosen = tmp_path / "lanes"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(chosen), ""))
    QTest.mouseClick(compare.panel.figure_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.hint.text().startswith("Saved")))
    drawn = (tmp_path / "lanes.svg").read_text(encoding="utf-8")
    assert "random scores" in drawn
    assert recording.stem not in drawn
    rows = csv.DictReader((tmp_path / "lanes.csv").read_text(encoding="utf-8").splitlines())
    assert len([row for row in rows if row["what"] == "lane"]) == 8

    # Not without asking over what is there.
    (tmp_path / "lanes.csv").write_text("mine", encoding="utf-8")
    (tmp_path / "lanes.svg").unlink()
    no = QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *_: no)
    QTest.mouseClick(compare.panel.figure_button, Qt.MouseButton.LeftButton)
    assert (tmp_path / "lanes.csv").read_text(encoding="utf-8") == "mine"

    QTest.keyClick(window, Qt.Key.Key_V)
    assert window.side.isVisible()
    assert not compare.is_shown


@pytest.mark.skipif(os.name == "nt", reason="the line is taken apart as a POSIX shell does")
def test_the_copied_command_gives_the_same_figures(qtbot, comparing, run, monkeypatch) -> None:
    compare = comparing.compare
    compare.panel.table.choose(1)
    compare.copy_command()
    program, *words = shlex.split(QApplication.clipboard().text())
    assert program == "usummary"
    assert str(comparing.state.path.parent) not in " ".join(words)
    monkeypatch.chdir(comparing.state.path.parent)
    code, _, err = run(*words)
    assert code == 0, err
    record = json.loads((Path(words[-1]) / "summary.json").read_text(encoding="utf-8"))
    lane = compare.compared[1]
    assert record["metrics"] == {"f1": lane.f1, "freeze_frame_recall": lane.recall}
    assert record["selection"]["length"] == "20%"
    assert record["selection"]["used_s"] == pytest.approx(lane.used_s)


@pytest.mark.usefixtures("_two_models")
def test_another_model_is_run_beside_and_a_stopped_one_is_not_wanted(
    qtbot, window, recording
) -> None:
    window.open(recording)
    qtbot.waitUntil(lambda: window.state.phase in ("done", "failed"))
    qtbot.waitUntil(lambda: not window.session.working)
    QTest.keyClick(window, Qt.Key.Key_V)
    compare, models = window.compare, window.compare.panel
    qtbot.waitUntil(lambda: OTHER in models.models)
    before = window.state.summary

    models.models[OTHER].trigger()
    assert window.running.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.session.working)
    assert not models.models[OTHER].isChecked()
    assert window.state.phase == "done"

    models.models[OTHER].trigger()
    qtbot.waitUntil(lambda: len(compare.compared) == 8 or window.error.isVisible())
    assert not window.error.isVisible(), window.error.title.text()
    own, other = compare.compared[:4], compare.compared[4:]
    assert {lane.who for lane in other} == {OTHER}
    # The same weights under another name choose the same.
    for one, two in zip(own, other, strict=True):
        assert (one.f1, one.used_s) == (two.f1, two.used_s)
    assert window.state.summary is before


@pytest.mark.usefixtures("_two_models")
def test_a_model_compared_while_the_queue_computes_is_shown(
    qtbot, window, recording, tmp_path
) -> None:
    """The run of the queue makes way, and its end is not taken for the end of the model's run."""
    queued = tmp_path / "queued.mp4"
    empty_box = b"\0\0\0\x08free"  # another content, so that no features are kept of it
    queued.write_bytes(recording.read_bytes() + empty_box)
    window.open(recording)
    qtbot.waitUntil(lambda: window.state.phase in ("done", "failed"))
    qtbot.waitUntil(lambda: not window.session.working)
    QTest.keyClick(window, Qt.Key.Key_V)
    compare, panel = window.compare, window.compare.panel
    qtbot.waitUntil(lambda: OTHER in panel.models)
    window.session.queue.add(queued)
    window.session.changed.emit()
    assert window.session.queue.running == queued

    panel.models[OTHER].trigger()
    assert window.session.queue.running is None
    qtbot.waitUntil(lambda: OTHER in {lane.who for lane in compare.compared})
    assert panel.models[OTHER].isChecked()
    qtbot.waitUntil(lambda: window.session.queue.entries[0].how == "done")
    assert not window.error.isVisible(), window.error.title.text()


def test_lanes_follow_the_covering_and_go_with_the_exam(qtbot, comparing, tmp_path) -> None:
    compare = comparing.compare
    assert all(lane.summary.cover_s > 0 for lane in compare.compared)
    QTest.keyClick(comparing, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: all(lane.summary.cover_s == 0 for lane in compare.compared))
    comparing.open(tmp_path / "gone.mp4")
    assert not compare.is_shown
    assert comparing._below.isVisible() or comparing.state.path is None


def test_there_is_nothing_to_compare_before_a_result(window) -> None:
    window.compare.toggle()
    assert not window.compare.is_shown
    assert "before the exam is summarised" in window.hint.text()


def test_the_table_sorts_by_what_numbers_mean_and_says_what_is_undefined(qtbot) -> None:
    table = ComparedTable()
    qtbot.addWidget(table)
    analysis = make(freezes=frozen_at(7.0, 97.0))
    lanes = [*by_model(analysis, Terms()), *by_baseline("even distances", analysis, Terms())]
    table.show_lanes(lanes)
    for column, read in ((2, "f1"), (5, "used_s")):
        table.sortItems(column, Qt.SortOrder.DescendingOrder)
        shown = [
            getattr(lanes[table.item(row, 0).data(Qt.ItemDataRole.UserRole)], read)
            for row in range(table.rowCount())
        ]
        assert shown == sorted(shown, reverse=True)
    table.choose(6)
    assert table.chosen == 6
    table.show_lanes(list(by_model(make(), Terms())))
    for column, why in ((2, "no freeze-frames"), (4, "known to show a plane")):
        assert table.item(0, column).text() == "undefined"
        assert why in table.item(0, column).toolTip()
