"""The one way to run work beside the window, and the only place that makes threads.

A `Worker` runs one operation at a time. An operation is a callable that takes the engine's progress
callable and returns a result; the worker tells the main thread by signals how it went. Nothing
else in the window catches everything: an exception of an operation ends here and becomes `failure`.
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
    """One operation on its way, shared by the two threads.

    Attributes:
        wanted: False once the job is cancelled; the next report then raises `Cancelled`.
        heard: False once the worker is closed: nobody is told how the job ends, and the objects
            that it would tell may be gone.
    """

    def __init__(self, operation: Operation, wake: Callable[[Job], None]) -> None:
        self.operation = operation
        self.wanted = self.heard = True
        self._wake = wake
        self._latest: Progress | None = None
        self._lock = threading.Lock()

    def report(self, progress: Progress) -> None:
        """What the operation calls: keeps the report, and wakes the main thread if it is asleep.

        A message that has not been shown yet stays with the newer report.
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
        """The newest report that was not taken yet."""
        with self._lock:
            progress, self._latest = self._latest, None
        return progress


class Worker(QObject):
    """Runs one operation at a time in a thread of its own.

    All signals arrive in the main thread. A job that was asked to stop but reached its end first
    has `succeeded`: what it wrote is there.

    Signals:
        progressed: A `Progress`; reports that come faster than they are shown are merged.
        succeeded: What the operation returned.
        failed: The exception that ended it.
        cancelled: It stopped because of `cancel`.
        ended: After each of the three before; the worker is then free again.
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
        self._threads: list[tuple[Job, threading.Thread]] = []
        queued = Qt.ConnectionType.QueuedConnection
        self._reported.connect(self._show_report, queued)
        self._stopped.connect(self._finish, queued)

    @property
    def busy(self) -> bool:
        """An operation runs, or its end has not been told yet."""
        return self._job is not None

    def start(self, operation: Operation) -> None:
        """Starts `operation`.

        Raises:
            RuntimeError: One is still running; the caller has to ask `busy` first.
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
        """Cancels and does not wait: the worker is free at once.

        Returns:
            Whether a job was on its way; of it nothing but `gone` is told any more.
        """
        self.cancel()
        left, self._job = self._job, None
        return left is not None

    def close(self) -> None:
        """Cancels and waits for the threads, so that nothing runs when the program ends.

        None of the jobs' signals is heard any more.
        """
        self.leave()
        threads, self._threads = self._threads, []
        for job, _ in threads:
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
            self._tell(job, "cancelled", None)
        except Exception as error:  # noqa: BLE001 -- the window's one catch-all; it is shown
            log.fault(error, "Work beside the window failed")
            self._tell(job, "failed", error)
        else:
            logger.debug("Work of %s is done", name)
            self._tell(job, "succeeded", result)

    def _tell(self, job: Job, how: str, value: object) -> None:
        if job.heard:
            self._stopped.emit(job, how, value)

    @Slot(object)
    def _show_report(self, job: Job) -> None:
        progress = job.take()
        if job is self._job and progress is not None:
            self.progressed.emit(progress)

    @Slot(object, str, object)
    def _finish(self, job: Job, how: str, value: object) -> None:
        # Its thread may still be on its way out, so it is kept until it has ended: a thread that
        # lives when Python ends is killed inside Qt's code, and the process aborts.
        self._threads = [(one, thread) for one, thread in self._threads if thread.is_alive()]
        if job is not self._job:
            self.gone.emit()
            return
        self._job = None
        if how == "cancelled":
            self.cancelled.emit()
        elif how == "failed":
            self.failed.emit(value)
        else:
            self.succeeded.emit(value)
        self.ended.emit()
