"""One law for all containers: every way of reading brings the pictures that decoding brings.

`frames()`, `frame(i)`, `luma()` and seeks forward and back agree, picture by picture, with a plain
decode of the whole file, whatever its codec, the order of its frames, and its time stamps.
"""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.builders import read_code, write_video
from tests.shared_data import SHARED, needs_shared
from usummary.readers import open_exam
from usummary.readers.find_exams import VIDEO_ENDINGS

N = 30
RATE = 25
UNIT = Fraction(1, 90000)
STEP = 3600

STRUCTURES = {
    "intra": {"gop": 1, "bframes": 0},
    "no B": {"gop": 10, "bframes": 0},
    "B": {"gop": 12, "bframes": 2},
    "pyramid": {"gop": 15, "bframes": 4, "options": {"b_strategy": "0"}},
    "open GOP": {"gop": 11, "bframes": 2, "options": {"x264-params": "open-gop=1:keyint=11"}},
    "one GOP": {"gop": 500, "bframes": 2},
}
TIMINGS = ("constant", "variable", "paused", "jumped", "restarted", "repeated")


def stamps_of(timing: str) -> list[int]:
    """Presentation stamps of N pictures, in 1/90000 s."""
    steps = [STEP] * (N - 1)
    if timing == "variable":
        steps = [STEP + (7 * i % 11 - 5) * 300 for i in range(N - 1)]
    if timing == "paused":
        steps[13] = 90000 * 8
    if timing == "jumped":
        steps[13] = 90000 * 3000
    return [int(at) for at in np.cumsum([0, *steps])]


def write(path: Path, timing: str, **structure: object) -> Path:
    """A coded video; what an encoder cannot write is written by copying packets."""
    if timing in ("restarted", "repeated"):
        source = write_video(path.with_name("source.mkv"), n=N, fps=RATE, **structure)
        return restarted(source, path) if timing == "restarted" else repeated(source, path)
    return write_video(path, n=N, pts=stamps_of(timing), time_base=UNIT, fps=RATE, **structure)


def _copied(source: Path, path: Path, change) -> Path:
    with av.open(str(source)) as given, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(given.streams.video[0])
        packets = [packet for packet in given.demux(video=0) if packet.size]
        change(packets)
        for packet in packets:
            packet.stream = stream
            output.mux(packet)
    return path


def restarted(source: Path, path: Path) -> Path:
    """The recording twice, joined bytewise, as people join what a capture box wrote."""
    part = _copied(source, path.with_name(f"part{path.suffix}"), lambda _: None)
    path.write_bytes(part.read_bytes() * 2)
    return path


def repeated(source: Path, path: Path) -> Path:
    """Every fourth picture has the stamp of the one before it in the file."""

    def change(packets: list[av.Packet]) -> None:
        for number in range(5, len(packets), 4):
            packets[number].pts = packets[number - 1].pts
            packets[number].dts = packets[number - 1].dts

    return _copied(source, path, change)


def decoded(path: Path) -> list[np.ndarray]:
    """Luma of every picture that a plain decode of the file brings, in its order."""
    with av.open(f"file:{path}") as container:
        return [stored_luma(frame) for frame in container.decode(video=0)]


