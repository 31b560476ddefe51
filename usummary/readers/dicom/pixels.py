"""Decodes DICOM frames to upright pictures in the right colours."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, convert_color_space
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
)

from usummary.errors import UnreadableFile
from usummary.readers.dicom.codestream import jpeg_frame
from usummary.readers.dicom.grey import Bits, grey_table
from usummary.readers.dicom.header import Header
from usummary.readers.dicom.lossless import decode_lossless
from usummary.readers.dicom.values import Values, quiet
from usummary.types import Picture

DEFLATED_FRAMES = UID("1.2.840.10008.1.2.8.1")
"""Deflated Image Frame Compression: each frame is deflated separately."""
_LOSSLESS = {JPEGLossless, JPEGLosslessSV1}
_JPEG = {JPEGBaseline8Bit, JPEGExtended12Bit}

_CLEAR_SHARE, _SMALL_SHARE = 0.7, 0.3
"""Shares of grey pixels that show how colours are really stored, see `_seen_in_greys`."""
_OUTSIDE_SHARE = 0.02
"""Samples are not YBR if more than this share of them would be a colour that does not exist."""


@dataclass(frozen=True)
class Layout:
    """How the pictures of a file are stored; the values have been checked.

    Attributes:
        rows, columns: Size of a picture.
        samples: Samples per pixel, 1 (grey or palette) or 3 (colour).
        allocated: Bits that a sample takes, 8 or 16.
        bits: The bits of a sample that count.
        photometric: Photometric Interpretation as declared.
        planar: Each colour is a plane of its own, one after the other.
    """

    rows: int
    columns: int
    samples: int
    allocated: int
    bits: Bits
    photometric: str
    planar: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the stored pictures."""
        return self.columns, self.rows

    @property
    def frame_length(self) -> int:
        """Bytes of an uncompressed frame with all its samples."""
        return self.rows * self.columns * self.samples * self.allocated // 8

    @property
    def halved_length(self) -> int:
        """Bytes of an uncompressed frame whose colours are stored for every second pixel only."""
        return self.rows * self.columns * 2


def read_layout(header: Header) -> Layout:
    """The layout of a file with pixel data.

    Raises:
        UnreadableFile: The header does not say how pictures are stored, or says something
            impossible.
    """
    values, path = header.values, header.path
    rows, columns = values.integer("Rows"), values.integer("Columns")
    photometric = values.text("PhotometricInterpretation")
    samples, allocated = values.integer("SamplesPerPixel"), values.integer("BitsAllocated")
    if not (rows and columns and photometric and samples and allocated) or min(rows, columns) < 1:
        raise UnreadableFile(f"{path} does not say how its pictures are stored.")
    if samples not in (1, 3) or allocated not in (8, 16):
        raise UnreadableFile(
            f"{path} stores {samples} samples of {allocated} bits a pixel; only 1 or 3 samples of "
            "8 or 16 bits are understood. Export the study again."
        )
    stored = values.integer("BitsStored") or allocated
    high = values.integer("HighBit")
    if not 1 <= stored <= allocated:
        values.mark_odd("BitsStored")
        stored = allocated
    if high is None or not stored - 1 <= high < allocated:
        high = stored - 1
    signed = values.integer("PixelRepresentation") == 1
    planar = values.integer("PlanarConfiguration") == 1
    return Layout(
        rows, columns, samples, allocated, Bits(stored, high, signed), photometric, planar
    )


