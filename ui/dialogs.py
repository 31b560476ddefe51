"""The windows over the window: the keys, the notice at first start, and what to export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ui.keys import DOINGS, GROUPS, Doing, Keys, effective, shown
from ui.language import tr
from ui.panels import RESEARCH_USE
from ui.widgets import label, panel, push_button

if TYPE_CHECKING:
    from usummary.export import ExportOptions


MOST_HEIGHT = 660
"""Pixels that fit on every screen the window fits on."""

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
    """Everything that a key does, with the keys that do it now.

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
            doings = [doing for doing in DOINGS if doing.group == group]
            half = lengths.index(min(lengths))
            lengths[half] += len(doings) + 2
            halves[half].addWidget(label(tr(group), "sectionTitle"))
            halves[half].addLayout(_key_grid(doings, effective(chosen)))
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
        self.resize(wanted.width() + 90, min(wanted.height() + 140, MOST_HEIGHT))


def _key_grid(doings: list[Doing], keys: Keys) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(20)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for row, doing in enumerate(doings):
        line = QHBoxLayout()
        line.setSpacing(6)
        for key in shown(keys[doing.id]):
            line.addWidget(label(key, "key"))
        line.addStretch(1)
        grid.addLayout(line, row, 0)
        grid.addWidget(label(tr(doing.text)), row, 1)
    return grid


class FirstStartNotice(QDialog):
    """Said once, before anything else."""

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


class ExportDialog(QDialog):
    """Where to, and which artefacts.

    Signals:
        wanted: Folder and `ExportOptions`; overwriting has been asked for already.
    """

    wanted = Signal(object, object)

    def __init__(self, folder: Path, options: ExportOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export the summary")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._options = options
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName("Folder of the export")
        self.folder.setMinimumWidth(420)
        self._checks: dict[str, QCheckBox] = {}
        layout = _column(self)
        layout.addWidget(label("Export the summary", "title"))
        layout.addWidget(label("Folder, made if it does not exist", "muted"))
        row = QHBoxLayout()
        browse = push_button("Choose …", self._browse)
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        layout.addLayout(row)
        layout.addLayout(self._artefacts())
        layout.addWidget(self._mask_note())
        layout.addSpacing(6)
        layout.addLayout(self._buttons())

    def _artefacts(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        for name, text in (
            ("reel", "One film of all key shots"),
            ("clips", "One film for each key shot"),
            ("stills", "The key frame of each shot"),
            ("contact_sheet", "A contact sheet of the key frames"),
            ("report", "A one-page report"),
            ("captions", "Write time and plane below the pictures of the films"),
            ("mask", "Black out everything outside the ultrasound sector"),
        ):
            check = QCheckBox(text)
            check.setChecked(getattr(self._options, name))
            self._checks[name] = check
            column.addWidget(check)
        return column

    def _mask_note(self) -> QWidget:
        note = label("Names and dates on the scanner's screen will be visible.", "warning")
        keep = note.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        note.setSizePolicy(keep)
        note.setVisible(not self._options.mask)
        self._checks["mask"].toggled.connect(lambda on: note.setVisible(not on))
        return note

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = push_button("Cancel", self.reject)
        self.export_button = push_button("Export", self._finish, name="primary")
        self.export_button.setDefault(True)
        row.addWidget(cancel)
        row.addWidget(self.export_button)
        return row

    @Slot()
    def _browse(self) -> None:
        start = str(Path(self.folder.text()).parent)
        chosen = QFileDialog.getExistingDirectory(self, "Folder of the export", start)
        if chosen:
            self.folder.setText(chosen)

    @Slot()
    def _finish(self) -> None:
        text = self.folder.text().strip()
        if not text:
            self.folder.setFocus()
            return
        folder = Path(text).expanduser().absolute()
        choice = {name: check.isChecked() for name, check in self._checks.items()}
        used = holds_something(folder)
        if used and not self._ask_overwrite(folder):
            return
        self.accept()
        self.wanted.emit(folder, replace(self._options, overwrite=used, **choice))

    def _ask_overwrite(self, folder: Path) -> bool:
        """Whether an export in this folder may be replaced."""
        answer = QMessageBox.question(
            self,
            "The folder is not empty",
            f"{folder.name} already holds files. Replace an earlier export in it?\n"
            "Files that no export wrote stay as they are.",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Yes


def holds_something(folder: Path) -> bool:
    """The folder exists and has files in it that can be seen."""
    try:
        return any(not path.name.startswith(".") for path in folder.iterdir())
    except OSError:
        return False
