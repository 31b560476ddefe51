"""Edits are saved at every change.

A project is written beside the window, for a disk may take its time; what is told as saved is on
the disk. A file that another window has written meanwhile is not written over; see `ChangedBeside`.
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
    """What tells one content of a file from another; None where there is no file.

    Raises:
        OSError: It is there and cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def unused_name(path: Path) -> Path:
    """A free place beside a project file, now taken by an empty file so that it stays free.

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
    """A project on its way to the disk; `anyway`: whatever stands there is written over."""

    project: Project
    anyway: bool


class Saver(QObject):
    """Writes projects, one after the other; of one file only the newest that waits.

    Signals:
        saved: Path of a project file that holds, on the disk, the newest that was to be saved.
        failed: Path, and the exception that kept it from being written; what stood there still
            does. It arrives from the event loop, never during the call that led to it.
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
        self._worker.succeeded.connect(self._tell)
        self._worker.ended.connect(self._go_on)

    def know(self, path: Path, stamp: str | None) -> None:
        """Says what a file held when it was read; from now on only that is written over."""
        self._stamps[path] = stamp

    def save(self, path: Path, project: Project, *, anyway: bool = False) -> None:
        """Has a project written as soon as the one before is on the disk.

        Args:
            path: Where to.
            project: What to write.
            anyway: The person has agreed to write over whatever stands there.
        """
        before = self._waiting.get(path)
        anyway = anyway or (before is not None and before.anyway)
        self._waiting[path] = _Waiting(project, anyway)
        self._go_on()

    def finish(self) -> tuple[UsummaryError, ...]:
        """Waits until everything was written or tried; tells and returns what kept a file from it.

        What may not be written over another window's file is written to a numbered one beside it.
        """
        current = self._current
        self._worker.close()
        if current is not None and self._current is None:
            self._tell(current[0])
        elif current is not None:  # it failed, and the worker tells nothing of that any more
            self._waiting = dict([current]) | self._waiting
        self._current = None
        waiting, self._waiting = self._waiting, {}
        errors = []
        for path, one in waiting.items():
            try:
                self._write_or_keep(path, one)
            except UsummaryError as error:
                errors.append(error)
                self.failed.emit(path, error)
            else:
                self.saved.emit(path)
        return tuple(errors)

    def _write_or_keep(self, path: Path, one: _Waiting) -> None:
        try:
            self._write(path, one)
        except ChangedBeside as error:
            try:
                place = unused_name(path)
            except OSError:
                raise error from None
            save_project(place, one.project)
            raise ExportError(
                f"{path} was changed by another window or program since it was read here. Your "
                f"edits are kept in {place.name} beside it."
            ) from error

    def _write(self, path: Path, one: _Waiting) -> None:
        """In the worker's thread, or in the main one while no worker runs."""
        with _locked(path):
            if not one.anyway and path in self._stamps and _now(path) != self._stamps[path]:
                raise ChangedBeside(
                    f"{path} was changed by another window or program since it was read here. "
                    "Your newest edits are not saved yet."
                )
            save_project(path, one.project)
            self._stamps[path] = _now(path)

    @Slot()
    def _go_on(self) -> None:
        if self._worker.busy or not self._waiting:
            return
        path = next(iter(self._waiting))
        one = self._waiting.pop(path)
        current = self._current = path, one

        def work(_: Report) -> Path:
            self._write(path, one)
            if self._current is current:
                self._current = None
            return path

        self._worker.start(work)

    @Slot(object)
    def _tell(self, path: Path) -> None:
        if path not in self._waiting:
            self.saved.emit(path)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        current, self._current = self._current, None
        if current is not None:
            self.failed.emit(current[0], error)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """No other window writes the file meanwhile.

    Raises:
        ExportError: Another one goes on writing it.
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
    """Keeps the state's project file as new as its edits.

    Signals:
        told: `State.saving` changed.
        copied: Path of a copy that was written.
        failed: Path, and the exception that kept it from being written; what stood there still
            does.
        changed_beside: Path of the file of the exam on screen, which another window has written.
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
        """Says what the file held when its result was read; see `Saver.know`."""
        self._saver.know(path, stamp)

    def save(self, *, anyway: bool = False) -> None:
        """Saves at once; an exam that was never edited gets no project file."""
        state, project = self._state, self._project()
        edited = state.edits != Edits() or state.saving != "nothing"
        if edited and project is not None and state.project_path is not None:
            state.saving = "saving"
            self._saver.save(state.project_path, project, anyway=anyway)
        elif edited and project is not None:
            state.saving = "off"

    def save_copy(self, path: Path) -> None:
        """Writes a copy of the project; edits go on being saved where they were."""
        project = self._project()
        if project is not None:
            self._copies.add(path)
            self._saver.save(path, project, anyway=True)

    def put_aside(self, path: Path) -> None:
        """Renames what another window wrote, so that the edits on screen can take its place.

        Raises:
            OSError: It cannot be renamed.
        """
        if path.exists():
            set_aside(path)
        self._saver.know(path, None)

    def give_way(self) -> None:
        """Writes the edits on screen to a numbered file, for another window's are to be read.

        Raises:
            OSError, UsummaryError: They cannot be written; nothing has changed.
        """
        project, path = self._project(), self._state.project_path
        if project is not None and path is not None:
            save_project(unused_name(path), project)
            self._state.saving = "nothing"

    def move_to(self, path: Path) -> None:
        """From now on the edits are saved to another file, whatever stands there."""
        self._state.project_path = path
        self._state.saving = "saving"
        self.save(anyway=True)

    def finish(self) -> tuple[UsummaryError, ...]:
        """Waits until everything was written or tried; returns what kept a file from it.

        What failed before is tried once more.
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
