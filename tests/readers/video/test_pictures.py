"""Pictures are shown upright, with square pixels, and without combs; what is changed is told."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.builders import code_picture, read_code, write_video
from usummary.readers import open_exam

ONE = 1 << 16
W = 1 << 30
SIZE = (160, 96)


def with_matrix(path: Path, a: float, b: float, c: float, d: float) -> Path:
    """An MP4 whose track header holds this matrix (ISO 14496-12, 8.3.2)."""
    data = bytearray(write_video(path, n=4).read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    numbers = [round(number * ONE) for number in (a, b)]
    rest = [round(number * ONE) for number in (c, d)]
    data[at : at + 36] = struct.pack(">9i", *numbers, 0, *rest, 0, 0, 0, W)
    path.write_bytes(bytes(data))
    return path


def first_of(path: Path) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """First picture, its luma, and notices."""
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        picture = recording.frame(0).pixels
        grey = np.array(next(recording.luma()).pixels)
        assert picture.shape[1::-1] == (recording.info.width, recording.info.height)
        assert grey.shape == picture.shape[:2]
        return picture, grey, exam.notices


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), lambda p: p),
        ((-1, 0, 0, 1), lambda p: p[:, ::-1]),
        ((1, 0, 0, -1), lambda p: p[::-1]),
        ((-1, 0, 0, -1), lambda p: p[::-1, ::-1]),
        ((0, 1, -1, 0), lambda p: np.rot90(p, -1)),
        ((0, -1, 1, 0), lambda p: np.rot90(p)),
        ((0, 1, 1, 0), lambda p: p.transpose(1, 0, 2)),
        ((0, -1, -1, 0), lambda p: np.rot90(p.transpose(1, 0, 2), 2)),
    ],
)
def test_turns_and_mirrors_of_the_display_matrix_are_followed(tmp_path, matrix, shown):
    plain = first_of(with_matrix(tmp_path / "plain.mp4", 1, 0, 0, 1))
    picture, grey, notices = first_of(with_matrix(tmp_path / "a.mp4", *matrix))
    np.testing.assert_array_equal(picture, shown(plain[0]))
    np.testing.assert_array_equal(grey, shown(plain[1][..., None])[..., 0])
    a, b, c, d = matrix
    assert any("mirrored" in notice for notice in notices) == (a * d - b * c < 0)


def test_an_odd_angle_is_told(tmp_path):
    part = 0.5**0.5
    picture, _, notices = first_of(with_matrix(tmp_path / "a.mp4", part, part, -part, part))
    assert read_code(picture) == 0
    assert notices == (
        "The recording says that it is turned by -45 degrees; only quarter turns are followed.",
    )


def circles(size: tuple[int, int], aspect: float) -> np.ndarray:
    """A picture of oblong pixels in which a circle is round once they are square."""
    y, x = np.mgrid[: size[1], : size[0]]
    radius = size[1] / 3
    inside = ((x - size[0] / 2) * aspect) ** 2 + (y - size[1] / 2) ** 2 < radius**2
    return np.repeat(np.where(inside, 220, 20).astype(np.uint8)[..., None], 3, axis=-1)


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(64, 45), (228, 96)), (Fraction(8, 9), (160, 108))]
)
@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "mpg"])
def test_pixels_that_are_not_square_are_stretched(tmp_path, aspect, size, container):
    if container == "mpg":
        aspect, size = Fraction(16, 15), (171, 96)  # MPEG-2 knows shapes of pictures: 16:9 here
    path = tmp_path / f"a.{container}"
    with av.open(str(path), "w") as output:
        codec = "mpeg2video" if container == "mpg" else "libx264"
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        for _ in range(4):
            picture = circles(SIZE, float(aspect))
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode())
    picture, grey, notices = first_of(path)
    assert picture.shape[1::-1] == size
    for pixels in (picture[..., 1], grey):
        rows, columns = np.nonzero(pixels > 120)
        assert abs(np.ptp(rows) - np.ptp(columns)) <= 3
    assert notices == (
        "The pixels of the recording are not square; its pictures are shown stretched to fit.",
    )


def interlaced(path: Path, *, moving: bool) -> Path:
    """Pictures of two moments each: lines of one code above those of another."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg2video", rate=25)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 8_000_000
        stream.codec_context.flags |= 1 << 29 | 1 << 18  # interlaced motion and DCT
        for number in range(6):
            picture = code_picture(2 * number)
            if moving:
                picture[1::2] = code_picture(2 * number + 1)[1::2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def combs(pixels: np.ndarray) -> float:
    """Mean size of steps between lines that go up and down again."""
    lines = pixels.astype(int)
    return float(np.minimum(abs(lines[1:-1] - lines[:-2]), abs(lines[1:-1] - lines[2:])).mean())


def test_an_interlaced_picture_shows_its_first_moment(tmp_path):
    path = interlaced(tmp_path / "a.mpg", moving=True)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        if not any("interlaced" in notice for notice in exam.notices):
            pytest.skip("this FFmpeg does not mark what it encodes as interlaced")
        for frame in recording.frames():
            upper = frame.pixels[:44, :, 1]
            assert read_code(frame.pixels) == 2 * frame.index
            assert combs(upper) < 2


def test_lines_stay_where_nothing_moves():
    from usummary.readers.video.pictures import _without_combs

    picture = code_picture(37)
    np.testing.assert_array_equal(_without_combs(picture), picture)
    combed = picture.copy()
    combed[1::2, 20:60] = 255 - combed[1::2, 20:60]
    mended = _without_combs(combed)
    np.testing.assert_array_equal(mended[:, :16], picture[:, :16])
    assert np.abs(mended[4:40, 20:60].astype(int) - picture[4:40, 20:60]).max() <= 1


def test_a_change_of_size_keeps_the_shape_of_pictures(tmp_path):
    small = write_video(tmp_path / "a.ts", n=10, fps=25)
    large = write_video(tmp_path / "b.ts", n=10, fps=25, size=(320, 240), first_code=300)
    path = tmp_path / "switch.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        pictures = [frame.pixels for frame in recording.frames()]
        assert len(pictures) == 20
        assert {picture.shape for picture in pictures} == {(96, 160, 3)}
        later = pictures[15]
        assert later[:, :15].max() == later[:, -15:].max() == 0  # 4:3 between bars
        assert read_code(later[:, 16:144]) == 305
        assert any("size of the pictures changes" in n for n in recording.info.notices)


def test_a_rate_that_nobody_stated_is_told(tmp_path):
    notice = "The recording does not say how many pictures it shows in a second; 25 are assumed."
    bare = write_video(tmp_path / "a.mjpeg", n=5, codec="mjpeg", pixel_format="yuvj420p", fps=10)
    assert first_of(bare)[2] == (notice,)
    stated = write_video(tmp_path / "a.m2v", n=5, codec="mpeg2video", fps=30)
    with open_exam(stated) as exam:
        assert exam.notices == ()
        assert exam.duration_s == pytest.approx(5 / 30)
