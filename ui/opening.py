"""Which file or folder the person means: chosen from a list, or dragged onto the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from ui.language import tr

ENDINGS = "*.mp4 *.m4v *.mov *.mkv *.avi *.mpg *.mpeg *.webm *.dcm *.usummary"


def ask_file(parent: QWidget, folder: str) -> Path | None:
    """A recording or a project, None if none was chosen."""
    kinds = tr("Recordings and projects ({endings});;All files (*)", endings=ENDINGS)
    chosen, _ = QFileDialog.getOpenFileName(parent, tr("Open a recording"), folder, kinds)
    return Path(chosen) if chosen else None


def ask_study(parent: QWidget, folder: str) -> Path | None:
    """The folder of a DICOM study, None if none was chosen."""
    chosen = QFileDialog.getExistingDirectory(parent, tr("Open a DICOM study"), folder)
    return Path(chosen) if chosen else None


def ask_project(parent: QWidget, suggested: Path) -> Path | None:
    """Where to write a project, None if nowhere; the system's dialog asks before overwriting."""
    kinds = tr("Projects ({endings})", endings="*.usummary")
    chosen, _ = QFileDialog.getSaveFileName(
        parent, tr("Save the project as"), str(suggested), kinds
    )
    return Path(chosen).with_suffix(".usummary") if chosen else None


def dropped(event: QDropEvent) -> Path | None:
    """The one file or folder of this computer that is dragged, if it is one."""
    urls = event.mimeData().urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
