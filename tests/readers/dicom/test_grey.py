"""Grey pictures as the standard says they are shown, and as pydicom shows them."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.builders import write_dicom_cine, write_element, write_encoded_cine
from usummary.readers import open_exam

CODES = np.arange(0, 4096, 16)
"""What is stored: a ramp through 12 bits, 256 pixels wide."""
RAMP = np.arange(256)
"""What is shown of it."""


def _ramp(
    path, syntax=ExplicitVRLittleEndian, *, stored=CODES, bits=12, photo="MONOCHROME2", **how
):
    kind = np.uint8 if bits <= 8 else np.uint16
    pictures = np.tile(np.asarray(stored).astype(kind), (2, 8, 1))
    write_dicom_cine(path, stored=pictures, photometric=photo)
    dataset = pydicom.dcmread(path)
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    for keyword, value in how.items():
        setattr(dataset, keyword, value)
        if dataset[keyword].VR == "US or SS":
            dataset[keyword].VR = "US"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if syntax != ExplicitVRLittleEndian:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path)
    return path


def _shown(path):
    with open_exam(path) as exam:
        pixels = exam.recordings[0].frame(1).pixels
        assert pixels.dtype == np.uint8
        assert (pixels == pixels[:1, :, :1]).all()
        return pixels[0, :, 0].astype(int), exam.notices


def _lut(first, table, bits):
    item = Dataset()
    item.LUTDescriptor = [len(table) % 65536, first, bits]
    item.LUTData = np.asarray(table, "<u2").tobytes()
    item["LUTData"].VR = "OW"
    return Sequence([item])


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"RescaleSlope": 1 / 16, "RescaleIntercept": 0},
        {"RescaleSlope": 1 / 16, "RescaleIntercept": -1024},
        {"RescaleIntercept": -1024, "RescaleSlope": 1, "WindowCenter": 1024, "WindowWidth": 4096},
        {"WindowCenter": 2048, "WindowWidth": 4096},
        {"WindowCenter": [2048, 100], "WindowWidth": [4096, 100]},
        {"WindowCenter": 2048, "WindowWidth": 4096, "VOILUTFunction": "LINEAR_EXACT"},
        {"VOILUTSequence": _lut(0, np.arange(4096) // 16, 8)},
        {"VOILUTSequence": _lut(0, np.arange(4096) * 16, 16)},
        {"VOILUTSequence": _lut(0, np.arange(4096), 12)},
        {"ModalityLUTSequence": _lut(0, np.arange(4096) * 16, 16)},
        {
            "ModalityLUTSequence": _lut(0, np.arange(4096) // 16, 8),
            "WindowCenter": 128,
            "WindowWidth": 256,
        },
    ],
    ids=lambda elements: "-".join(elements) or "plain",
)
def test_twelve_bits_show_the_whole_ramp(tmp_path, elements):
    shown, notices = _shown(_ramp(tmp_path / "a.dcm", **elements))
    assert np.abs(shown - RAMP).max() <= 1
    assert notices == ()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(2048, 4096), (1000, 800), (300, 20)])
def test_windows_are_those_of_pydicom(tmp_path, function, centre, width):
    elements = {"RescaleSlope": 2, "RescaleIntercept": -100, "VOILUTFunction": function}
    path = _ramp(tmp_path / "a.dcm", WindowCenter=centre, WindowWidth=width, **elements)
    dataset = pydicom.dcmread(path)
    levels = apply_voi_lut(apply_modality_lut(CODES.astype(np.uint16), dataset), dataset)
    low, high = -100.0, 4095 * 2 - 100.0  # what pydicom scales to: all that can be stored
    shown, _ = _shown(path)
    assert np.abs(shown - (levels - low) / (high - low) * 255).max() <= 1


def test_eight_bits_have_windows_too(tmp_path):
    path = _ramp(tmp_path / "a.dcm", stored=RAMP, bits=8, WindowCenter=64, WindowWidth=128)
    shown, _ = _shown(path)
    assert np.abs(shown - np.clip(RAMP * 2, 0, 255)).max() <= 2


def test_signed_values(tmp_path):
    signed = CODES - 2048
    path = _ramp(tmp_path / "a.dcm", stored=signed.astype(np.int16), PixelRepresentation=1)
    shown, _ = _shown(path)
    assert np.abs(shown - RAMP).max() <= 1


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless])
@pytest.mark.parametrize("bits", [8, 12])
def test_monochrome1_is_turned_over(tmp_path, syntax, bits):
    stored = RAMP[::-1] if bits == 8 else CODES[::-1]
    path = _ramp(tmp_path / "a.dcm", syntax, stored=stored, bits=bits, photo="MONOCHROME1")
    shown, _ = _shown(path)
    assert np.abs(shown - RAMP).max() <= 1


def test_padding_is_black_in_either_direction(tmp_path):
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        path = _ramp(
            tmp_path / photometric,
            photo=photometric,
            PixelPaddingValue=1600,
            PixelPaddingRangeLimit=1632,
        )
        shown, _ = _shown(path)
        assert shown[100:103].tolist() == [0, 0, 0]
        assert shown[99] > 0
        assert shown[103] > 0


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLSLossless]
)
def test_an_overlay_in_the_high_bits_is_never_shown(tmp_path, syntax):
    marked = CODES | np.where(np.arange(256) % 3 == 0, 0x9000, 0)
    path = _ramp(tmp_path / "a.dcm", stored=marked, bits=16)
    dataset = pydicom.dcmread(path)
    if syntax == JPEG2000Lossless:
        buffer = io.BytesIO()
        Image.fromarray(dataset.pixel_array[0]).save(buffer, "JPEG2000", no_jp2=True)
        write_encoded_cine(path, syntax, [buffer.getvalue()] * 2, path)
        dataset = pydicom.dcmread(path)
    elif syntax != ExplicitVRLittleEndian:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.save_as(path)
    shown, _ = _shown(path)
    assert np.abs(shown - RAMP).max() <= 1


def test_an_overlay_below_the_value_is_never_shown(tmp_path):
    marked = (CODES << 4) | np.where(np.arange(256) % 3 == 0, 0x9, 0)
    path = _ramp(tmp_path / "a.dcm", stored=marked, bits=16, BitsStored=12, HighBit=15)
    shown, _ = _shown(path)
    assert np.abs(shown - RAMP).max() <= 1


def test_transformations_shared_by_all_frames(tmp_path):
    window, groups = Dataset(), Dataset()
    window.WindowCenter, window.WindowWidth = 512, 1024
    groups.FrameVOILUTSequence = Sequence([window])
    path = _ramp(tmp_path / "a.dcm", SharedFunctionalGroupsSequence=Sequence([groups]))
    shown, _ = _shown(path)
    assert np.abs(shown - np.clip(RAMP * 4, 0, 255)).max() <= 4


def test_entries_of_a_table_above_its_bits_are_cut_and_told(tmp_path):
    table = np.arange(4096) // 16
    table[5] = 3000
    path = _ramp(tmp_path / "a.dcm", VOILUTSequence=_lut(0, table, 8))
    shown, notices = _shown(path)
    assert np.abs(shown - RAMP).max() <= 1
    assert [notice for notice in notices if "LUT Descriptor" in notice]
    path = _ramp(tmp_path / "b.dcm", VOILUTSequence=_lut(0, np.arange(4096) * 16, 8))
    shown, notices = _shown(path)
    assert np.abs(shown - RAMP).max() <= 1
    assert [notice for notice in notices if "LUT Descriptor" in notice]


@pytest.mark.parametrize(
    ("keyword", "value"), [("WindowWidth", b"0 "), ("RescaleSlope", b"0 "), ("WindowWidth", b"x ")]
)
def test_a_transformation_that_cannot_be_is_told_and_left_out(tmp_path, keyword, value):
    path = _ramp(tmp_path / "a.dcm", WindowCenter=2048, WindowWidth=4096, RescaleSlope=1)
    write_element(path, keyword, value)
    shown, notices = _shown(path)
    assert np.abs(shown - RAMP).max() <= 1
    assert len(notices) == 1
