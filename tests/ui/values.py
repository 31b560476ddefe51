"""Hand-made results for tests of the window: five shots of 2 s over two recordings."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ui.session.state import FrameTable, OpenedExam
from usummary.types import (
    Analysis,
    Box,
    FreezeFrame,
    Provenance,
    RecordingInfo,
    Region,
    Scores,
    Shot,
    Summary,
)

RATE = 10
KEY_SHOTS = (1, 3)


def make_opened() -> OpenedExam:
    infos = tuple(
        RecordingInfo(Path("exam.mp4"), 64, 48, frames, frames / RATE, "h264", "video")
        for frames in (60, 40)
    )
    table = FrameTable(np.arange(100) / RATE, (0, 60, 100), 10.0)
    return OpenedExam(Path("exam.mp4"), infos, table, (), ("recording is simulated",))


def make_summary(length: str = "40%") -> Summary:
    shots = tuple(
        Shot(
            recording=0 if start < 60 else 1,
            start_frame=start % 60,
            end_frame=start % 60 + 20,
            start_s=start / RATE,
            end_s=start / RATE + 2,
            score=0.1 * index,
            key_frame=start % 60 + 5,
            plane="Femur" if index == 1 else None,
            plane_confidence=0.9 if index == 1 else 0.0,
            selected=index in KEY_SHOTS,
        )
        for index, start in enumerate((0, 20, 40, 60, 80))
    )
    freeze_frames = (
        FreezeFrame(2.5, 0, 25, "frozen", end_s=3.0, matched_shot=1),
        FreezeFrame(5.0, 0, 50, "listed", end_s=5.0),
    )
    unselected = tuple(replace(shot, selected=False) for shot in shots)
    return Summary(
        make_analysis(unselected, freeze_frames), length, "application", 4.0, shots, freeze_frames,
        notices=("a shot was cut",),
    )  # fmt: skip


def make_analysis(shots: tuple[Shot, ...], freeze_frames: tuple[FreezeFrame, ...]) -> Analysis:
    times = np.arange(100) / RATE
    region = Region(Box(4, 4, 60, 44), ((4, 4), (60, 4), (60, 44), (4, 44)), "pictures")
    values = (0.5 + 0.5 * np.sin(times)).astype(np.float32)
    which = np.repeat([0, 1], [60, 40])
    frames = np.concatenate([np.arange(60), np.arange(40)])
    return Analysis(
        path=Path("exam.mp4"),
        duration_s=10.0,
        frame_count=100,
        regions=(region, region),
        scores=Scores(times, values, which, frames),
        shots=shots,
        freeze_frames=freeze_frames,
        provenance=Provenance({}, (), "CPU", {}, {}, {}, ("recording is simulated",)),
        frame_times_s=(times[:60], times[60:]),
    )
