"""Message panels: errors, notices, finished exports."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.common.language import tr
from ui.common.widgets import icon_button, label, push_button, set_plain_tip
from ui.session.problems import ACTIONS, Problem

RESEARCH_USE = "Research use only – not for diagnosis"


class ErrorPanel(QFrame):
    """Shows a problem: sentence, cause, one action, and details to copy.

    Signals:
        action_wanted: The `Problem`'s action.
    """

    action_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("errorPanel")
        self._problem: Problem | None = None
        self.title = label("", "errorTitle", wrap=True)
        self.cause = label("", "muted", wrap=True)
        for text in (self.title, self.cause):
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action_button = push_button(tr(ACTIONS["run"]), self._act, name="primary")
        self.copy_button = push_button(tr("Copy details"), self._copy)
        self.copy_button.setToolTip(tr("Versions and where it happened, without names of files"))
        close = icon_button("close", tr("Close this message"), self.hide)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.title)
        texts.addWidget(self.cause)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 8, 10)
        row.setSpacing(10)
        row.addLayout(texts, 1)
        for button in (self.action_button, self.copy_button, close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def show_problem(self, problem: Problem) -> None:
        self._problem = problem
        self.title.setText(problem.sentence)
        self.cause.setText(problem.cause)
        self.cause.setVisible(bool(problem.cause))
        self.action_button.setText(tr(ACTIONS[problem.action]))
        self.copy_button.setText(tr("Copy details"))
        self.show()

    @Slot()
    def _act(self) -> None:
        if self._problem is not None:
            self.hide()
            self.action_wanted.emit(self._problem.action)

    @Slot()
    def _copy(self) -> None:
        if self._problem is not None:
            QGuiApplication.clipboard().setText(self._problem.details)
            self.copy_button.setText(tr("Copied"))


class NoticePanel(QFrame):
    """Shows the notices of the run, one per line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticePanel")
        self._text = label(wrap=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        close = icon_button("close", tr("Close the notices"), self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 1, 8, 1)
        row.addWidget(self._text, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._shown: tuple[str, ...] = ()
        self.hide()

    def show_notices(self, notices: tuple[str, ...]) -> None:
        """Shows notices, unless the person has closed the same ones before."""
        if notices != self._shown:
            self._shown = notices
            self._text.setText("\n".join(notices))
            self.setVisible(bool(notices))


class DonePanel(QFrame):
    """Says that an export is finished, and shows where it is.

    Signals:
        open_wanted: The folder, to be shown by the system.
    """

    open_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticePanel")
        self._folder: Path | None = None
        self._text = label(wrap=True)
        show = push_button(tr("Open the folder"), self._open)
        close = icon_button("close", tr("Close this message"), self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.addWidget(self._text, 1)
        row.addWidget(show)
        row.addWidget(close)
        self.hide()

    def show_done(self, text: str, folder: Path) -> None:
        self._folder = folder
        self._text.setText(tr("✓  {text}", text=text))
        set_plain_tip(self._text, str(folder))
        self.show()

    @Slot()
    def _open(self) -> None:
        if self._folder is not None:
            self.open_wanted.emit(self._folder)
