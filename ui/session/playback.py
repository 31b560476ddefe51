"""The playhead: one exact picture at a time, at true speed.

While playing, the clock decides which picture is due, and a picture that is not decoded in time is
left out: a recording plays at its true speed however slow decoding is. Pictures are decoded beside
the window, by `ui.session.frames`.
"""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from ui.session.frames import FrameSource
from ui.session.state import HALF_TICK_S, FrameTable, OpenedExam, State, next_speed
from usummary.progress import Progress
from usummary.types import Shot

TICK_MS = 8


class Playback(QObject):
    """The playhead: where it is, how fast it moves, which picture is shown.

    Signals:
        moved: Exam time of the playhead changed.
        shown: A `QImage` to show now.
        speed_changed: Speed, 0 while paused.
        looped: The `Shot` that is played over and over, or None.
        ready: The exam can be read; its first picture is shown.
        opened: The `OpenedExam`, passed on from the frame source.
        progressed: A `Progress` of opening the exam.
        failed: The exception that ended decoding.
    """

    moved = Signal(float)
    shown = Signal(object)
    speed_changed = Signal(float)
    looped = Signal(object)
    ready = Signal()
    opened = Signal(object)
    progressed = Signal(object)
    failed = Signal(object)

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._source: FrameSource | None = None
        self._table: FrameTable | None = None
        self._due = 0
        self._lacks: set[int] = set()
        self._started_at = self._started_s = 0.0
        self.speed = 0.0
        self.only_key_shots = False
        self.scrubbing = False
        self._loop: Shot | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def on_screen(self) -> int | None:
        """Position of the picture that is shown; None before the first one."""
        return self._state.on_screen

    @property
    def waiting(self) -> bool:
        """Whether a picture was asked for and is not there yet, while nothing plays or is dragged.

        What is on screen then stands in for it.
        """
        on_screen = self._state.on_screen
        there = on_screen is None or on_screen == self._due
        return not (self.speed or there or self.lacking)

    @property
    def lacking(self) -> bool:
        """Whether the recording turned out to have no picture where the playhead is."""
        return self._due in self._lacks

    @property
    def attended(self) -> bool:
        """Whether somebody watches: plays, drags, or waits for a picture. Other work then yields.

        Read from other threads.
        """
        return bool(self.speed) or self.scrubbing or self.waiting

    @property
    def due(self) -> int:
        """Position that is on screen, or will be once it is decoded."""
        return self._due

    @property
    def looping(self) -> Shot | None:
        """The shot that is played over and over, or None."""
        return self._loop

    def open(self, path: Path, stream: int = 0) -> None:
        self.leave()
        self._source = FrameSource(path, self, stream=stream)
        self._source.first_picture.connect(self._show_first)
        self._source.opened.connect(self._finish_opening)
        self._source.arrived.connect(self._take)
        self._source.lacks.connect(self._note_lack)
        self._source.progressed.connect(self._show_progress)
        self._source.failed.connect(self.failed)
        self._source.start()

    def close(self) -> None:
        """Stops and waits for all decoding, including that of exams before."""
        self.leave()
        for source in self.findChildren(FrameSource):
            source.close()

    def leave(self) -> None:
        """Stops showing the exam; does not wait for the decoder."""
        self.pause()
        self.loop(None)
        self.scrubbing = False
        if self._source is not None:
            self._source.leave()
        self._source = self._table = self._state.on_screen = None
        self._due, self._lacks = 0, set()

    def seek(self, time_s: float) -> None:
        """Goes to the picture on screen at an exam time; playing goes on from there."""
        if self._table is None:
            return
        if self.speed:
            self._leave_loop(time_s)
            self._start_clock(time_s)
            self._go(self._table.position_at(time_s), time_s)
        else:
            self.go(self._table.position_at(time_s))

    def go(self, position: int) -> None:
        """Pauses at exactly this position."""
        if self._table is None:
            return
        self.pause()
        self.scrubbing = False
        position = min(max(position, 0), len(self._table) - 1)
        self._leave_loop(self._table.time_of(position))
        self._go(position, self._table.time_of(position))

    def scrub(self, time_s: float) -> None:
        """While dragging: shows the picture if it is there, else the nearest sync frame.

        A sync frame decodes without others, so it is there soonest. The playhead follows the cursor
        exactly, and `seek` at the end shows exactly its picture.
        """
        if self._table is None or self._source is None:
            return
        self.pause()
        self.scrubbing = True
        time_s = min(max(time_s, 0.0), self._table.end_s)
        position = self._table.position_at(time_s)
        if self._source.picture(position) is None:
            position = self._source.nearest_sync(position)
        self._leave_loop(time_s)
        self._go(position, time_s)

    def loop(self, shot: Shot | None) -> None:
        """Plays a shot over and over; None ends that, and playing goes on."""
        if shot == self._loop:
            return
        self._loop = shot
        if shot is not None:
            if not _holds(shot, self._state.playhead_s):
                self._state.playhead_s = shot.start_s
                self._start_clock(shot.start_s)
            if not self.speed:
                self.play()
        self.looped.emit(shot)

    def _keep_looping(self, now: float) -> float:
        """`now` brought back into the loop, by a remainder: time beyond its end is not lost."""
        shot = self._loop
        if shot is None or _holds(shot, now):
            return now
        now = shot.start_s + (now - shot.start_s) % (shot.end_s - shot.start_s)
        self._start_clock(now)
        return now

    def _leave_loop(self, time_s: float) -> None:
        """Ends the loop if the person goes to a place outside it."""
        shot = self._loop
        if shot is not None and not _holds(shot, time_s):
            self.loop(None)

    def step(self, count: int) -> None:
        """Pauses and goes `count` pictures on, or back."""
        if self._table is not None:
            here = self._table.position_at(self._state.playhead_s) if self.scrubbing else self._due
            self.go(here + count)

    def play(self, speed: float = 1.0) -> None:
        if self._table is None:
            return
        self.scrubbing = False
        at = self._state.playhead_s
        if self._loop is None and speed > 0 and self._due >= len(self._table) - 1:
            at = 0.0
        self.speed = speed
        self._start_clock(at)
        self._timer.start()
        self.speed_changed.emit(speed)

    def pause(self) -> None:
        self._timer.stop()
        if self.speed:
            self.speed = 0.0
            self._say_wanted()
            self.speed_changed.emit(0.0)

    def toggle(self) -> None:
        if self.speed:
            self.pause()
        else:
            self.play()

    def change_speed(self, direction: int) -> None:
        """One rung up (+1) or down (-1) the ladder of speeds, starting if paused."""
        self.play(next_speed(self.speed, direction))

    def _start_clock(self, time_s: float) -> None:
        self._started_at, self._started_s = time.monotonic(), time_s

    @Slot()
    def _tick(self) -> None:
        if self._table is None:
            return
        # Counted from the start of playing: ticks come late, and their errors would add up.
        now = self._started_s + (time.monotonic() - self._started_at) * self.speed
        if self._loop is not None:
            now = self._keep_looping(now)
        elif self.only_key_shots and self.speed > 0:
            jump = self._state.after_key_shots(now)
            if jump is None:
                self.pause()
                return
            if jump > now:
                now = jump
                self._start_clock(now)
        if now >= self._table.end_s or now <= 0:
            self.go(len(self._table) - 1 if self.speed > 0 else 0)
            return
        self._go(self._table.position_at(now), now)

    def _go(self, position: int, time_s: float) -> None:
        self._due = position
        self._state.playhead_s = time_s
        self._say_wanted()
        self.moved.emit(time_s)
        self._show(position)

    def _say_wanted(self) -> None:
        if self._source is not None and self._table is not None:
            self._source.want(self._due, self.speed / self._table.typical_step_s)

    def _show(self, position: int) -> None:
        if self._source is None or position == self._state.on_screen:
            return
        image = self._source.picture(position)
        if image is not None:
            self._state.on_screen = position
            self.shown.emit(image)

    @Slot(int)
    def _take(self, position: int) -> None:
        """Shows a picture that arrived, if it is due or nearer to it than the one on screen."""
        if self.sender() is not self._source:
            return
        on_screen = self._state.on_screen
        if position == self._due:
            self._show(position)
        elif self.scrubbing and on_screen is not None:
            # Dragging faster than decoding: a picture on the way is better than the last one.
            if abs(self._due - position) < abs(self._due - on_screen):
                self._show(position)
        elif self.speed and on_screen is not None:
            # Only pictures between the start of playing and now: others were still being decoded
            # for where the playhead was before a jump.
            begun = self._table.position_at(self._started_s) if self._table else 0
            between = min(begun, self._due) <= position <= max(begun, self._due)
            if between and abs(self._due - position) < abs(self._due - on_screen):
                self._show(position)

    @Slot(int)
    def _note_lack(self, position: int) -> None:
        if self.sender() is self._source:
            self._lacks.add(position)
            if position == self._due:
                self.moved.emit(self._state.playhead_s)

    @Slot(object)
    def _show_progress(self, progress: Progress) -> None:
        if self.sender() is self._source and self._table is None:
            self.progressed.emit(progress)

    @Slot(object)
    def _show_first(self, image: QImage) -> None:
        if self.sender() is self._source and self._state.on_screen is None:
            self.shown.emit(image)
            self.ready.emit()

    @Slot(object)
    def _finish_opening(self, opened: OpenedExam) -> None:
        if self.sender() is self._source:
            self._table = opened.table
            self.opened.emit(opened)
            self._state.on_screen = 0  # `_show_first` has shown it
            self.go(0)


def _holds(shot: Shot, time_s: float) -> bool:
    return shot.start_s <= time_s + HALF_TICK_S < shot.end_s
