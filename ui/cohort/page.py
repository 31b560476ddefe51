"""The page of a cohort: menus of the plan, two tables, the plot, and buttons to copy and save."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QToolButton, QVBoxLayout, QWidget

from ui.cohort.plot import CohortPlot
from ui.cohort.tables import MEASURES, SHOWN, ExamsTable, MeansTable, who
from ui.common.language import tr
from ui.common.widgets import icon_button, label, menu_button, panel, push_button
from ui.compare.table import TITLES
from ui.session.state import LENGTHS

if TYPE_CHECKING:
    from usummary.agreement import Measure
    from usummary.comparing.cohort import Against, Cohort
    from usummary.comparing.one_exam import Baseline

RANDOM_AND_EVEN: tuple[Baseline, ...] = ("random scores", "even distances")
"""Baselines that are ticked at first."""


class CohortPage(QWidget):
    """Lays out the parts of a cohort.

    Signals:
        plan_changed: Other lengths, baselines, models, or covering are wanted.
        view_changed: Another measure is to be drawn, or rows are to be compared with another one.
    """

    plan_changed = Signal()
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.means, self.exams, self.plot = MeansTable(), ExamsTable(), CohortPlot()
        self.note = label("", "muted", wrap=True)
        self.of_row = label("", "sectionTitle")
        self.add_files = QAction(tr("Recordings …"), self)
        self.add_folder = QAction(tr("All of a folder …"), self)
        self.add_recent = QAction(tr("Recent exams"), self)
        self.add_button = menu_button(
            tr("Add exams"), [self.add_files, self.add_folder, self.add_recent]
        )
        self.lengths = {length: self._choice(length, on=True) for length in LENGTHS}
        self.baselines: dict[Baseline, QAction] = {
            name: self._choice(tr(title), on=name in RANDOM_AND_EVEN)
            for name, title in TITLES.items()
        }
        self.models: dict[str, QAction] = {}
        self.model_button = menu_button(tr("Models"), [])
        self.cover_button = self._cover()
        self.run_button = push_button(tr("Measure"), lambda: None, name="primary")
        self.close_button = icon_button("close", tr("Close the cohort"), lambda: None)
        self.measure_box, self.against_box = QComboBox(), QComboBox()
        self.command_button = push_button(tr("Copy as command"), lambda: None)
        self.values_button = push_button(tr("Save values …"), lambda: None)
        self.figure_button = push_button(tr("Save figure …"), lambda: None)
        self._explain()
        self._build()

    def _choice(self, text: str, *, on: bool) -> QAction:
        action = QAction(text.replace("&", "&&"), self, checkable=True)
        action.setChecked(on)
        action.toggled.connect(lambda _: self.plan_changed.emit())
        return action

    def _cover(self) -> QToolButton:
        made = QToolButton()
        made.setText(tr("Cover planes"))
        made.setCheckable(True)
        made.setChecked(True)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setAccessibleName(tr("Something of every recognised plane first"))
        made.setToolTip(tr("Something of every recognised plane first"))
        made.toggled.connect(lambda _: self.plan_changed.emit())
        return made

    def _explain(self) -> None:
        for measure in SHOWN:
            self.measure_box.addItem(tr(MEASURES[measure][0]), measure)
        self.measure_box.setAccessibleName(tr("What the plot shows"))
        self.measure_box.currentIndexChanged.connect(lambda _: self.view_changed.emit())
        self.against_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.against_box.setMinimumContentsLength(26)
        self.against_box.setAccessibleName(tr("What rows are compared with"))
        self.against_box.setToolTip(
            tr("Shows differences on the same exam: exams differ more than ways to choose do")
        )
        self.against_box.currentIndexChanged.connect(lambda _: self.view_changed.emit())
        self.command_button.setToolTip(
            tr("Copies the command that prints this table; it runs in the folder of the exams")
        )
        self.values_button.setToolTip(tr("Saves every exam’s values as CSV, with the names"))
        self.figure_button.setToolTip(tr("Saves the plot as SVG, and its data as CSV beside it"))

    def _build(self) -> None:
        top = _row(label(tr("Cohort"), "title"), None, self.add_button)
        buttons = (
            menu_button(tr("Lengths"), list(self.lengths.values())),
            menu_button(tr("Baselines"), list(self.baselines.values())),
            self.model_button,
            self.cover_button,
            self.run_button,
            self.close_button,
        )
        for button in buttons:
            top.addWidget(button)
        head = panel("header")
        head.setLayout(top)
        against = _row(
            label(tr("Means over exams, 95 % intervals"), "sectionTitle"),
            None,
            label(tr("Differences to"), "muted"),
            self.against_box,
        )
        singles = _column(self.of_row, self.exams)
        drawn = _column(_row(label(tr("Plot of"), "muted"), self.measure_box, None), self.plot)
        below = QSplitter(Qt.Orientation.Horizontal)
        parts = QSplitter(Qt.Orientation.Vertical)
        for splitter in (below, parts):
            splitter.setHandleWidth(8)
            splitter.setChildrenCollapsible(False)
        below.addWidget(singles)
        below.addWidget(drawn)
        below.setSizes([680, 540])
        parts.addWidget(_column(against, self.means))
        parts.addWidget(below)
        parts.setSizes([300, 320])
        saving = _row(self.note, self.command_button, self.values_button, self.figure_button)
        saving.setStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(head)
        layout.addWidget(parts, 1)
        layout.addLayout(saving)

    @property
    def measure(self) -> Measure:
        """The measure in the plot."""
        found: Measure = self.measure_box.currentData()
        return found

    @property
    def against(self) -> Against | None:
        """The way to choose that rows are compared with."""
        found: Against | None = self.against_box.currentData()
        return found

    def show_models(self, names: Sequence[str], chosen: str) -> None:
        """Offers these models; at first the model of the runs is ticked."""
        before = {name for name, action in self.models.items() if action.isChecked()} or {chosen}
        menu = self.model_button.menu()
        menu.clear()
        self.models = {name: self._choice(name, on=name in before) for name in names}
        menu.addActions(list(self.models.values()))

    def offer_against(self, cohort: Cohort) -> None:
        """Offers every way to choose for comparison, at each row's own length or at a fixed one."""
        from usummary.comparing.cohort import Against

        before = self.against
        names = dict.fromkeys(row.who for row in cohort.rows)
        offered: dict[str, Against | None] = {tr("nothing: show the values"): None}
        for name in names:
            offered[tr("{name}, same length", name=who(name))] = Against(name)
        for row in cohort.rows:
            offered[tr("{name}, {length}", name=who(row.who), length=row.length)] = Against(*row)
        if [self.against_box.itemText(at) for at in range(self.against_box.count())] == [*offered]:
            return
        self.against_box.blockSignals(True)
        self.against_box.clear()
        for text, value in offered.items():
            self.against_box.addItem(text, value)
        kept = list(offered.values())
        self.against_box.setCurrentIndex(kept.index(before) if before in kept else 0)
        self.against_box.blockSignals(False)


def _row(*parts: QWidget | None) -> QHBoxLayout:
    """Widgets side by side; None stretches."""
    made = QHBoxLayout()
    made.setContentsMargins(8, 6, 8, 6)
    made.setSpacing(6)
    for part in parts:
        if part is None:
            made.addStretch(1)
        else:
            made.addWidget(part)
    return made


def _column(*parts: QWidget | QHBoxLayout) -> QWidget:
    """Parts on a panel, one below the other; the last part takes the remaining room."""
    made = panel("sidePanel")
    column = QVBoxLayout(made)
    column.setContentsMargins(8, 4, 8, 6)
    column.setSpacing(4)
    for part in parts:
        if isinstance(part, QHBoxLayout):
            part.setContentsMargins(0, 0, 0, 0)
            column.addLayout(part)
        else:
            column.addWidget(part, int(part is parts[-1]))
    return made
