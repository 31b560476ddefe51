"""What benchmarks run on: simulated exams, rendered once and kept, and a long exam's analysis."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from usummary import phantom
from usummary.types import (
    STANDARD_PLANES,
    Analysis,
    Box,
    FreezeFrame,
    PlaneTrack,
    Provenance,
    Region,
    Scores,
    Shot,
)

SEED = 7
MINUTES = 65
RATE, SCORE_RATE = 30, 15
SHOTS, FREEZES = 800, 120


def ten_minutes(work: Path) -> Path:
    """A simulated exam of ten minutes, 1280x720 at 30 frames per second."""
    path = work / "phantom-10.mp4"
    if not path.exists():
        phantom.render(path, minutes=10, seed=SEED)
    return path


def sixty_five_minutes(work: Path) -> Path:
    """The ten minutes played six and a half times: packets copied, times moved on."""
    path = work / "phantom-65.mp4"
    if path.exists():
        return path
    beside = work / "phantom-65.part.mp4"
    source = ten_minutes(work)
    with av.open(str(beside), "w", options={"movflags": "faststart"}) as target:
        with av.open(str(source)) as first:
            stream = target.add_stream_from_template(first.streams.video[0])
        shift = 0
        for turn in range(7):
            shift = _append(target, stream, source, shift, half=turn == 6)
    beside.replace(path)
    return path


def _append(
    target: av.container.OutputContainer,
    stream: av.VideoStream,
    source: Path,
    shift: int,
    *,
    half: bool,
) -> int:
    """Copy a recording's packets behind what is there; returns where the next copy begins."""
    with av.open(str(source)) as container:
        video = container.streams.video[0]
        assert video.time_base is not None
        frame = int(Fraction(1) / (video.average_rate or Fraction(30)) / video.time_base)
        length = video.frames * frame
        for packet in container.demux(video):
            if packet.pts is None or packet.dts is None:
                continue
            if half and packet.is_keyframe and packet.pts >= length // 2:
                break
            packet.pts += shift
            packet.dts += shift
            packet.stream = stream
            target.mux(packet)
    return shift + length


def long_analysis() -> Analysis:
    """What is known of an exam of 65 minutes: random shots and scores, no pictures."""
    rng = np.random.default_rng(SEED)
    count = MINUTES * 60 * RATE
    times = np.arange(count) / RATE
    end_s = count / RATE
    cuts = np.sort(rng.choice(np.arange(RATE, count - RATE), SHOTS - 1, replace=False))
    borders = [0, *cuts.tolist(), count]
    shots = tuple(
        Shot(
            recording=0,
            start_frame=start,
            end_frame=end,
            start_s=start / RATE,
            end_s=end / RATE,
            score=float(rng.random()),
            key_frame=(start + end) // 2,
            plane=STANDARD_PLANES[start % len(STANDARD_PLANES)],
            plane_confidence=0.8,
        )
        for start, end in itertools.pairwise(borders)
    )
    freezes = tuple(
        FreezeFrame(at / RATE, 0, at, "frozen", end_s=at / RATE + 0.5)
        for at in np.sort(rng.choice(count, FREEZES, replace=False)).tolist()
    )
    sampled = np.arange(0, count, RATE // SCORE_RATE)
    values = rng.random(len(sampled)).astype(np.float32)
    scores = Scores(times[sampled], values, np.zeros_like(sampled), sampled)
    region = Region(Box(0, 0, 1280, 720), ((0, 0), (1280, 0), (1280, 720), (0, 720)), "pictures")
    provenance = Provenance({}, (), "CPU", {}, {}, {})
    clips = np.arange(0, count, RATE * 16 // SCORE_RATE)
    shown = rng.integers(len(STANDARD_PLANES), size=len(clips))
    sure = rng.random(len(clips)).astype(np.float32)
    return Analysis(
        Path("exam.mp4"), end_s, count, (region,), scores, shots, freezes, provenance, (times,),
        PlaneTrack(np.zeros_like(clips), clips, shown, sure),
    )  # fmt: skip
