"""Encoded DICOM frames as upright pictures in right colours."""

from __future__ import annotations

import io
import warnings
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import JPEG2000TransferSyntaxes, JPEGBaseline8Bit, JPEGExtended12Bit

from usummary.types import Picture

_CLEAR_SHARE, _SMALL_SHARE = 0.7, 0.3
"""Shares of pixels by which grey content gives away how colours are really stored."""


class FrameDecoder:
    """Turns the bytes of one frame into uint8 RGB (H, W, 3) or grey (H, W).

    Attributes:
        corrected: The colours are not stored as the file declares; what the pictures say is used.
    """

    def __init__(self, dataset: Dataset, pixel_vr: str) -> None:
        """Prepare for the frames of a file; `NotImplementedError` for an unknown encoding."""
        self.corrected = False
        self._dataset = dataset
        self._pixel_vr = pixel_vr
        self._syntax = dataset.file_meta.TransferSyntaxUID
        self._decoder = get_decoder(self._syntax)
        if not self._decoder.is_available:
            raise NotImplementedError(self._syntax.name)
        self._declared = str(dataset.PhotometricInterpretation)
        self._stored: str | None = None

    def decode(self, data: bytes) -> Picture:
        """The picture; errors are those of pydicom and its plugins."""
        if self._is_colour and self._syntax in {JPEGBaseline8Bit, JPEGExtended12Bit}:
            return _jpeg_rgb(data, self._declared)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on odd headers, repeated for every frame
            return self._shown(self._samples(data))

    @property
    def _is_colour(self) -> bool:
        return int(self._dataset.SamplesPerPixel) == 3

    def _samples(self, data: bytes) -> NDArray[np.generic]:
        if self._stored is None and self._is_colour:
            self._stored = self._find_stored(data)
        return self._as_array(data, self._stored or self._declared)

    def _as_array(self, data: bytes, interpretation: str) -> NDArray[np.generic]:
        options = as_pixel_options(self._dataset)
        options.pop("extended_offsets", None)
        options["number_of_frames"] = 1
        options["photometric_interpretation"] = interpretation
        options["pixel_keyword"] = "PixelData"
        options["pixel_vr"] = self._pixel_vr
        source = encapsulate([data], has_bot=False) if self._syntax.is_encapsulated else data
        array, _ = self._decoder.as_array(source, index=0, validate=False, **options)
        return array

    def _find_stored(self, data: bytes) -> str:
        """How three-sample colours really are stored, as a photometric interpretation."""
        if self._syntax in JPEG2000TransferSyntaxes:
            return "RGB" if _j2k_transforms_colours(data) else self._declared
        if self._declared not in {"RGB", "YBR_FULL"}:
            return self._declared
        raw = self._as_array(data, "RGB").astype(np.int16)
        is_grey_rgb = (np.abs(raw[..., 1:] - raw[..., :1]) <= 3).all(-1).mean()
        is_grey_ybr = (np.abs(raw[..., 1:] - 128) <= 3).all(-1).mean()
        found = self._declared
        if is_grey_rgb >= _CLEAR_SHARE and is_grey_ybr <= _SMALL_SHARE:
            found = "RGB"
        elif is_grey_ybr >= _CLEAR_SHARE and is_grey_rgb <= _SMALL_SHARE:
            found = "YBR_FULL"
        self.corrected = found != self._declared
        return found

    def _shown(self, samples: NDArray[np.generic]) -> Picture:
        if self._declared == "PALETTE COLOR":
            first, table = self._palette
            picture: Picture = table[np.clip(samples.astype(np.int64) - first, 0, len(table) - 1)]
            return picture
        grey = samples if samples.dtype == np.uint8 else self._windowed(samples)
        return np.asarray(255 - grey if self._declared == "MONOCHROME1" else grey, np.uint8)

    def _windowed(self, samples: NDArray[np.generic]) -> NDArray[np.uint8]:
        """More than 8 bits: the window that the file gives, else the whole range of its bits."""
        values = apply_voi_lut(apply_modality_lut(samples, self._dataset), self._dataset)
        bits = int(self._dataset.BitsStored)
        low = -(1 << bits - 1) if self._dataset.get("PixelRepresentation") == 1 else 0
        high = low + (1 << bits) - 1
        return np.clip((values - low) * (255 / (high - low)), 0, 255).astype(np.uint8)

    @cached_property
    def _palette(self) -> tuple[int, Picture]:
        """Smallest index of the palette, and its colours as uint8 (n, 3)."""
        entries, first, bits = (int(v) for v in self._dataset.RedPaletteColorLookupTableDescriptor)
        entries = entries or 1 << 16
        indices = np.arange(first, first + entries).astype(np.uint16)
        table = apply_color_lut(indices, self._dataset)
        if bits > 8 and table.max(initial=0) > 255:
            table = table >> 8
        return first, table.astype(np.uint8)


def _jpeg_rgb(data: bytes, declared: str) -> Picture:
    """RGB of a baseline JPEG.

    The stream itself tells its colours (JFIF or Adobe marker, component names); only where it says
    nothing the DICOM declaration counts.
    """
    with _opened(data) as image:
        names = bytes(part[0] for part in getattr(image, "layer", ())).upper()
        says = "jfif" in image.info or "adobe" in image.info or names == b"RGB"
        if declared == "RGB" and not says:
            image.draft("YCbCr", image.size)  # the samples as they are, no conversion
            return np.asarray(image, np.uint8)
        return np.asarray(image.convert("RGB"), np.uint8)


def _opened(data: bytes) -> Image.Image:
    """A JPEG; one that claims to be impossibly large is damaged like any other (`ValueError`)."""
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG",))
    except Image.DecompressionBombError as error:
        raise ValueError("a JPEG of impossible size") from error


def _j2k_transforms_colours(data: bytes) -> bool:
    """Whether the codestream has a colour transform of its own, undone on decoding (A.6.1)."""
    at = data.find(b"\xff\x52")
    return at >= 0 and data[at + 8 : at + 9] == b"\x01"
