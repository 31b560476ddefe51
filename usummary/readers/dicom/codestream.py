"""The encoding of a compressed frame by its own bytes: what the file declares can be wrong."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEG2000MC,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEG2000MCLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

_LOSSLESS, _LS = 0xC3, 0xF7
_FRAME_MARKERS = {0xC0, 0xC1, 0xC2, _LOSSLESS, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, _LS}
_FAMILIES = (
    (JPEGBaseline8Bit, JPEGExtended12Bit),
    (JPEGLosslessSV1, JPEGLossless),
    (JPEGLSLossless, JPEGLSNearLossless),
    (JPEG2000Lossless, JPEG2000, JPEG2000MCLossless, JPEG2000MC),
    (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K),
)
"""Transfer syntaxes that one decoder reads."""
_DCT, _DIFFERENCES, _JPEG_LS, _J2K, _HT = range(len(_FAMILIES))


@dataclass(frozen=True)
class JpegFrame:
    """The frame header of a stream of the JPEG family.

    Attributes:
        marker: Second byte of its marker, 0 where there is none.
        precision: Bits of a sample, 8 where there is none.
    """

    marker: int = 0
    precision: int = 8


def jpeg_frame(data: bytes) -> JpegFrame:
    """The frame header, found by going from marker to marker (ITU-T T.81, annex B).

    Searching for the marker's two bytes would not do: application segments before it can hold a
    whole thumbnail JPEG with a frame header of its own.
    """
    at = 2
    while at + 4 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAME_MARKERS:
            return JpegFrame(marker, data[at + 4])
        # Any number of fill bytes 0xFF may come before a marker; other segments give their length.
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        at += 1 if marker == 0xFF else 2 + length
    return JpegFrame()


def actual_syntax(declared: UID, data: bytes) -> UID:
    """The transfer syntax of an encapsulated frame: the declared one, unless its stream differs."""
    family = _family(data)
    # Encapsulated, declared as uncompressed, no known first bytes: only RLE has none.
    if family is None and declared.is_transfer_syntax and not declared.is_compressed:
        return RLELossless
    if family is None or declared in _FAMILIES[family]:
        return declared
    return _FAMILIES[family][0]


def _family(data: bytes) -> int | None:
    """Position in `_FAMILIES`; None for a stream without known first bytes, such as RLE."""
    if data.startswith(b"\xff\xd8"):
        marker = jpeg_frame(data).marker
        known = {0xC0: _DCT, 0xC1: _DCT, 0xC2: _DCT, _LOSSLESS: _DIFFERENCES, _LS: _JPEG_LS}
        return known.get(marker)
    if data.startswith(b"\xff\x4f\xff\x51"):
        # JPEG 2000 begins with SOC and SIZ; a CAP marker after SIZ means high-throughput coding.
        size = int.from_bytes(data[4:6], "big")
        return _HT if data[4 + size : 6 + size] == b"\xff\x50" else _J2K
    return None
