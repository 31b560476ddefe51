"""The exam in the window: opened, run, edited, chosen again, exported.

Holds the `State`, the `Playback`, the `Editing` and a single `Worker` for runs and exports, so that
these never compete for the processor. The main window shows the session's state, and calls the
session with the person's wishes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot

from ui.common.language import tr
from ui.session import jobs
from ui.session.editing import Choice, Editing
from ui.session.frames import Small, ThumbnailSource
from ui.session.playback import Playback
from ui.session.problems import Action, describe
from ui.session.projects import EditedSummary, find_exam, resume
from ui.session.queue import Queue
from ui.session.saving import ProjectFile
from ui.session.state import OpenedExam, State
from ui.session.worker import Operation, Worker
from usummary.errors import UsummaryError
from usummary.progress import Progress
from usummary.project import SUFFIX, default_path
from usummary.selection.edits import Edits
from usummary.settings import DEFAULTS, Settings, make_settings
from usummary.types import Scores, Summary

if TYPE_CHECKING:
    from usummary.export import ExportOptions


@dataclass(frozen=True, eq=False)
class Task:
    """One piece of work for the session's worker.

    No two are equal, so a caller recognises the end of its own task among all `ended` signals.

    Attributes:
        doing: The action to offer again if the task fails.
        stages: How its progress is shown, a key of `STAGE_NAMES`.
        operation: The work itself.
        finish: Called with the result.
        path: The exam that was on screen when the task was made; for the queue, the exam computed.
        queued: The task belongs to the queue.
    """

    doing: Action
    stages: str
    operation: Operation
    finish: Callable[[object], None]
    path: Path | None
    queued: bool = False


class Session(QObject):
    """Everything that the window can do with exams.

    Signals:
        changed: The state changed, apart from the playhead.
        began: The kind of work that starts: ``open``, ``run``, ``compare``, ``cohort``,
            ``export`` or ``sample``.
        progressed: A `Progress` of that work.
        ended: The `Task` that has ended in any way, or was dropped while it waited.
        problem: A `Problem` to show.
        copied: Path of a copy of the project that was written.
        refused: A sentence that says why an edit was not made.
        changed_beside: Path of the exam's project file: another window has written it, see
            `resolve`.
        exported: Folder and the paths of the files that were written.
        thumbnail: A position and its small `QImage`.
        small: A `Small` of the timeline and its `QImage`.
        opening: Path of an exam that is being opened.
    """

    changed = Signal()
    began = Signal(str)
    progressed = Signal(object)
    ended = Signal(object)
    problem = Signal(object)
    refused = Signal(str)
    copied = Signal(object)
    changed_beside = Signal(object)
    exported = Signal(object, object)
    thumbnail = Signal(int, object)
    small = Signal(object, object)
    opening = Signal(object)

    _previewed = Signal(object, object)

    def __init__(self, settings: Settings = DEFAULTS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = State(length=settings.length, cover_planes=settings.cover_planes)
        self.playback = Playback(self.state, self)
        self.editing = Editing(self.state, self)
        self.queue = Queue()
        self._closed = False  # else a late paint event would start a thread again
        self._project_file = ProjectFile(self.state, self)
        self._finder = Worker("project", self)
        self._settings = settings
        self._worker = Worker("work", self)
        self._thumbnails: ThumbnailSource | None = None
        self._task: Task | None = None
        self._waiting: Task | None = None
        self._run_waits = False
        self.playback.ready.connect(self.run)
        self.playback.opened.connect(self._finish_opening)
        self.playback.failed.connect(self._fail_opening)
        self.playback.progressed.connect(self._show_opening)
        self.editing.changed.connect(self._take_edit)
        self.editing.refused.connect(self.refused)
        self._project_file.told.connect(self.changed)
        self._project_file.copied.connect(self.copied)
        self._project_file.failed.connect(self._fail_saving)
        self._project_file.changed_beside.connect(self.changed_beside)
        self._finder.succeeded.connect(self._open_exam)
        self._finder.failed.connect(self._fail_finding)
        self._worker.progressed.connect(self.progressed)
        self._worker.succeeded.connect(self._succeed)
        self._worker.failed.connect(self._fail)
        self._worker.cancelled.connect(self._cancelled)
        self._worker.ended.connect(self._go_on)
        self._previewed.connect(self._show_preview, Qt.ConnectionType.QueuedConnection)
        self.changed.connect(self._serve_queue)

    @property
    def busy(self) -> bool:
        """Whether a task that is not the queue's runs, or waits for another one to stop."""
        if self._waiting is not None:
            return True
        return self._task is not None and not self._task.queued

    @property
    def working(self) -> bool:
        """Whether any task runs, including those of the queue."""
        return self._task is not None

    @property
    def opens(self) -> bool:
        """Whether an exam or a project is being opened and has no picture yet."""
        return self._finder.busy or self.state.phase == "opening"

    @property
    def exporting(self) -> bool:
        """Whether an export runs or waits; only the person can stop it."""
        return any(t is not None and t.doing == "export" for t in (self._task, self._waiting))

    def open(self, path: Path, stream: int = 0) -> None:
        """Opens an exam or a project of one.

        The first picture shows at once; the run starts with it, or the project's result is shown.
        """
        self._finder.leave()
        if path.suffix == SUFFIX:
            self._finder.start(find_exam(path))
        else:
            self._open_exam((path, default_path(path, stream), stream))

    @Slot(object)
    def _open_exam(self, found: tuple[Path, Path, int]) -> None:
        path, project_path, stream = found
        self._project_file.finish()  # before the state forgets the exam that the edits belong to
        self._make_way()
        self.queue.remove(path)
        self._drop_waiting(but="export")
        self._leave_thumbnails()
        self.editing.forget()
        self.state.start_opening(path, stream)
        self.state.project_path = project_path
        self.state.cover_planes = self._settings.cover_planes
        self.playback.open(path, stream)
        self.changed.emit()
        self.opening.emit(path)
        if not self.working:
            self.began.emit("open")

    @Slot()
    def open_sample(self) -> None:
        """Renders the simulated exam if that was not done before, and opens it.

        It waits for the end of an export.
        """
        if self.exporting:
            self.refused.emit(tr("The sample exam opens when the export is done."))
        self._start(
            Task("open", "sample", jobs.render_sample(), self._finish_sample, self.state.path)
        )

    @Slot()
    def run(self) -> None:
        """Analyses the open exam and chooses key shots; waits for an export, stops other work."""
        path, project_path = self.state.path, self.state.project_path
        if path is None:
            return
        if self.working or self._waiting is not None:
            self._make_way()
            self._run_waits = True  # `_go_on` begins it once the present task has ended
            return
        self.state.start_run()
        state = self.state
        wanted = {"length": state.length, "cover_planes": state.cover_planes}
        wanted["video_stream"] = state.video_stream
        settings = self._settings.model_copy(update=wanted)
        operation = jobs.analyse(
            path, settings, partial(self._previewed.emit, path), watched=self._watched
        )
        if self.state.computed is None and project_path is not None:
            operation = resume(path, project_path, operation)
        self._start(Task("run", "run", operation, self._finish_run, path))

    def _watched(self) -> bool:
        """Whether somebody watches pictures now; asked by runs, in their thread."""
        return self.playback.attended

    @property
    def settings(self) -> Settings:
        """The settings of the next runs."""
        return self._settings

    def use(self, **values: object) -> None:
        """Changes settings of the next runs, by their names in `Settings`."""
        self._settings = self._settings.model_copy(update=values)

    def run_on_cpu(self) -> None:
        """Runs again without a CUDA device; so do all later runs."""
        self._settings = self._settings.model_copy(update={"device": "cpu"})
        self.run()

    def cancel(self) -> None:
        """Stops opening; else the running task and whatever waits behind it."""
        if self.opens:
            self._finder.leave()
            if self.state.phase == "opening":
                self._forget_exam()
            self.changed.emit()
            return
        self._drop_waiting()
        self._worker.cancel()

    def choose_length(self, length: str) -> None:
        """Selects again from the same scores; before there is a result, only remembers it."""
        if self.state.can_edit:
            self.editing.choose_length(length)
        else:
            self.state.length = length
        self.changed.emit()

    def cover_planes(self, wanted: bool) -> None:
        """Selects again, covering planes or not; before there is a result, only remembers it."""
        if self.state.can_edit:
            self.editing.cover_planes(wanted)
        else:
            self.state.cover_planes = wanted
        self.changed.emit()

    def set_point(self, which: Literal["in", "out"]) -> None:
        """Sets the in or the out point at the picture on screen."""
        self.state.set_point(which)
        self.changed.emit()

    def clear_points(self) -> None:
        self.state.clear_points()
        self.changed.emit()

    def save_project_as(self, path: Path) -> None:
        """Writes a copy of the project, or the project itself if it has no file yet."""
        if self.state.project_path is None:
            self._project_file.move_to(path)
            self.changed.emit()
        else:
            self._project_file.save_copy(path)

    def save_all(self) -> tuple[UsummaryError, ...]:
        """Waits until all edits are on the disk or failed; returns the errors."""
        return self._project_file.finish()

    def resolve(self, wanted: Literal["mine", "theirs"]) -> None:
        """Ends a conflict with another window over the project file; no edits are lost.

        ``mine``: the other window's file is renamed, and the edits on screen take its place.
        ``theirs``: the edits on screen are written to a numbered file beside it, and the other
        window's edits are read.
        """
        path, project_path = self.state.path, self.state.project_path
        if path is None or project_path is None:
            return
        try:
            if wanted == "mine":
                self._project_file.put_aside(project_path)
                self._take_edit()
            else:
                self._project_file.give_way()
                self._open_exam((path, project_path, self.state.video_stream))
        except (OSError, UsummaryError) as error:
            self._fail_saving(project_path, error)

    def save_to(self, path: Path) -> None:
        """Saves the edits to another file from now on."""
        self._project_file.move_to(path)
        self.changed.emit()

    @Slot()
    def _take_edit(self) -> None:
        self._project_file.save()
        self.changed.emit()

    @Slot(object, object)
    def _fail_saving(self, path: Path, error: Exception) -> None:
        self.problem.emit(describe(error, "export", (path, *self._secrets())))
        self.changed.emit()

    @Slot(object)
    def _fail_finding(self, error: Exception) -> None:
        self.problem.emit(describe(error, "open"))

    def export(self, folder: Path, options: ExportOptions) -> None:
        """Exports the summary on screen."""
        path, summary = self.state.path, self.state.summary
        if path is None or summary is None or self.busy:
            return
        operation = jobs.export(path, summary, folder, options, self.state.video_stream)

        def tell(paths: object) -> None:
            self.exported.emit(folder, paths)

        self._start(Task("export", "export", operation, tell, path))

    def analyse_with(self, model: str, finish: Callable[[object], None]) -> Task | None:
        """Analyses the open exam with another model; the result on screen stays.

        Args:
            model: Name of a summariser.
            finish: Called with the `Summary`.

        Returns:
            The task, which comes back with `ended`; None while the session is `busy`.
        """
        path, computed = self.state.path, self.state.computed
        if path is None or computed is None or self.busy:
            return None
        settings = make_settings(computed.provenance.settings)
        wanted = {"model": model, "device": self._settings.device}
        operation = jobs.analyse(path, settings.model_copy(update=wanted))
        return self._start(Task("compare", "compare", operation, finish, path))

    def work_beside(self, stages: Action, operation: Operation) -> Task | None:
        """Starts work that does not concern the open exam and hands out its results itself.

        Args:
            stages: How its progress is shown, a key of `STAGE_NAMES`; also the action to offer
                again if it fails.
            operation: The work.

        Returns:
            The task, which comes back with `ended`; None while the session is `busy`.
        """
        if self.busy:
            return None
        return self._start(Task(stages, stages, operation, lambda _: None, self.state.path))

    def want_thumbnails(self, positions: list[int], size: QSize) -> None:
        """Orders small pictures; each arrives with the signal `thumbnail`."""
        opened = self.state.opened
        if opened is not None and positions and not self._closed:
            self._picture_source(opened).want(positions, size)

    def want_small(self, wanted: list[Small]) -> None:
        """Orders pictures for the timeline; each arrives with the signal `small`."""
        opened = self.state.opened
        wanted_now = bool(wanted) or self._thumbnails is not None
        if opened is not None and wanted_now and not self._closed:
            self._picture_source(opened).want_small(wanted)

    def _picture_source(self, opened: OpenedExam) -> ThumbnailSource:
        if self._thumbnails is None:
            self._thumbnails = ThumbnailSource(
                opened.path, opened.table, self, stream=self.state.video_stream
            )
            self._thumbnails.arrived.connect(self.thumbnail)
            self._thumbnails.small_arrived.connect(self.small)
            self._thumbnails.start(self._fail_thumbnails)
        return self._thumbnails

    def close(self) -> None:
        """Stops everything and waits until it has stopped."""
        self._closed = True
        self.queue.entries.clear()
        self._waiting, self._run_waits = None, False
        self._finder.close()
        self._worker.close()
        self._task = None
        self._project_file.finish()
        self.playback.close()
        self._leave_thumbnails()
        for source in self.findChildren(ThumbnailSource):
            source.close()

    def _start(self, task: Task) -> Task:
        """Begins a task, or lets it wait until the running one has stopped or is done."""
        if self.working:
            self._make_way()
            self._drop_waiting()  # only the newest wish waits
            self._waiting = task
        else:
            self._begin(task)
        return task

    def _begin(self, task: Task) -> None:
        self._task = task
        self.began.emit(task.stages)
        self._worker.start(task.operation)
        self.changed.emit()

    def _drop_waiting(self, *, but: Action | None = None) -> None:
        """Drops the waiting task and run, except a task that does `but`."""
        self._run_waits = False
        task = self._waiting
        if task is not None and task.doing != but:
            self._waiting = None
            self.ended.emit(task)

    @Slot(object)
    def _succeed(self, result: object) -> None:
        if self._task is not None:
            self._task.finish(result)

    def _is_run(self, task: Task | None) -> bool:
        """Whether a task is the run of the exam on screen."""
        return (
            task is not None
            and task.doing == "run"
            and not task.queued
            and task.path == self.state.path
        )

    def _finish_run(self, result: object) -> None:
        """Shows a result with the edits of its project, or with those made on the last result."""
        if not self._is_run(self._task):  # another exam was opened meanwhile
            return
        if isinstance(result, EditedSummary) and self.state.project_path is not None:
            self._project_file.know(self.state.project_path, result.stamp)
            if result.locked:
                self.state.project_path = None
        if isinstance(result, EditedSummary) and result.saved:
            self.state.edits, self.state.saving = result.edits, "saved"
            self.state.finish_run(result.summary, result.computed)
        else:
            summary = result.summary if isinstance(result, EditedSummary) else result
            if not isinstance(summary, Summary):
                return
            wanted = self.editing.choice
            self.state.finish_run(summary)
            if wanted != Choice(Edits(), summary.length, self.state.cover_planes):
                self.editing.show(wanted)
        self.changed.emit()

    def _finish_sample(self, path: object) -> None:
        if isinstance(path, Path):
            self.open(path)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        task = self._task
        if task is None:
            return
        if task.queued and task.path is not None:
            self.queue.finish(task.path, describe(error, "run", (task.path,)).sentence)
            return
        if self._is_run(task):
            self.state.fail()
        self.problem.emit(describe(error, task.doing, self._secrets()))
        self.changed.emit()

    @Slot()
    def _cancelled(self) -> None:
        task = self._task
        if task is not None and task.queued and task.path is not None:
            if self.queue.running == task.path:
                self.queue.remove(task.path)
        elif self._is_run(task):
            self.state.cancel_run()
        self.changed.emit()

    @Slot()
    def _go_on(self) -> None:
        """After a task: begins the waiting task, else the waiting run, else serves the queue."""
        ended, self._task = self._task, None
        if ended is not None:
            self.ended.emit(ended)
        if self._task is not None:
            return  # a receiver of `ended` has begun another task
        following, self._waiting = self._waiting, None
        if following is not None:
            self._begin(following)
        elif self._run_waits:
            self._run_waits = False
            self.run()
        else:
            if self.state.phase == "opening":
                self.began.emit("open")
            self.changed.emit()

    def enqueue(self, path: Path) -> None:
        """Opens an exam or a project; during a run, an exam joins the queue instead."""
        computing = self._task is not None and self._task.doing == "run"
        if not computing or path.suffix == SUFFIX:
            self.open(path)
        elif path != self.state.path:
            self.queue.add(path)
            self.changed.emit()

    @Slot(object)
    def take_from_queue(self, path: Path) -> None:
        """Removes an exam from the queue and stops its run, if that is going on."""
        if self.queue.running == path:
            self._worker.cancel()
        self.queue.remove(path)
        self.changed.emit()

    def _make_way(self) -> None:
        """Stops the running task unless it is an export; the queue's run goes back to its place."""
        if self._task is not None and self._task.doing != "export":
            self.queue.put_back()
            self._worker.cancel()

    @Slot()
    def _serve_queue(self) -> None:
        """Starts the run of the queue's next exam if there is nothing else to do."""
        waits = self._waiting is not None or self._run_waits
        if self.working or waits or self.state.phase == "opening":
            return
        path = self.queue.start()
        if path is not None:

            def finish(_: object) -> None:
                self.queue.finish(path)

            operation = jobs.analyse(path, self._settings, watched=self._watched)
            self._begin(Task("run", "run", operation, finish, path, queued=True))

    @Slot(object, object)
    def _show_preview(self, path: Path, scores: Scores) -> None:
        if path == self.state.path:
            self.state.show_preview(scores)
            self.changed.emit()

    @Slot(object)
    def _finish_opening(self, opened: OpenedExam) -> None:
        self.state.finish_opening(opened)
        self.changed.emit()

    @Slot(object)
    def _fail_opening(self, error: Exception) -> None:
        """The player cannot read the exam. A run could not either, so it is stopped too."""
        problem = describe(error, "open", self._secrets())
        self._run_waits = False
        if self._is_run(self._task):
            self._worker.cancel()
        if self.state.opened is None:
            self._forget_exam()
        self.problem.emit(problem)
        self.changed.emit()

    def _forget_exam(self) -> None:
        self.playback.leave()
        self.editing.forget()
        self.state.close()

    @Slot(object)
    def _show_opening(self, progress: Progress) -> None:
        if self.state.phase == "opening" and not self.working:
            self.progressed.emit(progress)

    @Slot(object)
    def _fail_thumbnails(self, error: Exception) -> None:
        self.problem.emit(describe(error, "open", self._secrets()))

    def _leave_thumbnails(self) -> None:
        if self._thumbnails is not None:
            self._thumbnails.leave()
            self._thumbnails = None

    def _secrets(self) -> tuple[Path, ...]:
        return (self.state.path,) if self.state.path is not None else ()
