"""Recordings that benchmarks run on: simulated exams, rendered once and kept."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from usummary import phantom

SEED = 7


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
