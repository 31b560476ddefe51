"""One exam on its way through the window: opened, run, edited, chosen again, exported.

Holds the `State`, the `Playback`, the `Editing` and the one `Worker` for runs and exports, so
that these never compete. The main window shows what the session says, and tells it what the person
wants.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QSize, Signal, Slot

from ui import jobs
from ui.editing import Choice, Editing
from ui.frames import ThumbnailSource
from ui.player import Playback
from ui.problems import Action, describe
from ui.state import OpenedExam, State
from ui.worker import Operation, Worker
from usummary.edits import Edits
from usummary.settings import DEFAULTS, Settings
from usummary.types import Summary

if TYPE_CHECKING:
    from usummary.export import ExportOptions


class Session(QObject):
    """What the window can do.

    Signals:
        changed: The state changed in another way than by the playhead moving.
        began: The kind of work that starts: ``run``, ``export`` or ``sample``.
        progressed: A `Progress` of that work.
        ended: That work is over, however it went.
        problem: A `Problem` to show.
        refused: A sentence that says why an edit was not made.
        exported: Folder and the paths of the files that were written.
        thumbnail: A position and its small `QImage`.
        opening: Path of an exam that is being opened.
    """

    changed = Signal()
    began = Signal(str)
    progressed = Signal(object)
    ended = Signal()
    problem = Signal(object)
    refused = Signal(str)
    exported = Signal(object, object)
    thumbnail = Signal(int, object)
    opening = Signal(object)

    def __init__(self, settings: Settings = DEFAULTS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = State(length=settings.length)
        self.playback = Playback(self.state, self)
        self.editing = Editing(self.state, self)
        self._settings = settings
        self._worker = Worker("work", self)
        self._thumbnails: ThumbnailSource | None = None
        self._doing: Action = "run"
        self._working_on: Path | None = None
        self._finish: Callable[[object], None] = self._finish_run
        self._next: Callable[[], None] | None = None
        self.playback.ready.connect(self.run)
        self.playback.opened.connect(self._finish_opening)
        self.playback.failed.connect(self._fail_opening)
        self.editing.changed.connect(self._take_edit)
        self.editing.refused.connect(self.refused)
        self._worker.progressed.connect(self.progressed)
        self._worker.succeeded.connect(self._succeed)
        self._worker.failed.connect(self._fail)
        self._worker.cancelled.connect(self._cancelled)
        self._worker.ended.connect(self._go_on)

    @property
    def busy(self) -> bool:
        """A run, an export or the rendering of the sample is on its way."""
        return self._worker.busy

    def open(self, path: Path) -> None:
        """Opens an exam; its first picture shows at once, and its run starts with it."""
        if self._doing != "export":
            self._worker.cancel()
        self._next = None
        self._close_thumbnails()
        self.editing.forget()
        self.state.start_opening(path)
        self.playback.open(path)
        self.changed.emit()
        self.opening.emit(path)

    @Slot()
    def open_sample(self) -> None:
        """Renders the simulated exam if that was not done before, and opens it."""
        self._start(jobs.render_sample(), "open", "sample", self._finish_sample)

    @Slot()
    def run(self) -> None:
        """Analyses the open exam and chooses; waits for an export, ends an older run."""
        path = self.state.path
        if path is None:
            return
        if self._worker.busy:
            if self._doing != "export":
                self._worker.cancel()
            self._next = self.run
            return
        self.state.start_run()
        settings = self._settings.model_copy(update={"length": self.state.length})
        self._start(jobs.analyse(path, settings), "run", "run", self._finish_run)

    def run_on_cpu(self) -> None:
        """Runs again, from now on without a CUDA device."""
        self._settings = self._settings.model_copy(update={"device": "cpu"})
        self.run()

    def cancel(self) -> None:
        """Stops the work that is on its way, and what waits behind it."""
        self._next = None
        self._worker.cancel()

    def choose_length(self, length: str) -> None:
        """Selects again from the kept scores; before a result it is only remembered."""
        if self.state.can_edit:
            self.editing.choose_length(length)
        else:
            self.state.length = length
        self.changed.emit()

    def edit(self, text: str, edits: Edits) -> None:
        """Shows other edits at once and remembers the step under `text`; see `Editing`."""
        self.editing.edit(text, edits)

    def undo(self) -> None:
        self.editing.undo()

    def redo(self) -> None:
        self.editing.redo()

    def set_point(self, which: Literal["in", "out"]) -> None:
        """Sets the in or the out point at the picture on screen."""
        self.state.set_point(which)
        self.changed.emit()

    def clear_points(self) -> None:
        self.state.clear_points()
        self.changed.emit()

    @Slot()
    def _take_edit(self) -> None:
        self.changed.emit()

    def export(self, folder: Path, options: ExportOptions) -> None:
        """Writes the summary that is shown now."""
        path, summary = self.state.path, self.state.summary
        if path is None or summary is None or self._worker.busy:
            return
        self._start(
            jobs.export(path, summary, folder, options),
            "export",
            "export",
            lambda paths: self.exported.emit(folder, paths),
        )

    def want_thumbnails(self, positions: list[int], size: QSize) -> None:
        """Has small pictures made; each arrives as `thumbnail`."""
        opened = self.state.opened
        if opened is None or not positions:
            return
        if self._thumbnails is None:
            self._thumbnails = ThumbnailSource(opened.path, opened.table, size, self)
            self._thumbnails.arrived.connect(self.thumbnail)
            self._thumbnails.start(self._fail_thumbnails)
        self._thumbnails.want(positions)

    def close(self) -> None:
        """Stops everything and waits until it has stopped."""
        self._next = None
        self._worker.close()
        self.playback.close()
        self._close_thumbnails()

    def _start(
        self,
        operation: Operation,
        doing: Action,
        stages: str,
        finish: Callable[[object], None],
    ) -> None:
        if self._worker.busy:
            self.cancel()
            self._next = lambda: self._start(operation, doing, stages, finish)
            return
        self._doing, self._finish, self._working_on = doing, finish, self.state.path
        self.began.emit(stages)
        self._worker.start(operation)
        self.changed.emit()

    @Slot(object)
    def _succeed(self, result: object) -> None:
        self._finish(result)

    def _finish_run(self, result: object) -> None:
        if self._working_on != self.state.path or not isinstance(result, Summary):
            return
        wanted = Choice(self.state.edits, self.state.length)
        self.state.finish_run(result)
        if wanted != self.editing.choice or wanted.edits != Edits():
            self.editing.show(wanted)
        self.changed.emit()

    def _finish_sample(self, path: object) -> None:
        if isinstance(path, Path):
            self.open(path)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        if self._doing == "run" and self._working_on == self.state.path:
            self.state.fail()
        self.problem.emit(describe(error, self._doing, self._secrets()))
        self.changed.emit()

    @Slot()
    def _cancelled(self) -> None:
        if self._doing == "run" and self._working_on == self.state.path:
            self.state.cancel_run()
        self.changed.emit()

    @Slot()
    def _go_on(self) -> None:
        if self._worker.busy:
            return
        self.ended.emit()
        following, self._next = self._next, None
        if following is not None:
            following()
        else:
            self.changed.emit()

    @Slot(object)
    def _finish_opening(self, opened: OpenedExam) -> None:
        self.state.finish_opening(opened)
        self.changed.emit()

    @Slot(object)
    def _fail_opening(self, error: Exception) -> None:
        """The player cannot show it; nor could a run then, so that stops too."""
        problem = describe(error, "open", self._secrets())
        if self._doing == "run":
            self.cancel()
        if self.state.opened is None:
            self.playback.close()
            self.editing.forget()
            self.state.close()
        self.problem.emit(problem)
        self.changed.emit()

    @Slot(object)
    def _fail_thumbnails(self, error: Exception) -> None:
        self.problem.emit(describe(error, "open", self._secrets()))

    def _close_thumbnails(self) -> None:
        if self._thumbnails is not None:
            self._thumbnails.close()
            self._thumbnails.deleteLater()
            self._thumbnails = None

    def _secrets(self) -> tuple[Path, ...]:
        return (self.state.path,) if self.state.path is not None else ()
