"""Exam -> Features: frames are read once, and only what is new is computed.

Every clip of sampled frames goes through the backbone, with one exception: if nothing moves in this
clip nor in the one before it, both show the same picture, and the earlier features are used again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.ahead import one_ahead
from usummary.analysis.clips import sampled, to_input
from usummary.analysis.feature_cache import FeatureCache, Part, make_key
from usummary.networks.weights import Model
from usummary.progress import Clock, Progress, Report
from usummary.types import Exam, Features, Frame, Picture, Recording, Region, Samples

VERSION = 2
"""Part of the cache key: raised whenever the same input would give other features."""

PART_CLIPS = 64
"""Clips in one cached part: a crash costs at most this much work (about a minute of recording)."""

CHANGED_LEVELS = 3
"""A pixel of the input picture has changed if it differs by at least this many grey levels."""

FROZEN_SHARE = 0.01
"""A picture is frozen if at most this share of its lit pixels has changed; calipers come and go."""

LIT_LEVEL = 12
"""Darker pixels of the input picture carry no tissue."""

BLANK_SHARE = 0.02
"""A picture is blank if at most this share of it is lit, or at most this share of what is lit
differs from one flat colour: a line of text on an empty screen is that small."""

OnPart = Callable[[int, Callable[[], Features]], None]
"""Called with the number of finished clips and a function that joins their features. Joining takes
time and memory, so the callee decides whether a preview is worth it."""


class Backbone(Protocol):
    """What features need of a runner (see `usummary.networks.runtime`)."""

    @property
    def device(self) -> str: ...

    def run(self, inputs: NDArray[np.generic]) -> tuple[NDArray[np.generic], ...]: ...


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a backbone takes as input, and the classes it names.

    Attributes:
        clip_length: Sampled frames in a clip, n.
        size: Height and width of an input picture.
        classes: Names of its plane outputs; empty without a plane head.
        unsure: Below this probability a plane counts as not recognised.
    """

    clip_length: int
    size: tuple[int, int]
    classes: tuple[str, ...]
    unsure: float = 0.5


@dataclass(frozen=True)
class Extraction:
    """How features are computed: the backbone with its input, the sampling rate, the cache.

    Attributes:
        backbone: Runs uint8 (1, n, H, W) to maps (1, C, h, w), steps (1, s, C), planes (1, K).
        spec: Its input and classes.
        rate: Samples per second, None for every frame.
        cache: Where finished parts are kept, under a key that names the device the backbone is on
            now (`key_of`); None to keep nothing.
    """

    backbone: Backbone
    spec: InputSpec
    rate: float | None
    cache: FeatureCache | None


def key_of(
    model: Model,
    hashes: Sequence[str],
    regions: Sequence[Region],
    rate: float | None,
    device: str,
    *,
    alone: bool = False,
) -> str:
    """The cache key of an exam's features: it changes with everything that shapes them.

    Args:
        model: The backbone. Its config counts beside its weights: the same weights can be given
            larger pictures or longer clips.
        hashes: Content hash of each recording's file in exam order, never sorted: finished parts
            name a recording by its position alone.
        regions: Sector of each recording, in the same order.
        rate: Samples per second, None for every frame.
        device: Device and precision that compute (`Backbone.device`).
        alone: Each frame of a clip goes through the backbone by itself
            (`usummary.research.extract`).
    """
    network = [model.network, sorted(model.config.items()), model.sha256]
    boxes = [str(region.box) for region in regions]
    return make_key(VERSION, list(hashes), network, rate, boxes, device, alone)


def compute(
    exam: Exam,
    regions: tuple[Region, ...],
    extraction: Extraction,
    progress: Report,
    on_part: OnPart | None = None,
) -> Features:
    """Features of a whole exam.

    Parts are kept in the cache as long as the backbone stays on the device that it began on. Parts
    computed after a fallback to another device would belong under another key and are not kept. So
    the next run tries the first device again, and the person gets the notice again.

    Args:
        exam: Opened exam.
        regions: Sector of each recording.
        extraction: Backbone, sampling, cache.
        progress: Called after every clip, stage ``features``.
        on_part: Called after every new part but the last.
    """
    device = extraction.backbone.device
    parts = list(extraction.cache.parts()) if extraction.cache else []
    clock = _ExamClock(exam, progress)
    for number, part in enumerate(
        _new_parts(exam, regions, extraction, parts, clock), start=len(parts)
    ):
        parts.append(part)
        if extraction.cache and extraction.backbone.device == device:
            extraction.cache.add(number, part)
        if on_part is not None and not _is_last(part, exam):
            clips = sum(len(done["frames"]) for done in parts)
            on_part(
                clips,
                lambda: _joined([dict(done) for done in parts], exam, regions, extraction.spec),
            )
    return _joined(parts, exam, regions, extraction.spec)


