"""Composed recordings: a script played by real pictures, as a scanner's screen in an mp4.

Around the sector there are a made-up identity, settings and a clock, as on a scanner's screen. If
freezes are shown, the screen stands still after a save and calipers appear, as on a real one. If
they are hidden, the recording runs on, so that saves cannot be found by stillness alone.

Its metadata, its screen and the truth file beside it all say that the recording is composed.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from usummary.files import beside
from usummary.training.composing.probe import SECTOR, Cast, pictures
from usummary.training.composing.script import Script
from usummary.types import STANDARD_PLANES, Picture

NOTE = (
    "Composed: real stills and clips moved like a hand-held probe along a real screening timeline. "
    "No patient was scanned so; every name is made up."
)
SCREEN = (800, 600)
"""Width and height of the recording."""
_PLACE = (80, 88)
"""Left and top of the sector's canvas on the screen."""
_BIT_RATES = (2_000_000, 3_000_000, 5_000_000)
"""Bits per second: recorders differ, and each keeps to its own."""
_SYNC_EVERY_S = (1, 2, 5)
_FREEZE_S = (1.5, 5.0)
_NAMES = ("SAMPLE, ADA", "EXAMPLE, MARIE", "MUSTER, ERIKA", "SPECIMEN, ROSA", "DOE, JANE")
_HEART = frozenset({"3VV", "4CH", "LVOT", "RVOT"})

Freezes = Literal["show", "hide"]


@dataclass(frozen=True)
class Composition:
    """One composed recording before it is written.

    Attributes:
        script: The course of the recording.
        cast: Its source pictures.
        seed: Seed of every draw.
        freezes: Whether the screen stands still after a save.
        part: Part of the split that pictures and timeline come from.
    """

    script: Script
    cast: Cast
    seed: int
    freezes: Freezes
    part: str


def write_recording(composition: Composition, path: Path, done: Callable[[int], None]) -> None:
    """Writes ``<path>`` (mp4), ``<stem>.truth.json`` and ``<stem>.freeze.csv`` beside it.

    Each file is written under another name and renamed; the video, which the others describe, last.

    Args:
        composition: What to write.
        path: A name ending in ``.mp4``.
        done: Called with the number of finished frames; may raise to stop.
    """
    rng = np.random.default_rng((composition.seed, 3))
    fan = _Fan(rng)
    frozen = _frozen(composition, rng)
    screen = _Screen(composition, fan, rng)
    with beside(path) as made:
        recorder = _Recorder(
            int(rng.choice(_BIT_RATES)), int(rng.choice(_SYNC_EVERY_S)) * composition.script.fps
        )
        with _Film(made, composition.script.fps, recorder) as film:
            motion = np.random.default_rng((composition.seed, 4))
            moving = pictures(composition.script, composition.cast, motion, frozen)
            for t, sector in enumerate(moving):
                film.add(screen.at(t, sector, still=bool(frozen[t] != t)))
                if t % 8 == 0:
                    done(t)
        _write(
            path.with_suffix(".truth.json"),
            json.dumps(_truth(composition, fan, screen, recorder), indent=1),
        )
        _write_saves(path.with_suffix(".freeze.csv"), composition.script)
    done(composition.script.frame_count)


def _frozen(composition: Composition, rng: np.random.Generator) -> NDArray[np.int64]:
    """(n,) the frame whose picture each frame shows: its own, or the first one of its freeze."""
    script = composition.script
    shown = np.arange(script.frame_count)
    if composition.freezes == "show":
        for save in script.saves:
            end = save.frame + round(rng.uniform(*_FREEZE_S) * script.fps)
            shown[save.frame : end] = save.frame
    return shown


# --- The screen -----------------------------------------------------------------------------------


