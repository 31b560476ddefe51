"""Hand-made values of `usummary.types` for tests that need no file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from usummary.types import (
    Analysis,
    Box,
    Features,
    Frame,
    FreezeFrame,
    Provenance,
    RecordingInfo,
    Region,
    Samples,
    Scores,
    Shot,
)

WHOLE = Region(Box(0, 0, 64, 48), ((0, 0), (64, 0), (64, 48), (0, 48)), "whole")


def shots_between(spans, rate, scores, keys=None, planes=None) -> tuple[Shot, ...]:
    """Shots of one recording with `rate` frames per second from half-open frame spans."""
    return tuple(
        Shot(
            recording=0,
            start_frame=start,
            end_frame=end,
            start_s=start / rate,
            end_s=end / rate,
            score=float(scores[number]),
            key_frame=start if keys is None else keys[number],
            plane=None if planes is None else planes[number],
        )
        for number, (start, end) in enumerate(spans)
    )


def make_analysis(
    n: int, rate: float, *, shots: tuple[Shot, ...], freeze_frames: tuple[FreezeFrame, ...] = ()
) -> Analysis:
    """A finished analysis of a recording of `n` frames; every frame is a sample of score 0.5."""
    times = np.arange(n) / rate
    return Analysis(
        path=Path("exam.mp4"),
        duration_s=n / rate,
        frame_count=n,
        regions=(WHOLE,),
        scores=Scores(
            times, np.full(n, 0.5, np.float32), np.zeros(n, np.int64), np.arange(n, dtype=np.int64)
        ),
        shots=shots,
        freeze_frames=freeze_frames,
        provenance=Provenance({}, (), "cpu", {}, {}, {}),
        frame_times_s=(times,),
    )


def make_features(
    frozen: np.ndarray,
    rate: float,
    *,
    steps: np.ndarray | None = None,
    classes: tuple[str, ...] = (),
    planes: np.ndarray | None = None,
) -> Features:
    """Features of one recording of 2 `rate` frames per second, a sample every second frame.

    `frozen` is (L,), L a multiple of 16; `steps` (T, s, C) is constant unless given.
    """
    clips = len(frozen) // 16
    numbers = np.arange(len(frozen), dtype=np.int64).reshape(clips, 16)
    return Features(
        maps=np.zeros((clips, 1, 1, 1), np.float16),
        steps=np.ones((clips, 4, 2), np.float32) if steps is None else steps.astype(np.float32),
        planes=np.zeros((clips, len(classes)), np.float32) if planes is None else planes,
        classes=classes,
        samples=Samples(np.zeros(clips, np.int64), numbers * 2, numbers / rate),
        frozen=frozen.reshape(clips, 16),
        regions=(WHOLE,),
    )


class PictureRecording:
    """A recording of grey pictures (N, H, W) held in memory, at a constant rate."""

    def __init__(self, pictures: np.ndarray, rate: float) -> None:
        self._pictures = pictures
        self.times_s = np.arange(len(pictures)) / rate
        height, width = pictures.shape[1:3]
        self.info = RecordingInfo(
            Path("pictures"), width, height, len(pictures), len(pictures) / rate, "none", "video"
        )

    def frame(self, index: int) -> Frame:
        return Frame(index, float(self.times_s[index]), np.dstack([self._pictures[index]] * 3))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        for index in range(start, len(self._pictures) if stop is None else stop):
            yield self.frame(index)

    def luma(self, rate: float | None = None, start: int = 0) -> Iterator[Frame]:
        for index in range(start, len(self._pictures)):
            yield Frame(index, float(self.times_s[index]), self._pictures[index])

    def close(self) -> None:
        pass
