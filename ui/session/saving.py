"""Edits are saved at every change.

Projects are written in a thread, because a disk can be slow. Edits count as saved once they are on
the disk. A file that another window has written meanwhile is not overwritten; see `ChangedBeside`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Qt, Signal, Slot

from ui.session.state import State
from ui.session.worker import Worker
from usummary.errors import ExportError, UsummaryError
from usummary.progress import Report
from usummary.project import Project, save_project
from usummary.selection.edits import Edits
from usummary.settings import make_settings

LOCK_MS = 5000
"""How long a save waits for another window that is saving the same file."""
SET_ASIDE = ".unused"


class ChangedBeside(ExportError):
    """Another window, or another program, has written the project file since it was read here."""


def stamp_of(path: Path) -> str | None:
    """A hash of a file's content, to notice changes; None if there is no file.

    Raises:
        OSError: The file is there but cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def unused_name(path: Path) -> Path:
    """A free numbered name beside a project file; an empty file is made there to reserve it.

    Raises:
        OSError: Nothing can be written there.
    """
    number = 1
    while True:
        place = path.with_name(f"{path.name} {number}{SET_ASIDE}")
        try:
            place.open("xb").close()
        except FileExistsError:
            number += 1
        else:
            return place


def set_aside(path: Path) -> Path:
    """Renames a project file to a numbered name that was free; returns it.

    Raises:
        OSError: It cannot be renamed; it is still where it was.
    """
    place = unused_name(path)
    try:
        path.replace(place)
    except OSError:
        place.unlink(missing_ok=True)
        raise
    return place


@dataclass(frozen=True)
class _Waiting:
    """A project that is to be written; `anyway`: over whatever file is there."""

    project: Project
    anyway: bool


