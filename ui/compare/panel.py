"""The panel of a comparison: menus to choose lanes, the table, and buttons to copy and save."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.common.language import tr
from ui.common.widgets import icon_button, label, menu_button, push_button
from ui.compare.table import TITLES, ComparedTable
from ui.session.state import LENGTHS


class ComparePanel(QWidget):
    """Menus of lanes above the table, buttons below it.

    Signals:
        chosen: Other lengths or baselines are wanted.
        model_wanted: Name of a model, and whether its lanes are wanted.
        close_wanted: Back to the key shots.
        command_wanted: The command of the chosen lane, or of all, is to be copied.
        figure_wanted: The lanes are to be saved as a figure.
    """

    chosen = Signal()
    model_wanted = Signal(str, bool)
    close_wanted = Signal()
    command_wanted = Signal()
    figure_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidePanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.table = ComparedTable()
        self.note = label("", "muted", wrap=True)
        self.close_button = icon_button("close", tr("Close the comparison"), self.close_wanted.emit)
        self.lengths = {length: self._choice(length, on=True) for length in LENGTHS}
        self.baselines = {name: self._choice(tr(title), on=False) for name, title in TITLES.items()}
        self.models: dict[str, QAction] = {}
        self.length_button = menu_button(tr("Lengths"), list(self.lengths.values()))
        self.baseline_button = menu_button(tr("Baselines"), list(self.baselines.values()))
        self.baseline_button.setToolTip(tr("Simple ways to choose that a model has to beat"))
        self.model_button = menu_button(tr("Models"), [])
        self.model_button.setToolTip(tr("Other installed models, run on the same exam"))
        self.command_button = push_button(tr("Copy as command"), self.command_wanted.emit)
        self.command_button.setToolTip(
            tr(
                "Copies the command that gives the chosen lane again, or those of all lanes where "
                "none is chosen. It names the recording and no folder."
            )
        )
        self.figure_button = push_button(tr("Save figure …"), self.figure_wanted.emit)
        self.figure_button.setToolTip(tr("Saves the lanes as SVG, and their data as CSV beside it"))
        self._build()
        self.setMinimumWidth(444)

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(label(tr("Compare"), "sectionTitle"))
        top.addStretch(1)
        for button in (self.length_button, self.baseline_button, self.model_button):
            top.addWidget(button)
        top.addWidget(self.close_button)
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addStretch(1)
        bottom.addWidget(self.command_button)
        bottom.addWidget(self.figure_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.note)
        layout.addLayout(bottom)

    def show_models(self, names: Sequence[str]) -> None:
        """Offers these models; models that were ticked stay ticked."""
        menu = self.model_button.menu()
        before = {name for name, action in self.models.items() if action.isChecked()}
        menu.clear()
        self.models = {}
        for name in names:
            action = self._model(name, on=name in before)
            self.models[name] = action
            menu.addAction(action)
        if not names:
            menu.addAction(tr("No other model is installed")).setEnabled(False)

    def _choice(self, text: str, *, on: bool) -> QAction:
        action = QAction(text, self, checkable=True)
        action.setChecked(on)
        action.toggled.connect(lambda _: self.chosen.emit())
        return action

    def _model(self, name: str, *, on: bool) -> QAction:
        action = QAction(name.replace("&", "&&"), self, checkable=True)
        action.setChecked(on)
        action.toggled.connect(lambda wanted: self.model_wanted.emit(name, wanted))
        return action
