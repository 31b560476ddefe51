"""Layouts and encodings that the header does not tell rightly, or at all."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
)

from tests.builders import (
    code_picture,
    lossless_jpeg,
    read_code,
    write_dicom_cine,
    write_encoded_cine,
)
from usummary.errors import UnreadableFile, UnsupportedEncoding
from usummary.readers import open_exam
from usummary.readers.dicom.pixels import DEFLATED_FRAMES

BARS = np.array(
    [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0), (128, 128, 128), (30, 30, 30)], np.uint8
)


def _bars(n=3):
    """(n, 24, 96, 3): six bars of colour, 16 pixels wide."""
    return np.stack([np.repeat(BARS, 16, axis=0)[None].repeat(24, axis=0)] * n)


def _halved(ybr):
    """Two lumas and the colour differences of the first of each pair of pixels."""
    pairs = ybr.reshape(*ybr.shape[:2], -1, 2, 3)
    parts = [pairs[..., 0, 0], pairs[..., 1, 0], pairs[..., 0, 1], pairs[..., 0, 2]]
    return np.stack(parts, axis=-1)


def _ybr(rgb, *, partial=False):
    ybr = np.stack([convert_color_space(picture, "RGB", "YBR_FULL") for picture in rgb])
    if not partial:
        return ybr
    full = ybr.astype(float)
    scaled = [full[..., 0] * 219 / 255 + 16] + [
        (full[..., i] - 128) * 224 / 255 + 128 for i in (1, 2)
    ]
    return np.rint(np.stack(scaled, axis=-1)).astype(np.uint8)


def _native(path, stored, declared):
    write_dicom_cine(path, stored=_bars())
    dataset = pydicom.dcmread(path)
    dataset.PixelData = stored.tobytes()
    dataset.PhotometricInterpretation = declared
    dataset.save_as(path)
    return path


@pytest.mark.parametrize(
    ("stored", "declared", "told"),
    [
        (_halved(_ybr(_bars())), "YBR_FULL_422", False),
        (_bars(), "YBR_FULL_422", True),
        (_ybr(_bars()), "YBR_FULL_422", True),
        (_halved(_ybr(_bars())), "RGB", True),
        (_halved(_ybr(_bars())), "YBR_FULL", True),
        (_halved(_ybr(_bars(), partial=True)), "YBR_PARTIAL_422", False),
        (_bars(), "YBR_PARTIAL_422", True),
    ],
)
def test_native_colours_are_those_that_the_length_tells(tmp_path, stored, declared, told):
    path = _native(tmp_path / "a.dcm", stored, declared)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        assert recording.info.frame_count == 3
        row = recording.frame(2).pixels[12, 8::16].astype(int)
        assert np.abs(row - BARS).max() <= 4
        assert ("colours wrongly" in " ".join(exam.notices)) == told
        assert len(exam.notices) == told


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
@pytest.mark.parametrize("predictor", [1, 4, 7])
def test_lossless_jpeg_in_colour_is_exact(tmp_path, syntax, predictor):
    like = write_dicom_cine(tmp_path / "like.dcm", stored=_bars())
    frames = [lossless_jpeg(picture, predictor=predictor) for picture in _bars()]
    path = write_encoded_cine(tmp_path / "a.dcm", syntax, frames, like)
    with open_exam(path) as exam:
        for frame in exam.recordings[0].frames():
            np.testing.assert_array_equal(frame.pixels, _bars()[0])


def test_lossless_jpeg_of_twelve_bits(tmp_path):
    ramp = np.tile(np.arange(0, 4096, 32, dtype=np.uint16), (2, 8, 1))
    like = write_dicom_cine(tmp_path / "like.dcm", stored=ramp, photometric="MONOCHROME2")
    dataset = pydicom.dcmread(like)
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.save_as(like)
    frames = [lossless_jpeg(picture, 12) for picture in ramp]
    path = write_encoded_cine(tmp_path / "a.dcm", JPEGLosslessSV1, frames, like)
    with open_exam(path) as exam:
        row = exam.recordings[0].frame(1).pixels[0, :, 0]
        np.testing.assert_array_equal(row, np.arange(0, 4096, 32) * 255 // 4095)


def test_a_damaged_lossless_picture_shows_the_one_before(tmp_path):
    like = write_dicom_cine(tmp_path / "like.dcm", n=3, photometric="MONOCHROME2")
    frames = [lossless_jpeg(code_picture(code)[..., 0]) for code in range(3)]
    frames[1] = frames[1][:40]
    path = write_encoded_cine(tmp_path / "a.dcm", JPEGLosslessSV1, frames, like)
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        assert [read_code(frame.pixels) for frame in recording.frames()] == [0, 0, 2]
        assert "Damaged" in recording.info.notices[0]


def test_frames_that_are_deflated_one_by_one(tmp_path):
    like = write_dicom_cine(tmp_path / "like.dcm", n=4)
    frames = []
    for code in range(4):
        deflater = zlib.compressobj(wbits=-15)
        frame = deflater.compress(code_picture(code).tobytes()) + deflater.flush()
        frames.append(frame + b"\0" * (len(frame) % 2))
    # pydicom does not write this transfer syntax: it is put in place of one as long.
    path = write_encoded_cine(tmp_path / "a.dcm", JPEG2000Lossless, frames, like)
    data = path.read_bytes().replace(JPEG2000Lossless.encode(), DEFLATED_FRAMES.encode() + b"\0")
    path.write_bytes(data)
    with open_exam(path) as exam:
        assert [read_code(frame.pixels) for frame in exam.recordings[0].frames()] == [0, 1, 2, 3]


def _twelve_bit(jpeg):
    """The frame header of a JPEG picture says 12 bits."""
    at = jpeg.find(b"\xff\xc0")
    return jpeg[: at + 1] + b"\xc1" + jpeg[at + 2 : at + 4] + b"\x0c" + jpeg[at + 5 :]


@pytest.mark.parametrize(
    ("syntax", "name"), [(JPEGExtended12Bit, "JPEG Extended"), (HTJ2KLossless, "High-Throughput")]
)
def test_an_encoding_without_decoder_leaves_out_its_cine_by_name(tmp_path, syntax, name):
    buffer = io.BytesIO()
    Image.fromarray(code_picture(0)[..., 0]).save(buffer, "JPEG")
    frame = _twelve_bit(buffer.getvalue())
    if syntax == HTJ2KLossless:
        frame = b"\xff\x4f\xff\x51" + (41).to_bytes(2, "big") + bytes(39) + b"\xff\x50" + bytes(60)
    like = write_dicom_cine(tmp_path / "good.dcm", n=2, photometric="MONOCHROME2")
    path = write_encoded_cine(tmp_path / "a.dcm", syntax, [frame, frame], like)
    dataset = pydicom.dcmread(path)
    dataset.SOPInstanceUID = "1.2.3"
    dataset.save_as(path)
    with pytest.raises(UnsupportedEncoding, match=name):
        open_exam(path)
    with open_exam(tmp_path) as exam:
        assert [recording.info.path.name for recording in exam.recordings] == ["good.dcm"]
        assert any(name in notice and '"a.dcm"' in notice for notice in exam.notices)


def test_uncompressed_pixels_in_a_file_that_says_rle(tmp_path):
    path = write_dicom_cine(tmp_path / "a.dcm", n=3)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"))
    with open_exam(path) as exam:
        assert [read_code(frame.pixels) for frame in exam.recordings[0].frames()] == [0, 1, 2]
        assert any("stored and read as" in notice for notice in exam.notices)


def test_a_picture_that_claims_to_be_huge_is_damaged(tmp_path):
    """Decoding it would take gigabytes; Pillow refuses, and so do we, in a sentence."""
    buffer = io.BytesIO()
    Image.fromarray(code_picture(3)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\x00\xff\x00"
    like = write_dicom_cine(tmp_path / "like.dcm", n=2)
    path = write_encoded_cine(tmp_path / "a.dcm", JPEGBaseline8Bit, [bytes(data)] * 2, like)
    with pytest.raises(UnreadableFile, match="can be decoded"):
        open_exam(path)
