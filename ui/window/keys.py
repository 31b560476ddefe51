"""The list of all commands and their keys; menus, tool tips, cheat sheet and settings read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QUndoStack
from PySide6.QtWidgets import QAbstractButton, QWidget

from ui.common.language import tr
from ui.common.widgets import set_plain_tip

Keys = Mapping[str, tuple[str, ...]]
"""Keys by the id of their command, in Qt's portable spelling (``Ctrl+O``)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that a person can give by key or menu.

    Attributes:
        id: Name in the preferences; never changes.
        text: Text in menus and lists.
        keys: Keys unless the person chose others.
        group: Heading in lists.
    """

    id: str
    text: str
    keys: tuple[str, ...]
    group: str


COMMANDS: tuple[Command, ...] = (
    Command("open", "Open a file …", ("Ctrl+O",), "Exam"),
    Command("open_folder", "Open a study folder …", ("Ctrl+Shift+O",), "Exam"),
    Command("run", "Run", ("Ctrl+R",), "Exam"),
    Command("export", "Export …", ("E",), "Exam"),
    Command("review_mask", "Look at what exports leave visible …", ("Ctrl+M",), "Exam"),
    Command("save_as", "Save the project as …", ("Ctrl+Shift+S",), "Exam"),
    Command("cancel", "Stop the work, close a message", ("Esc",), "Exam"),
    Command("settings", "Settings …", ("Ctrl+,",), "Exam"),
    Command("quit", "Quit", ("Ctrl+Q",), "Exam"),
    Command("play", "Play or pause", ("Space", "K"), "Play"),
    Command("slower", "Slower, then backwards", ("J",), "Play"),
    Command("faster", "Faster", ("L",), "Play"),
    Command("frame_back", "One frame back", (",",), "Play"),
    Command("frame_on", "One frame on", (".",), "Play"),
    Command("second_back", "One second back", ("Left",), "Play"),
    Command("second_on", "One second on", ("Right",), "Play"),
    Command("loop", "Loop the shot", ("R",), "Play"),
    Command("reel", "Play only the key shots", ("P",), "Play"),
    Command("shot_back", "Previous key shot", ("Up",), "Go to"),
    Command("shot_on", "Next key shot", ("Down",), "Go to"),
    Command("freeze_on", "Next freeze-frame", ("F",), "Go to"),
    Command("freeze_back", "Previous freeze-frame", ("Shift+F",), "Go to"),
    Command("start", "Start of the exam", ("Home",), "Go to"),
    Command("end", "End of the exam", ("End",), "Go to"),
    Command("length_1", "Length 15 %", ("1",), "Length"),
    Command("length_2", "Length 20 %", ("2",), "Length"),
    Command("length_3", "Length 25 %", ("3",), "Length"),
    Command("length_4", "Length P, the share that the freeze-frames hold", ("4",), "Length"),
    Command("cover", "Something of every recognised plane first, or not", ("C",), "Length"),
    Command("undo", "Undo", ("Ctrl+Z",), "Edit"),
    Command("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Edit"),
    Command("keep", "Keep the shot, or decide automatically again", ("Return", "Enter"), "Edit"),
    Command("reject", "Reject the shot, or decide automatically again", ("X",), "Edit"),
    Command("lock", "Lock or unlock the shot", ("Ctrl+L",), "Edit"),
    Command("split", "Split the shot at the playhead", ("S",), "Edit"),
    Command("mark_in", "In point", ("I",), "Edit"),
    Command("mark_out", "Out point", ("O",), "Edit"),
    Command("add_shot", "Add a shot between in and out point", ("A",), "Edit"),
    Command("clear_points", "Forget in and out point", ("Shift+I",), "Edit"),
    Command("add_freeze", "Add a freeze-frame at the playhead", ("Ctrl+F",), "Edit"),
    Command("closer", "Timeline closer", ("+", "="), "View"),
    Command("wider", "Timeline wider", ("-",), "View"),
    Command("fit", "All of the timeline", ("Z",), "View"),
    Command("outline", "Outline of the sector", ("Shift+M",), "View"),
    Command("mask", "Black around the sector", ("M",), "View"),
    Command("picture_fit", "All of the picture", ("Ctrl+0",), "View"),
    Command("picture_full", "Picture at 100 %", ("Ctrl+1",), "View"),
    Command("compare", "Compare lengths, models and baselines", ("V",), "View"),
    Command("cohort", "Compare over many exams", ("Shift+V",), "View"),
    Command("keys", "Keys", ("F1",), "Help"),
)
GROUPS = tuple(dict.fromkeys(command.group for command in COMMANDS))


def effective(chosen: Keys) -> dict[str, tuple[str, ...]]:
    """The keys of every command: the person's choice, else the program's own."""
    return {command.id: tuple(chosen.get(command.id, command.keys)) for command in COMMANDS}


def conflicts(chosen: Keys) -> list[tuple[str, Command, Command]]:
    """Every key that two commands share, with both commands."""
    keys = effective(chosen)
    shared = []
    for command, other in combinations(COMMANDS, 2):
        own = {QKeySequence(key).toString() for key in keys[command.id]}
        for key in keys[other.id]:
            if QKeySequence(key).toString() in own:
                shared.append((key, command, other))
    return shared


def shown(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Keys in the spelling of this computer's system."""
    return tuple(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)


class Actions(QObject):
    """A `QAction` with keys for each command; the keys work in the whole window.

    Args:
        calls: The call of each id in `COMMANDS`.
        chosen: Keys that the person chose.
        window: The window in which the keys work.

    Signals:
        remapped: The keys have changed.
    """

    remapped = Signal()

    def __init__(
        self, calls: Mapping[str, Callable[[], object]], chosen: Keys, window: QWidget
    ) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        self._buttons: list[tuple[QAbstractButton, str]] = []
        for command in COMMANDS:
            action = QAction(tr(command.text), window)
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.triggered.connect(lambda _=False, call=calls[command.id]: call())
            window.addAction(action)
            self._actions[command.id] = action
        self.remap(chosen)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def remap(self, chosen: Keys) -> None:
        """Gives each command the keys that the person chose for it, else its own."""
        self.chosen = {name: tuple(keys) for name, keys in chosen.items()}
        for name, keys in effective(chosen).items():
            self._actions[name].setShortcuts([QKeySequence(key) for key in keys])
        for button, name in self._buttons:
            self._show_tip(button, name)
        self.remapped.emit()

    def show_history(self, history: QUndoStack, *, can: bool) -> None:
        """Lets undo and redo name the step that they would undo or redo."""
        undo, redo = self["undo"], self["redo"]
        undo.setEnabled(can and history.canUndo())
        redo.setEnabled(can and history.canRedo())
        undone, redone = history.undoText(), history.redoText()
        undo.setText(tr("Undo: {what}", what=undone) if undone else tr("Undo"))
        redo.setText(tr("Redo: {what}", what=redone) if redone else tr("Redo"))

    def tip(self, text: str, name: str) -> str:
        """A tool tip that ends with the keys of `name`."""
        keys = shown(effective(self.chosen)[name])
        return tr("{what} ({keys})", what=text, keys=", ".join(keys)) if keys else text

    def name_keys(self, button: QAbstractButton, name: str) -> None:
        """Adds the keys of the command `name` to a button's tool tip, now and after `remap`."""
        self._buttons.append((button, name))
        self._show_tip(button, name)

    def _show_tip(self, button: QAbstractButton, name: str) -> None:
        set_plain_tip(button, self.tip(button.accessibleName() or button.text(), name))
