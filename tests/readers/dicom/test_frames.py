"""Frames are found by how they begin, whatever the tables say."""

from __future__ import annotations

import pydicom
import pytest
from pydicom.encaps import generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from tests.builders import read_code, write_dicom_cine, write_element, write_fragments
from usummary.readers import open_exam


def _frames(path, n):
    data = pydicom.dcmread(path).PixelData
    return [bytes(frame) for frame in generate_frames(data, number_of_frames=n)]


def _codes(path):
    with open_exam(path) as exam:
        return [read_code(frame.pixels) for frame in exam.recordings[0].frames()], exam.notices


def _cut(frame, parts):
    step = len(frame) // parts // 2 * 2
    return [
        *(frame[i * step : (i + 1) * step] for i in range(parts - 1)),
        frame[step * (parts - 1) :],
    ]


def _starts(items):
    starts = [0]
    for item in items[:-1]:
        starts.append(starts[-1] + 8 + len(item))
    return starts


JPEGS = [JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless]


@pytest.mark.parametrize("syntax", [*JPEGS, RLELossless])
@pytest.mark.parametrize("table", ["right", "none", "zeros", "wrong base", "one", "random"])
def test_tables_of_offsets_that_lie(tmp_path, syntax, table):
    path = write_dicom_cine(tmp_path / "a.dcm", syntax, n=8)
    frames = _frames(path, 8)
    right = _starts(frames)
    tables = {
        "right": right,
        "none": [],
        "zeros": [0] * 8,
        "wrong base": [start + 40 for start in right],
        "one": [0],
        "random": [0, 3, 1, 500, 17, 90, 12, 4],
    }
    write_fragments(path, frames, tables[table])
    assert _codes(path) == (list(range(8)), ())


@pytest.mark.parametrize("syntax", JPEGS)
@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize("table", ["right", "none", "zeros", "wrong base"])
def test_frames_in_several_fragments(tmp_path, syntax, parts, table):
    path = write_dicom_cine(tmp_path / "a.dcm", syntax, n=8)
    items = [part for frame in _frames(path, 8) for part in _cut(frame, parts)]
    right = _starts(items)[::parts]
    tables = {
        "right": right,
        "none": [],
        "zeros": [0] * 8,
        "wrong base": [start + 8 for start in right],
    }
    write_fragments(path, items, tables[table])
    assert _codes(path) == (list(range(8)), ())


@pytest.mark.parametrize("syntax", JPEGS)
def test_frames_filled_up_behind_their_end(tmp_path, syntax):
    path = write_dicom_cine(tmp_path / "a.dcm", syntax, n=8)
    items = [part for frame in _frames(path, 8) for part in (frame, bytes(64))]
    write_fragments(path, items, [])
    assert _codes(path) == (list(range(8)), ())


@pytest.mark.parametrize("filled", [True, False])
def test_fragments_of_odd_length(tmp_path, filled):
    path = write_dicom_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, n=8)
    odd = [frame.rstrip(b"\0") for frame in _frames(path, 8)]
    odd = [frame if len(frame) % 2 else frame + b"\0" for frame in odd]
    assert any(len(frame) % 2 for frame in odd) or filled
    write_fragments(path, odd, [])
    if filled:
        data = path.read_bytes()
        for frame in odd:
            if len(frame) % 2:
                data = data.replace(frame, frame + b"\0")
        path.write_bytes(data)
    assert _codes(path)[0] == list(range(8))


@pytest.mark.parametrize("value", [b"1 ", b"5 ", b"20", b""])
def test_a_wrong_number_of_frames_with_several_fragments(tmp_path, value):
    path = write_dicom_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, n=8)
    items = [part for frame in _frames(path, 8) for part in _cut(frame, 3)]
    write_fragments(path, items, [])
    write_element(path, "NumberOfFrames", value)
    codes, notices = _codes(path)
    assert codes == list(range(8))
    assert len(notices) == 1
    assert ("fewer pictures" in notices[0]) == (value == b"20")
