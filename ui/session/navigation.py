"""Going to places of the exam: shots, freeze-frames, times."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication

from ui.session.session import Session


class Navigation(QObject):
    """Moves the playhead and the selected shot together.

    Signals:
        selected: Another shot is selected, or none.
    """

    selected = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._state = session.state

    @Slot(int)
    def go_to_shot(self, shot: int) -> None:
        """Selects a shot and goes to exactly its first frame."""
        if self._state.opened is None:
            return
        self._state.selected = shot
        target = self._state.shots[shot]
        table = self._state.opened.table
        self._session.playback.go(table.position_of(target.recording, target.start_frame))
        self.selected.emit()

    @Slot(str, int)
    def jump(self, kind: str, direction: int) -> None:
        """Goes to the next (+1) or previous (-1) ``shot`` or ``freeze``."""
        if kind == "shot":
            shot = self._state.next_key_shot(direction)
            if shot is not None:
                self.go_to_shot(shot)
            return
        freeze, opened = self._state.next_freeze_frame(direction), self._state.opened
        if freeze is not None and opened is not None:
            place = opened.table.position_of(freeze.recording, freeze.frame)
            self._session.playback.go(place)

    @Slot(float)
    def seek(self, time_s: float) -> None:
        """A click on the timeline: goes there, and selects the key shot under it."""
        self._session.playback.seek(time_s)
        shot = self._state.shot_at(time_s)
        self._state.selected = shot if shot in self._state.key_shots else None
        self.selected.emit()

    def move(self, seconds: float) -> None:
        """Goes forward by `seconds`, or back if they are negative."""
        self._session.playback.seek(self._state.playhead_s + seconds)


def unless_focused(call: Callable[[], object]) -> Callable[[], None]:
    """`call`, unless a focused control needs the key, such as Space or Enter, itself.

    The key then presses the focused button, or ends the typing of a number.
    """

    def do() -> None:
        focused = QApplication.focusWidget()
        if isinstance(focused, QAbstractButton) and focused.isVisible():
            focused.click()
        elif isinstance(focused, QAbstractSpinBox):
            focused.interpretText()
        else:
            call()

    return do
