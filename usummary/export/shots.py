"""One pass through the key shots that makes reel, clips, stills and thumbnails together."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from usummary.ahead import one_ahead
from usummary.errors import ExportError
from usummary.export.canvas import Canvas, Caption, Masks, png_notes
from usummary.export.film import TICKS, Film
from usummary.export.meter import Meter
from usummary.export.names import exam_clock, is_simulated, shot_stem
from usummary.export.options import SIMULATED, ExportOptions
from usummary.types import Box, Exam, Frame, IntArray, Picture, Shot, Summary

REEL = "summary.mp4"
THUMBNAIL = (320, 240)
_SHORTEST_FRAME_S = 0.04
"""Duration of a last frame whose end the recording does not give."""


@dataclass(frozen=True, slots=True)
class ShownShot:
    """A key shot and the files and pictures made from it.

    Attributes:
        number: Position among the key shots, from 1.
        shot: The shot.
        key_s: Exam time of its key frame.
        ticks: (frames + 1,) start of each frame and end of the last in ticks from the shot's start.
        clip, still: Paths in the export folder, None if not written.
        thumbnail: The key frame's sector, RGB, within `THUMBNAIL`.
        first, last: Small grey versions of the first and last frame, None without reel and clips.
    """

    number: int
    shot: Shot
    key_s: float
    ticks: IntArray
    clip: str | None
    still: str | None
    thumbnail: Picture
    first: Picture | None = None
    last: Picture | None = None


def small_grey(pixels: Picture) -> Picture:
    """(48, 64) grey version of an RGB picture, for comparisons.

    Compression changes single pixels; another picture changes the means of many.
    """
    small = cv2.resize(pixels, (64, 48), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def shot_ticks(exam: Exam, shot: Shot) -> IntArray:
    """Start of each of a shot's frames and end of the last, in ticks from the shot's start.

    Strictly ascending even if the recording repeats a time stamp, because a file must not.
    """
    recording = exam.recordings[shot.recording]
    times = recording.times_s
    if shot.end_frame < len(times):
        end = times[shot.end_frame]
    else:
        end = recording.info.duration_s
        if end <= times[-1]:
            end = times[-1] + _SHORTEST_FRAME_S
    starts = np.append(times[shot.start_frame : shot.end_frame], end)
    ticks = np.round((starts - starts[0]) * TICKS).astype(np.int64)
    # A running maximum of ticks - 0, 1, 2, ... never falls; adding 0, 1, 2, ... makes it rise.
    order = np.arange(len(ticks))
    return np.maximum.accumulate(ticks - order) + order


class ShotWriter:
    """Writes reel, clips and stills of the key shots into a folder."""

    def __init__(self, exam: Exam, summary: Summary, folder: Path, options: ExportOptions) -> None:
        self._exam = exam
        self._shots = list(summary.key_shots)
        self._folder = folder
        self._options = options
        self._regions = summary.analysis.regions
        self.simulated = is_simulated(exam)
        self.masks = Masks(self._regions, enabled=options.mask)
        caption = Caption(enabled=options.captions, simulated=self.simulated, notice=options.notice)
        used = sorted({shot.recording for shot in self._shots})
        infos = {position: exam.recordings[position].info for position in used}
        self.canvas = Canvas(infos, self.masks, caption) if infos else None
        self.has_film = bool(infos) and (options.reel or options.clips)
        self.has_reel = bool(infos) and options.reel

    def write(self, meter: Meter) -> tuple[ShownShot, ...]:
        """Write reel, clips and stills as far as they are wanted, in one pass."""
        for wanted, name in ((self._options.clips, "clips"), (self._options.stills, "keyframes")):
            if wanted:
                (self._folder / name).mkdir()
        if self.canvas is None or not self.has_film:
            return tuple(self._show_still(number, meter) for number in self._numbers())
        reel = self._folder / REEL if self.has_reel else None
        title = "Ultrasound summary" + (f" ({SIMULATED})" if self.simulated else "")
        with Film(self.canvas.width, self.canvas.height, reel, title) as film:
            return tuple(self._show(number, film, self.canvas, meter) for number in self._numbers())

    def sectors(self) -> dict[int, tuple[Box, Picture | None]]:
        """For each recording: its place on the canvas, and the mask of what must be black there."""
        if self.canvas is None:
            return {}
        return {
            recording: (self.canvas.place(recording), self.still_truth(recording)[1])
            for recording in sorted({shot.recording for shot in self._shots})
        }

    def still_truth(self, recording: int) -> tuple[tuple[int, int], Picture | None]:
        """Width and height of a recording's stills, and what in them must be black."""
        info = self._exam.recordings[recording].info
        size = info.width, info.height
        return size, self.masks.outside(recording, *size)

    def _numbers(self) -> range:
        return range(1, len(self._shots) + 1)

    def _show_still(self, number: int, meter: Meter) -> ShownShot:
        shot = self._shots[number - 1]
        frame = self._exam.recordings[shot.recording].frame(shot.key_frame)
        stem = self._stem(number)
        still, thumbnail = self._keep(frame, shot, stem)
        meter.step()
        ticks = shot_ticks(self._exam, shot)
        return ShownShot(number, shot, self._key_s(shot), ticks, None, still, thumbnail)

    def _show(self, number: int, film: Film, canvas: Canvas, meter: Meter) -> ShownShot:
        shot = self._shots[number - 1]
        stem = self._stem(number)
        clip = f"clips/{stem}.mp4" if self._options.clips else None
        film.begin_shot(self._folder / clip if clip else None)
        ticks = shot_ticks(self._exam, shot)
        place = canvas.place(shot.recording)
        ends = []
        for duration, frame in zip(np.diff(ticks), self._frames(shot), strict=True):
            caption = self._caption(number, shot, frame.index)
            picture = canvas.paint(frame.pixels, shot.recording, caption)
            film.add(picture, int(duration))
            if frame.index in {shot.start_frame, shot.end_frame - 1}:
                ends.append(small_grey(place.crop(picture)))
            if frame.index == shot.key_frame:
                still, thumbnail = self._keep(frame, shot, stem)
            meter.step()
        key_s = self._key_s(shot)
        return ShownShot(number, shot, key_s, ticks, clip, still, thumbnail, ends[0], ends[-1])

    def _key_s(self, shot: Shot) -> float:
        return self._exam.time_of(shot.recording, shot.key_frame)

    def _stem(self, number: int) -> str:
        shot = self._shots[number - 1]
        return shot_stem(number, shot, self._key_s(shot))

    def _frames(self, shot: Shot) -> Iterator[Frame]:
        recording = self._exam.recordings[shot.recording]
        awaited = shot.start_frame
        frames = one_ahead(recording.frames(shot.start_frame, shot.end_frame))
        with closing(frames):
            for frame in frames:
                awaited += 1
                yield frame
        if awaited != shot.end_frame:
            count = awaited - shot.start_frame
            raise ExportError(
                f"{recording.info.path.name} gave only {count} frames of the key shot at "
                f"{exam_clock(shot.start_s)}. Check that the file is whole, then analyse it again."
            )

    def _caption(self, number: int, shot: Shot, frame: int) -> str:
        parts = [exam_clock(self._exam.time_of(shot.recording, frame))]
        if shot.plane:
            parts.append(shot.plane)
        parts.append(f"shot {number}/{len(self._shots)}")
        return "   ".join(parts)

    def _keep(self, frame: Frame, shot: Shot, stem: str) -> tuple[str | None, Picture]:
        """Write the still of a key frame and shrink it to a thumbnail."""
        picture = self.masks.apply(frame.pixels, shot.recording)
        still = None
        if self._options.stills:
            still = f"keyframes/{stem}.png"
            (self._folder / still).write_bytes(self._png(picture))
        sector = self._regions[shot.recording].box.crop(picture) if self._options.mask else picture
        return still, _shrunk(sector)

    def _png(self, picture: Picture) -> bytes:
        notes = png_notes(simulated=self.simulated)
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG", compress_level=3, pnginfo=notes)
        return buffer.getvalue()


def _shrunk(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    scale = min(THUMBNAIL[0] / width, THUMBNAIL[1] / height, 1.0)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
