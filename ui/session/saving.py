"""Edits are saved at every change.

A project is written beside the window, for a disk may take its time; what is told as saved is on
the disk.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from ui.session.state import State
from ui.session.worker import Worker
from usummary.errors import UsummaryError
from usummary.progress import Report
from usummary.project import Project, save_project
from usummary.selection.edits import Edits
from usummary.settings import make_settings


class Saver(QObject):
    """Writes projects, one after the other; of one file only the newest that waits.

    Signals:
        saved: Path of a project file that holds, on the disk, the newest that was to be saved.
        failed: The exception that kept one from being written; what stood there still does.
    """

    saved = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Worker("saving", self)
        self._waiting: dict[Path, Project] = {}
        self._worker.failed.connect(self.failed)
        self._worker.succeeded.connect(self._tell)
        self._worker.ended.connect(self._go_on)

    def save(self, path: Path, project: Project) -> None:
        """Has a project written as soon as the one before is on the disk."""
        self._waiting[path] = project
        self._go_on()

    def finish(self) -> None:
        """Waits until everything is on the disk; tells nothing of it any more."""
        self._worker.close()
        with suppress(UsummaryError):  # nobody is told any more, and it was never shown as saved
            for path, project in self._waiting.items():
                save_project(path, project)
        self._waiting.clear()

    @Slot()
    def _go_on(self) -> None:
        if self._worker.busy or not self._waiting:
            return
        path = next(iter(self._waiting))
        project = self._waiting.pop(path)

        def work(_: Report) -> Path:
            save_project(path, project)
            return path

        self._worker.start(work)

    @Slot(object)
    def _tell(self, path: Path) -> None:
        if path not in self._waiting:
            self.saved.emit(path)


class ProjectFile(QObject):
    """Keeps the state's project file as new as its edits.

    Signals:
        told: `State.saving` changed.
        copied: Path of a copy that was written.
        failed: The exception that kept the file from being written; what stood there still does.
    """

    told = Signal()
    copied = Signal(object)
    failed = Signal(object)

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._saver = Saver(self)
        self._saver.saved.connect(self._take_saved)
        self._saver.failed.connect(self._fail)

    def save(self) -> None:
        """Saves at once; an exam that was never edited gets no project file."""
        state, project = self._state, self._project()
        edited = state.edits != Edits() or state.saving != "nothing"
        if edited and project is not None and state.project_path is not None:
            state.saving = "saving"
            self._saver.save(state.project_path, project)

    def save_copy(self, path: Path) -> None:
        """Writes a copy of the project; edits go on being saved where they were."""
        project = self._project()
        if project is not None:
            self._saver.save(path, project)

    def finish(self) -> None:
        """Waits until everything is on the disk; tells nothing of it any more."""
        self._saver.finish()

    def _project(self) -> Project | None:
        state = self._state
        if state.path is None or state.computed is None:
            return None
        settings = make_settings(state.computed.provenance.settings)
        return Project(
            state.path, settings, state.length, state.edits, state.computed, state.cover_planes
        )

    @Slot(object)
    def _take_saved(self, path: Path) -> None:
        if path == self._state.project_path:
            self._state.saving = "saved"
            self.told.emit()
        else:
            self.copied.emit(path)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        if self._state.saving == "saving":
            self._state.saving = "failed"
        self.failed.emit(error)