class _Fan:
    """The outline of a convex probe's sector, drawn at random within its canvas."""

    def __init__(self, rng: np.random.Generator) -> None:
        (height, width), (x0, y0) = SECTOR, _PLACE
        half = np.deg2rad(rng.uniform(30, 42))
        inner = rng.uniform(0.12, 0.3)
        down = np.linspace(-half, half, 33)
        # The apex is above the canvas, so that the near arc ends at its top, the far at its bottom
        reach = min(height / (1 - inner * np.cos(half)), width / 2 / np.sin(half))
        apex = (x0 + width / 2, y0 - inner * np.cos(half) * reach)
        outer = [(apex[0] + reach * np.sin(a), apex[1] + reach * np.cos(a)) for a in down]
        near = [
            (apex[0] + inner * reach * np.sin(a), apex[1] + inner * reach * np.cos(a)) for a in down
        ]
        self.polygon = np.rint([*outer, *near[::-1]]).astype(np.int32)
        mask = np.zeros((SCREEN[1], SCREEN[0]), np.uint8)
        cv2.fillPoly(mask, [self.polygon], 255)
        self.mask = mask[y0 : y0 + height, x0 : x0 + width]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 half-open."""
        (x0, y0), (x1, y1) = self.polygon.min(axis=0), self.polygon.max(axis=0)
        return int(x0), int(y0), int(x1) + 1, int(y1) + 1


class _Screen:
    """Pictures of the whole screen, I420: one uint8 array (3 H / 2, W), luma above both chromas."""

    def __init__(self, composition: Composition, fan: _Fan, rng: np.random.Generator) -> None:
        self._script, self._fan = composition.script, fan
        self.name = str(rng.choice(_NAMES))
        self.identifier = f"CMP-{rng.integers(0, 10_000):04d}"
        self.begun = dt.datetime(2024, 1, 8, 8, 30) + dt.timedelta(
            days=int(rng.integers(0, 500)), seconds=int(rng.integers(0, 25_000))
        )
        self._calipers = rng.uniform(0.3, 0.7, (len(self._script.saves), 4))
        self._canvas = np.empty(0, np.uint8)
        self._drawn: tuple[str, int] | None = None
        self._visit = 0

    def at(self, t: int, sector: Picture, *, still: bool) -> Picture:
        visits = self._script.visits
        while t >= visits[self._visit].end:
            self._visit += 1
        label = visits[self._visit].label
        second = t // self._script.fps
        if self._drawn != (label, second):
            self._canvas = self._around(label, second)
            self._drawn = (label, second)
        height, width = self._fan.mask.shape
        x0, y0 = _PLACE
        picture = self._canvas.copy()
        luma = picture[: SCREEN[1]]
        cv2.bitwise_and(sector, self._fan.mask, dst=luma[y0 : y0 + height, x0 : x0 + width])
        if self._script.doppler[t] and not still:
            _colour(picture, self._fan, t)
        if still:
            self._measure(luma, t)
        return picture

    def _around(self, label: str, second: int) -> Picture:
        image = Image.new("RGB", SCREEN)
        pen = ImageDraw.Draw(image)
        small, large = ImageFont.load_default(11), ImageFont.load_default(13)
        pen.rectangle((0, 0, SCREEN[0], 40), fill=(36, 40, 46))
        pen.text((8, 4), "Composed recording, no patient", (176, 182, 186), font=small)
        pen.text((8, 20), f"{self.name}  {self.identifier}", (232, 236, 238), font=large)
        now = (self.begun + dt.timedelta(seconds=second)).strftime("%d.%m.%Y %H:%M:%S")
        pen.text((640, 4), now, (215, 215, 215), font=large)
        heart = label in _HEART
        depth = 7.2 if heart else 11.4
        pen.text((420, 20), f"{depth} cm / {64 if heart else 36} Hz", (232, 236, 238), font=small)
        for line, text in enumerate(
            ("Fetal echo" if heart else "2+3 Trim.", "Har-mid", "Gn 2", "FF3")
        ):
            pen.text((724, 56 + 16 * line), text, (150, 170, 200), font=small)
        for step in range(64):
            shade = 252 - 4 * step
            pen.rectangle((14, 70 + 2 * step, 24, 72 + 2 * step), fill=(shade, shade, shade))
        for tick in range(12):
            pen.line((700, 92 + 38 * tick, 708, 92 + 38 * tick), fill=(200, 200, 200))
        pen.text((8, SCREEN[1] - 18), "COMPOSED - NO PATIENT", (210, 120, 60), font=small)
        picture: Picture = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2YUV_I420).astype(np.uint8)
        return picture

    def _measure(self, luma: Picture, t: int) -> None:
        """Two crosses and a dotted line between them, for the freeze that `t` lies in."""
        number = max(i for i, save in enumerate(self._script.saves) if save.frame <= t)
        x0, y0, x1, y1 = self._fan.box
        ends = self._calipers[number].reshape(2, 2) * (x1 - x0, y1 - y0) + (x0, y0)
        for x, y in ends.astype(int).tolist():
            cv2.line(luma, (x - 4, y), (x + 4, y), 230)
            cv2.line(luma, (x, y - 4), (x, y + 4), 230)
        for share in np.linspace(0, 1, 24):
            x, y = (ends[0] + share * (ends[1] - ends[0])).astype(int).tolist()
            luma[y, x] = 220


def _colour(picture: Picture, fan: _Fan, t: int) -> None:
    """Draws a colour box in the middle of the sector, with flow that pulses from red to blue."""
    height, width = SCREEN[1], SCREEN[0]
    x0, y0, x1, y1 = fan.box
    left, right = (3 * x0 + 2 * x1) // 5 // 2, (2 * x0 + 3 * x1) // 5 // 2
    top, bottom = (3 * y0 + 2 * y1) // 5 // 2, (2 * y0 + 3 * y1) // 5 // 2
    quarter = height // 2 * (width // 2)
    chroma = picture[height:].reshape(-1)
    blue = chroma[:quarter].reshape(height // 2, width // 2)[top:bottom, left:right]
    red = chroma[quarter:].reshape(height // 2, width // 2)[top:bottom, left:right]
    dark = picture[2 * top : 2 * bottom : 2, 2 * left : 2 * right : 2] < 60
    flow = round(70 * np.sin(0.9 * t))
    blue[dark] = np.uint8(128 - flow // 2)
    red[dark] = np.uint8(128 + flow)


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Bits per second, and frames from one sync frame to the next."""

    bit_rate: int
    sync_every: int


