"""The worker: one operation at a time, its end told exactly once, in the main thread."""

import subprocess
import sys
import threading
import time

import pytest
import shiboken6

from ui.session.worker import Worker
from usummary.errors import UnreadableFile
from usummary.progress import Progress


class Heard:
    """Everything that a worker says, in order."""

    def __init__(self, worker: Worker) -> None:
        self.said: list[tuple[str, object]] = []
        self.threads: set[int] = set()
        for name in ("progressed", "succeeded", "failed"):
            getattr(worker, name).connect(lambda value, name=name: self.note(name, value))
        for name in ("cancelled", "ended"):
            getattr(worker, name).connect(lambda name=name: self.note(name, None))

    def note(self, name: str, value: object) -> None:
        self.said.append((name, value))
        self.threads.add(threading.get_ident())


@pytest.fixture
def worker(qtbot):
    made = Worker("test")
    yield made
    made.close()


def run(qtbot, worker: Worker, operation) -> Heard:
    heard = Heard(worker)
    with qtbot.waitSignal(worker.ended):
        worker.start(operation)
    return heard


def test_a_result_arrives_in_the_main_thread(qtbot, worker) -> None:
    ran_in = []
    heard = run(qtbot, worker, lambda _: ran_in.append(threading.get_ident()) or 42)
    assert heard.said == [("succeeded", 42), ("ended", None)]
    assert heard.threads == {threading.get_ident()}
    assert ran_in[0] != threading.get_ident()
    assert not worker.busy


def test_an_exception_becomes_failure(qtbot, worker) -> None:
    def broken(_):
        raise UnreadableFile("gone")

    heard = run(qtbot, worker, broken)
    assert [name for name, _ in heard.said] == ["failed", "ended"]
    assert isinstance(heard.said[0][1], UnreadableFile)


def test_cancelling_is_no_failure(qtbot, worker) -> None:
    tidied = []

    def endless(report):
        try:
            while True:
                report(Progress("features", 0.5))
                time.sleep(0.001)
        finally:
            tidied.append(True)

    heard = Heard(worker)
    with qtbot.waitSignal(worker.progressed):
        worker.start(endless)
    with qtbot.waitSignal(worker.ended):
        worker.cancel()
    assert [name for name, _ in heard.said[-2:]] == ["cancelled", "ended"]
    assert tidied == [True]


def test_what_was_finished_before_the_cancel_counts(qtbot, worker) -> None:
    heard = Heard(worker)
    with qtbot.waitSignal(worker.ended):
        worker.start(lambda _: "written")
        worker.cancel()
    assert heard.said[0] == ("succeeded", "written")


def test_one_operation_at_a_time(qtbot, worker) -> None:
    go = threading.Event()
    worker.start(lambda _: go.wait(60))
    with pytest.raises(RuntimeError):
        worker.start(lambda _: None)
    with qtbot.waitSignal(worker.ended):
        go.set()
    assert run(qtbot, worker, lambda _: 2).said[0] == ("succeeded", 2)


def test_a_flood_of_reports_does_not_flood_the_window(qtbot, worker) -> None:
    """Reports are merged while the main thread is away; the last and every message get there."""

    def flood(report):
        for count in range(20_000):
            report(Progress("features", count / 20_000, message="fell back" if count == 7 else ""))

    heard = Heard(worker)
    worker.start(flood)
    worker._threads[0][1].join()
    with qtbot.waitSignal(worker.ended):
        pass
    shown = [value for name, value in heard.said if name == "progressed"]
    assert len(shown) == 1
    assert shown[0].fraction == 19_999 / 20_000
    assert shown[0].message == "fell back"


def test_closing_waits_for_the_thread(qtbot) -> None:
    worker = Worker("closing")
    stopped = threading.Event()

    def endless(report):
        try:
            while True:
                report(Progress("features", 0.5))
                time.sleep(0.001)
        finally:
            stopped.set()

    worker.start(endless)
    worker.close()
    assert stopped.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name == "closing"]


def test_a_job_that_is_left_tells_only_that_it_is_gone(qtbot, worker) -> None:
    heard, go = Heard(worker), threading.Event()
    worker.start(lambda _: go.wait(5))
    assert worker.leave()
    assert not worker.busy
    assert not worker.leave()
    with qtbot.waitSignal(worker.ended, timeout=5000):
        worker.start(lambda _: 2)
    assert not go.is_set()
    with qtbot.waitSignal(worker.gone, timeout=5000):
        go.set()
    assert heard.said == [("succeeded", 2), ("ended", None)]


MANY_SIGNALS = """
import sys, threading
from PySide6.QtCore import QCoreApplication
from ui.session.worker import Worker
from usummary.progress import Progress

app = QCoreApplication([])
worker, shown, count = Worker("many"), threading.Event(), 0

def hear(_):
    global count
    count += 1
    shown.set()

def operation(report):
    for number in range(5000):
        shown.clear()
        report(Progress("features", number / 5000))
        assert shown.wait(60)

worker.progressed.connect(hear)
worker.failed.connect(lambda error: sys.stderr.write(repr(error)))
worker.ended.connect(app.quit)
worker.start(operation)
app.exec()
worker.close()
sys.exit(0 if count == 5000 else 1)
"""


def test_five_thousand_signals_from_a_thread() -> None:
    """PySide6 6.12.0 aborts the process after about 570 of them; hence a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MANY_SIGNALS],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_job_that_outlives_its_worker_tells_nobody(qapp, monkeypatch) -> None:
    """On a very busy machine a decoder may take longer to end than the window waits for it."""
    monkeypatch.setattr("ui.session.worker.WAIT_AT_CLOSE_S", 0.01)
    raised = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    go, closed = threading.Event(), Worker("closed")
    closed.start(lambda _: go.wait(60))
    thread = closed._threads[0][1]
    closed.close()
    shiboken6.delete(closed)
    go.set()
    thread.join(60)
    assert not thread.is_alive()
    assert raised == []
