"""The table of a comparison: the measures of each lane, sorted by a column of choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from ui.common.language import tr
from ui.common.row_table import Cell, RowTable
from ui.common.widgets import set_plain_tip

if TYPE_CHECKING:
    from usummary.comparing.one_exam import Baseline, Compared

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
    ("Planes shown", "Share of the frozen standard planes that a key shot is labelled with"),
    ("Seconds", "Duration of all key shots together"),
)
"""Heads of the columns, and their meaning."""
WIDTHS_PX = (0, 58, 54, 62, 104, 78)
"""Least width of each column; the first column takes the rest."""


def title(lane: Compared) -> str:
    """Who chose a lane's key shots, in words."""
    return tr(TITLES[lane.who]) if lane.who in TITLES else lane.who


class ComparedTable(RowTable):
    """A table with one row per lane."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, WIDTHS_PX, parent)
        self.setAccessibleName(tr("How the lanes compare"))

    def show_lanes(self, lanes: Sequence[Compared]) -> None:
        """Shows these lanes, in the order that the person chose before."""
        self.show_rows([cells(lane) for lane in lanes])
        self.clearSelection()


def cells(lane: Compared) -> list[Cell]:
    """A lane's row."""
    none_frozen = tr("This exam has no freeze-frames to compare with.")
    return [
        Cell(title(lane), title(lane)),
        Cell(lane.length, f"{lane.length:>6}"),
        _share(lane.f1, "{value:.2f}", none_frozen),
        _share(lane.recall, "{value:.0%}", none_frozen),
        _share(lane.planes_shown, "{value:.0%}", tr("No freeze-frame is known to show a plane.")),
        Cell(tr("{value:.1f}", value=lane.used_s), lane.used_s),
    ]


def _share(value: float | None, form: str, why_not: str) -> Cell:
    """A cell with a number, or with the word for an undefined one and the reason as tool tip."""
    cell = Cell(tr("undefined") if value is None else tr(form, value=value), value)
    if value is None:
        set_plain_tip(cell, why_not)
        cell.setData(Qt.ItemDataRole.AccessibleTextRole, tr("undefined: {why}", why=why_not))
    return cell
