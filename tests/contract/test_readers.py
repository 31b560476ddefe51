"""What every kind of recording must do, on files whose pictures name their own index."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from pydicom.uid import (
    HEVCMP51,
    MPEG2MPML,
    MPEG4HP41,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.builders import SIZE, code_picture, read_code, write_dicom_cine, write_dicom_video
from tests.builders import write_video as video
from usummary.readers import open_exam

UNEVEN = list(accumulate([0] + [20, 50, 33, 7, 90] * 8))[:40]
"""Presentation stamps in milliseconds, uneven."""


def _dicom_video(path, syntax, ending, **how):
    source = video(path.with_suffix(ending), **{"fps": 25} | how)
    return write_dicom_video(path, syntax, source, FrameTime=40.0)


MILLI = Fraction(1, 1000)
KINDS = {
    "h264.mp4": lambda p: video(p),
    "open-gop.mp4": lambda p: video(p, options={"x264-params": "open-gop=1:b-pyramid=normal"}),
    "plain.mp4": lambda p: video(p, bframes=0),
    "uneven.mp4": lambda p: video(p, pts=UNEVEN, time_base=MILLI),
    "fragmented.mp4": lambda p: video(p, mux_options={"movflags": "frag_keyframe+empty_moov"}),
    "uneven.mkv": lambda p: video(p, pts=UNEVEN, time_base=MILLI),
    "late.mkv": lambda p: video(p, pts=[5000 + 40 * i for i in range(40)], time_base=MILLI),
    "late.ts": lambda p: video(p, pts=[9000 + 40 * i for i in range(40)], time_base=MILLI),
    "turned90.mp4": lambda p: video(p, turned=1),
    "turned180.mov": lambda p: video(p, turned=2),
    "turned270.mp4": lambda p: video(p, turned=3),
    "hevc.mp4": lambda p: video(p, codec="libx265", options={"x265-params": "log-level=none"}),
    "mpeg2.mpg": lambda p: video(p, codec="mpeg2video", fps=25),
    "mjpeg.avi": lambda p: video(p, codec="mjpeg", pixel_format="yuvj420p"),
    "mpeg4.avi": lambda p: video(p, codec="mpeg4"),
    "h264.avi": lambda p: video(p),
    "vp8.webm": lambda p: video(p, codec="libvpx", options={"auto-alt-ref": "1"}),
    "vp9.webm": lambda p: video(p, codec="libvpx-vp9", options={"cpu-used": "8"}),
    "ffv1.mkv": lambda p: video(p, codec="ffv1", pixel_format="bgr0"),
    "stream.h264": lambda p: video(p),
    "odd.mkv": lambda p: video(p, size=(161, 97), codec="ffv1", pixel_format="yuv420p"),
    "native.dcm": lambda p: write_dicom_cine(p, ExplicitVRLittleEndian),
    "implicit.dcm": lambda p: write_dicom_cine(p, ImplicitVRLittleEndian),
    "bigendian.dcm": lambda p: write_dicom_cine(p, ExplicitVRBigEndian),
    "grey.dcm": lambda p: write_dicom_cine(p, photometric="MONOCHROME2"),
    "inverse.dcm": lambda p: write_dicom_cine(p, photometric="MONOCHROME1"),
    "rle.dcm": lambda p: write_dicom_cine(p, RLELossless),
    "jpegls.dcm": lambda p: write_dicom_cine(p, JPEGLSLossless),
    "j2k.dcm": lambda p: write_dicom_cine(p, JPEG2000Lossless),
    "jpeg.dcm": lambda p: write_dicom_cine(p, JPEGBaseline8Bit, photometric="YBR_FULL_422"),
    "mpeg4.dcm": lambda p: _dicom_video(p, MPEG4HP41, ".mp4"),
    "mpeg4es.dcm": lambda p: _dicom_video(p, MPEG4HP41, ".h264"),
    "mpeg4ts.dcm": lambda p: _dicom_video(p, MPEG4HP41, ".ts"),
    "mpeg2.dcm": lambda p: _dicom_video(p, MPEG2MPML, ".m2v", codec="mpeg2video", fps=25),
    "hevc.dcm": lambda p: _dicom_video(
        p, HEVCMP51, ".ts", codec="libx265", options={"x265-params": "log-level=none"}
    ),
}

VIDEO_IN_DICOM = {"mpeg4.dcm", "mpeg4es.dcm", "mpeg4ts.dcm", "mpeg2.dcm", "hevc.dcm"}


@pytest.fixture(scope="module", params=KINDS)
def path(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("récording 1")
    return KINDS[request.param](folder / request.param)


@pytest.fixture
def recording(path):
    with open_exam(path) as exam:
        yield exam.recordings[0]


@pytest.fixture
def count(path):
    return 40 if path.suffix != ".dcm" or path.name in VIDEO_IN_DICOM else 12


def test_info_tells_the_count_and_the_upright_size(recording, count, path):
    info = recording.info
    assert info.frame_count == count
    assert (info.width, info.height) == ((161, 97) if path.name == "odd.mkv" else SIZE)
    assert info.path == path
    assert info.encoding
    assert info.kind == ("dicom" if path.suffix == ".dcm" else "video")


def test_times_ascend_from_zero_to_the_duration(recording):
    times = recording.times_s
    assert times.dtype == np.float64
    assert len(times) == recording.info.frame_count
    assert times[0] == 0
    assert (np.diff(times) > 0).all()
    assert times[-1] < recording.info.duration_s < times[-1] + 0.2


def test_times_are_those_that_were_stored(recording, path):
    times = recording.times_s
    if path.name.startswith("uneven"):
        expected = np.array(UNEVEN) / 1000
    elif path.name.startswith(("late", "mpeg2")) or path.suffix == ".dcm":
        expected = np.arange(len(times)) * 0.04
    elif path.name == "stream.h264":
        expected = times  # an elementary stream holds none
    else:
        expected = np.arange(len(times)) / 30
    np.testing.assert_allclose(times, expected, atol=0.0011)


def test_frames_come_in_order_and_show_their_own_index(recording, count):
    frames = list(recording.frames())
    assert [frame.index for frame in frames] == list(range(count))
    assert [read_code(frame.pixels) for frame in frames] == list(range(count))
    assert [frame.time_s for frame in frames] == recording.times_s.tolist()
    info = recording.info
    assert {frame.pixels.shape for frame in frames} == {(info.height, info.width, 3)}


def test_any_frame_alone_is_the_same_as_in_order(recording, count):
    inorder = [frame.pixels for frame in recording.frames()]
    wanted = [count - 1, 0, count // 2, count // 2 - 1, count // 2 + 1, 1, count - 2, 7, 6, 5]
    for index in wanted:
        frame = recording.frame(index)
        assert frame.index == index
        np.testing.assert_array_equal(frame.pixels, inorder[index])


def test_a_range_of_frames_starts_and_ends_where_it_says(recording, count):
    assert [read_code(f.pixels) for f in recording.frames(5, 9)] == [5, 6, 7, 8]
    assert [f.index for f in recording.frames(count - 3)] == list(range(count - 3, count))
    assert list(recording.frames(4, 4)) == []


def test_luma_shows_every_frame_in_grey(recording, count):
    seen = [
        (frame.index, frame.pixels.shape, read_code(frame.pixels)) for frame in recording.luma()
    ]
    size = (recording.info.height, recording.info.width)
    assert seen == [(index, size, index) for index in range(count)]


@pytest.mark.parametrize("rate", [100, 15, 12.5, 4])
def test_thinned_luma_leaves_no_gap_and_names_its_frames(recording, rate):
    times = recording.times_s
    seen = [(frame.index, read_code(frame.pixels)) for frame in recording.luma(rate)]
    indices = [index for index, _ in seen]
    assert seen == [(index, index) for index in indices]
    assert indices[0] == 0
    assert indices[-1] == len(times) - 1
    gaps = np.diff(times[indices])
    alone = np.diff(indices) == 1
    assert (alone | (gaps <= 1.01 / rate)).all()


@pytest.mark.parametrize("rate", [None, 15])
def test_luma_from_the_middle_continues_the_same_pass(recording, rate):
    whole = [frame.index for frame in recording.luma(rate)]
    for start in (1, 7, 11):
        part = [(frame.index, read_code(frame.pixels)) for frame in recording.luma(rate, start)]
        assert part == [(index, index) for index in whole if index >= start]


def test_sync_frames_begin_with_the_first(recording, count):
    sync = recording.sync_frames
    assert sync[0] == 0
    assert (np.diff(sync) > 0).all()
    assert sync[-1] < count


def test_a_frame_outside_is_an_index_error(recording, count):
    for index in (-1, count, count + 1000):
        with pytest.raises(IndexError):
            recording.frame(index)


def test_passes_do_not_disturb_each_other(recording):
    first, second = recording.frames(), recording.luma()
    assert read_code(next(first).pixels) == 0
    assert read_code(recording.frame(9).pixels) == 9
    assert read_code(next(second).pixels) == 0
    assert read_code(next(first).pixels) == 1
    assert read_code(recording.frame(2).pixels) == 2
    assert read_code(next(second).pixels) == 1


def test_closing_twice_and_leaving_the_file_as_it_was(path):
    before = path.read_bytes()
    exam = open_exam(path)
    exam.recordings[0].frame(3)
    exam.close()
    exam.close()
    assert path.read_bytes() == before


def test_the_bar_code_can_be_read_back():
    assert [read_code(code_picture(code)) for code in range(1024)] == list(range(1024))
