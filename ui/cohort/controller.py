"""Measures many exams: the list of exams, the plan, and the results so far.

The session's worker measures exam after exam; the page shows each exam's values as they arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from ui.cohort.page import CohortPage
from ui.cohort.tables import SHOWN, who
from ui.common.file_dialogs import ask_figure, ask_files, ask_folder, ask_table, joined
from ui.common.language import tr
from ui.session import jobs
from ui.session.problems import describe
from ui.session.session import Session, Task
from ui.session.worker import Worker
from usummary.paths import names_of

if TYPE_CHECKING:
    from usummary.comparing.cohort import Cohort, Plan


SHOWN_EVERY_MS = 400
"""Least time between two drawings of the page while exams arrive."""


class Cohorts(QObject):
    """Holds the exams of the cohort and their measures, and keeps the page up to date.

    Args:
        session: Whose worker measures, and whose settings count.
        recent: Exams that the window knows of: opened before, or computed in the queue.
        window: What dialogs stand over.

    Signals:
        shown: The page is to be on screen now, or no more.
        open_wanted: Path of an exam to open.
        refused: A sentence that says why nothing happened, or what did.
        problem: A `Problem` to show.
    """

    shown = Signal(bool)
    open_wanted = Signal(object)
    refused = Signal(str)
    problem = Signal(object)

    _found = Signal(object)

    def __init__(
        self, session: Session, recent: Callable[[], Sequence[Path]], window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._recent, self._window = session, recent, window
        self.page = CohortPage()
        self.is_shown = False
        self.exams: list[Path] = []
        self.measured: Cohort | None = None
        self._task: Task | None = None
        self._helper = Worker("cohort", self)
        self._later = QTimer(self, singleShot=True, interval=SHOWN_EVERY_MS)
        self._connect()

    def _connect(self) -> None:
        page = self.page
        page.add_files.triggered.connect(lambda _=False: self.add(ask_files(page, self._last())))
        page.add_folder.triggered.connect(lambda _=False: self.add(ask_folder(page, self._last())))
        page.add_recent.triggered.connect(lambda _=False: self.add(self._recent()))
        page.run_button.clicked.connect(lambda _=False: self.run())
        page.close_button.clicked.connect(lambda _=False: self.toggle())
        page.command_button.clicked.connect(lambda _=False: self.copy_command())
        page.values_button.clicked.connect(lambda _=False: self._save_values())
        page.figure_button.clicked.connect(lambda _=False: self._save_figure())
        page.plan_changed.connect(self.refresh)
        page.view_changed.connect(self.refresh)
        page.means.row_chosen.connect(lambda _: self._show_exams())
        page.exams.open_wanted.connect(self._open)
        page.exams.remove_wanted.connect(self.remove)
        self._later.timeout.connect(self.refresh)
        self._found.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._helper.succeeded.connect(self._take_help)
        self._helper.failed.connect(self._fail)
        self._session.ended.connect(self._end)

    @Slot()
    def toggle(self) -> None:
        """Shows the page, or the page that was on screen before it."""
        self.show(not self.is_shown)

    def show(self, wanted: bool) -> None:
        if wanted == self.is_shown:
            return
        self.is_shown = wanted
        if wanted and not self.page.models and not self._helper.busy:
            self._helper.start(jobs.list_summarisers())
        self.refresh()
        self.shown.emit(wanted)

    # The exams

    def add(self, paths: Sequence[Path]) -> None:
        """Adds exams: files, folders of one study, and all exams in other folders."""
        if not paths:
            return
        if self._helper.busy or self._running:
            self.refused.emit(tr("Other work is on its way. Try again when it is done."))
            return
        self._helper.start(jobs.list_exams(paths))

    @Slot(object)
    def remove(self, path: Path) -> None:
        """Removes an exam and its measures."""
        if self._running:
            self.refused.emit(tr("Other work is on its way. Try again when it is done."))
            return
        self.exams.remove(path)
        if self.measured is not None:
            self.measured = _only(self.measured, self.exams)
        self.refresh()

    @Slot(object)
    def _open(self, path: Path) -> None:
        self.open_wanted.emit(path)

    def _last(self) -> str:
        return str(self.exams[-1].parent if self.exams else Path.home())

    # Measuring

    @property
    def plan(self) -> Plan | None:
        """The plan chosen on the page; None without a model or without a length."""
        page = self.page
        models = tuple(name for name, action in page.models.items() if action.isChecked())
        lengths = tuple(name for name, action in page.lengths.items() if action.isChecked())
        if not models or not lengths:
            return None
        from usummary.comparing.cohort import Plan

        return Plan(
            models=models,
            baselines=tuple(name for name, action in page.baselines.items() if action.isChecked()),
            lengths=lengths,
            settings=self._session.settings.model_copy(
                update={"cover_planes": page.cover_button.isChecked()}
            ),
        )

    @Slot()
    def run(self) -> None:
        """Measures the exams that have no result under the chosen plan yet."""
        plan = self.plan
        if plan is None or not self.exams:
            return
        if self.measured is None or self.measured.plan != plan:
            from usummary.comparing.cohort import Cohort

            kept = Cohort(plan)
        else:
            kept = replace(self.measured, left_out=())
        known = {exam.path for exam in kept.exams}
        missing = [path for path in self.exams if path not in known]
        operation = jobs.measure(missing, plan, self._found.emit)
        task = self._session.work_beside("cohort", operation)
        if task is not None:
            self.measured, self._task = kept, task
        else:
            self.refused.emit(tr("Other work is on its way. Try again when it is done."))
        self.refresh()

    @Slot(object)
    def _take(self, exam: object) -> None:
        """Takes the result of one more exam."""
        from usummary.comparing.cohort import LeftOut, MeasuredExam

        if self.measured is None:
            return
        if isinstance(exam, MeasuredExam):
            longer = replace(self.measured, exams=(*self.measured.exams, exam))
        elif isinstance(exam, LeftOut):
            longer = replace(self.measured, left_out=(*self.measured.left_out, exam))
        self.measured = _only(longer, self.exams)
        if not self._later.isActive():
            self._later.start()

    @property
    def _running(self) -> bool:
        """Whether exams are being measured, or wait for the queue's run to stop."""
        return self._task is not None

    @Slot(object)
    def _end(self, ended: Task) -> None:
        """Takes note that the measuring has ended, was stopped, or failed."""
        if self._task is ended:
            self._task = None
            self.refresh()

    # What is shown

    @Slot()
    def refresh(self) -> None:
        """Lets the page show the results so far; computes nothing that takes time."""
        if not self.is_shown:
            return
        page, measured, plan = self.page, self.measured, self.plan
        known = measured is not None and bool(measured.exams)
        page.run_button.setEnabled(bool(self.exams) and plan is not None and not self._running)
        page.add_button.setEnabled(not self._running)
        for button in (page.command_button, page.values_button, page.figure_button):
            button.setEnabled(known and not self._running)
        if measured is not None:
            page.offer_against(measured)
            page.means.show_cohort(measured, page.against)
            page.plot.show_cohort(measured, page.measure, page.against)
            if page.means.chosen is None:
                page.means.blockSignals(True)
                page.means.choose(0)
                page.means.blockSignals(False)
        self._show_exams()
        page.note.setText(" ".join(self._notes(plan)))

    def _show_exams(self) -> None:
        page, measured = self.page, self.measured
        at = page.means.chosen
        row = measured.rows[at] if measured is not None and at is not None and at >= 0 else None
        values: dict[Path, list[float | None]] = {}
        if measured is not None and row is not None:
            columns = [measured.values(row, measure, page.against) for measure in SHOWN]
            values = {
                exam.path: [column.get(exam.path) for column in columns] for exam in measured.exams
            }
        left_out = {exam.path: exam.reason for exam in measured.left_out} if measured else {}
        waits = tr("waits") if self._running else tr("not measured yet")
        reasons = {path: left_out.get(path, waits) for path in self.exams}
        page.exams.show_exams(names_of(self.exams), values, reasons, page.against)
        if row is None:
            page.of_row.setText(tr("{count} exams", count=len(self.exams)))
        else:
            page.of_row.setText(
                tr("The single exams: {name}, {length}", name=who(row.who), length=row.length)
            )

    def _notes(self, plan: Plan | None) -> list[str]:
        """What a person must know to read the page correctly."""
        measured = self.measured
        if not self.exams:
            return [tr("Add exams with freeze-frames to compare models and baselines over them.")]
        if plan is None:
            return [tr("Choose at least one model and one length.")]
        notes = []
        if measured is not None and measured.left_out:
            notes.append(tr("Left out: {count}.", count=len(measured.left_out)))
        known = len(measured.exams) + len(measured.left_out) if measured is not None else 0
        if measured is not None and not self._running:
            if measured.plan != plan:
                notes.append(tr("Other things are wanted than were measured: press Measure."))
            elif known < len(self.exams):
                left = len(self.exams) - known
                notes.append(tr("Not measured yet: {count}.", count=left))
        if plan.settings.covering_s:
            notes.append(
                tr("Every recognised plane is shown first, so planes say little of the scores.")
            )
        return notes

    # What can be taken away

    @Slot()
    def copy_command(self) -> None:
        """Copies the command that prints the same table."""
        if self.measured is None or not self.measured.exams:
            return
        from usummary.comparing.cohort import command

        words = command(self.measured, self.page.against)
        QGuiApplication.clipboard().setText(joined(words))
        self.refused.emit(tr("Copied. Run it in the folder that holds the exams."))

    def _save_values(self) -> None:
        if self.measured is not None:
            chosen = ask_table(self._window, self._place("cohort.csv"))
            if chosen is not None:
                self._help(jobs.save_cohort_values(chosen, self.measured))

    def _save_figure(self) -> None:
        if self.measured is not None:
            page = self.page
            chosen = ask_figure(self._window, self._place(f"cohort {page.measure}.svg"))
            if chosen is not None:
                drawn = page.measure, page.against
                self._help(jobs.save_cohort_figure(chosen, self.measured, *drawn))

    def _place(self, name: str) -> Path:
        return self.exams[0].parent / name

    def _help(self, operation: Callable[..., object]) -> None:
        if self._helper.busy:
            self.refused.emit(tr("Other work is on its way. Try again when it is done."))
        else:
            self._helper.start(operation)

    @Slot(object)
    def _take_help(self, found: object) -> None:
        """The helper's result: exams of folders, names of models, or files that were saved."""
        if isinstance(found, list):
            self.exams = list(dict.fromkeys([*self.exams, *found]))
        elif isinstance(found, tuple) and isinstance(found[0], Path):
            names = " · ".join(path.name for path in found)
            self.refused.emit(tr("Saved: {names}", names=names))
        elif isinstance(found, tuple):
            self.page.show_models(found, self._session.settings.model)
        self.refresh()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.problem.emit(describe(error, "cohort", tuple(self.exams)))

    def close(self) -> None:
        """Stops everything and waits until it has stopped."""
        self._helper.close()


def _only(cohort: Cohort, wanted: Sequence[Path]) -> Cohort:
    """The known results of these exams, in their order."""
    place = {path: number for number, path in enumerate(wanted)}
    exams = sorted((e for e in cohort.exams if e.path in place), key=lambda e: place[e.path])
    left = sorted((e for e in cohort.left_out if e.path in place), key=lambda e: place[e.path])
    return replace(cohort, exams=tuple(exams), left_out=tuple(left))