class _Film:
    """Encodes I420 pictures as a recorder does, which keeps to a bit rate."""

    def __init__(self, path: Path, fps: int, recorder: _Recorder) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._container.metadata.update({"title": "Composed screening recording", "comment": NOTE})
        stream = self._container.add_stream("libx264", rate=fps)
        stream.width, stream.height = SCREEN
        stream.pix_fmt = "yuv420p"
        stream.gop_size = recorder.sync_every
        stream.bit_rate = recorder.bit_rate
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        # one thread: the same pictures give the same file
        limit = {"maxrate": str(2 * recorder.bit_rate), "bufsize": str(2 * recorder.bit_rate)}
        stream.options = {"preset": "ultrafast", "threads": "1", **limit}
        self._stream = stream
        self._count, self._tick = 0, Fraction(1, fps)

    def add(self, picture: Picture) -> None:
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = self._count, self._tick
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> _Film:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._container.mux(self._stream.encode())
        self._container.close()


# --- The truth ------------------------------------------------------------------------------------


def _truth(
    composition: Composition, fan: _Fan, screen: _Screen, recorder: _Recorder
) -> dict[str, Any]:
    """The truth file: all that is known, in seconds and half-open frames (docs/formats.md)."""
    script, cast = composition.script, composition.cast
    spans = [(visit.label, visit.start, visit.end) for visit in script.visits]
    return {
        "composed": True,
        "note": NOTE,
        "part": composition.part,
        "operator": script.operator,
        "seed": composition.seed,
        "freezes": composition.freezes,
        "fps": script.fps,
        "frame_count": script.frame_count,
        "duration_s": script.frame_count / script.fps,
        "size": list(SCREEN),
        "recorder": {"bit_rate": recorder.bit_rate, "sync_every_frames": recorder.sync_every},
        "sector": {"box": list(fan.box), "polygon": fan.polygon.tolist()},
        "burned_in": {
            "name": screen.name,
            "identifier": screen.identifier,
            "begun": screen.begun.isoformat(),
        },
        "visits": [_span(script.fps, start, end, label=label) for label, start, end in spans],
        "held": [_span(script.fps, start, end) for start, end in _runs(script.hold >= 0.75)],
        "doppler": [_span(script.fps, start, end) for start, end in _runs(script.doppler)],
        "saves": [
            {"frame": save.frame, "time_s": round(save.frame / script.fps, 6), "label": save.label}
            for save in script.saves
        ],
        "sources": {plane: source.name for plane, source in cast.planes.items()},
    }


def _span(fps: int, start: int, end: int, **more: str) -> dict[str, Any]:
    times = {"start_s": round(start / fps, 6), "end_s": round(end / fps, 6)}
    return {**more, **times, "start_frame": start, "end_frame": end}


def _runs(marked: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _write_saves(path: Path, script: Script) -> None:
    with beside(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("frame", "plane"))
        for save in script.saves:
            rows.writerow((save.frame, save.label if save.label in STANDARD_PLANES else ""))


def _write(path: Path, text: str) -> None:
    with beside(path) as part:
        part.write_text(text, encoding="utf-8")
