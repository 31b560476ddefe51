"""The exported picture: a frame, masked, placed in the reel's size, with its caption."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from usummary.export.options import RESEARCH_USE, SIMULATED
from usummary.types import Box, Picture, RecordingInfo, Region

_LEAST_WIDTH = 224
"""Narrower pictures get a black border at the right, so that a caption can be read."""
_LEAST_SIDE = 16
_MARGIN = 6
_WIDEST = "8:88:88   Brain (Tv.)   shot 888/888"


def sector_mask(region: Region, width: int, height: int) -> Picture:
    """255 inside a recording's sector and 0 outside, (height, width)."""
    mask = np.zeros((height, width), np.uint8)
    box = region.box
    if len(region.polygon) < 3:
        mask[box.y0 : box.y1, box.x0 : box.x1] = 255
        return mask
    cv2.fillPoly(mask, [np.array(region.polygon, np.int32)], 255)
    inside = np.zeros_like(mask)
    # `fillPoly` fills the border too: a vertex on the box's half-open edge reaches a pixel too far.
    inside[box.y0 : box.y1, box.x0 : box.x1] = mask[box.y0 : box.y1, box.x0 : box.x1]
    return inside


def in_colour(pixels: Picture) -> Picture:
    """RGB (H, W, 3) of an RGB or grey picture."""
    if pixels.ndim == 3:
        return pixels
    return _as_picture(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB))


def png_notes(*, simulated: bool) -> PngImagePlugin.PngInfo:
    """The comment inside PNG files: stills have no caption, so that no pixel is drawn over."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", f"{SIMULATED}. {RESEARCH_USE}" if simulated else RESEARCH_USE)
    return notes


class Masks:
    """Blacks out everything outside the sector of each recording."""

    def __init__(self, regions: tuple[Region, ...], *, enabled: bool) -> None:
        self._regions = regions
        self._enabled = enabled
        # Recordings come one after another, so one mask in memory is enough.
        self._cached = lru_cache(maxsize=1)(self._make)

    def _make(self, recording: int, width: int, height: int) -> Picture:
        mask = sector_mask(self._regions[recording], width, height)
        return _as_picture(cv2.merge([mask, mask, mask]))

    def apply(self, pixels: Picture, recording: int, into: Picture | None = None) -> Picture:
        """RGB picture with everything outside the sector black; written into `into` if given."""
        pixels = in_colour(pixels)
        if not self._enabled:
            if into is None:
                return pixels.copy()
            np.copyto(into, pixels)
            return into
        height, width = pixels.shape[:2]
        mask = self._cached(recording, width, height)
        return _as_picture(cv2.bitwise_and(pixels, mask, dst=into))

    def outside(self, recording: int, width: int, height: int) -> Picture | None:
        """(height, width), 255 where the picture must be black; None without masking."""
        if not self._enabled:
            return None
        return 255 - self._cached(recording, width, height)[..., 0]


class Canvas:
    """The picture of the reel, used again for every frame.

    Attributes:
        width, height: Size in pixels, both even: colours are encoded for 2 x 2 pixels.
    """

    def __init__(
        self, recordings: dict[int, RecordingInfo], masks: Masks, caption: Caption
    ) -> None:
        self._infos = recordings
        self._masks = masks
        self._caption = caption
        self._picture_width = max(info.width for info in recordings.values())
        self._picture_height = max(info.height for info in recordings.values())
        strip = caption.height(self._picture_width)
        least = _LEAST_WIDTH if strip else _LEAST_SIDE
        self.width = _even(max(self._picture_width, least))
        self._strip_top = _even(max(self._picture_height, _LEAST_SIDE))
        self.height = self._strip_top + strip
        self._pixels: Picture = np.zeros((self.height, self.width, 3), np.uint8)
        self._recording = -1

    def place(self, recording: int) -> Box:
        """Where a recording's pictures are: at the top left, smaller ones enlarged and centred.

        Pictures of the largest size are not scaled.
        """
        info = self._infos[recording]
        wide, high = self._picture_width, self._picture_height
        scale = min(wide / info.width, high / info.height)
        width = max(1, min(wide, round(info.width * scale)))
        height = max(1, min(high, round(info.height * scale)))
        x0, y0 = (wide - width) // 2, (high - height) // 2
        return Box(x0, y0, x0 + width, y0 + height)

    def paint(self, pixels: Picture, recording: int, caption: str) -> Picture:
        """The picture with its caption, (height, width, 3); valid until the next call."""
        if recording != self._recording:  # a larger picture of the last recording may be there
            self._pixels[:] = 0
            self._recording = recording
        place = self.place(recording)
        spot = place.crop(self._pixels)
        if pixels.shape[:2] == (place.height, place.width):
            self._masks.apply(pixels, recording, into=spot)
        else:
            masked = self._masks.apply(pixels, recording)
            spot[:] = cv2.resize(masked, (place.width, place.height), interpolation=cv2.INTER_AREA)
        if self.height > self._strip_top:
            self._pixels[self._strip_top :] = self._caption.strip(caption, self.width)
        return self._pixels


class Caption:
    """Draws the strip below the picture: time, plane and shot at the left, research use at right.

    On narrow pictures the two are one below the other. Without `notice` the right side only says
    that pictures are simulated, if they are.
    """

    def __init__(self, *, enabled: bool, simulated: bool, notice: bool = True) -> None:
        self._enabled = enabled
        words = [SIMULATED] * simulated + [RESEARCH_USE] * notice
        self._always = "   ".join(words)
        # Drawing text is slow, and a caption stays the same for a second of frames.
        self.strip = lru_cache(maxsize=2)(self._draw)

    def height(self, width: int) -> int:
        """Height of the strip for a picture width in pixels, even; 0 when switched off."""
        if not self._enabled:
            return 0
        font, lines = self._fit(max(width, _LEAST_WIDTH))
        return _even(round(font.size * 1.35) * lines + _MARGIN)

    def _fit(self, width: int) -> tuple[ImageFont.FreeTypeFont, int]:
        """The largest font in which the widest caption fits, and the number of lines it takes."""
        room = width - 3 * _MARGIN
        for size in range(min(22, max(10, width // 56)), 9, -1):
            font = text_font(size)
            if font.getlength(_WIDEST) + font.getlength(self._always) + 4 * _MARGIN <= room:
                return font, 1
        for size in range(12, 6, -1):
            font = text_font(size)
            if max(font.getlength(_WIDEST), font.getlength(self._always)) <= room:
                break
        return font, 2

    def _draw(self, text: str, width: int) -> Picture:
        font, lines = self._fit(width)
        line = round(font.size * 1.35)
        height = self.height(width)
        strip = Image.new("RGB", (width, height), (16, 18, 20))
        draw = ImageDraw.Draw(strip)
        middle = (height - line * lines) // 2 + line // 2
        draw.text((_MARGIN, middle), text, font=font, fill=(235, 238, 240), anchor="lm")
        if lines == 1:
            place, anchor = (width - _MARGIN, middle), "rm"
        else:
            place, anchor = (_MARGIN, middle + line), "lm"
        draw.text(place, self._always, font=font, fill=(255, 200, 87), anchor=anchor)
        return np.asarray(strip)


@lru_cache(maxsize=32)
def text_font(size: int) -> ImageFont.FreeTypeFont:
    """The font of captions and sheets. It comes with Pillow, so every system has it."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType")
    return font


def _even(number: int) -> int:
    return number + number % 2


def _as_picture(array: object) -> Picture:
    return np.asarray(array, np.uint8)
