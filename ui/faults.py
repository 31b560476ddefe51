"""Exceptions that nobody caught are logged and shown; what Qt complains of is logged.

Python's hooks are called in whatever thread an exception arose in, PySide's slots among them; the
window hears of it by a queued signal, in its own thread and after what is going on there.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)

from ui.session.problems import Problem, crashed, describe
from usummary import log, scrubbing
from usummary.scrubbing import Plain

logger = logging.getLogger(__name__)
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Faults(QObject):
    """Tells the window what went wrong without anybody catching it.

    Signals:
        problem: A `Problem` to show; arrives in the thread of its receiver.
    """

    problem = Signal(object)

    def __init__(self, crashes: list[str], parent: QObject | None = None) -> None:
        """Begins to listen; `crashes` are those of earlier processes, from `usummary.log.start`."""
        super().__init__(parent)
        self._crashes = crashes
        log.tell(self._take)

    def show_by(self, shown: Callable[[Problem], None]) -> None:
        """Connects the receiver of problems, and tells it first of an earlier crash."""
        self.problem.connect(shown, Qt.ConnectionType.QueuedConnection)
        if self._crashes:
            self.problem.emit(crashed())

    def _take(self, error: Exception) -> None:
        self.problem.emit(describe(error, "go_on"))


def log_qt() -> None:
    """Has what Qt complains of logged, without names. To be called before Qt is started."""
    qInstallMessageHandler(_take_message)


def _take_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    text = scrubbing.without_names(text)
    level = _LEVELS.get(kind, logging.WARNING)
    logger.log(level, "Qt says (%s): %s", Plain(context.category), Plain(text))
    if level >= logging.WARNING and sys.stderr is not None:
        sys.stderr.write(f"{text}\n")
