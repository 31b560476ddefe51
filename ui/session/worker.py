"""The one way to run work beside the window, and the only place that makes threads.

A `Worker` runs one operation at a time. An operation is a callable that takes the engine's progress
callable and returns a result; signals tell the main thread how it ended. This is the only
catch-all of the window: any exception of an operation ends here and becomes the signal `failed`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from usummary import log
from usummary.progress import Cancelled, Progress, Report
from usummary.scrubbing import Plain

logger = logging.getLogger(__name__)
Operation = Callable[[Report], Any]
WAIT_AT_CLOSE_S = 20.0


class Job:
    """A running operation, shared by the worker's thread and the main thread.

    Attributes:
        wanted: False once the job is cancelled; its next report then raises `Cancelled`.
        heard: False once the worker is closed. The job then emits no signal when it ends, because
            the receiving objects may be gone.
    """

    def __init__(self, operation: Operation, wake: Callable[[Job], None]) -> None:
        self.operation = operation
        self.wanted = self.heard = True
        self._wake = wake
        self._latest: Progress | None = None
        self._lock = threading.Lock()

    def report(self, progress: Progress) -> None:
        """The operation's progress callable: keeps the newest report for the main thread.

        The main thread is only woken if it has taken the report before: a quick operation would
        else fill its event queue. A message that was not shown yet moves to the newer report.
        """
        if not self.wanted:
            raise Cancelled
        with self._lock:
            before = self._latest
            if before is not None and before.message and not progress.message:
                progress = replace(progress, message=before.message)
            self._latest = progress
        if before is None:
            self._wake(self)

    def take(self) -> Progress | None:
        """The newest report, if it has not been taken yet."""
        with self._lock:
            progress, self._latest = self._latest, None
        return progress


class Worker(QObject):
    """Runs one operation at a time in a thread of its own.

    All signals arrive in the main thread. A job that is cancelled but reaches its end before it
    notices has `succeeded`, because the files it wrote are there.

    Signals:
        progressed: A `Progress`; reports that come faster than they are shown are merged.
        succeeded: The operation's result.
        failed: The exception that ended the operation.
        cancelled: The operation stopped because of `cancel`.
        ended: Follows `succeeded`, `failed` and `cancelled`; the worker is then free again.
        gone: A job that was left (`leave`) has stopped.
    """

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()
    gone = Signal()

    _reported = Signal(object)
    _stopped = Signal(object, str, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._job: Job | None = None
        self._threads: list[tuple[Job | None, threading.Thread]] = []
        queued = Qt.ConnectionType.QueuedConnection
        self._reported.connect(self._show_report, queued)
        self._stopped.connect(self._finish, queued)

    @property
    def busy(self) -> bool:
        """Whether an operation runs, or has ended but its signals have not arrived yet."""
        return self._job is not None

    def start(self, operation: Operation) -> None:
        """Starts `operation`.

        Raises:
            RuntimeError: An operation is still running; callers check `busy` first.
        """
        if self.busy:
            raise RuntimeError(f"The worker {self._name} already has an operation.")
        job = self._job = Job(operation, self._reported.emit)
        thread = threading.Thread(target=self._work, args=(job,), name=self._name, daemon=True)
        self._threads.append((job, thread))
        thread.start()

    def cancel(self) -> None:
        """Asks the operation to stop; it does so at its next report."""
        if self._job is not None:
            self._job.wanted = False

    def leave(self) -> bool:
        """Cancels without waiting: the worker is free at once.

        Returns:
            Whether a job was running; its only signal from now on is `gone`.
        """
        self.cancel()
        left, self._job = self._job, None
        return left is not None

    def close(self) -> None:
        """Cancels and waits for the threads, so that nothing runs when the program ends.

        The jobs emit no more signals.
        """
        self.leave()
        threads, self._threads = self._threads, []
        for job, _ in threads:
            if job is not None:
                job.heard = False
        for _, thread in threads:
            thread.join(WAIT_AT_CLOSE_S)

    def _work(self, job: Job) -> None:
        """In the worker's thread."""
        name = Plain(self._name)
        logger.debug("Work of %s begins", name)
        try:
            result = job.operation(job.report)
        except Cancelled:
            logger.info("Work of %s was cancelled", name)
            self._emit_end(job, "cancelled", None)
        except Exception as error:  # noqa: BLE001 -- the window's one catch-all; it is shown
            log.fault(error, "Work beside the window failed")
            self._emit_end(job, "failed", error)
        else:
            logger.debug("Work of %s is done", name)
            self._emit_end(job, "succeeded", result)

    def _emit_end(self, job: Job, outcome: str, value: object) -> None:
        if job.heard:
            self._stopped.emit(job, outcome, value)

    @Slot(object)
    def _show_report(self, job: Job) -> None:
        progress = job.take()
        if job is self._job and progress is not None:
            self.progressed.emit(progress)

    @Slot(object, str, object)
    def _finish(self, job: Job, outcome: str, value: object) -> None:
        # Its thread may still be on its way out, so it is kept until it has ended: a thread that
        # lives when Python ends is killed inside Qt's code, and the process aborts.
        self._threads = [
            (None if one is job else one, thread)
            for one, thread in self._threads
            if thread.is_alive()
        ]
        if job is not self._job:
            self.gone.emit()
            return
        # Free before the signals: whoever receives them may start the next operation.
        self._job = None
        if outcome == "cancelled":
            self.cancelled.emit()
        elif outcome == "failed":
            self.failed.emit(value)
        else:
            self.succeeded.emit(value)
        self.ended.emit()
