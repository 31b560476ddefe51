"""The shots as a list model: which shots are shown, and the texts of their cards."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from ui.common.language import tr
from ui.result.pictures import Pictures
from ui.session.state import State, clock
from usummary.types import Decision, Shot

DECISIONS: dict[Decision, str] = {
    "automatic": "",
    "kept": "kept by you",
    "locked": "kept and locked by you",
    "rejected": "rejected by you",
}
AnyIndex = QModelIndex | QPersistentModelIndex
ShotRole = Qt.ItemDataRole.UserRole


def plane_name(plane: str | None) -> str:
    """A shot's plane in words; without one, that none was recognised, not that none is shown."""
    return plane or tr("No plane recognised")


def match_text(numbers: list[int]) -> str:
    """A card's text about the freeze-frames in its shot; empty if there are none."""
    if not numbers:
        return ""
    shown = ", ".join(map(str, numbers[:4])) + (", …" if len(numbers) > 4 else "")
    if len(numbers) > 1:
        return tr("matches freeze-frames {numbers}", numbers=shown)
    return tr("matches freeze-frame {numbers}", numbers=shown)


class ShotModel(QAbstractListModel):
    """The key shots of the state, or all its shots, in exam order."""

    def __init__(self, state: State, pictures: Pictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._pictures = state, pictures
        self._shots: list[int] = []
        self.shows_all = False
        pictures.arrived.connect(self._repaint)

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shots)

    def refresh(self) -> None:
        """Takes over the state's shots and draws all cards again."""
        wanted = list(range(len(self._state.shots))) if self.shows_all else self._state.key_shots
        if wanted != self._shots:
            self.beginResetModel()
            self._shots = wanted
            self.endResetModel()
        self._repaint()

    def row_of(self, shot: int | None) -> int | None:
        return self._shots.index(shot) if shot in self._shots else None

    def shot(self, row: int) -> Shot:
        return self._state.shots[self._shots[row]]

    def key_position(self, row: int) -> int:
        """Position in the exam of a row's key frame."""
        opened, shot = self._state.opened, self.shot(row)
        return opened.table.position_of(shot.recording, shot.key_frame) if opened else 0

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == ShotRole:
            return self._shots[index.row()]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._pictures.get(self.key_position(index.row()))
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole):
            lines = (*self.lines(index.row()), tr(DECISIONS[self.shot(index.row()).decision]))
            return ". ".join(line for line in lines if line)
        return None

    def lines(self, row: int) -> tuple[str, str, str]:
        """A card's lines: plane; time, length and score; freeze-frames."""
        shot = self.shot(row)
        sure = f" · {shot.plane_confidence:.0%}" if shot.plane else ""
        return (
            plane_name(shot.plane) + sure,
            tr(
                "{start} · {length:.1f} s · score {score:.2f}",
                start=clock(shot.start_s, digits=1), length=shot.duration_s, score=shot.score,
            ),
            match_text(self._state.matched_freeze_frames(self._shots[row])),
        )  # fmt: skip

    def _repaint(self, _: int = 0) -> None:
        if self._shots:
            self.dataChanged.emit(self.index(0), self.index(len(self._shots) - 1))
