"""The table of a comparison: what each lane reaches, sorted by whatever the person wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ui.language import tr

if TYPE_CHECKING:
    from usummary.compared import Baseline, Compared

TITLES: dict[Baseline, str] = {
    "random scores": "Random scores",
    "even distances": "Even distances",
    "plane confidence": "Plane confidence",
}
COLUMNS: tuple[tuple[str, str], ...] = (
    ("Chosen by", "The model or the baseline that valued the shots"),
    ("Length", "The wanted length; P is the share that the freeze-frames hold"),
    (
        "F1",
        "Agreement, frame by frame, with the key shots that hold the freeze-frames: 2PR / (P + R), "
        "1 is the same choice, 0 is nothing in common",
    ),
    ("Recall", "Share of the freeze-frames that lie in a key shot, or within 1 s of one"),
    ("Planes", "Share of the frozen standard planes that a key shot shows as well"),
    ("Seconds", "Duration of all key shots together"),
)
"""Heads and what they mean."""
WIDTHS_PX = (0, 58, 54, 62, 64, 78)
"""Least width of each column; the first one takes what is left."""
_ITS_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)


def title(lane: Compared) -> str:
    """Who chose a lane's key shots, in words."""
    return tr(TITLES[lane.who]) if lane.who in TITLES else lane.who


class _Cell(QTableWidgetItem):
    """A text that is sorted by what it stands for; what is undefined comes first."""

    def __init__(self, text: str, value: float | str | None) -> None:
        super().__init__(text)
        self.value = value
        self.setFlags(Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled)
        if not isinstance(value, str):
            self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        theirs = getattr(other, "value", None)
        if self.value is None or theirs is None:
            return self.value is None and theirs is not None
        return self.value < theirs  # type: ignore[no-any-return]


class ComparedTable(QTableWidget):
    """One row a lane. Up and Down choose a row while it has the keys.

    Signals:
        row_chosen: Position of the chosen lane in the order of the lanes; -1: none.
    """

    row_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.setAccessibleName(tr("How the lanes compare"))
        for column, (head, tip) in enumerate(COLUMNS):
            item = QTableWidgetItem(tr(head))
            item.setToolTip(tr(tip))
            side = Qt.AlignmentFlag.AlignLeft if column < 2 else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, item)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.itemSelectionChanged.connect(self._tell)

    def show_lanes(self, lanes: Sequence[Compared]) -> None:
        """Shows these; the order that the person chose stays."""
        self.blockSignals(True)
        self.setSortingEnabled(False)
        self.clearContents()
        self.setRowCount(len(lanes))
        for row, lane in enumerate(lanes):
            for column, cell in enumerate(cells(lane)):
                cell.setData(Qt.ItemDataRole.UserRole, row)
                self.setItem(row, column, cell)
        for column, least in enumerate(WIDTHS_PX[1:], start=1):
            self.setColumnWidth(column, max(least, self.sizeHintForColumn(column)))
        self.clearSelection()
        self.blockSignals(False)
        self.setSortingEnabled(True)

    @property
    def chosen(self) -> int | None:
        """Position of the chosen lane in the order of the lanes."""
        found = self.selectedItems()
        return int(found[0].data(Qt.ItemDataRole.UserRole)) if found else None

    @Slot(int)
    def choose(self, lane: int) -> None:
        """Chooses the row of a lane."""
        for row in range(self.rowCount()):
            item = self.item(row, 0)
            if item is not None and item.data(Qt.ItemDataRole.UserRole) == lane:
                self.selectRow(row)
                self.scrollToItem(item)

    @Slot()
    def _tell(self) -> None:
        self.row_chosen.emit(-1 if self.chosen is None else self.chosen)

    def event(self, event: QEvent) -> bool:
        """Keeps the arrow keys, which otherwise go to the next key shot."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and Qt.Key(event.key()) in _ITS_KEYS:
            event.accept()
            return True
        return super().event(event)


def cells(lane: Compared) -> list[QTableWidgetItem]:
    """A lane's row."""
    none_frozen = tr("This exam has no freeze-frames to compare with.")
    return [
        _Cell(title(lane), title(lane)),
        _Cell(lane.length, f"{lane.length:>6}"),
        _share(lane.f1, "{value:.2f}", none_frozen),
        _share(lane.recall, "{value:.0%}", none_frozen),
        _share(lane.planes, "{value:.0%}", tr("No freeze-frame is known to show a plane.")),
        _Cell(tr("{value:.1f}", value=lane.used_s), lane.used_s),
    ]


def _share(value: float | None, form: str, why_not: str) -> _Cell:
    """A number, or the word for none with the reason as its tool tip."""
    cell = _Cell(tr("undefined") if value is None else tr(form, value=value), value)
    if value is None:
        cell.setToolTip(why_not)
        cell.setData(Qt.ItemDataRole.AccessibleTextRole, tr("undefined: {why}", why=why_not))
    return cell
