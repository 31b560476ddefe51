"""The progress of the present work, and the queue of exams behind it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.widgets import ElidedLabel, icon_button, label, push_button, restyle, set_plain_tip
from ui.session.queue import Entry, How, Queue
from usummary.progress import STAGES, Progress

_RUN = {
    "reading": "Reading",
    "features": "Features",
    "scoring": "Scoring",
    "selecting": "Selecting",
}
STAGE_NAMES: dict[str, dict[str, str]] = {
    "open": {"reading": "Opening"},
    "run": _RUN,
    "compare": _RUN,
    "export": {"exporting": "Exporting"},
    "sample": {"exporting": "Rendering the simulated exam"},
    "cohort": {"experiment": "Exams of the cohort"},
}
"""Names on screen of the stages of each kind of work."""

SHOWN = (*STAGES, "experiment")
"""Stages in their order on screen."""

WORDS: dict[How, str] = {
    "waiting": "{name} waits",
    "running": "{name} is being computed",
    "done": "{name} is ready",
    "failed": "{name} failed",
}
ROW, ROWS = 34, 2
"""Height of a row of the queue in pixels, and the number of rows shown without scrolling."""
LOW_PX = 900
"""A window lower than this has room for one row only."""


class RunningPanel(QFrame):
    """Shows the stages of the work, the share done and the time left; its button stops the work.

    The device is named as soon as it is known. The message of a fallback stays until the work ends.

    Signals:
        cancel_wanted: The person wants the work to stop.
    """

    cancel_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runningPanel")
        self._names: dict[str, str] = {}
        self._labels: dict[str, QLabel] = {}
        self._bars: dict[str, QProgressBar] = {}
        self._parts: dict[str, QWidget] = {}
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self.left = label("", "muted")
        self.left.setMinimumWidth(150)
        self.left.setAlignment(right)
        self.device = ElidedLabel("muted", Qt.TextElideMode.ElideRight)
        self.device.setAlignment(right)
        self.message = label("", "", wrap=True)
        self.message.hide()
        self.cancel_button = push_button(tr("Cancel"), self.cancel_wanted.emit)
        self.cancel_button.setAccessibleName(tr("Stop"))
        facts = QVBoxLayout()
        facts.setSpacing(2)
        facts.addWidget(self.left)
        facts.addWidget(self.device)
        row = QHBoxLayout()
        row.setSpacing(18)
        for stage in SHOWN:
            row.addWidget(self._part(stage), 2)
        row.addLayout(facts, 3)
        row.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 12, 8)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.message)
        self.hide()

    def _part(self, stage: str) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        name = label("", "stage")
        bar = QProgressBar()
        bar.setTextVisible(False)
        bar.setRange(0, 1000)
        column.addWidget(name)
        column.addWidget(bar)
        self._labels[stage], self._bars[stage], self._parts[stage] = name, bar, part
        return part

    @Slot(str)
    def begin(self, work: str) -> None:
        """Shows the stages of a kind of work (a key of `STAGE_NAMES`), all at 0."""
        self._names = names = STAGE_NAMES[work]
        for stage in SHOWN:
            self._parts[stage].setVisible(stage in names)
            if stage in names:
                self._bars[stage].setAccessibleName(tr(names[stage]))
                self._show_stage(stage, now=False, share=0.0)
        self.left.setText(tr("Starting …"))
        self.device.set_text("")
        self.message.setText("")
        self.message.hide()
        self.cancel_button.setEnabled(True)
        self.show()

    @Slot(object)
    def show_progress(self, progress: Progress) -> None:
        stages = [stage for stage in SHOWN if stage in self._names]
        at = stages.index(progress.stage)
        for place, stage in enumerate(stages):
            share = progress.fraction if place == at else float(place < at)
            self._show_stage(stage, now=place == at, share=share)
        if progress.device:
            self.device.set_text(tr("on {device}", device=progress.device))
        if progress.message:
            self.message.setText(progress.message)
            self.message.show()
        if self.cancel_button.isEnabled():
            self.left.setText(time_left(progress.seconds_left) or tr("Working …"))

    def show_cancelling(self) -> None:
        self.cancel_button.setEnabled(False)
        self.left.setText(tr("Stopping …"))

    def _show_stage(self, stage: str, *, now: bool, share: float) -> None:
        shown, name = self._labels[stage], tr(self._names[stage])
        done = share >= 1 and not now
        if now:
            name = tr("{stage}  {share:.0%}", stage=name, share=share)
        shown.setText(tr("✓ {stage}", stage=name) if done else name)
        if (bool(shown.property("now")), bool(shown.property("done"))) != (now, done):
            shown.setProperty("now", now)
            shown.setProperty("done", done)
            restyle(shown)
        self._bars[stage].setValue(round(1000 * share))


class QueuePanel(QFrame):
    """The exams of the queue, one row each; hidden while there is none.

    Signals:
        open_wanted: Path of an exam to show now.
        remove_wanted: Path of an exam to take out.
    """

    open_wanted = Signal(object)
    remove_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runningPanel")
        self._shown: list[Entry] = []
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setStyleSheet(
            "QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; }"
        )
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(18)
        name = label(tr("Queue"), "stage")
        name.setFixedHeight(ROW)  # beside the first row
        row.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._area, 1)
        self.hide()

    def show_queue(self, queue: Queue) -> None:
        if queue.entries == self._shown:
            return
        self._shown = list(queue.entries)
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for entry in self._shown:
            column.addWidget(self._row(entry))
        self._area.setWidget(rows)
        most = ROWS if self.window().height() >= LOW_PX else 1
        self._area.setFixedHeight(ROW * min(len(self._shown), most))
        self.setVisible(bool(self._shown))

    def _row(self, entry: Entry) -> QWidget:
        made = QWidget()
        made.setFixedHeight(ROW)
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        text = ElidedLabel("", Qt.TextElideMode.ElideMiddle)
        text.set_text(tr(WORDS[entry.how], name=entry.path.name))
        set_plain_tip(text, entry.reason or str(entry.path))
        row.addWidget(text, 1)
        if entry.reason:
            reason = ElidedLabel("muted", Qt.TextElideMode.ElideRight)
            reason.set_text(entry.reason)
            row.addWidget(reason, 2)
        name = entry.path.name
        words = tr("Open") if entry.how == "done" else tr("Open now")
        show = push_button(words, partial(self.open_wanted.emit, entry.path))
        show.setAccessibleName(tr("Open {name}", name=name))
        tip = tr("Take {name} out of the queue", name=name)
        remove = icon_button("close", tip, partial(self.remove_wanted.emit, entry.path))
        row.addWidget(show)
        row.addWidget(remove)
        return made


def time_left(seconds: float | None) -> str:
    """A rough time left in words; empty while unknown."""
    if seconds is None:
        return ""
    if seconds < 5:
        return tr("a few seconds left")
    if seconds < 60:
        return tr("about {count} s left", count=5 * round(seconds / 5))
    return tr("about {count} min left", count=round(seconds / 60))
