"""The running panel says what computes, keeps a fallback in view, and lists the queue."""

from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QAbstractButton

from ui.session.queue import Queue
from ui.session.state import State
from ui.window.progress_panels import QueuePanel, RunningPanel, time_left
from usummary.progress import Progress
from usummary.types import Scores


def test_device_and_fallback_stay_until_the_next_work(qtbot) -> None:
    panel = RunningPanel()
    qtbot.addWidget(panel)
    panel.begin("run")
    panel.show_progress(Progress("reading", 0.5))
    assert not panel.message.isVisible()
    panel.show_progress(Progress("features", 0.1, device="CUDA"))
    panel.show_progress(Progress("features", 0.2, 90.0, "It moved to the CPU.", "CPU"))
    panel.show_progress(Progress("features", 0.3, 80.0))
    assert panel.message.isVisible()
    assert panel.message.text() == "It moved to the CPU."
    assert panel.device.toolTip() == "on CPU"
    assert panel.left.text() == "about 1 min left"
    panel.begin("run")
    assert not panel.message.isVisible()
    assert panel.device.toolTip() == ""


def test_each_exam_of_the_queue_can_be_opened_and_taken_out(qtbot) -> None:
    queue, panel = Queue(), QueuePanel()
    qtbot.addWidget(panel)
    for name in ("a.mp4", "b.mp4"):
        queue.add(Path(name))
    queue.start()
    panel.show_queue(queue)
    assert panel.isVisible()
    buttons = {b.accessibleName(): b for b in panel.findChildren(QAbstractButton)}
    with qtbot.waitSignal(panel.open_wanted) as opened:
        buttons["Open b.mp4"].click()
    assert opened.args == [Path("b.mp4")]
    with qtbot.waitSignal(panel.remove_wanted) as removed:
        buttons["Take a.mp4 out of the queue"].click()
    assert removed.args == [Path("a.mp4")]
    for path in (Path("a.mp4"), Path("b.mp4")):
        queue.remove(path)
    panel.show_queue(queue)
    assert not panel.isVisible()


def test_a_preview_is_there_only_during_a_run() -> None:
    scores = Scores(
        np.zeros(1), np.zeros(1, np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64)
    )
    state = State()
    state.start_opening(Path("a.mp4"))
    state.show_preview(scores)
    assert state.preview is None
    for end in (state.cancel_run, state.fail, state.close, lambda: state.start_opening(Path("b"))):
        state.start_run()
        state.show_preview(scores)
        assert state.preview is scores
        end()
        assert state.preview is None


def test_the_time_left_is_rough_and_unknown_at_first() -> None:
    assert time_left(None) == ""
    assert time_left(33) == "about 35 s left"
    assert time_left(150) == "about 2 min left"
