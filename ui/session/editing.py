"""What a person changes about a result, with undo and redo.

Edits are one immutable value (`usummary.selection.edits`), and so is the wanted length beside them.
A step of the undo history therefore holds the value before and the value after, and undo shows the
value before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from ui.common.language import tr
from ui.session import jobs
from ui.session.state import LENGTHS, State
from usummary.errors import UsummaryError
from usummary.selection import edits as engine
from usummary.selection.edits import Edits, Polygon
from usummary.types import FreezeFrame, Summary

Decided = Literal["keep", "reject", "lock", "clear"]
NO_SHOT = "There is no shot here."
NO_POINTS = "Set the in point and the out point first."


class Choice(NamedTuple):
    """Everything that the person chose about an exam."""

    edits: Edits
    length: str
    cover_planes: bool


class Change(QUndoCommand):
    """One step of the history, from one choice to another, pushed after it was made.

    `QUndoStack.push` calls `redo`; that first call does nothing, because the change is made.
    """

    def __init__(
        self, text: str, before: Choice, after: Choice, show: Callable[[Choice], None]
    ) -> None:
        super().__init__(text)
        self._before, self._after, self._show = before, after, show
        self._made = True

    def undo(self) -> None:
        self._show(self._before)

    def redo(self) -> None:
        if self._made:
            self._made = False
        else:
            self._show(self._after)


class Editing(QObject):
    """Keeps, rejects, locks, cuts and adds, and selects again after every change.

    Before there is a result and during a run nothing can be edited; calls are then ignored.

    Signals:
        changed: The state shows another choice.
        refused: A sentence that says why an edit was not made.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.history = QUndoStack(self)

    @property
    def choice(self) -> Choice:
        """The choice on screen."""
        return Choice(self._state.edits, self._state.length, self._state.cover_planes)

    def forget(self) -> None:
        """Empties the history, for another exam."""
        self.history.clear()

    def edit(self, text: str, edits: Edits) -> None:
        """Shows other edits and remembers the step; `text` names it in the menu."""
        if edits != self._state.edits:
            length = self._possible_length(edits)
            self._change(text, self.choice._replace(edits=edits, length=length))

    def choose_length(self, length: str) -> None:
        """Selects again with another length."""
        if length != self._state.length:
            self._change(tr("Length {length}", length=length), self.choice._replace(length=length))

    def cover_planes(self, wanted: bool) -> None:
        """Selects again, with something of every recognised plane or without."""
        if wanted != self._state.cover_planes:
            text = tr("Cover planes") if wanted else tr("Do not cover planes")
            self._change(text, self.choice._replace(cover_planes=wanted))

    @Slot()
    def undo(self) -> None:
        if self._state.can_edit:
            self.history.undo()

    @Slot()
    def redo(self) -> None:
        if self._state.can_edit:
            self.history.redo()

    @Slot(int, str)
    def decide(self, index: int, decided: Decided) -> None:
        """Keeps, rejects or locks a shot; if that is decided already, takes it back."""
        if not self._has_shot(index):
            return
        shot = self._state.shots[index]
        now = self._state.edits.decision(shot)
        if decided == "lock":
            verb, text = engine.lock, tr("Lock shot")
            if now == "locked":
                verb, text = engine.unlock, tr("Unlock shot")
        elif decided == "clear" or (decided, now) in (("keep", "kept"), ("reject", "rejected")):
            verb, text = engine.clear, tr("Decide automatically on shot")
        elif decided == "keep":
            verb, text = engine.keep, tr("Keep shot")
        else:
            verb, text = engine.reject, tr("Reject shot")
        self._attempt(text, lambda: verb(self._state.edits, shot))

    @Slot(str)
    def decide_here(self, decided: Decided) -> None:
        """Decides on the selected shot, else on the one under the playhead."""
        target = self._state.target_shot
        self.decide(-1 if target is None else target, decided)

    @Slot()
    def split(self) -> None:
        """Cuts a shot before the picture on screen."""
        opened = self._state.opened
        if opened is None:
            return
        place = opened.table.place_of(self._state.here)
        self._attempt(
            tr("Split shot"), lambda: engine.split(self._state.edits, self._state.shots, *place)
        )

    @Slot(int, str, int)
    def move_edge(self, index: int, edge: Literal["start", "end"], position: int) -> None:
        """Moves where a shot starts (its first picture) or ends (the first one after it).

        `position` counts through the exam and is clamped to the shot's recording.
        """
        opened = self._state.opened
        if opened is None or not self._has_shot(index):
            return
        recording = self._state.shots[index].recording
        first, stop = opened.table.starts[recording : recording + 2]
        frame = min(max(position, first), stop) - first
        self._attempt(
            tr("Move start of shot") if edge == "start" else tr("Move end of shot"),
            lambda: engine.move_edge(self._state.edits, self._state.shots, index, edge, frame),
        )

    @Slot()
    def add_shot(self) -> None:
        """Makes what lies between the in and the out point a shot, and keeps it."""
        between, opened = self._state.between_points, self._state.opened
        if between is None or opened is None:
            self.refused.emit(tr(NO_POINTS))
            return
        recording, start = opened.table.place_of(between[0])
        end = between[1] - opened.table.starts[recording]
        count = opened.recordings[recording].frame_count
        if end > count:
            self.refused.emit(tr("The in and the out point lie in different recordings."))
            return
        edits, shots = self._state.edits, self._state.shots
        made = self._attempt(
            tr("Add shot"), lambda: engine.add_shot(edits, shots, recording, start, end)
        )
        if made:
            self._state.clear_points()
            self._state.selected = self._state.shot_at(opened.table.time_of(between[0]))
            self.changed.emit()

    @Slot()
    def add_freeze(self, plane: str | None = None) -> None:
        """Adds a freeze-frame at the picture on screen."""
        opened, computed = self._state.opened, self._state.computed
        if opened is None or computed is None:
            return
        place = opened.table.place_of(self._state.here)
        if any((freeze.recording, freeze.frame) == place for freeze in self._state.freeze_frames):
            self.refused.emit(tr("There is a freeze-frame at this picture already."))
            return
        freeze = engine.freeze_at(computed, *place, plane)
        self._attempt(tr("Add freeze-frame"), lambda: engine.add_freeze(self._state.edits, freeze))

    def remove_freeze(self, freeze: FreezeFrame) -> None:
        """Removes a freeze-frame from the exam's result."""
        self._attempt(
            tr("Remove freeze-frame"), lambda: engine.remove_freeze(self._state.edits, freeze)
        )

    def relabel(self, freeze: FreezeFrame, plane: str | None) -> None:
        """Sets the plane that a freeze-frame shows."""
        self._attempt(
            tr("Relabel freeze-frame"), lambda: engine.relabel(self._state.edits, freeze, plane)
        )

    def set_mask(self, recording: int, polygon: Polygon | None) -> None:
        """Confirms the outline of a recording's sector; None: as it was found."""
        if self._state.computed is None:
            return
        count = len(self._state.computed.regions)
        self._attempt(
            tr("Set sector outline"),
            lambda: engine.set_mask(self._state.edits, recording, polygon, count),
        )

    def _has_shot(self, index: int) -> bool:
        if self._state.can_edit and not 0 <= index < len(self._state.shots):
            self.refused.emit(tr(NO_SHOT))
            return False
        return self._state.can_edit

    def _attempt(self, text: str, make: Callable[[], Edits]) -> bool:
        """Makes an edit, or emits why it is refused; returns whether it was made."""
        if not self._state.can_edit:
            return False
        try:
            edits = make()
        except UsummaryError as error:
            self.refused.emit(str(error))
            return False
        self.edit(text, edits)
        return self._state.edits == edits

    def _change(self, text: str, after: Choice) -> None:
        summary = self._select(after)
        if summary is not None:
            self.history.push(Change(text, self.choice, after, self.show))
            self._take(after, summary)

    def show(self, choice: Choice) -> None:
        """Shows a choice without a step in the history; if it is refused, nothing changes."""
        summary = self._select(choice)
        if summary is not None:
            self._take(choice, summary)

    def _take(self, choice: Choice, summary: Summary) -> None:
        self._state.edits = choice.edits
        self._state.show_summary(summary)
        self.changed.emit()

    def _select(self, choice: Choice) -> Summary | None:
        """The summary of a choice; None if there is no result yet, or the choice is refused."""
        computed, summary = self._state.computed, self._state.summary
        if computed is None or summary is None or not self._state.can_edit:
            return None
        try:
            return jobs.select(computed, choice, summary.mode)
        except UsummaryError as error:
            self.refused.emit(str(error))
            return None

    def _possible_length(self, edits: Edits) -> str:
        """The length on screen, unless it is P and `edits` leave no freeze-frame to define it."""
        computed, length = self._state.computed, self._state.length
        if length != "P" or computed is None or engine.apply(computed, edits).freeze_frames:
            return length
        return LENGTHS[0]
