"""A table whose rows are chosen as a whole and sorted by values, not by texts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ui.common.language import tr
from ui.common.widgets import set_plain_tip

_ITS_KEYS = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End}


class Cell(QTableWidgetItem):
    """A cell that is sorted by its value, not its text; undefined values come first."""

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


class RowTable(QTableWidget):
    """A table; Up and Down choose a row while it has the focus, a click on a head sorts.

    Args:
        columns: Head of each column, and what it means.
        widths_px: Least width of each column; 0: it takes what is left.
        texts: How many columns from the left hold texts; the others hold numbers.
        fitted: Columns are widened to what they hold.

    Signals:
        row_chosen: Position of the chosen row in the order it was given in; -1: none.
    """

    row_chosen = Signal(int)

    def __init__(
        self,
        columns: Sequence[tuple[str, str]],
        widths_px: Sequence[int],
        parent: QWidget | None = None,
        *,
        texts: int = 2,
        fitted: bool = True,
    ) -> None:
        super().__init__(0, len(columns), parent)
        self._widths_px, self._fitted = widths_px, fitted
        header = self.horizontalHeader()
        for column, (head, tip) in enumerate(columns):
            item = QTableWidgetItem(tr(head))
            set_plain_tip(item, tr(tip))
            side = Qt.AlignmentFlag.AlignLeft if column < texts else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, item)
            if widths_px[column] == 0:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.itemSelectionChanged.connect(self._tell)

    def show_rows(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Shows these rows; the person's order and the chosen row stay."""
        chosen = self.chosen
        self.blockSignals(True)
        self.setSortingEnabled(False)
        self.clearContents()
        self.setRowCount(len(rows))
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                cell.setData(Qt.ItemDataRole.UserRole, row)
                self.setItem(row, column, cell)
        for column, least in enumerate(self._widths_px):
            if least:
                held = self.sizeHintForColumn(column) if self._fitted else 0
                self.setColumnWidth(column, max(least, held))
        self.setSortingEnabled(True)
        if chosen is not None:
            self.choose(chosen)
        self.blockSignals(False)

    @property
    def chosen(self) -> int | None:
        """Position of the chosen row in the order that rows were given in."""
        found = self.selectedItems()
        return self.given(found[0].row()) if found else None

    def given(self, row: int) -> int:
        """Position, in the order that rows were given in, of the row shown at `row`."""
        item = self.item(row, 0)
        return -1 if item is None else int(item.data(Qt.ItemDataRole.UserRole))

    @Slot(int)
    def choose(self, wanted: int) -> None:
        """Chooses the row at a position in the given order."""
        for row in range(self.rowCount()):
            if self.given(row) == wanted:
                self.selectRow(row)
                self.scrollTo(self.model().index(row, 0))

    @Slot()
    def _tell(self) -> None:
        self.row_chosen.emit(-1 if self.chosen is None else self.chosen)

    def event(self, event: QEvent) -> bool:
        """Keeps the arrow keys for itself; elsewhere they go to the next key shot."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and Qt.Key(event.key()) in _ITS_KEYS:
            event.accept()
            return True
        return super().event(event)
