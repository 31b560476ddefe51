"""Names of files are never read as markup, wherever the window shows them."""

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

import ui
from ui.common.widgets import ElidedLabel, label, plain, set_plain_tip
from ui.window.messages import DonePanel
from ui.window.start_page import StartPage

SOURCES = sorted(Path(ui.__file__).parent.rglob("*.py"))
NAMES = ["<b>x</b>.mp4", "<img src=//server/x.png>", "<a href=x>y</a>", "<table><tr><td>"]


def _is_fixed(text: ast.expr) -> bool:
    """A text of the program itself: `tr` of a constant with nothing filled in."""
    if isinstance(text, ast.IfExp):
        return _is_fixed(text.body) and _is_fixed(text.orelse)
    return (
        isinstance(text, ast.Call)
        and getattr(text.func, "id", "") == "tr"
        and isinstance(text.args[0], ast.Constant)
        and not text.keywords
    )


def _is_plain(text: ast.expr) -> bool:
    return isinstance(text, ast.Call) and getattr(text.func, "id", "") == "plain"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_text_that_qt_may_take_for_markup_is_fixed_or_plain(source):
    for call in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        owner = getattr(getattr(call.func, "value", None), "id", "")
        where = f"{source.name}:{call.lineno}"
        if name in {"setToolTip", "setWhatsThis", "setStatusTip"}:
            assert _is_fixed(call.args[0]) or _is_plain(call.args[0]), where
        elif owner == "QMessageBox":
            assert _is_fixed(call.args[2]) or _is_plain(call.args[2]), where
        elif owner == "QToolTip" and name == "showText":
            assert _is_plain(call.args[1]), where
        elif name == "QLabel":
            assert source.name == "widgets.py", where


@pytest.mark.parametrize("name", NAMES)
def test_markup_in_a_name_is_shown_as_it_is(qtbot, name):
    shown = plain(name)
    assert name not in shown
    assert "&lt;" in shown
    button = QPushButton()
    qtbot.addWidget(button)
    set_plain_tip(button, name)
    assert button.toolTip() == shown
    made = label(name)
    qtbot.addWidget(made)
    assert made.textFormat() == Qt.TextFormat.PlainText
    elided = ElidedLabel("", Qt.TextElideMode.ElideRight)
    qtbot.addWidget(elided)
    elided.set_text(name)
    assert elided.toolTip() == shown


def test_a_usual_name_stays_as_it_is():
    assert plain("/exams/A & B <1>.mp4") == "/exams/A & B <1>.mp4"


def test_the_start_page_and_the_done_panel_show_names_plainly(qtbot):
    path = Path("/exams") / NAMES[0].replace("/", "")
    page, done = StartPage(), DonePanel()
    qtbot.addWidget(page)
    qtbot.addWidget(done)
    page.show_recent([path])
    done.show_done("written", path)
    tips = [button.toolTip() for button in page.findChildren(QPushButton) if button.toolTip()]
    assert plain(str(path)) in tips
    assert done._text.toolTip() == plain(str(path)) != str(path)
