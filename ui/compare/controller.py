"""Comparing the exam on screen: lengths, models and baselines as lanes with a table.

Lanes are chosen in a worker. Other models run like any run, with progress and cancelling.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from ui.common.file_dialogs import ask_figure, joined
from ui.common.language import tr
from ui.common.widgets import panel
from ui.compare.lanes import ComparedLanes
from ui.compare.panel import ComparePanel
from ui.session import jobs
from ui.session.problems import describe
from ui.session.session import Session, Task
from ui.session.worker import Operation, Worker
from ui.timeline.timeline import Timeline
from usummary.paths import stem_of
from usummary.types import Analysis, Summary

if TYPE_CHECKING:
    from usummary.comparing.one_exam import Baseline, Compared


class Compare(QObject):
    """Holds the parts of the comparison and keeps them up to date with the session.

    Args:
        session: Whose exam is compared.
        timeline: Whose part of the exam the lanes show.
        window: What dialogs stand over.

    Signals:
        shown: The comparison is on screen now, or no more.
        refused: A sentence that says why nothing happened, or what did.
        problem: A `Problem` to show.
    """

    shown = Signal(bool)
    refused = Signal(str)
    problem = Signal(object)

    def __init__(self, session: Session, timeline: Timeline, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._state, self._window = session, session.state, window
        self.panel = ComparePanel()
        self.lanes = ComparedLanes(session.state, timeline)
        self.below = self._make_below()
        self._lanes: tuple[Compared, ...] = ()
        self._others: dict[str, Analysis] = {}
        self._pending: tuple[str, Task] | None = None
        self._failed: str | None = None
        self._base: Analysis | None = None
        self._asked: object = None
        self._chooser = Worker("comparing", self)
        self._helper = Worker("comparing beside", self)
        self._connect()
        self.panel.hide()
        self.below.hide()

    def _make_below(self) -> QWidget:
        made = panel("timelinePanel")
        layout = QVBoxLayout(made)
        layout.setContentsMargins(4, 4, 8, 4)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(self.panel.focusPolicy())
        area.setWidget(self.lanes)
        layout.addWidget(area)
        made.setMinimumHeight(196)
        return made

    def _connect(self) -> None:
        self.panel.close_wanted.connect(self.toggle)
        self.panel.chosen.connect(self.refresh)
        self.panel.model_wanted.connect(self._want_model)
        self.panel.command_wanted.connect(self.copy_command)
        self.panel.figure_wanted.connect(self.ask_figure)
        self.panel.table.row_chosen.connect(self._mark)
        self.lanes.row_chosen.connect(self.panel.table.choose)
        self._chooser.succeeded.connect(self._show_lanes)
        self._chooser.failed.connect(self._fail)
        self._chooser.ended.connect(self.refresh)
        self._helper.succeeded.connect(self._take)
        self._helper.failed.connect(self._fail)
        self._session.ended.connect(self._end_pending)

    @property
    def is_shown(self) -> bool:
        return not self.panel.isHidden()

    @property
    def compared(self) -> tuple[Compared, ...]:
        """The lanes on screen, from top to bottom."""
        return self._lanes

    @Slot()
    def toggle(self) -> None:
        """Shows the comparison, or goes back to the key shots."""
        if not self.is_shown and not self._state.can_edit:
            self.refused.emit(tr("There is nothing to compare before the exam is summarised."))
            return
        self._show(not self.is_shown)
        if self.is_shown:
            if not self._helper.busy:
                self._helper.start(jobs.list_summarisers())
            self.refresh()

    def _show(self, wanted: bool) -> None:
        self.panel.setVisible(wanted)
        self.below.setVisible(wanted)
        self.shown.emit(wanted)

    @Slot()
    def refresh(self) -> None:
        """Chooses again if anything changed that lanes depend on; closes if the exam is gone."""
        base = self._state.computed
        if base is not self._base:
            self._base, self._others, self._pending = base, {}, None
            for action in self.panel.models.values():
                action.setChecked(False)
        if not self.is_shown:
            return
        if base is None:
            self._lanes, self._asked = (), None
            self._show(False)
            return
        asked = self._question(base)
        if self._chooser.busy:
            if asked != self._asked:
                self._chooser.cancel()  # when it has ended, this is called again
        elif asked != self._asked:
            self._asked = asked
            self._chooser.start(self._operation(base))

    def _question(self, base: Analysis) -> object:
        """Everything that the lanes depend on."""
        state = self._state
        freezes = state.edits.added_freezes, state.edits.removed_freezes, state.edits.planes
        wanted = self._lengths(), self._baselines(), tuple(self._wanted_others())
        return id(base), freezes, state.cover_planes, wanted

    def _operation(self, base: Analysis) -> Operation:
        analyses = [base, *(self._others[name] for name in self._wanted_others())]
        choice = self._state.edits, self._lengths(), self._state.cover_planes
        return jobs.compare(analyses, self._baselines(), choice)

    def _lengths(self) -> tuple[str, ...]:
        return tuple(name for name, action in self.panel.lengths.items() if action.isChecked())

    def _baselines(self) -> tuple[Baseline, ...]:
        return tuple(name for name, action in self.panel.baselines.items() if action.isChecked())

    def _wanted_others(self) -> list[str]:
        models = self.panel.models.items()
        return [name for name, action in models if action.isChecked() and name in self._others]

    @Slot(object)
    def _show_lanes(self, compared: tuple[Compared, ...]) -> None:
        self._lanes = compared
        self.lanes.show_lanes(compared)
        self.panel.table.show_lanes(compared)
        for button in (self.panel.command_button, self.panel.figure_button):
            button.setEnabled(bool(compared))
        self.panel.note.setText(" ".join(self._notes()))

    def _notes(self) -> list[str]:
        """What a person must know to read the table correctly."""
        state, notes = self._state, []
        if state.cover_planes and "even distances" in self._baselines():
            notes.append(
                tr(
                    "Every lane but even distances shows something of each recognised plane first, "
                    "so planes say little of the scores."
                )
            )
        elif state.cover_planes:
            notes.append(
                tr(
                    "Every lane shows something of each recognised plane first, so planes say "
                    "little of the scores."
                )
            )
        if not state.freeze_frames:
            notes.append(
                tr("This exam has no freeze-frames: nothing can be measured, and there is no P.")
            )
        if state.edits.kept or state.edits.rejected or state.edits.spans is not None:
            notes.append(tr("Your decisions about shots do not count here."))
        shown = {lane.who for lane in self._lanes}
        if self._lanes and not shown.issuperset(self._baselines()):
            notes.append(tr("Plane confidence is not known of this exam; run it again."))
        return notes

    @Slot(int)
    def _mark(self, row: int) -> None:
        self.lanes.choose(row if row >= 0 else None)

    # Other models

    @Slot(object)
    def _take(self, found: object) -> None:
        """The helper's result: names of models, or the two files of a figure."""
        if not isinstance(found, tuple):
            return
        if found and isinstance(found[0], Path):
            names = " · ".join(path.name for path in found)
            self.refused.emit(tr("Saved: {names}", names=names))
            return
        own = self._base.provenance.models if self._base else ()
        used = {model["name"] for model in own}
        self.panel.show_models([name for name in found if name not in used])

    @Slot(str, bool)
    def _want_model(self, name: str, wanted: bool) -> None:
        if not wanted or name in self._others:
            self.refresh()
        else:
            self._run_model(name)

    def _run_model(self, name: str) -> None:
        finish = partial(self._finish_model, name, self._base)
        task = self._session.analyse_with(name, finish) if self._pending is None else None
        if task is not None:
            self._pending, self._failed = (name, task), None
        else:
            self.panel.models[name].setChecked(False)
            self.refused.emit(tr("Other work is on its way. Try again when it is done."))

    def _finish_model(self, name: str, base: Analysis | None, result: object) -> None:
        if base is self._base and isinstance(result, Summary):
            self._others[name] = result.analysis
            self._pending = None
            self.refresh()

    @Slot(object)
    def _end_pending(self, ended: Task) -> None:
        """Unticks a model whose run was stopped or failed."""
        if self._pending is not None and self._pending[1] is ended:
            self._failed, self._pending = self._pending[0], None
            self.panel.models[self._failed].setChecked(False)

    @Slot()
    def try_again(self) -> None:
        """Runs the model that failed again."""
        if self._failed in self.panel.models:
            self.panel.models[self._failed].setChecked(True)

    # What can be taken away

    @Slot()
    def copy_command(self) -> None:
        """Copies the chosen lane's command, or those of all lanes, one per line."""
        if not self._lanes:
            return
        from usummary.comparing.one_exam import command

        at = self.panel.table.chosen
        lanes = self._lanes if at is None else (self._lanes[at],)
        lines = dict.fromkeys(joined(command(lane)) for lane in lanes)
        QGuiApplication.clipboard().setText("\n".join(lines))
        self.refused.emit(tr("Copied. Run it in the folder of the recording."))

    @Slot()
    def ask_figure(self) -> None:
        """Asks where to, and saves the lanes as a figure."""
        path = self._state.path
        if path is None or not self._lanes:
            return
        chosen = ask_figure(self._window, path.with_name(f"{stem_of(path)} compared.svg"))
        if chosen is None:
            return
        if self._helper.busy:
            self.refused.emit(tr("Other work is on its way. Try again when it is done."))
            return
        self._helper.start(jobs.save_figure(chosen, self._lanes))

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        secrets = (self._state.path,) if self._state.path is not None else ()
        self.problem.emit(describe(error, "compare", secrets))

    def close(self) -> None:
        """Stops everything and waits until it has stopped."""
        self._chooser.close()
        self._helper.close()
