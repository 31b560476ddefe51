"""The window at 1920 x 1080 and a scale of 2: frames that the timeline paints, and a new length.

Runs in a process of its own without a display. Every frame is painted in full before the next one
begins, and is counted by the paint event that did it; where a display's driver would paint on the
graphics card, or wait for the screen, nothing is assumed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks import inputs, liveness
from benchmarks.rows import Row
from ui.common import theme
from ui.session.frames import Small
from ui.session.session import Session
from ui.session.state import FrameTable, OpenedExam, State
from ui.timeline.timeline import Timeline
from ui.window.main_window import MainWindow
from usummary import pipeline
from usummary.settings import DEFAULTS
from usummary.types import Analysis, RecordingInfo

COVER_S = DEFAULTS.covering_s
WIDTH, HEIGHT = 1920, 1080
LANES_WIDTH, LANES_HEIGHT = 1896, 224
FRAMES = 300
LENGTHS = ("20%", "15%", "25%", "10%") * 5


def run() -> list[Row]:
    """Rows of the timeline, of choosing another length, and of first use."""
    shown = {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "2"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.window"],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **shown},
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    rows = [
        Row(
            f"timeline of {inputs.MINUTES} minutes, {name}",
            f"{frames['mean']:.0f} frames/s, 95 of 100 above {frames['slow']:.0f}",
            "55 frames/s",
            f"drawn without tiles: {frames['plain']:.0f} frames/s",
        )
        for name, frames in found["frames"].items()
    ]
    lengths = found["lengths"]
    rows.append(
        Row(
            "another length to the window painted again",
            f"median {statistics.median(lengths):.0f} ms, slowest {max(lengths):.0f} ms",
            "50 ms",
            f"choosing alone: {statistics.median(found['choosing']):.0f} ms",
        )
    )
    return rows + liveness.run()


def measure() -> dict[str, object]:
    """Everything, in milliseconds and frames per second."""
    app = QApplication([])
    theme.apply(app)
    opened, analysis = long_exam()
    names = ("scrolled", "zoomed out and in", "scrolled while zoomed in")
    frames = {name: timeline_frames(opened, analysis, name) for name in names}
    lengths, choosing = change_lengths(opened, analysis)
    return {"frames": frames, "lengths": lengths, "choosing": choosing}


def timeline_frames(opened: OpenedExam, analysis: Analysis, name: str) -> dict[str, float]:
    """Frames per second of one kind of movement, with tiles and with everything drawn anew."""
    state = State()
    state.finish_opening(opened)
    state.finish_run(pipeline.select(analysis, "15%"))
    timeline = Timeline(state)
    timeline.pictures_wanted.connect(lambda wanted: give_pictures(timeline, wanted))
    timeline.resize(LANES_WIDTH, LANES_HEIGHT)
    timeline.show()
    timeline.fit()
    timeline.zoom(0.02 if name == "scrolled while zoomed in" else 0.3, 900)
    zooming = name.startswith("zoomed")
    times = paint_frames(timeline, zooming=zooming, plain=False)
    plain = paint_frames(timeline, zooming=zooming, plain=True)
    timeline.close()
    return {
        "mean": 1 / statistics.mean(times),
        "slow": 1 / float(np.quantile(times, 0.95)),
        "plain": 1 / statistics.mean(plain),
    }


def give_pictures(timeline: Timeline, wanted: list[Small]) -> None:
    """Answers at once, as a source that has everything decoded would."""
    for small in wanted:
        image = QImage(small.height * 4 // 3, small.height, QImage.Format.Format_RGB32)
        image.fill(0xFF000000 + small.position * 7919 % 0xFFFFFF)
        timeline.take_picture(small, image)


class Paints(QObject):
    """Counts the paint events of a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def paint_frames(timeline: Timeline, *, zooming: bool, plain: bool) -> list[float]:
    """Seconds of each frame: the movement, the paint event, and whatever it set off."""
    paints = Paints(timeline)
    times = []
    for index in range(FRAMES):
        began = time.perf_counter()
        if plain:
            timeline.tiles.drop()
        if zooming:
            timeline.zoom(1.03 if index % 80 < 40 else 1 / 1.03, 700)
        else:
            timeline.pan(-9 if index % 200 < 100 else 9)
        timeline.repaint()
        QApplication.processEvents()
        times.append(time.perf_counter() - began)
    if paints.count < FRAMES:
        raise RuntimeError(f"only {paints.count} of {FRAMES} frames were painted")
    return times


class WithoutPictures(Session):
    """A session of an exam that is no file."""

    def want_thumbnails(self, positions: list[int], size: QSize) -> None: ...

    def want_small(self, wanted: list[Small]) -> None: ...


def change_lengths(opened: OpenedExam, analysis: Analysis) -> tuple[list[float], list[float]]:
    """Milliseconds from choosing a length to the whole window painted, and of choosing alone."""
    session = WithoutPictures()
    window = MainWindow(session)
    window.resize(WIDTH, HEIGHT)
    session.state.start_opening(opened.path)
    session.state.finish_opening(opened)
    session.state.finish_run(pipeline.select(analysis, "15%", cover_s=COVER_S))
    window.show()
    session.changed.emit()
    window.timeline.fit()
    QApplication.processEvents()
    paints = Paints(window.timeline)
    lengths, choosing = [], []
    for length in LENGTHS:
        began = time.perf_counter()
        session.choose_length(length)
        window.repaint()
        lengths.append((time.perf_counter() - began) * 1000)
        QApplication.processEvents()
        began = time.perf_counter()
        pipeline.select(analysis, length, cover_s=COVER_S)
        choosing.append((time.perf_counter() - began) * 1000)
    if paints.count < len(LENGTHS):
        raise RuntimeError("the timeline was not painted again")
    window.close()
    return lengths, choosing


def long_exam() -> tuple[OpenedExam, Analysis]:
    """An exam of 65 minutes as the window knows it, without pictures."""
    analysis = inputs.long_analysis()
    (times,), end_s = analysis.frame_times_s, analysis.duration_s
    count = analysis.frame_count
    info = RecordingInfo(analysis.path, 1280, 720, count, end_s, "h264", "video")
    table = FrameTable(times, (0, count), end_s)
    return OpenedExam(analysis.path, (info,), table, analysis.freeze_frames), analysis


if __name__ == "__main__":
    print(json.dumps(measure()))
