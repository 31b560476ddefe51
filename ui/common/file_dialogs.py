"""File dialogs, and files that are dragged onto the window."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from ui.common.language import tr
from ui.common.widgets import plain

ENDINGS = "*.mp4 *.m4v *.mov *.mkv *.avi *.mpg *.mpeg *.webm *.dcm *.usummary"


def ask_file(parent: QWidget, folder: str) -> Path | None:
    """Asks for a recording or a project; None if none was chosen."""
    kinds = tr("Recordings and projects ({endings});;All files (*)", endings=ENDINGS)
    chosen, _ = QFileDialog.getOpenFileName(parent, tr("Open a recording"), folder, kinds)
    return Path(chosen) if chosen else None


def ask_study(parent: QWidget, folder: str) -> Path | None:
    """Asks for the folder of a DICOM study; None if none was chosen."""
    chosen = QFileDialog.getExistingDirectory(parent, tr("Open a DICOM study"), folder)
    return Path(chosen) if chosen else None


def ask_files(parent: QWidget, folder: str) -> list[Path]:
    """Asks for any number of recordings."""
    kinds = tr("Recordings ({endings});;All files (*)", endings=ENDINGS.replace(" *.usummary", ""))
    chosen, _ = QFileDialog.getOpenFileNames(parent, tr("Add recordings"), folder, kinds)
    return [Path(path) for path in chosen]


def ask_folder(parent: QWidget, folder: str) -> list[Path]:
    """Asks for a folder of exams or of a study; empty if none was chosen."""
    chosen = QFileDialog.getExistingDirectory(parent, tr("Add all exams of a folder"), folder)
    return [Path(chosen)] if chosen else []


def ask_table(parent: QWidget, suggested: Path) -> Path | None:
    """Asks where to write a table, and before replacing a file; None if nowhere."""
    kinds = tr("Tables ({endings})", endings="*.csv")
    return _ask_place(parent, tr("Save values"), suggested, (kinds, ".csv"))


def ask_project(parent: QWidget, suggested: Path) -> Path | None:
    """Asks where to write a project, and before replacing a file; None if nowhere."""
    kinds = tr("Projects ({endings})", endings="*.usummary")
    return _ask_place(parent, tr("Save the project as"), suggested, (kinds, ".usummary"))


def ask_figure(parent: QWidget, suggested: Path) -> Path | None:
    """Asks where to write a figure and its data, and before replacing files; None if nowhere."""
    kinds = tr("Pictures ({endings})", endings="*.svg")
    return _ask_place(parent, tr("Save figure"), suggested, (kinds, ".svg"), beside=".csv")


def _ask_place(
    parent: QWidget, title: str, suggested: Path, kind: tuple[str, str], *, beside: str = ""
) -> Path | None:
    """Asks where to write a file of one kind.

    The system's dialog asks about the name as it was typed, before the ending is there; so the
    question is asked here, about what will be written.

    Args:
        parent: The window.
        title: Of the dialog.
        suggested: The name that is proposed.
        kind: What the dialog shows of the kind, and its ending.
        beside: Ending of a second file of the same name, which is written too.
    """
    shown, ending = kind
    options = QFileDialog.Option.DontConfirmOverwrite
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(suggested), shown, options=options)
    if not chosen:
        return None
    path = with_ending(Path(chosen), ending)
    written = [path, path.with_suffix(beside)] if beside else [path]
    there = [each.name for each in written if each.exists()]
    if there and not _may_replace(parent, title, " · ".join(there)):
        return None
    return path


def with_ending(path: Path, ending: str) -> Path:
    """A file's path with its ending, which is added if it is missing.

    Text after another dot is part of the name: ``exam 12.5 weeks`` has no ending.
    """
    if path.suffix.lower() == ending:
        return path
    return path.with_name(path.name + ending)


def _may_replace(parent: QWidget, title: str, names: str) -> bool:
    buttons = QMessageBox.StandardButton
    text = tr("There is already: {names}. Replace it?", names=names)
    answer = QMessageBox.question(parent, title, plain(text), buttons.Yes | buttons.No, buttons.No)
    return answer == buttons.Yes


def all_dropped(event: QDropEvent) -> list[Path]:
    """All files and folders of this computer that are dragged."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


def dropped(event: QDropEvent) -> Path | None:
    """The file or folder of this computer that is dragged; None unless it is exactly one."""
    urls = event.mimeData().urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None


def joined(words: Sequence[str]) -> str:
    """Arguments as a command line for this system's shell."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