class FrameDecoder:
    """Turns the bytes of one frame into uint8 RGB (H, W, 3) or grey (H, W).

    Attributes:
        corrected: Colours are not stored as the file declares; the pictures' own evidence is used.
    """

    def __init__(
        self, values: Values, layout: Layout, syntax: UID, pixel_vr: str, *, halved: bool | None
    ) -> None:
        """Prepare for the frames of a file.

        Args:
            values: Header of the file.
            layout: Layout of the file.
            syntax: Encoding of the frames.
            pixel_vr: Declared value representation of the pixel data.
            halved: Set if the length of the data contradicts the header: whether uncompressed
                colours are stored for every second pixel only. None: no contradiction.

        Raises:
            NotImplementedError: There is no decoder for the encoding.
        """
        self._values = values
        self._layout = layout
        self._syntax = syntax
        self._pixel_vr = pixel_vr
        self._decoder = None
        if syntax not in _LOSSLESS:
            with quiet():
                known = ExplicitVRLittleEndian if syntax == DEFLATED_FRAMES else syntax
                self._decoder = get_decoder(known)
            if not self._decoder.is_available:
                raise NotImplementedError(syntax.name)
        self._declared = layout.photometric
        self._halved = halved
        self._stored: str | None = None
        self.corrected = halved is not None

    def decode(self, data: bytes) -> Picture:
        """The picture. Raises the errors of pydicom and its plugins."""
        if self._syntax in _JPEG:
            precision = jpeg_frame(data).precision
            if precision > 8:
                raise NotImplementedError(f"JPEG of {precision} bits")
            if self._layout.samples == 3:
                return _jpeg_rgb(data, self._declared)
        with quiet():
            if self._layout.samples == 3:
                return self._coloured(data)
            return self._shown(self._as_array(data, self._declared))

    def _coloured(self, data: bytes) -> Picture:
        if self._stored is None:
            self._stored = self._find_stored(data)
        raw = self._as_array(data, self._stored)
        if raw.dtype != np.uint8:
            raw = self._layout.bits.codes(raw) >> max(self._layout.bits.stored - 8, 0)
        if self._stored.startswith("YBR_PARTIAL"):
            rgb = _ybr_to_rgb(raw, partial=True)
            return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
        colours = np.asarray(raw, np.uint8)
        if self._stored in {"YBR_FULL", "YBR_FULL_422"}:
            return np.asarray(convert_color_space(colours, "YBR_FULL", "RGB"), np.uint8)
        return colours

    def _as_array(self, data: bytes, interpretation: str) -> NDArray[np.generic]:
        """Samples (H, W[, 3]) as stored; colours stored for every second pixel are repeated."""
        layout = self._layout
        if self._decoder is None:
            return decode_lossless(data, layout.samples)
        # Grey samples with all their bits: `Bits.codes` picks those that count, in one place.
        options: dict[str, Any] = {
            "rows": layout.rows,
            "columns": layout.columns,
            "samples_per_pixel": layout.samples,
            "bits_allocated": layout.allocated,
            "bits_stored": layout.allocated if layout.samples == 1 else layout.bits.stored,
            "pixel_representation": int(layout.bits.signed),
            "planar_configuration": int(layout.planar),
            "number_of_frames": 1,
            "photometric_interpretation": interpretation.replace("YBR_PARTIAL", "YBR_FULL"),
            "pixel_keyword": "PixelData",
            "pixel_vr": self._pixel_vr,
        }
        source = data
        if self._syntax == DEFLATED_FRAMES:
            source = zlib.decompress(data, -zlib.MAX_WBITS)
        elif self._syntax.is_encapsulated:
            source = encapsulate([data], has_bot=False)
        array, _ = self._decoder.as_array(source, index=0, validate=False, raw=True, **options)
        return array

    def _find_stored(self, data: bytes) -> str:
        """How three-sample colours are really stored, as a photometric interpretation."""
        if self._syntax in JPEG2000TransferSyntaxes:
            return "RGB" if _j2k_transforms_colours(data) else self._declared
        if self._halved is True:
            return "YBR_FULL_422"
        if self._halved is False:
            partial = self._declared.startswith("YBR_PARTIAL")
            raw = self._as_array(data, "RGB")
            if _outside_share(raw) > _OUTSIDE_SHARE:
                return "RGB"
            return "YBR_PARTIAL" if partial else "YBR_FULL"
        if self._declared not in {"RGB", "YBR_FULL"} or self._layout.allocated != 8:
            return self._declared
        seen = _seen_in_greys(self._as_array(data, "RGB").astype(np.int16), self._declared)
        self.corrected = seen != self._declared
        return seen

    def _shown(self, samples: NDArray[np.generic]) -> Picture:
        codes = self._layout.bits.codes(samples)
        if self._declared == "PALETTE COLOR":
            first, table = self._palette
            picture: Picture = table[np.clip(codes - first, 0, len(table) - 1)]
            return picture
        return self._greys[codes]

    @cached_property
    def _greys(self) -> NDArray[np.uint8]:
        inverse = self._declared == "MONOCHROME1"
        return grey_table(self._values, self._layout.bits, inverse=inverse)

    @cached_property
    def _palette(self) -> tuple[int, Picture]:
        """Smallest index of the palette, and its colours as uint8 (n, 3)."""
        descriptor = self._values.numbers("RedPaletteColorLookupTableDescriptor")
        if len(descriptor) != 3:
            raise ValueError("no palette")
        entries, first, bits = (int(number) for number in descriptor)
        entries = entries or 1 << 16
        indices = np.arange(first, first + entries).astype(np.uint16)
        table = apply_color_lut(indices, self._values.dataset)
        if bits > 8 and table.max(initial=0) > 255:  # some files declare 16 bits and store 8
            table = table >> 8
        return first, table.astype(np.uint8)


