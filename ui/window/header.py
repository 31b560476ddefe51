"""The bar above the exam: name and facts, length of the summary, buttons to run and export."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.widgets import ElidedLabel, icon_button, label, push_button
from ui.session.state import LENGTHS, State, clock
from usummary.settings import parse_length


class LengthControl(QWidget):
    """Chooses the length of the summary and whether it covers the planes.

    Signals:
        chosen: The length, as `usummary.settings.parse_length` reads it.
        covering: Whether something of every recognised plane is to be kept first.
    """

    chosen = Signal(str)
    covering = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(label(tr("Length"), "muted"))
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        for length in LENGTHS:
            button = QToolButton()
            button.setText(length.replace("%", " %"))
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(tr("Length {length}", length=length))
            button.clicked.connect(partial(self._choose, length))
            self._group.addButton(button)
            self._buttons[length] = button
            row.addWidget(button)
        self._spin = QDoubleSpinBox()
        self._spin.setRange(0.5, 100.0)
        self._spin.setDecimals(1)
        self._spin.setSuffix(" %")
        self._spin.lineEdit().setTextMargins(6, 0, 0, 0)
        self._spin.setKeyboardTracking(False)
        self._spin.setAccessibleName(tr("Length in per cent"))
        self._spin.setToolTip(tr("Any other length"))
        self._spin.setFixedWidth(74)
        self._spin.valueChanged.connect(self._choose_free)
        row.addWidget(self._spin)
        self.cover_button = QToolButton()
        self.cover_button.setText(tr("Cover planes"))
        self.cover_button.setCheckable(True)
        self.cover_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.cover_button.setAccessibleName(tr("Something of every recognised plane first"))
        self.cover_button.clicked.connect(self.covering)
        row.addWidget(self.cover_button)

    @property
    def buttons(self) -> list[QToolButton]:
        """The buttons of `LENGTHS` except P, whose tool tip explains P instead of a key."""
        return [button for length, button in self._buttons.items() if length != "P"]

    def show_length(self, length: str) -> None:
        """Shows a length without choosing it again."""
        self._group.setExclusive(False)
        for text, button in self._buttons.items():
            button.setChecked(text == length)
        self._group.setExclusive(True)
        share = parse_length(length)
        if share is not None:
            self._spin.blockSignals(True)
            self._spin.setValue(100 * share[0] / share[1])
            self._spin.blockSignals(False)

    def show_covering(self, covering: bool, *, possible: bool) -> None:
        """Shows whether planes are covered; in benchmark mode that is not `possible`."""
        self.cover_button.setChecked(covering)
        self.cover_button.setEnabled(possible)

    def allow_p(self, allowed: bool) -> None:
        """Enables P, the share that the freeze-frames hold, if the exam has freeze-frames."""
        button = self._buttons["P"]
        button.setEnabled(allowed)
        button.setToolTip(
            tr("The share that the freeze-frames hold")
            if allowed
            else tr("The share that the freeze-frames hold: this exam has none yet")
        )

    def choose(self, length: str) -> None:
        """Does what pressing the length's button does."""
        if self.isEnabled() and self._buttons[length].isEnabled():
            self.chosen.emit(length)

    def _choose(self, length: str, _: bool = False) -> None:
        self.chosen.emit(length)

    @Slot(float)
    def _choose_free(self, value: float) -> None:
        self.chosen.emit(f"{value:g}%")


class ExamHeader(QWidget):
    """Name and facts of the exam, the length, and the buttons for whole exams.

    Signals:
        command_wanted: Id of a button's command in `ui.window.keys.COMMANDS`.
    """

    command_wanted = Signal(str)

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        want = self.command_wanted.emit
        self.length = LengthControl()
        self.open_button = icon_button("open", tr("Open a file"), lambda: want("open"))
        self.run_button = push_button(tr("Run"), lambda: want("run"))
        self.export_button = push_button(tr("Export …"), lambda: want("export"), name="primary")
        self._name = ElidedLabel("title", Qt.TextElideMode.ElideMiddle)
        self._facts = ElidedLabel("muted", Qt.TextElideMode.ElideRight)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self._name)
        names.addWidget(self._facts)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(self.open_button)
        row.addLayout(names, 1)
        row.addWidget(self.length)
        row.addSpacing(8)
        row.addWidget(self.run_button)
        row.addWidget(self.export_button)

    def refresh(self, *, busy: bool) -> None:
        """Shows the state; `busy`: a run or an export is going on."""
        state = self._state
        if state.path is not None:
            self._name.set_text(state.path.name)
        self._facts.set_text(self._describe())
        self.length.show_length(state.length)
        covers = state.summary is None or state.summary.mode == "application"
        self.length.show_covering(state.cover_planes, possible=covers)
        self.length.allow_p(state.summary is not None and bool(state.freeze_frames))
        self.run_button.setEnabled(state.can_run and not busy)
        self.run_button.setText(tr("Run again") if state.summary else tr("Run"))
        self.export_button.setEnabled(state.can_export and not busy)

    def _describe(self) -> str:
        opened = self._state.opened
        if opened is None:
            return tr("Opening …")
        first = opened.recordings[0]
        parts = [
            clock(opened.table.end_s),
            tr("{count:,} frames", count=len(opened.table)),
            tr("{width} × {height}", width=first.width, height=first.height),
        ]
        if len(opened.recordings) > 1:
            parts.insert(0, tr("{count} recordings", count=len(opened.recordings)))
        analysis = self._state.analysis
        if analysis is not None:
            parts.append(analysis.provenance.device)
        return "  ·  ".join(parts)
