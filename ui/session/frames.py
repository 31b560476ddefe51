"""Pictures for the player and the cards, decoded beside the window.

A recording has one user at a time, so each source opens the exam for itself and decodes in an
operation of its own `Worker`. The main thread only says which pictures it wants and takes those
that are decoded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from ui.session.state import FrameTable, OpenedExam
from ui.session.worker import Worker
from usummary.errors import UnreadableFile
from usummary.progress import Progress, Report
from usummary.types import Exam, Frame, IntArray, Picture

STORE_BYTES = 160 * 2**20
BLOCK = 12
"""Frames decoded at once when going backwards; so many are also read over instead of jumped."""
OPENING = 10
"""A jump takes as long as decoding this many frames, beside those from the sync frame on."""
SETTLE_S = 0.25
"""After a jump, the pictures around the playhead are decoded only once it has rested this long.
While it is dragged, each wanted picture would wait for the pictures around the last place."""
IDLE_S = 0.05
STILL_HERE = Progress("reading", 0.0)
"""Reported only so that a cancelled source gets its `Cancelled` raised."""


def to_image(pixels: Picture) -> QImage:
    """A picture as an image that Qt draws fastest, with a copy of the pixels."""
    height, width = pixels.shape[:2]
    if not pixels.flags.c_contiguous:
        pixels = pixels.copy()
    form = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
    # A `QImage` made like this only refers to the pixels; the conversion copies them.
    view = QImage(pixels.data, width, height, pixels.strides[0], form)
    return view.convertToFormat(QImage.Format.Format_RGB32)


def _open(path: Path, stream: int, report: Report) -> Exam:
    # Imported here, because the readers load libraries that would delay the window's start.
    from usummary.readers import open_exam

    return open_exam(path, stream=stream, progress=report)


def _sync_positions(exam: Exam, table: FrameTable) -> IntArray:
    """(n,) ascending positions of all sync frames of an exam."""
    starts = table.starts[:-1]
    parts = [r.sync_frames + start for r, start in zip(exam.recordings, starts, strict=True)]
    return np.concatenate(parts)


@dataclass(frozen=True)
class Want:
    """The picture that the player shows, and its direction.

    Attributes:
        position: Position on screen.
        velocity: Positions per second; negative backwards, 0 at rest.
    """

    position: int = 0
    velocity: float = 0.0

    def span(self, capacity: int, length: int) -> tuple[int, int]:
        """Half-open range of positions to decode and keep: mostly ahead while the player plays."""
        few = 2
        ahead = capacity // 2 if self.velocity == 0 else capacity - few
        if self.velocity < 0:
            ahead = few
        first = self.position - (capacity - ahead)
        return max(first, 0), min(self.position + ahead, length)

    def missing(self, span: tuple[int, int], held: Container[int]) -> int | None:
        """The next position to decode: the one on screen, then outwards, first those ahead."""
        ahead = range(self.position, span[1])
        behind = range(self.position - 1, span[0] - 1, -1)
        order = (behind, ahead) if self.velocity < 0 else (ahead, behind)
        if self.position not in held:
            return self.position
        return next((at for part in order for at in part if at not in held), None)


class Cursor:
    """Reads an exam's frames by position: by reading on to near ones, by a jump to others."""

    def __init__(self, exam: Exam, table: FrameTable, syncs: IntArray) -> None:
        self._exam, self._table, self._syncs = exam, table, syncs
        self._stream: Iterator[Frame] | None = None
        self._next = self._stop = -1
        self.seek_s = 0.2
        """How long the last jump took: a moving playhead is that much further when it is done."""

    def near(self, position: int, *, moving: bool) -> bool:
        """Whether reading on reaches `position` sooner than a jump does.

        Reading on decodes every frame and makes it a picture. That takes about twice as long as the
        frames that a jump only decodes, from the sync frame before. While the playhead moves, a
        jump is better, because it can aim ahead. Up to a block is always read on: a jump backwards
        lands that far before the position.
        """
        if not self._next <= position < self._stop:
            return False
        ahead = position - self._next
        if ahead < BLOCK or moving:
            return ahead < BLOCK
        before = int(np.searchsorted(self._syncs, position, side="right")) - 1
        run_in = position - int(self._syncs[before]) if before >= 0 else position
        return 2 * ahead <= run_in + OPENING

    def late(self, want: Want) -> int | None:
        """While playing: where to read on, if the stream is a little ahead of the playhead.

        A picture that the stream has passed is left out: after a jump back it would come too late.
        """
        if want.velocity > 0 and want.position < self._next <= want.position + BLOCK:
            return self._next if self._next < self._stop else None
        return None

    def jump(self, position: int) -> None:
        """Goes to a position; the next `read` returns it."""
        recording, frame = self._table.place_of(position)
        self._stream = self._exam.recordings[recording].frames(frame)
        self._next, self._stop = position, self._table.starts[recording + 1]

    def read(self) -> tuple[int, QImage] | None:
        """The next position and its picture; None if the recording ends early."""
        frame = next(self._stream, None) if self._stream else None
        if frame is None:
            self._next = self._stop = -1
            return None
        position = self._next
        self._next += 1
        return position, to_image(frame.pixels)


