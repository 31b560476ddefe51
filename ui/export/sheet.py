"""The export sheet: parts with their likely sizes, the folder, and the state of the masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.widgets import label, plain, push_button, restyle

if TYPE_CHECKING:
    from usummary.export import ExportOptions, SizeEstimate

Guess = Callable[["ExportOptions"], "SizeEstimate"]

ARTEFACTS = (
    ("reel", "One film of all key shots"),
    ("clips", "One film for each key shot"),
    ("stills", "The key frame of each shot"),
    ("contact_sheet", "A contact sheet of the key frames"),
    ("report", "A one-page report"),
    ("csv", "Tables for spreadsheets (CSV)"),
)
LOOKS = (
    ("captions", "Write time and plane below the pictures of the films"),
    ("notice", "Write “Research use only” there too"),
    ("mask", "Black out everything outside the ultrasound sector"),
)


def size_text(size: int) -> str:
    """Bytes for people, rounded as coarsely as an estimate deserves: ``about 12 MB``."""
    if size < 1_000_000:
        return tr("about {size} kB", size=max(1, round(size / 1000)))
    megabytes = size / 1_000_000
    shown = f"{megabytes:.1f}" if megabytes < 10 else f"{megabytes:,.0f}"
    return tr("about {size} MB", size=shown)


class ExportSheet(QDialog):
    """Asks for the folder, the artefacts, and what is visible in them; Enter exports.

    Args:
        folder: Proposed folder.
        options: The options that are ticked at first.
        guess: Says about how much the options would write; quick.
        parent: The window.

    Signals:
        wanted: Folder and `ExportOptions`; overwriting has been asked for already.
        review_wanted: The person wants to look at the masks.
    """

    wanted = Signal(object, object)
    review_wanted = Signal()

    def __init__(
        self, folder: Path, options: ExportOptions, guess: Guess, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export the summary"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._options, self._guess = options, guess
        self.checks: dict[str, QCheckBox] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(28, 24, 28, 20)
        layout.setSpacing(10)
        layout.addWidget(label(tr("Export the summary"), "title"))
        layout.addWidget(label(tr("Folder, made if it does not exist"), "muted"))
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName(tr("Folder of the export"))
        self.folder.setMinimumWidth(420)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(push_button(tr("Choose …"), self._browse))
        layout.addLayout(row)
        layout.addLayout(self._artefacts())
        layout.addSpacing(4)
        for name, text in LOOKS:
            layout.addWidget(self._check(name, text))
        layout.addLayout(self._mask_row())
        layout.addWidget(self._warning())
        layout.addLayout(self._buttons())
        self._refresh()

    def show_masks(self, confirmed: Sequence[bool], *, missing: bool = False) -> None:
        """Shows for how many recordings the person has confirmed the mask.

        `missing`: in one of the others no sector was found, so its whole picture will be visible.
        """
        done = sum(confirmed)
        if done == len(confirmed):
            text = tr("Mask confirmed by you")
        elif missing:
            text = tr("No sector was found: outline it, or nothing is blacked out")
        elif done:
            text = tr("Masks: {done} of {all} confirmed", done=done, all=len(confirmed))
        else:
            text = tr("Mask proposed by the program, not confirmed yet")
        self.mask_state.setObjectName("warning" if missing else "muted")
        restyle(self.mask_state)
        self.mask_state.setText(text)
        self._refresh()

    def _check(self, name: str, text: str) -> QCheckBox:
        check = QCheckBox(tr(text))
        check.setChecked(getattr(self._options, name))
        check.toggled.connect(self._refresh)
        self.checks[name] = check
        return check

    def _artefacts(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        self._sizes = {}
        for row, (name, text) in enumerate(ARTEFACTS):
            self._sizes[name] = label("", "muted")
            grid.addWidget(self._check(name, text), row, 0)
            grid.addWidget(self._sizes[name], row, 1, Qt.AlignmentFlag.AlignRight)
        self.total = label()
        grid.addWidget(label(tr("Together, with the run record (JSON)")), len(ARTEFACTS), 0)
        grid.addWidget(self.total, len(ARTEFACTS), 1, Qt.AlignmentFlag.AlignRight)
        return grid

    def _mask_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.mask_state = label("", "muted")
        self.review_button = push_button(tr("Look at the mask …"), self.review_wanted.emit)
        row.addSpacing(24)
        row.addWidget(self.mask_state, 1)
        row.addWidget(self.review_button)
        return row

    def _warning(self) -> QWidget:
        self.warning = label(
            tr("Names and dates on the scanner's screen will be visible."), "warning"
        )
        keep = self.warning.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.warning.setSizePolicy(keep)
        return self.warning

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(push_button(tr("Cancel"), self.reject))
        self.export_button = push_button(tr("Export"), self._finish, name="primary")
        self.export_button.setDefault(True)
        row.addWidget(self.export_button)
        return row

    def chosen(self) -> ExportOptions:
        """The ticked options."""
        return replace(
            self._options, **{name: check.isChecked() for name, check in self.checks.items()}
        )

    @Slot()
    def _refresh(self) -> None:
        if len(self.checks) < len(ARTEFACTS) + len(LOOKS):
            return  # still being built
        guess = self._guess(self.chosen())
        for name, shown in self._sizes.items():
            shown.setText(size_text(guess.parts[name]))
            shown.setEnabled(name in guess.wanted)
        self.total.setText(size_text(guess.total))
        self.checks["notice"].setEnabled(self.checks["captions"].isChecked())
        masked = self.checks["mask"].isChecked()
        self.warning.setVisible(not masked)
        self.review_button.setEnabled(masked)
        self.mask_state.setEnabled(masked)

    @Slot()
    def _browse(self) -> None:
        start = str(Path(self.folder.text()).parent)
        chosen = QFileDialog.getExistingDirectory(self, tr("Folder of the export"), start)
        if chosen:
            self.folder.setText(chosen)

    @Slot()
    def _finish(self) -> None:
        text = self.folder.text().strip()
        if not text:
            self.folder.setFocus()
            return
        folder = Path(text).expanduser().absolute()
        used = holds_something(folder)
        if used and not self._ask_overwrite(folder):
            return
        self.accept()
        self.wanted.emit(folder, replace(self.chosen(), overwrite=used))

    def _ask_overwrite(self, folder: Path) -> bool:
        """Asks whether an earlier export in this folder may be replaced."""
        answer = QMessageBox.question(
            self,
            tr("The folder is not empty"),
            plain(
                tr(
                    "{folder} already holds files. Replace an earlier export in it?\n"
                    "Files that no export wrote stay as they are.",
                    folder=folder.name,
                )
            ),
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Yes


def holds_something(folder: Path) -> bool:
    """Whether the folder exists and holds files that are not hidden."""
    try:
        return any(not path.name.startswith(".") for path in folder.iterdir())
    except OSError:
        return False
