"""Dialogs over the window: keys, notice at first start, conflicts, closing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.widgets import label, panel, plain, push_button
from ui.window.keys import COMMANDS, GROUPS, Command, Keys, effective, shown
from ui.window.messages import RESEARCH_USE

MARGIN = 40
"""Pixels of the window that stay visible above and below the list of keys together."""

NOTICE = (
    "usummary chooses parts of an ultrasound recording by learned rules and shows how they compare "
    "with what the sonographer froze. It can leave out what matters. It makes no finding, and "
    "nothing it shows may be used for diagnosis or treatment.\n\n"
    "Everything stays on this computer. Recordings are only read, never changed. Exports are "
    "blacked out outside the ultrasound sector unless you say otherwise; look at them before you "
    "pass them on."
)


def _column(dialog: QDialog) -> QVBoxLayout:
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(28, 24, 28, 20)
    layout.setSpacing(12)
    return layout


class CheatSheet(QDialog):
    """The list of all commands with their present keys.

    Args:
        chosen: Keys that the person chose.
        parent: The window.
    """

    def __init__(self, chosen: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keys"))
        layout = _column(self)
        layout.addWidget(label(tr("Keys"), "title"))
        inner = panel("page")
        columns = QHBoxLayout(inner)
        columns.setContentsMargins(0, 0, 12, 0)
        columns.setSpacing(36)
        halves = [QVBoxLayout(), QVBoxLayout()]
        lengths = [0, 0]
        for group in GROUPS:
            commands = [command for command in COMMANDS if command.group == group]
            half = lengths.index(min(lengths))
            lengths[half] += len(commands) + 2
            halves[half].addWidget(label(tr(group), "sectionTitle"))
            halves[half].addLayout(_key_grid(commands, effective(chosen)))
            halves[half].addSpacing(8)
        for column in halves:
            column.setSpacing(4)
            column.addStretch(1)
            columns.addLayout(column)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        layout.addWidget(scroll, 1)
        layout.addWidget(push_button(tr("Close"), self.close), 0, Qt.AlignmentFlag.AlignRight)
        wanted = inner.sizeHint()
        most = parent.window().height() - MARGIN if parent is not None else wanted.height()
        self.resize(wanted.width() + 90, min(wanted.height() + 140, most))


def _key_grid(commands: list[Command], keys: Keys) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(20)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for row, command in enumerate(commands):
        line = QHBoxLayout()
        line.setSpacing(6)
        for key in shown(keys[command.id]):
            line.addWidget(label(key, "key"))
        line.addStretch(1)
        grid.addLayout(line, row, 0)
        grid.addWidget(label(tr(command.text)), row, 1)
    return grid


CHANGED = (
    "Another window has saved other edits of this exam. Nothing of yours was written over theirs, "
    "and nothing of theirs over yours. Which edits shall count from now on? The others are kept in "
    "a file of their own beside the project, whose name ends in .unused."
)


class ChangedBesideDialog(QDialog):
    """Asks which edits count after two windows have edited one exam.

    If it is closed without an answer, nothing is saved, and the next edit asks again.

    Signals:
        answered: ``mine``, ``theirs`` or ``beside``.
    """

    answered = Signal(str)

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Edited in another window"))
        layout = _column(self)
        text = label(tr(CHANGED), wrap=True)
        text.setMinimumWidth(460)
        layout.addWidget(text)
        name = label(str(path), "muted", wrap=True)
        name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(name)
        self.buttons = {
            "mine": push_button(tr("Keep mine"), partial(self._answer, "mine"), name="primary"),
            "theirs": push_button(tr("Load theirs"), partial(self._answer, "theirs")),
            "beside": push_button(tr("Save mine elsewhere …"), partial(self._answer, "beside")),
        }
        row = QHBoxLayout()
        row.addStretch(1)
        for button in self.buttons.values():
            row.addWidget(button)
        layout.addLayout(row)

    def _answer(self, wanted: str) -> None:
        self.accept()
        self.answered.emit(wanted)


def ask_quit(parent: QWidget, reasons: Sequence[str]) -> bool:
    """Asks whether to close the window although these reasons speak against it."""
    buttons = QMessageBox.StandardButton
    text = tr("{reasons}\n\nClose anyway?", reasons="\n".join(reasons))
    answer = QMessageBox.warning(
        parent, tr("Not everything is done"), plain(text), buttons.Yes | buttons.No, buttons.No
    )
    return answer == buttons.Yes


class FirstStartNotice(QDialog):
    """The notice that a person reads once, before anything else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Before you start"))
        layout = _column(self)
        layout.addWidget(label(tr(RESEARCH_USE), "title"))
        text = label(tr(NOTICE), wrap=True)
        text.setMinimumWidth(460)
        layout.addWidget(text)
        button = push_button(tr("I understand"), self.accept, name="primary")
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button)
        layout.addLayout(row)
