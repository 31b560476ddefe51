"""The page that the window shows while nothing is open."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.widgets import label, panel, push_button, restyle, set_plain_tip


class StartPage(QWidget):
    """Where to drop or choose a recording, and the recordings opened before.

    Signals:
        open_wanted: The person wants to choose a file.
        folder_wanted: The person wants to choose a study folder.
        sample_wanted: The person wants to see the simulated exam.
        cohort_wanted: The person wants to compare over many exams.
        recent_chosen: Path of a recording that was open before.
    """

    open_wanted = Signal()
    folder_wanted = Signal()
    sample_wanted = Signal()
    cohort_wanted = Signal()
    recent_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._area = panel("dropArea")
        self._area.setMaximumWidth(760)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        inner = QVBoxLayout(self._area)
        inner.setContentsMargins(48, 44, 48, 36)
        inner.setSpacing(10)
        center = Qt.AlignmentFlag.AlignHCenter
        inner.addWidget(label(tr("Drop a recording here"), "hero"), 0, center)
        text = tr("A video file, a DICOM cine, or the folder of a DICOM study")
        inner.addWidget(label(text, "muted"), 0, center)
        inner.addSpacing(14)
        inner.addLayout(self._buttons())
        inner.addSpacing(8)
        inner.addLayout(self._recent)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._area, 6)
        row.addStretch(1)
        outer.addLayout(row)
        outer.addStretch(3)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        for text, signal, main in (
            (tr("Open a file …"), self.open_wanted, True),
            (tr("Open a study folder …"), self.folder_wanted, False),
            (tr("Open sample exam"), self.sample_wanted, False),
            (tr("Compare exams …"), self.cohort_wanted, False),
        ):
            name = "primary" if main else ""
            row.addWidget(push_button(text, signal.emit, name=name))
        row.addStretch(1)
        return row

    def show_recent(self, paths: list[Path]) -> None:
        """Lists recordings that were opened before and still exist."""
        while (item := self._recent.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        if paths:
            self._recent.addWidget(label(tr("Recent"), "muted"))
        for path in paths:
            button = push_button(path.name, partial(self.recent_chosen.emit, path), name="link")
            set_plain_tip(button, str(path))
            self._recent.addWidget(button)

    def show_hot(self, hot: bool) -> None:
        """Marks the drop area while something is dragged over it."""
        self._area.setProperty("hot", hot)
        restyle(self._area)