def _is_last(part: Part, exam: Exam) -> bool:
    return bool(part["complete"]) and int(part["recording"]) == len(exam.recordings) - 1


def _new_parts(
    exam: Exam,
    regions: tuple[Region, ...],
    extraction: Extraction,
    done: list[Part],
    clock: _ExamClock,
) -> Iterator[Part]:
    """Parts after those in `done`, each of one recording and at most PART_CLIPS clips."""
    for which, recording in enumerate(exam.recordings):
        start, last = _resume_point(which, done)
        if start >= recording.info.frame_count:
            continue
        stream = _ClipStream(recording, regions[which], extraction, last)
        rows: list[_Clip] = []
        for row in stream.rows(start):
            clock.tick(exam.offsets_s[which] + float(row.times_s[-1]))
            # A full part waits for the next clip: only then is it sure that it is not the last.
            if len(rows) == PART_CLIPS:
                yield _part(which, recording, rows, complete=False)
                rows = []
            rows.append(row)
        if rows:
            yield _part(which, recording, rows, complete=True)


def _resume_point(which: int, done: list[Part]) -> tuple[int, _Clip | None]:
    """First frame of recording `which` that is not done, and the last clip that is."""
    mine = [part for part in done if int(part["recording"]) == which]
    if not mine:
        return 0, None
    if mine[-1]["complete"]:
        return np.iinfo(np.int64).max, None  # beyond any recording's end
    rows = {name: mine[-1][name][-1] for name in _CLIP_ARRAYS}
    last = _Clip(picture=mine[-1]["picture"].astype(np.uint8), **rows)
    return int(last.frames[-1]) + 1, last


@dataclass(frozen=True, slots=True)
class _SeenFrame:
    """A sampled frame, cut and scaled to the backbone's input."""

    index: int
    time_s: float  # recording time
    picture: Picture  # (H, W)
    frozen: bool  # shows the same picture as the sample before


@dataclass(frozen=True, slots=True)
class _Clip:
    """One clip: its samples, and the backbone's output for it."""

    frames: NDArray[np.int64]  # (n,)
    times_s: NDArray[np.float64]  # (n,) recording time
    frozen: NDArray[np.bool_]  # (n,)
    picture: NDArray[np.uint8]  # (H, W) last input picture, which the next sample is compared with
    maps: NDArray[np.float16]  # (C, h, w)
    steps: NDArray[np.float32]  # (s, C)
    planes: NDArray[np.float32]  # (K,)


_CLIP_ARRAYS = ("frames", "times_s", "frozen", "maps", "steps", "planes")


class _ClipStream:
    """Runs one recording's sampled frames through the backbone, clip by clip.

    While the backbone works on a clip, the next one is decoded in another thread.
    """

    def __init__(
        self, recording: Recording, region: Region, extraction: Extraction, last: _Clip | None
    ) -> None:
        self._recording = recording
        self._region = region
        self._extraction = extraction
        self._last = last
        self._picture = None if last is None else last.picture

    def rows(self, start: int) -> Iterator[_Clip]:
        with closing(one_ahead(self._clips(start))) as clips:
            for clip in clips:
                yield self._row(clip)

    def _clips(self, start: int) -> Iterator[list[_SeenFrame]]:
        """The sampled frames from `start` on, clip by clip; the last frame fills the last clip."""
        after_s = None if self._last is None else float(self._last.times_s[-1])
        frames = self._recording.luma(self._extraction.rate, start)
        pending: list[_SeenFrame] = []
        for frame in sampled(frames, self._extraction.rate, after_s=after_s):
            pending.append(self._seen(frame))
            if len(pending) == self._extraction.spec.clip_length:
                yield pending
                pending = []
        if pending:
            missing = self._extraction.spec.clip_length - len(pending)
            yield pending + [replace(pending[-1], frozen=True)] * missing

    def _seen(self, frame: Frame) -> _SeenFrame:
        picture = to_input(frame.pixels, self._region.box, self._extraction.spec.size)
        frozen = self._picture is not None and shows_freeze(self._picture, picture)
        self._picture = picture
        return _SeenFrame(frame.index, frame.time_s, picture, frozen)

    def _row(self, clip: list[_SeenFrame]) -> _Clip:
        frozen = np.array([seen.frozen for seen in clip])
        last = self._last
        if last is not None and frozen.all() and last.frozen.all():
            maps, steps, planes = last.maps, last.steps, last.planes
        else:
            inputs = np.stack([seen.picture for seen in clip])[None]
            out = self._extraction.backbone.run(inputs)
            maps = out[0][0].astype(np.float16)
            steps, planes = (array[0].astype(np.float32) for array in out[1:])
        self._last = _Clip(
            frames=np.array([seen.index for seen in clip], np.int64),
            times_s=np.array([seen.time_s for seen in clip]),
            frozen=frozen,
            picture=clip[-1].picture,
            maps=maps,
            steps=steps,
            planes=planes,
        )
        return self._last


