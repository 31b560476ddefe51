"""The two tables of a cohort: means of every way to choose, and the single exams of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from ui.common.language import tr
from ui.common.row_table import Cell, RowTable
from ui.common.theme import color
from ui.common.widgets import set_plain_tip
from ui.compare.table import TITLES

if TYPE_CHECKING:
    from usummary.agreement import Measure
    from usummary.comparing.cohort import Against, Cohort, WayToChoose
    from usummary.comparing.intervals import Interval

SHOWN: tuple[Measure, ...] = ("f1", "tau", "rho", "recall", "saved_planes")
MEASURES: dict[Measure, tuple[str, str]] = {
    "f1": ("F1", "Agreement, frame by frame, with the key shots that hold the freeze-frames"),
    "tau": ("tau", "Kendall’s rank correlation of the scores with what was frozen"),
    "rho": ("rho", "Spearman’s rank correlation of the scores with what was frozen"),
    "recall": ("Recall", "Share of the freeze-frames that lie in a key shot, or within 1 s of one"),
    "saved_planes": (
        "Saved planes",
        "Share of the frozen standard planes of which a freeze-frame lies in a key shot",
    ),
}
"""Heads of the columns, and their meaning."""
_HEADS = [MEASURES[measure] for measure in SHOWN]
_MEANS = (
    ("Chosen by", "The model or the baseline that valued the shots"),
    ("Length", "The wanted length; P is the share that the freeze-frames hold"),
    ("Exams", "How many exams the mean is taken over"),
    *_HEADS,
)
_EXAMS = (("Exam", "A click on the name opens it"), *_HEADS)


def who(name: str) -> str:
    """A model's or a baseline's name in words."""
    return tr(TITLES[name]) if name in TITLES else name


class MeansTable(RowTable):
    """One row per way to choose and length: means over exams with 95 % intervals."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_MEANS, (0, 54, 54, *(150,) * len(SHOWN)), parent)
        self.setAccessibleName(tr("Means over the exams"))

    def show_cohort(self, cohort: Cohort, against: Against | None) -> None:
        """Shows means, or with `against` means of the differences on the same exams."""
        self.show_rows([self._cells(cohort, row, against) for row in cohort.rows])

    def _cells(self, cohort: Cohort, row: WayToChoose, against: Against | None) -> list[Cell]:
        count = len(cohort.values(row, "f1", against))
        means = [_mean(cohort.mean(row, measure, against), against) for measure in SHOWN]
        if against is not None and (against.who, against.length or row.length) == row:
            means = [Cell("\N{EN DASH}", 0.0) for _ in SHOWN]  # it is what others are compared with
        if against is None:
            bound = cohort.mean(row, "bound")
            if bound is not None:
                tip = tr(
                    "The best that any summary of this length reaches: {value:.3f}",
                    value=bound.mean,
                )
                set_plain_tip(means[0], tip)
        return [
            Cell(who(row.who), who(row.who)),
            Cell(row.length, f"{row.length:>6}"),
            Cell(str(count), count),
            *means,
        ]


def _mean(found: Interval | None, against: Against | None) -> Cell:
    if found is None:
        return Cell(tr("undefined"), None)
    if found.count < 2:
        cell = Cell(_number(found.mean, against), found.mean)
        cell.setToolTip(tr("One exam alone says nothing of how sure this is."))
        return cell
    text = tr(
        "{mean} ({low} to {high})",
        mean=_number(found.mean, against),
        low=_number(found.low, against),
        high=_number(found.high, against),
    )
    return Cell(text, found.mean)


def _number(value: float, against: Against | None) -> str:
    text = f"{value:+.3f}" if against is not None else f"{value:.3f}"
    return text.replace("-", "\N{MINUS SIGN}")


class ExamsTable(RowTable):
    """One row per exam: its values, or why it has none.

    Signals:
        open_wanted: Path of an exam, after a click on its name or Enter.
        remove_wanted: Path of an exam, after Delete.
    """

    open_wanted = Signal(object)
    remove_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        widths = (0, *(70,) * (len(SHOWN) - 1), 96)
        super().__init__(_EXAMS, widths, parent, texts=1, fitted=False)
        self.setAccessibleName(tr("The single exams"))
        self._paths: Sequence[Path] = ()
        self.cellClicked.connect(self._click)
        self.setMouseTracking(True)
        self.cellEntered.connect(self._point)

    def show_exams(
        self,
        names: Mapping[Path, str],
        values: Mapping[Path, Sequence[float | None]],
        reasons: Mapping[Path, str],
        against: Against | None,
    ) -> None:
        """Shows the values of every exam, or the reason why it has none."""
        self._paths = tuple(names)
        self.clearSpans()
        rows = []
        for path, name in names.items():
            first = Cell(name, name)
            first.setForeground(color("accent"))
            set_plain_tip(first, tr("Open {name}", name=str(path)))
            numbers = values.get(path)
            if numbers is None:
                reason = Cell(reasons.get(path, ""), None)
                reason.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
                reason.setForeground(color("muted"))
                set_plain_tip(reason, reasons.get(path, ""))
                rows.append([first, reason, *(Cell("", None) for _ in SHOWN[1:])])
                continue
            rows.append([first, *(_value(value, against) for value in numbers)])
        self.show_rows(rows)
        for row in range(self.rowCount()):
            if self._paths[self.given(row)] not in values:
                self.setSpan(row, 1, 1, len(SHOWN))

    @property
    def chosen_path(self) -> Path | None:
        return None if self.chosen is None else self._paths[self.chosen]

    @Slot(int, int)
    def _click(self, row: int, column: int) -> None:
        if column == 0:
            self.open_wanted.emit(self._paths[self.given(row)])

    @Slot(int, int)
    def _point(self, _: int, column: int) -> None:
        shape = Qt.CursorShape.PointingHandCursor if column == 0 else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        path, key = self.chosen_path, Qt.Key(event.key())
        if path is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_wanted.emit(path)
        elif path is not None and key == Qt.Key.Key_Delete:
            self.remove_wanted.emit(path)
        else:
            super().keyPressEvent(event)


def _value(value: float | None, against: Against | None) -> Cell:
    return Cell(tr("undefined") if value is None else _number(value, against), value)