def _seen_in_greys(raw: NDArray[np.int16], declared: str) -> str:
    """RGB or YBR_FULL, by the greys that make up most of a scanner's picture.

    A grey is three equal samples in RGB, and two colour samples of 128 in YBR.
    """
    is_grey_rgb = (np.abs(raw[..., 1:] - raw[..., :1]) <= 3).all(-1).mean()
    is_grey_ybr = (np.abs(raw[..., 1:] - 128) <= 3).all(-1).mean()
    if is_grey_rgb >= _CLEAR_SHARE and is_grey_ybr <= _SMALL_SHARE:
        return "RGB"
    if is_grey_ybr >= _CLEAR_SHARE and is_grey_rgb <= _SMALL_SHARE:
        return "YBR_FULL"
    return declared


def _ybr_to_rgb(ybr: NDArray[np.generic], *, partial: bool) -> NDArray[np.float32]:
    """RGB, not yet clipped, of Rec. 601 luma and colour differences (PS3.3 C.7.6.3.1.2)."""
    parts = ybr.astype(np.float32)
    luma = (parts[..., 0] - 16) * (255 / 219) if partial else parts[..., 0]
    blue, red = ((parts[..., i] - 128) * (255 / 224 if partial else 1.0) for i in (1, 2))
    return np.stack(
        [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1
    )


def _outside_share(raw: NDArray[np.generic]) -> float:
    """Share of pixels that would be a colour outside RGB if they were YBR.

    A scanner's RGB picture is mostly black, and (0, 0, 0) as YBR would have red and blue below 0.
    """
    rgb = _ybr_to_rgb(raw, partial=False)
    return float(((rgb < -6) | (rgb > 261)).any(-1).mean())


def _jpeg_rgb(data: bytes, declared: str) -> Picture:
    """RGB of a baseline JPEG.

    The stream itself says how its colours are stored (JFIF or Adobe marker, component names). If it
    does not, the DICOM declaration counts.
    """
    with _opened(data) as image:
        names = bytes(part[0] for part in getattr(image, "layer", ())).upper()
        says = "jfif" in image.info or "adobe" in image.info or names == b"RGB"
        if declared == "RGB" and not says:
            image.draft("YCbCr", image.size)  # the samples as they are, no conversion
            return np.asarray(image, np.uint8)
        return np.asarray(image.convert("RGB"), np.uint8)


def _opened(data: bytes) -> Image.Image:
    """A JPEG, opened.

    Raises:
        ValueError: It claims an impossible size, so it is damaged.
    """
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG",))
    except Image.DecompressionBombError as error:
        raise ValueError("a JPEG of impossible size") from error


def _j2k_transforms_colours(data: bytes) -> bool:
    """Whether a JPEG 2000 stream has a colour transform, undone on decoding (ISO 15444-1 A.6.1)."""
    at = data.find(b"\xff\x52")
    return at >= 0 and data[at + 8 : at + 9] == b"\x01"