def shows_freeze(before: Picture, after: Picture) -> bool:
    """Whether two input pictures (H, W) show the same frozen image, and an image at all."""
    return is_same(before, after) and not is_blank(after)


def is_same(before: Picture, after: Picture) -> bool:
    """Whether nothing moved between two input pictures (H, W).

    Noise of the video codec and small additions such as calipers do not count as change.
    """
    # Compared with the lit pixels, not with all: the black around a small sector never changes.
    changed = np.count_nonzero(cv2.absdiff(before, after) >= CHANGED_LEVELS)
    lit = np.count_nonzero(np.maximum(before, after) >= LIT_LEVEL)
    return bool(changed <= FROZEN_SHARE * lit)


def is_blank(picture: Picture) -> bool:
    """Whether an input picture (H, W) shows no image that a sonographer could have frozen.

    A black screen is blank. So is a screen of one flat colour, which recorders show when the signal
    is lost. Both stay blank with a line of text on them. A test card, or a logo that fills much of
    the screen, cannot be told from an image here.
    """
    lit = picture[picture >= LIT_LEVEL]
    if lit.size <= BLANK_SHARE * picture.size:
        return True
    # From the median, which a few characters of text do not move as they would move the mean.
    apart = np.abs(lit.astype(np.float32) - np.median(lit))
    return bool(np.count_nonzero(apart >= CHANGED_LEVELS) <= BLANK_SHARE * lit.size)


def _part(which: int, recording: Recording, rows: list[_Clip], *, complete: bool) -> Part:
    """Clips as arrays; `complete` says that they are the last of recording `which`.

    The reader's notices so far are kept with them: a run that takes the part from the cache decodes
    nothing, so its reader finds no damaged frames.
    """
    arrays: Part = {name: np.stack([getattr(row, name) for row in rows]) for name in _CLIP_ARRAYS}
    arrays["picture"] = rows[-1].picture
    arrays["notices"] = np.array(recording.info.notices, np.str_)
    arrays["recording"] = np.array(which)
    arrays["complete"] = np.array(complete)
    return arrays


def _joined(
    parts: list[Part], exam: Exam, regions: tuple[Region, ...], spec: InputSpec
) -> Features:
    """Joins the parts into one value and empties them, so that maps are not in memory twice."""
    recordings = np.concatenate(
        [np.full(len(part["frames"]), int(part["recording"]), np.int64) for part in parts]
    )

    def all_of(name: str) -> NDArray[np.generic]:
        joined = np.empty((len(recordings), *parts[0][name].shape[1:]), parts[0][name].dtype)
        end = 0
        for part in parts:
            piece = part.pop(name)
            joined[end : end + len(piece)] = piece
            end += len(piece)
        return joined

    offsets = np.asarray(exam.offsets_s)[recordings]
    samples = Samples(
        recordings=recordings,
        frames=all_of("frames").astype(np.int64),
        times_s=all_of("times_s") + offsets[:, None],
    )
    return Features(
        maps=all_of("maps").astype(np.float16, copy=False),
        steps=all_of("steps").astype(np.float32, copy=False),
        planes=all_of("planes").astype(np.float32, copy=False),
        classes=spec.classes,
        unsure=spec.unsure,
        samples=samples,
        frozen=all_of("frozen").astype(np.bool_, copy=False),
        regions=regions,
        notices=tuple(dict.fromkeys(str(text) for part in parts for text in part["notices"])),
    )


class _ExamClock:
    """Reports the exam time that is reached as progress, with the time left."""

    def __init__(self, exam: Exam, progress: Report) -> None:
        self._total_s = max(exam.duration_s, 1e-9)
        self._progress = progress
        self._clock = Clock()

    def tick(self, reached_s: float) -> None:
        fraction = min(reached_s / self._total_s, 1.0)
        self._progress(Progress("features", fraction, self._clock.seconds_left(fraction)))
