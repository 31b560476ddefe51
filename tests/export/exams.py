"""Exams of known content for the exporters: drawn pictures, and summaries chosen by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from usummary.types import (
    STANDARD_PLANES,
    Analysis,
    Box,
    Exam,
    Frame,
    FreezeFrame,
    Picture,
    Provenance,
    RecordingInfo,
    Region,
    Scores,
    Shot,
    Summary,
)


class DrawnRecording:
    """A recording whose frame `i` is drawn on demand: a bright bar at a place that tells `i`."""

    def __init__(
        self, name: str, size: tuple[int, int], times_s: Sequence[float], *, grey: bool = False
    ) -> None:
        self._grey = grey
        self.width, self.height = size
        self.times_s = np.asarray(times_s, np.float64)
        step = times_s[-1] - times_s[-2] if len(times_s) > 1 else 0.0
        self.info = RecordingInfo(
            path=Path("/scans") / name,
            width=self.width,
            height=self.height,
            frame_count=len(times_s),
            duration_s=float(times_s[-1] + step),
            encoding="drawn",
            kind="video",
        )

    def draw(self, index: int) -> Picture:
        picture = np.full((self.height, self.width, 3), 60, np.uint8)
        picture[:, : self.width // 8] = (200, 40, 40)  # where a scanner shows the patient's name
        across = index * 7 % self.width
        picture[:, across : across + max(1, self.width // 5)] = 210
        if self._grey:
            return np.ascontiguousarray(picture[..., 1])
        picture[index * 3 % self.height :, :, 2] //= 2
        return picture

    def frame(self, index: int) -> Frame:
        return Frame(index, float(self.times_s[index]), self.draw(index))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        for index in range(start, len(self.times_s) if stop is None else stop):
            yield self.frame(index)

    def luma(self, rate: float | None = None, start: int = 0) -> Iterator[Frame]:
        for frame in self.frames(start):
            yield replace(frame, pixels=cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY))

    def close(self) -> None:
        pass


def even_times(count: int, rate: float = 25.0) -> list[float]:
    return [index / rate for index in range(count)]


def sector(width: int, height: int) -> Region:
    """A sector that leaves out the left fifth of the picture."""
    x0 = width // 5
    polygon = ((x0, 0), (width, 0), (width, height), (x0, height))
    return Region(Box(x0, 0, width, height), polygon, "pictures")


def whole(width: int, height: int) -> Region:
    return Region(Box(0, 0, width, height), (), "whole")


def make_exam(*recordings: DrawnRecording, notices: tuple[str, ...] = ()) -> Exam:
    lengths = [recording.info.duration_s for recording in recordings]
    offsets = tuple(float(sum(lengths[:which])) for which in range(len(lengths)))
    return Exam(recordings[0].info.path, recordings, offsets, notices=notices)


def shot(
    exam: Exam,
    start: int,
    end: int,
    *,
    recording: int = 0,
    plane: str | None = None,
    key: int | None = None,
    selected: bool = True,
) -> Shot:
    return Shot(
        recording=recording,
        start_frame=start,
        end_frame=end,
        start_s=exam.time_of(recording, start),
        end_s=exam.time_of(recording, end),
        score=0.5 + 0.01 * start % 0.5,
        key_frame=(start + end) // 2 if key is None else key,
        plane=plane,
        plane_confidence=0.9 if plane else 0.0,
        selected=selected,
    )


def make_summary(exam: Exam, shots: Sequence[Shot], regions: Sequence[Region]) -> Summary:
    times = np.arange(0, exam.duration_s, 1 / 15)
    freezes = tuple(
        FreezeFrame(time_s=time, recording=0, frame=0, source="listed", plane=plane, matched_shot=m)
        for time, plane, m in (
            (exam.duration_s * 0.2, "4CH", 0 if shots else None),
            (exam.duration_s * 0.7, "Femur", None),
        )
    )
    where = [exam.locate(time) for time in times]
    analysis = Analysis(
        path=exam.path,
        duration_s=exam.duration_s,
        frame_count=exam.frame_count,
        regions=tuple(regions),
        scores=Scores(
            times,
            (0.5 + 0.45 * np.sin(times / exam.duration_s * 20)).astype(np.float32),
            np.array([which for which, _ in where]),
            np.array([frame for _, frame in where]),
        ),
        shots=tuple(replace(shot, selected=False) for shot in shots),
        freeze_frames=tuple(replace(freeze, matched_shot=None) for freeze in freezes),
        provenance=Provenance(
            versions={"usummary": "0.1.0", "numpy": np.__version__},
            models=({"role": "backbone", "name": "i3d-sononet", "sha256": "ab" * 32},),
            device="CPU, float32",
            settings={"length": "15%", "freeze_frames": "/home/someone/list.csv"},
            input_sha256={recording.info.path.name: "cd" * 32 for recording in exam.recordings},
            timings_s={"reading": 1.25},
            notices=(f"{exam.path} was short.",),
        ),
        frame_times_s=tuple(recording.times_s for recording in exam.recordings),
    )
    planes = {plane for shot in shots if shot.selected and (plane := shot.plane)}
    return Summary(
        analysis=analysis,
        length="15%",
        mode="application",
        budget_s=exam.duration_s * 0.15,
        shots=tuple(shots),
        freeze_frames=freezes,
        metrics={"recall": 0.5, "f1": float("nan")},
        coverage={
            plane: {"shown": plane in planes, "frozen": plane in {"4CH", "Femur"}}
            for plane in STANDARD_PLANES
        },
    )


def small_case(notices: tuple[str, ...] = ()) -> tuple[Exam, Summary]:
    """A 10-second exam of 320x240 with three key shots and one that is none."""
    exam = make_exam(DrawnRecording("Jane Doe.mp4", (320, 240), even_times(250)), notices=notices)
    shots = [
        shot(exam, 0, 30, plane="Brain (Tv.)"),
        shot(exam, 30, 100, selected=False),
        shot(exam, 100, 101, plane="4CH"),
        shot(exam, 200, 250),
    ]
    return exam, make_summary(exam, shots, [sector(320, 240)])