def stored_luma(frame: av.VideoFrame) -> np.ndarray:
    plane = frame.planes[0]
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def assert_law(path: Path, most: int | None = None) -> None:
    """Every way of reading agrees with a plain decode.

    Args:
        path: The recording.
        most: Pictures asked for one by one, drawn at random; None: all of them, from the end.
    """
    want = decoded(path)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        count = recording.info.frame_count
        assert count == len(want)
        assert len(recording.times_s) == count
        assert recording.times_s[0] == 0
        assert (np.diff(recording.times_s) > 0).all()
        assert recording.info.duration_s > recording.times_s[-1]
        greys = {frame.index: np.array(frame.pixels) for frame in recording.luma()}
        assert list(greys) == list(range(count))
        for index, grey in greys.items():
            np.testing.assert_array_equal(grey, want[index])
        pictures = [frame.pixels for frame in recording.frames()]
        assert len(pictures) == count
        draw = random.Random(1)
        backwards = range(count - 1, -1, -1) if most is None else draw.choices(range(count), k=most)
        places = [*backwards, *draw.choices(range(count), k=12)]
        for index in places:
            frame = recording.frame(index)
            assert frame.index == index
            assert frame.time_s == recording.times_s[index]
            np.testing.assert_array_equal(frame.pixels, pictures[index])
        for start in (1, count // 3, count - 2):
            part = list(recording.frames(start, start + 3))
            assert [frame.index for frame in part] == list(range(count))[start : start + 3]
            for frame in part:
                np.testing.assert_array_equal(frame.pixels, pictures[frame.index])
        assert next(iter(recording.luma(start=count // 2))).index == count // 2


COMBINATIONS = [
    (container, codec, structure, timing)
    for container in ("mp4", "mkv", "ts", "mov")
    for codec in ("libx264", "libx265")
    for structure in STRUCTURES
    for timing in TIMINGS
    if (codec == "libx264" or structure in ("B", "one GOP"))
    and (timing in ("constant", "variable") or structure in ("no B", "B", "open GOP"))
    and (timing != "restarted" or container == "ts")
    and (timing != "repeated" or container == "mkv")
]
OTHERS = [
    ("avi", "mjpeg", {"pixel_format": "yuvj420p"}),
    ("avi", "mpeg4", {"gop": 10, "bframes": 0}),
    ("avi", "libx264", {"gop": 12, "bframes": 2}),
    ("mpg", "mpeg2video", {"gop": 10, "bframes": 2}),
    ("mpg", "mpeg1video", {"gop": 10, "bframes": 0}),
    ("webm", "libvpx", {"gop": 12, "bframes": 0}),
    ("webm", "libvpx-vp9", {"gop": 12, "bframes": 0}),
    ("mkv", "ffv1", {}),
    ("mkv", "mpeg4", {"gop": 10, "bframes": 2}),
    ("m2v", "mpeg2video", {"gop": 10, "bframes": 2}),
    ("h264", "libx264", {"gop": 12, "bframes": 2}),
    ("hevc", "libx265", {"gop": 12, "bframes": 2}),
    ("mjpeg", "mjpeg", {"pixel_format": "yuvj420p"}),
]


def test_there_are_enough_combinations():
    assert len(COMBINATIONS) + len(OTHERS) >= 60


@pytest.mark.parametrize(("container", "codec", "structure", "timing"), COMBINATIONS)
def test_every_way_of_reading_agrees(tmp_path, container, codec, structure, timing):
    shape = dict(STRUCTURES[structure])
    if codec == "libx265":
        shape["options"] = {"x265-params": "log-level=none"}
    path = write(tmp_path / f"a.{container}", timing, codec=codec, **shape)
    assert_law(path)
    with open_exam(path) as exam:
        told = exam.notices
    assert any("jump or start again" in notice for notice in told) == (
        timing in ("jumped", "restarted")
    )
    assert any("same time stamp" in notice for notice in told) == (timing == "repeated")


@pytest.mark.parametrize(("container", "codec", "structure"), OTHERS)
def test_other_codecs_and_containers_agree(tmp_path, container, codec, structure):
    assert_law(write_video(tmp_path / f"a.{container}", n=N, codec=codec, fps=RATE, **structure))


SHARED_VIDEOS = sorted(
    path for path in (SHARED / "ultrasound").rglob("*") if path.suffix in VIDEO_ENDINGS
)


def test_joined_recordings_follow_one_another(tmp_path):
    first = write_video(tmp_path / "a.ts", n=60, fps=RATE)
    second = write_video(tmp_path / "b.ts", n=60, fps=RATE, first_code=100)
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        codes = [read_code(frame.pixels) for frame in recording.frames()]
        assert codes == [*range(60), *range(100, 160)]
        assert recording.info.duration_s == pytest.approx(120 / RATE)
        assert np.allclose(np.diff(recording.times_s), 1 / RATE)
        assert exam.notices == (
            "The recording's time stamps jump or start again at 0:02.4; its time goes on there at "
            "its own pace.",
        )


@needs_shared
@pytest.mark.parametrize("path", SHARED_VIDEOS, ids=lambda path: path.name)
def test_the_shared_recordings_agree(path):
    assert_law(path, most=40)
