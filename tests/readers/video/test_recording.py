"""Video files: colours, seeking in long groups of pictures, thinning, real recordings."""

from __future__ import annotations

import random
from fractions import Fraction

import av
import numpy as np
import pytest

from tests.builders import read_code, write_video
from tests.shared_data import SHARED, needs_shared
from usummary.readers import open_exam
from usummary.readers.video.container import Media
from usummary.readers.video.frame_times import _from_mp4_index, read_opening, read_stamps, scan

LIMITED, FULL = 1, 2
WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 2: (0.299, 0.114)}
"""Red and blue weight of BT.709 (1), BT.601 (5), and of what declares nothing (2)."""


def _expected(y, cb, cr, weights, full):
    if not full:
        y, cb, cr = (y - 16) * 255 / 219, (cb - 128) * 255 / 224, (cr - 128) * 255 / 224
    else:
        cb, cr = cb - 128, cr - 128
    red_weight, blue_weight = weights
    red, blue = y + 2 * (1 - red_weight) * cr, y + 2 * (1 - blue_weight) * cb
    green = (y - red_weight * red - blue_weight * blue) / (1 - red_weight - blue_weight)
    return np.clip([red, green, blue], 0, 255)


@pytest.mark.parametrize("matrix", [1, 5, 2])
@pytest.mark.parametrize("full", [False, True])
def test_colours_follow_the_declared_matrix_and_range(tmp_path, matrix, full):
    path = tmp_path / "colour.mkv"
    stored = (120, 100, 190)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.colorspace = matrix
        stream.codec_context.color_range = FULL if full else LIMITED
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane, value in zip(frame.planes, stored, strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        frame.colorspace, frame.color_range = matrix, FULL if full else LIMITED
        output.mux(stream.encode(frame))
        output.mux(stream.encode())
    with open_exam(path) as exam:
        found = exam.recordings[0].frame(0).pixels[20, 20].astype(float)
    np.testing.assert_allclose(found, _expected(*stored, WEIGHTS[matrix], full), atol=4)


def test_seeking_in_one_long_group_of_pictures(tmp_path):
    path = write_video(tmp_path / "long gop.mp4", n=300, gop=250, bframes=3)
    order = list(range(0, 300, 7))
    random.Random(3).shuffle(order)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        assert [read_code(recording.frame(index).pixels) for index in order] == order
        near = [150, 151, 149, 140, 141, 190, 175, 176, 177, 120, 299, 298, 0]
        assert [read_code(recording.frame(index).pixels) for index in near] == near


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_thinning_leaves_out_pictures_that_nothing_refers_to(tmp_path, codec):
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = write_video(
        tmp_path / "a.mp4",
        n=120,
        bframes=3,
        gop=60,
        codec=codec,
        options={"b_strategy": "0"} | quiet,
    )
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        kept = [frame.index for frame in recording.luma(15)]
        assert len(kept) <= 80
        assert max(np.diff(recording.times_s[kept])) <= 1.01 / 15
        assert len(list(recording.luma(30))) == 120
        assert len(list(recording.luma())) == 120


def test_the_tables_of_an_mp4_agree_with_its_packets(tmp_path):
    stamps = list(np.cumsum([0] + [20, 50, 33, 7, 90] * 12))
    path = write_video(
        tmp_path / "a.mp4", n=60, pts=[int(s) for s in stamps][:60], time_base=Fraction(1, 1000)
    )
    media = Media(path)
    opening = read_opening(media)
    fast, slow = _from_mp4_index(media, opening), scan(media, opening)
    assert fast is not None  # else every packet would be read, and nobody would notice but by time
    assert read_stamps(media, opening).stamps is not None
    np.testing.assert_array_equal(fast.stamps, slow.stamps)
    np.testing.assert_array_equal(fast.sync, slow.sync)
    assert fast.unit_s == slow.unit_s
    assert fast.paced.duration_s == slow.paced.duration_s
    np.testing.assert_array_equal(fast.paced.times_s, slow.paced.times_s)


def test_a_recording_cut_from_a_longer_one_by_its_edit_list(tmp_path):
    """Samples before the edit are decoded but not shown; what is left counts from 0."""
    source = write_video(tmp_path / "a.mp4", n=60, gop=20)
    path = tmp_path / "b.mp4"
    with av.open(str(source)) as given, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.size:
                packet.pts -= 512 * 10
                packet.dts -= 512 * 10
                packet.stream = stream
                output.mux(packet)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        codes = [read_code(frame.pixels) for frame in recording.frames()]
        assert codes == list(range(10, 60))
        assert recording.times_s[0] == 0
        assert read_code(recording.frame(12).pixels) == codes[12]


def test_luma_is_the_stored_plane(tmp_path):
    path = write_video(tmp_path / "a.mkv", n=3, codec="ffv1", pixel_format="yuv420p")
    with av.open(str(path)) as container:
        stored = [f.to_ndarray()[:96] for f in container.decode(video=0)]
    with open_exam(path) as exam:
        for frame, plane in zip(exam.recordings[0].luma(), stored, strict=True):
            np.testing.assert_array_equal(frame.pixels, plane)


def _decoded_times(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stamps = [f.pts for f in container.decode(stream)]
        return (np.array(stamps) - stamps[0]) * float(stream.time_base)


REAL = [
    "ultrasound/phantom_video/glove.mp4",
    "summe/videos/Jumps.webm",
    *(
        f"ultrasound/lung_clips/{path.name}"
        for path in sorted((SHARED / "ultrasound" / "lung_clips").glob("*.m*"))
    ),
]


@needs_shared
@pytest.mark.parametrize("name", REAL)
def test_real_recordings_have_the_frames_that_decoding_brings(name):
    path = SHARED / name
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        np.testing.assert_allclose(recording.times_s, _decoded_times(path), atol=1e-6)
        assert recording.info.notices == ()
        count = recording.info.frame_count
        first = count * 2 // 3
        inorder = {f.index: f.pixels for f in recording.frames(first, first + 3)}
        for index in (first + 2, first, first + 1):
            np.testing.assert_array_equal(recording.frame(index).pixels, inorder[index])


@needs_shared
def test_the_long_real_recording():
    with open_exam(SHARED / "summe" / "videos" / "playing_ball.mp4") as exam:
        recording = exam.recordings[0]
        assert recording.info.frame_count == 3121
        assert recording.times_s[-1] == pytest.approx(3120 / 30, abs=0.01)
        part = list(recording.frames(3000, 3002))
        np.testing.assert_array_equal(recording.frame(3001).pixels, part[1].pixels)
