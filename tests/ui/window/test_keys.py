"""The one list of actions and their keys."""

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from ui.window.dialogs import CheatSheet
from ui.window.keys import COMMANDS, Actions, conflicts, effective, shown


@pytest.fixture
def done():
    return Counter()


@pytest.fixture
def actions(qtbot, done):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    yield Actions({d.id: lambda d=d: done.update([d.id]) for d in COMMANDS}, {}, window)
    window.close()  # also keeps the window alive so long


def test_ids_are_unique_and_every_key_is_one_and_has_one_meaning() -> None:
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)
    for command in COMMANDS:
        for key in command.keys:
            assert QKeySequence(key).toString() == key
    assert conflicts({}) == []


def test_a_key_does_what_it_says_and_another_one_after_remapping(actions, done) -> None:
    window = actions.parent()
    QTest.keyClick(window, Qt.Key.Key_Z)
    QTest.keyClick(window, Qt.Key.Key_Space)
    QTest.keyClick(window, Qt.Key.Key_K)
    assert done == {"fit": 1, "play": 2}
    actions.remap({"fit": ("Ctrl+G",)})
    QTest.keyClick(window, Qt.Key.Key_Z)
    QTest.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert done == {"fit": 2, "play": 2}


def test_a_key_given_twice_is_named_with_both_meanings() -> None:
    ((key, one, other),) = conflicts({"fit": ("E", "W")})
    assert (key, {one.id, other.id}) == ("E", {"fit", "export"})


def test_a_tip_names_the_keys_that_work_now(actions, qtbot) -> None:
    button = QPushButton("Run")
    qtbot.addWidget(button)
    actions.name_keys(button, "run")
    assert button.toolTip() == "Run (Ctrl+R)"
    actions.remap({"run": ("R", "F5")})
    assert button.toolTip() == "Run (R, F5)"
    actions.remap({"run": ()})
    assert button.toolTip() == "Run"


def test_the_cheat_sheet_lists_everything_with_its_present_keys(qtbot) -> None:
    from PySide6.QtWidgets import QLabel

    sheet = CheatSheet({"fit": ("Ctrl+G",)})
    qtbot.addWidget(sheet)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    keys = effective({"fit": ("Ctrl+G",)})
    for command in COMMANDS:
        assert command.text in texts
        assert set(shown(keys[command.id])) <= set(texts)
    assert "Z" not in texts
