"""What is asked about is what will be written."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox

from ui.common.file_dialogs import ask_figure, ask_project, ask_table, with_ending

ASKING = ((ask_project, ".usummary"), (ask_table, ".csv"), (ask_figure, ".svg"))


@pytest.mark.parametrize(("ask", "ending"), ASKING)
def test_a_name_keeps_its_dots(monkeypatch, tmp_path, ask, ending) -> None:
    chosen = str(tmp_path / "exam 12.5 weeks")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (chosen, ""))
    assert ask(None, tmp_path) == Path(chosen + ending)


@pytest.mark.parametrize(("ask", "ending"), ASKING)
@pytest.mark.parametrize("allowed", [True, False])
def test_the_file_that_would_be_replaced_is_asked_about(
    monkeypatch, tmp_path, ask, ending, allowed
) -> None:
    there = tmp_path / f"exam{ending}"
    there.write_text("mine")
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "exam"), "")
    )
    asked = []
    buttons = QMessageBox.StandardButton

    def question(_parent, _title, text, *_):
        asked.append(text)
        return buttons.Yes if allowed else buttons.No

    monkeypatch.setattr(QMessageBox, "question", question)
    assert ask(None, tmp_path) == (there if allowed else None)
    assert len(asked) == 1
    assert there.name in asked[0]


def test_an_ending_in_capitals_is_one() -> None:
    assert with_ending(Path("exam.USUMMARY"), ".usummary") == Path("exam.USUMMARY")
    assert with_ending(Path("exam.csv"), ".usummary") == Path("exam.csv.usummary")