class FrameSource(QObject):
    """The player's pictures: decodes the wanted one and some around it.

    Signals:
        first_picture: A `QImage`, as early as the file allows.
        opened: An `OpenedExam`, once every picture's time is known.
        arrived: A position whose `picture` is now there.
        lacks: A position that the recording turned out to have no picture for.
        progressed: A `Progress` of opening.
        failed: The exception that ended it.
    """

    first_picture = Signal(object)
    opened = Signal(object)
    arrived = Signal(int)
    lacks = Signal(int)
    progressed = Signal(object)
    failed = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None, *, stream: int = 0) -> None:
        super().__init__(parent)
        self._path, self._stream = path, stream
        self._syncs: IntArray = np.zeros(0, np.int64)
        self._held: dict[int, QImage] = {}
        self._dead: set[int] = set()
        self._want = Want()
        self._rests_at = 0.0
        self._changed = threading.Condition()
        self._worker = Worker("player", self)
        self._worker.failed.connect(self.failed)
        self._worker.progressed.connect(self.progressed)
        self._worker.gone.connect(self.deleteLater)

    def start(self) -> None:
        self._worker.start(self._serve)

    def leave(self) -> None:
        """Stops without waiting; the source deletes itself when its thread has closed the file."""
        if not self._worker.leave():
            self.deleteLater()

    def close(self) -> None:
        """Stops decoding, closes the file and frees the pictures."""
        self._worker.close()
        with self._changed:
            self._held.clear()

    def want(self, position: int, velocity: float = 0.0) -> None:
        """Sets the position on screen and its velocity; wakes the decoder."""
        with self._changed:
            if abs(position - self._want.position) > BLOCK:
                self._rests_at = time.monotonic() + SETTLE_S
            self._want = Want(position, velocity)
            self._changed.notify()

    def picture(self, position: int) -> QImage | None:
        """The picture of a position, if it is decoded."""
        with self._changed:
            return self._held.get(position)

    def nearest_sync(self, position: int) -> int:
        """The nearest position whose picture can be decoded by itself; only after `opened`."""
        at = int(np.searchsorted(self._syncs, position))
        around = self._syncs[max(at - 1, 0) : at + 1]
        return min(
            (int(sync) for sync in around), key=lambda s: abs(s - position), default=position
        )

    def _serve(self, report: Report) -> None:
        """In the worker's thread, until it is cancelled."""
        with _open(self._path, self._stream, report) as exam:
            report(STILL_HERE)
            first = to_image(exam.recordings[0].frame(0).pixels)
            self.first_picture.emit(first)
            opened = OpenedExam.of(exam)
            self._syncs = _sync_positions(exam, opened.table)
            self.opened.emit(opened)
            capacity = max(8, min(64, STORE_BYTES // max(first.sizeInBytes(), 1)))
            cursor = Cursor(exam, opened.table, self._syncs)
            while True:
                report(STILL_HERE)
                self._step(cursor, capacity, len(opened.table))

    def _step(self, cursor: Cursor, capacity: int, length: int) -> None:
        """Decodes one more picture, or sleeps for a while if none is wanted."""
        with self._changed:
            want = self._want
            span = want.span(capacity, length)
            missing = cursor.late(want) or want.missing(span, self._held.keys() | self._dead)
            around = missing != want.position and want.velocity == 0
            if missing is None or (around and time.monotonic() < self._rests_at):
                self._changed.wait(IDLE_S)
                return
        # Decoding is done without the lock, so that the main thread never waits for it.
        jumped_at = time.monotonic()
        jumped = not cursor.near(missing, moving=want.velocity != 0)
        if jumped:
            cursor.jump(self._landing(want, missing, span, cursor.seek_s))
        read = cursor.read()
        if jumped:
            cursor.seek_s = time.monotonic() - jumped_at
        if read is None:  # beyond where a damaged recording ends: it would be tried for ever
            self._dead.add(missing)
            self.lacks.emit(missing)
        else:
            self._keep(*read, capacity, length)

    def _landing(self, want: Want, missing: int, span: tuple[int, int], seek_s: float) -> int:
        """Where to jump to for a missing position.

        Backwards it is a block before, because frames only decode forwards: the block then serves
        the next steps back. Forwards it is where the playhead will be after the jump.
        """
        if missing < want.position or want.velocity < 0:
            return max(span[0], missing - BLOCK + 1)
        return min(missing + int(want.velocity * seek_s), span[1] - 1)

    def _keep(self, position: int, image: QImage, capacity: int, length: int) -> None:
        with self._changed:
            first, stop = self._want.span(capacity, length)
            self._held[position] = image
            for old in [at for at in self._held if not first <= at < stop and at != position]:
                del self._held[old]
        self.arrived.emit(position)


@dataclass(frozen=True)
class Small:
    """A small picture that the timeline wants.

    Attributes:
        position: Position of the picture.
        slack: A sync frame at most this many positions away will do as well: it needs no other
            frames decoded. 0: exactly this picture.
        height: Height in pixels.
    """

    position: int
    slack: int
    height: int


class ThumbnailSource(QObject):
    """Small pictures of single positions: first for the cards, then for the timeline.

    Signals:
        arrived: A position and its `QImage`.
        small_arrived: A `Small` and its `QImage`.
    """

    arrived = Signal(int, object)
    small_arrived = Signal(object, object)

    def __init__(
        self, path: Path, table: FrameTable, parent: QObject | None, *, stream: int = 0
    ) -> None:
        super().__init__(parent)
        self._path, self._table, self._size = path, table, QSize()
        self._stream = stream
        self._queue: list[int] = []
        self._small: list[Small] = []
        self._changed = threading.Condition()
        self._worker = Worker("thumbnails", self)
        self._worker.gone.connect(self.deleteLater)

    def start(self, failed: Callable[[Exception], None]) -> None:
        self._worker.failed.connect(failed)
        self._worker.start(self._serve)

    def leave(self) -> None:
        """Stops without waiting, like `FrameSource.leave`; no more picture arrives."""
        self.arrived.disconnect()
        self.small_arrived.disconnect()
        if not self._worker.leave():
            self.deleteLater()

    def close(self) -> None:
        self._worker.close()

    def want(self, positions: list[int], size: QSize) -> None:
        """Replaces the list of pictures that are still to be made, to fit into a size."""
        with self._changed:
            self._queue, self._size = list(positions), size
            self._changed.notify()

    def want_small(self, wanted: list[Small]) -> None:
        """Replaces the timeline's list; the cards' pictures come first."""
        with self._changed:
            self._small = list(wanted)
            self._changed.notify()

    def _serve(self, report: Report) -> None:
        """In the worker's thread, until it is cancelled."""
        smooth = Qt.TransformationMode.SmoothTransformation
        with _open(self._path, self._stream, report) as exam:
            while True:
                report(STILL_HERE)
                match self._next():
                    case Small() as small:
                        try:
                            picture = self._decode(exam, small.position, small.slack)
                        except UnreadableFile:
                            continue  # its place stays empty; the run's notices name the damage
                        image = picture.scaledToHeight(small.height, smooth)
                        self.small_arrived.emit(small, image)
                    case int() as position:
                        keep = Qt.AspectRatioMode.KeepAspectRatio
                        picture = self._decode(exam, position, 0)
                        self.arrived.emit(position, picture.scaled(self._size, keep, smooth))

    def _next(self) -> int | Small | None:
        """The next picture to make; None after a while without a wanted one."""
        with self._changed:
            if self._queue:
                return self._queue.pop(0)
            if self._small:
                return self._small.pop(0)
            self._changed.wait(IDLE_S)
            return None

    def _decode(self, exam: Exam, position: int, slack: int) -> QImage:
        recording, frame = self._table.place_of(position)
        source = exam.recordings[recording]
        if slack:
            syncs = source.sync_frames
            near = int(syncs[np.abs(syncs - frame).argmin()])
            frame = near if abs(near - frame) <= slack else frame
        return to_image(source.frame(frame).pixels)