class Saver(QObject):
    """Writes projects one after the other; for each file only the newest waiting one.

    Signals:
        saved: Path of a file whose newest project is on the disk.
        failed: Path of a file that could not be written, and the exception; the old file is still
            there.
    """

    saved = Signal(object)
    failed = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Worker("saving", self)
        self._waiting: dict[Path, _Waiting] = {}
        self._current: tuple[Path, _Waiting] | None = None
        self._stamps: dict[Path, str | None] = {}
        self._worker.failed.connect(self._fail)
        self._worker.succeeded.connect(self._emit_saved)
        self._worker.ended.connect(self._go_on)

    def know(self, path: Path, stamp: str | None) -> None:
        """Sets the stamp of a file as it was read; only a file with this stamp is overwritten."""
        self._stamps[path] = stamp

    def save(self, path: Path, project: Project, *, anyway: bool = False) -> None:
        """Writes a project once the one before is on the disk.

        Args:
            path: The file to write.
            project: What to write.
            anyway: The person has agreed to overwrite whatever file is there.
        """
        before = self._waiting.get(path)
        anyway = anyway or (before is not None and before.anyway)
        self._waiting[path] = _Waiting(project, anyway)
        self._go_on()

    def finish(self) -> tuple[UsummaryError, ...]:
        """Waits until every project was written or failed; emits and returns the errors.

        A project that may not overwrite another window's file is written to a numbered file beside.
        """
        current = self._current
        self._worker.close()
        if current is not None and self._current is None:
            self._emit_saved(current[0])
        elif current is not None:  # it failed, and a closed worker emits no more signals
            self._waiting = dict([current]) | self._waiting
        self._current = None
        waiting, self._waiting = self._waiting, {}
        errors = []
        for path, entry in waiting.items():
            try:
                self._write_or_keep(path, entry)
            except UsummaryError as error:
                errors.append(error)
                self.failed.emit(path, error)
            else:
                self.saved.emit(path)
        return tuple(errors)

    def _write_or_keep(self, path: Path, entry: _Waiting) -> None:
        try:
            self._write(path, entry)
        except ChangedBeside as error:
            try:
                place = unused_name(path)
            except OSError:
                raise error from None
            save_project(place, entry.project)
            raise ExportError(
                f"{path} was changed by another window or program since it was read here. Your "
                f"edits are kept in {place.name} beside it."
            ) from error

    def _write(self, path: Path, entry: _Waiting) -> None:
        """In the worker's thread, or in the main one while no worker runs."""
        with _locked(path):
            if not entry.anyway and path in self._stamps and _now(path) != self._stamps[path]:
                raise ChangedBeside(
                    f"{path} was changed by another window or program since it was read here. "
                    "Your newest edits are not saved yet."
                )
            save_project(path, entry.project)
            self._stamps[path] = _now(path)

    @Slot()
    def _go_on(self) -> None:
        if self._worker.busy or not self._waiting:
            return
        path = next(iter(self._waiting))
        entry = self._waiting.pop(path)
        current = self._current = path, entry

        def work(_: Report) -> Path:
            self._write(path, entry)
            if self._current is current:
                self._current = None
            return path

        self._worker.start(work)

    @Slot(object)
    def _emit_saved(self, path: Path) -> None:
        if path not in self._waiting:  # else a newer one is still to be written
            self.saved.emit(path)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        current, self._current = self._current, None
        if current is not None:
            self.failed.emit(current[0], error)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps other windows from writing the file meanwhile.

    Raises:
        ExportError: Another window keeps writing it.
    """
    with suppress(OSError):  # saving says what is wrong with the folder
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = QLockFile(str(path.with_name(f".{path.name}.lock")))
    if not lock.tryLock(LOCK_MS) and lock.error() == QLockFile.LockError.LockFailedError:
        raise ExportError(f"{path} is being saved by another window. Try again in a moment.")
    try:
        yield
    finally:
        lock.unlock()


def _now(path: Path) -> str | None:
    try:
        return stamp_of(path)
    except OSError as error:
        raise ExportError(
            f"The edits could not be saved to {path}, which cannot be read: "
            f"{error.strerror or error}. Save the project somewhere else."
        ) from error


class ProjectFile(QObject):
    """Keeps the project file of the exam on screen up to date with its edits.

    Signals:
        told: `State.saving` changed.
        copied: Path of a copy that was written.
        failed: Path of a file that could not be written, and the exception; the old file is still
            there. It arrives from the event loop, never during the call that caused it.
        changed_beside: Path of the project file of the exam on screen: another window has written
            it.
    """

    told = Signal()
    copied = Signal(object)
    failed = Signal(object, object)
    changed_beside = Signal(object)

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._copies: set[Path] = set()
        self._saver = Saver(self)
        self._saver.saved.connect(self._take_saved)
        self._saver.failed.connect(self._fail, Qt.ConnectionType.QueuedConnection)

    def know(self, path: Path, stamp: str | None) -> None:
        """Sets the file's stamp as it was read; see `Saver.know`."""
        self._saver.know(path, stamp)

    def save(self, *, anyway: bool = False) -> None:
        """Saves the edits now; an exam that was never edited gets no project file."""
        state, project = self._state, self._project()
        edited = state.edits != Edits() or state.saving != "nothing"
        if edited and project is not None and state.project_path is not None:
            state.saving = "saving"
            self._saver.save(state.project_path, project, anyway=anyway)
        elif edited and project is not None:
            state.saving = "off"

    def save_copy(self, path: Path) -> None:
        """Writes a copy of the project; later edits are saved where they were before."""
        project = self._project()
        if project is not None:
            self._copies.add(path)
            self._saver.save(path, project, anyway=True)

    def put_aside(self, path: Path) -> None:
        """Renames another window's file, so that the edits on screen can take its place.

        Raises:
            OSError: The file cannot be renamed.
        """
        if path.exists():
            set_aside(path)
        self._saver.know(path, None)

    def give_way(self) -> None:
        """Writes the edits on screen to a numbered file, before another window's are read.

        Raises:
            OSError, UsummaryError: They cannot be written; nothing has changed.
        """
        project, path = self._project(), self._state.project_path
        if project is not None and path is not None:
            save_project(unused_name(path), project)
            self._state.saving = "nothing"

    def move_to(self, path: Path) -> None:
        """Saves the edits to another file from now on, over whatever is there."""
        self._state.project_path = path
        self._state.saving = "saving"
        self.save(anyway=True)

    def finish(self) -> tuple[UsummaryError, ...]:
        """Waits until everything was written or failed; returns the errors.

        If the last save failed, it is tried once more.
        """
        if self._state.saving == "failed":
            self.save()
        errors = self._saver.finish()
        if errors and self._state.saving == "saving":
            self._state.saving = "failed"
        return errors

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
        if path in self._copies:
            self._copies.discard(path)
            self.copied.emit(path)

    @Slot(object, object)
    def _fail(self, path: Path, error: Exception) -> None:
        own = path == self._state.project_path
        self._copies.discard(path)
        of_these_edits = own and self._state.saving == "saving"
        if of_these_edits:
            self._state.saving = "failed"
        if of_these_edits and isinstance(error, ChangedBeside):
            self.changed_beside.emit(path)
            self.told.emit()
        else:
            self.failed.emit(path, error)
