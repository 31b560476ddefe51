"""The contact sheet: all key frames small, with their exam time and plane, as PNG and PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from usummary.export.canvas import png_notes, text_font
from usummary.export.names import exam_clock
from usummary.export.options import RESEARCH_USE, SIMULATED
from usummary.export.shots import THUMBNAIL, ShownShot

PNG, PDF = "contact_sheet.png", "contact_sheet.pdf"
_COLUMNS = 5
_PER_PAGE = 15
_GAP, _LABEL, _HEAD = 16, 46, 72
_PAGE_DPI = 150
_PAPER, _INK, _SOFT, _TILE = (255, 255, 255), (24, 28, 32), (98, 106, 114), (0, 0, 0)


def write_sheet(
    shown: Sequence[ShownShot], folder: Path, *, simulated: bool, step: Callable[[], None]
) -> tuple[tuple[int, int], int]:
    """Write one tall PNG, and a PDF of as many pages as the key shots need.

    Args:
        shown: At least one key shot.
        folder: The folder to write into.
        simulated: The pictures are simulated, and the sheet says so.
        step: Called after each page.

    Returns:
        Size of the PNG, and number of PDF pages.
    """
    sheet = _draw(shown, len(shown), simulated=simulated)
    sheet.save(folder / PNG, compress_level=3, pnginfo=png_notes(simulated=simulated))
    step()
    pages = []
    for first in range(0, len(shown), _PER_PAGE):
        part = shown[first : first + _PER_PAGE]
        pages.append(_draw(part, len(shown), simulated=simulated, rows=_PER_PAGE // _COLUMNS))
        step()
    pages[0].save(
        folder / PDF,
        save_all=True,
        append_images=pages[1:],
        resolution=_PAGE_DPI,
        title="Contact sheet",
        subject=RESEARCH_USE,
    )
    return sheet.size, len(pages)


def _draw(
    part: Sequence[ShownShot], total: int, *, simulated: bool, rows: int | None = None
) -> Image.Image:
    rows = rows or -(-len(part) // _COLUMNS)
    wide, high = THUMBNAIL[0] + _GAP, THUMBNAIL[1] + _LABEL + _GAP
    sheet = Image.new("RGB", (_COLUMNS * wide + _GAP, rows * high + _HEAD + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    title = f"Key shots {part[0].number} to {part[-1].number} of {total}"
    draw.text((_GAP, _HEAD // 2), title, _INK, text_font(26), anchor="lm")
    warning = f"{SIMULATED}   {RESEARCH_USE}" if simulated else RESEARCH_USE
    draw.text((sheet.width - _GAP, _HEAD // 2), warning, (170, 80, 0), text_font(20), anchor="rm")
    for position, entry in enumerate(part):
        row, column = divmod(position, _COLUMNS)
        _tile(sheet, draw, entry, (_GAP + column * wide, _HEAD + row * high))
    return sheet


def _tile(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, entry: ShownShot, corner: tuple[int, int]
) -> None:
    x, y = corner
    draw.rectangle((x, y, x + THUMBNAIL[0] - 1, y + THUMBNAIL[1] - 1), _TILE)
    height, width = entry.thumbnail.shape[:2]
    spot = x + (THUMBNAIL[0] - width) // 2, y + (THUMBNAIL[1] - height) // 2
    sheet.paste(Image.fromarray(entry.thumbnail), spot)
    below = y + THUMBNAIL[1]
    name = entry.shot.plane or "no standard plane"
    draw.text((x, below + 16), f"{entry.number}", _SOFT, text_font(18), anchor="lm")
    draw.text((x + 40, below + 16), name, _INK, text_font(18), anchor="lm")
    times = f"{exam_clock(entry.key_s)}   {entry.shot.duration_s:.1f} s long"
    draw.text((x + 40, below + 36), times, _SOFT, text_font(15), anchor="lm")
