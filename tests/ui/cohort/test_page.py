"""The cohort on real files: added, measured, compared, opened, saved, copied, stopped."""

import csv
import os
import shlex
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from tests.builders import write_video
from tests.ui.windows import shown_window
from ui.cohort.plot import nice_step
from ui.cohort.tables import SHOWN
from usummary.comparing.cohort import Against
from usummary.phantom import Recorder, render


@pytest.fixture(scope="module")
def exams(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exams of a clinic")
    recorder = Recorder(width=320, height=240, fps=20, bit_rate=400_000)
    for seed in (1, 2):
        render(folder / f"exam {seed}.mp4", minutes=0.3, seed=seed, recorder=recorder)
    write_video(folder / "no saves.mp4", n=60)
    (folder / "broken.mp4").write_bytes(b"no video at all")
    return folder


@pytest.fixture
def window(qtbot):
    with shown_window(qtbot, "player", "work", "cohort") as made:
        yield made


@pytest.fixture
def page(qtbot, window, exams, monkeypatch):
    """The cohort's page with the exams of a folder, opened by its key."""
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.ShiftModifier)
    cohort = window.cohort
    assert cohort.is_shown
    assert cohort.page.isVisible()
    qtbot.waitUntil(lambda: bool(cohort.page.models))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(exams))
    cohort.page.add_folder.trigger()
    qtbot.waitUntil(lambda: len(cohort.exams) == 4)
    return cohort.page


def measure(qtbot, window) -> None:
    QTest.mouseClick(window.cohort.page.run_button, Qt.MouseButton.LeftButton)
    assert window.session.working
    qtbot.waitUntil(lambda: not window.session.working)


def shown(table) -> list[list[str]]:
    count = table.columnCount()
    return [
        [item.text() if (item := table.item(row, column)) else "" for column in range(count)]
        for row in range(table.rowCount())
    ]


def test_a_folder_is_measured_compared_saved_and_opened(
    qtbot, window, page, exams, tmp_path, monkeypatch
) -> None:
    cohort = window.cohort
    measure(qtbot, window)
    assert not window.error.isVisible()
    assert [exam.path.name for exam in cohort.measured.exams] == ["exam 1.mp4", "exam 2.mp4"]
    assert page.means.rowCount() == 3 * 4
    means = shown(page.means)
    assert means[0][:3] == ["3dst-unet-rl", "15%", "2"]
    assert " to " in means[0][3]

    # The single exams of the chosen row; who is left out, and why.
    page.means.choose(1)
    row = cohort.measured.rows[1]
    singles = {line[0]: line[1:] for line in shown(page.exams)}
    for exam in cohort.measured.exams:
        value = exam.values[row].value(SHOWN[0])
        assert singles[exam.path.name][0] == f"{value:.3f}"
    assert "no freeze-frames" in singles["no saves.mp4"][0]
    assert "broken.mp4" in singles["broken.mp4"][0]

    # Differences: the row that others are compared with says nothing of itself.
    found = [page.against_box.itemData(at) for at in range(page.against_box.count())]
    page.against_box.setCurrentIndex(found.index(Against("random scores")))
    means = shown(page.means)
    assert means[0][3][0] in "+\N{MINUS SIGN}"
    assert means[4][3] == "\N{EN DASH}"
    page.against_box.setCurrentIndex(0)

    values, figure = tmp_path / "values.csv", tmp_path / "drawn.svg"
    for button, path in ((page.values_button, values), (page.figure_button, figure)):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, p=path, **__: (str(p), ""))
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda p=path: window.hint.text() == _saved(p))
    rows = list(csv.DictReader(values.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 2 * 12 + 2
    assert float(rows[0]["f1"]) == pytest.approx(
        next(iter(cohort.measured.exams[0].values.values())).f1, rel=1e-5
    )
    drawn = figure.read_text(encoding="utf-8")
    assert "3dst-unet-rl" in drawn
    assert "exam 1" not in drawn
    assert len(figure.with_suffix(".csv").read_text().splitlines()) == 1 + 12

    # A click on a name opens that exam in the place of the page.
    place = [page.exams.item(at, 0).text() for at in range(4)].index("exam 2.mp4")
    at = page.exams.visualItemRect(page.exams.item(place, 0)).center()
    QTest.mouseClick(page.exams.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert window.state.path == exams / "exam 2.mp4"
    assert not cohort.is_shown
    assert window.key_actions["keep"].isEnabled()


def _saved(path: Path) -> str:
    names = [path.name] if path.suffix == ".csv" else [path.name, path.with_suffix(".csv").name]
    return f"Saved: {' · '.join(names)}"


@pytest.mark.skipif(os.name == "nt", reason="the line is taken apart as a POSIX shell does")
def test_the_copied_command_prints_the_same_table(
    qtbot, window, page, exams, run, monkeypatch
) -> None:
    page.lengths["20%"].setChecked(False)
    page.lengths["25%"].setChecked(False)
    page.cover_button.setChecked(False)
    measure(qtbot, window)
    QTest.mouseClick(page.command_button, Qt.MouseButton.LeftButton)
    program, *words = shlex.split(QApplication.clipboard().text())
    assert program == "usummary"
    monkeypatch.chdir(exams)
    code, out, err = run(*words)
    assert code == 0, err
    lines = [line for line in out.splitlines() if line.startswith(("3dst", "random", "even"))]
    assert len(lines) == page.means.rowCount() == 6
    for line, cells in zip(lines, shown(page.means), strict=True):
        for cell in cells[3:]:
            assert cell.replace("\N{MINUS SIGN}", "-") in line
    assert "no saves.mp4 is left out" in out


def test_what_was_measured_stays_when_it_is_stopped(qtbot, window, page) -> None:
    cohort = window.cohort
    QTest.mouseClick(page.run_button, Qt.MouseButton.LeftButton)
    assert window.running.isVisible()
    qtbot.waitUntil(lambda: bool(cohort.measured.left_out))
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.session.working)
    known = len(cohort.measured.exams) + len(cohort.measured.left_out)
    assert 0 < known < 4
    assert "Not measured yet" in page.note.text()
    measure(qtbot, window)
    assert len(cohort.measured.exams) == len(cohort.measured.left_out) == 2
    page.lengths["P"].setChecked(False)
    assert "press Measure" in page.note.text()
    page.exams.choose(0)
    QTest.keyClick(page.exams, Qt.Key.Key_Delete)
    assert len(cohort.exams) == 3


def test_the_exam_behind_the_page_hears_no_keys(window) -> None:
    window.cohort.toggle()
    assert not window.key_actions["reject"].isEnabled()
    assert not window.key_actions["length_2"].isEnabled()
    window.cohort.toggle()
    assert window.key_actions["reject"].isEnabled()
    assert window.start_page.isVisible()


@pytest.mark.parametrize(("span", "step"), [(1.0, 0.2), (1.3, 0.5), (0.09, 0.02), (2.0, 0.5)])
def test_scales_have_round_steps(span, step) -> None:
    assert nice_step(span) == pytest.approx(step)
