"""The bar above the exam: what is open, how long its summary may be, run and export."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.language import tr
from ui.panels import LengthControl
from ui.state import State, clock
from ui.widgets import ElidedLabel, icon_button, push_button


class Header(QWidget):
    """Name and facts of the exam, the length, and the buttons for whole exams.

    Signals:
        doing_wanted: Id in `ui.keys.DOINGS` of what a button is for.
    """

    doing_wanted = Signal(str)

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        want = self.doing_wanted.emit
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
        """Shows the state; `busy` says that a run or an export is on its way."""
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
