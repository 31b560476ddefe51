"""Grey values as a screen shows them: modality, VOI and presentation transformation (PS3.3 C.11).

All of them map one stored value to one shown value. So they are computed once per file for every
value that can be stored, and a frame takes a single look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usummary.readers.dicom.values import Values

Levels = NDArray[np.float64]


@dataclass(frozen=True)
class Bits:
    """Which bits of a sample hold its value.

    Attributes:
        stored: Number of bits that count; the others may hold an overlay, or anything.
        high: Position of the highest bit that counts.
        signed: Whether values are in two's complement.
    """

    stored: int
    high: int
    signed: bool

    def codes(self, samples: NDArray[np.generic]) -> NDArray[np.int64]:
        """The bits that count of each sample, as an unsigned number: an index of the tables."""
        shift = max(self.high + 1 - self.stored, 0)
        codes: NDArray[np.int64] = (samples.astype(np.int64) >> shift) & ((1 << self.stored) - 1)
        return codes

    def values(self) -> Levels:
        """(2 ** stored,) the value that each code stands for."""
        values = np.arange(1 << self.stored, dtype=np.float64)
        if self.signed:
            values[len(values) // 2 :] -= len(values)
        return values


def grey_table(values: Values, bits: Bits, *, inverse: bool) -> NDArray[np.uint8]:
    """(2 ** stored,) uint8: the shown grey of each code.

    First the modality LUT or the rescaling. Then the VOI LUT, or else the first window, or else the
    whole range of values that can be stored. Then MONOCHROME1 is inverted. Padding is black.
    """
    stored = bits.values()
    groups = _groups(values)
    levels, low, high = _modality(groups, stored, signed=bits.signed)
    shown = _of_interest(groups, levels, signed=bits.signed or low < 0)
    if shown is None:
        shown = (levels - low) / (high - low)
    shown = np.clip(shown, 0.0, 1.0)
    table = np.floor((1.0 - shown if inverse else shown) * 255.0 + 1e-6).astype(np.uint8)
    table[_is_padding(values, stored, bits)] = 0
    return table


def _groups(values: Values) -> tuple[Values, ...]:
    """Where transformations can be: in the data set, or in the groups shared by all frames."""
    names = ("PixelValueTransformationSequence", "FrameVOILUTSequence")
    shared = values.items("SharedFunctionalGroupsSequence")
    return (values, *(item for group in shared for name in names for item in group.items(name)))


def _modality(
    groups: tuple[Values, ...], stored: Levels, *, signed: bool
) -> tuple[Levels, float, float]:
    """Output of the modality transformation, and the least and greatest value it can have."""
    for group in groups:
        for item in group.items("ModalityLUTSequence")[:1]:
            lut = _table(item, signed=signed)
            if lut is not None:
                first, table, top = lut
                return _looked_up(stored, first, table), 0.0, top
        slope = group.number("RescaleSlope")
        intercept = group.number("RescaleIntercept")
        if slope is not None or intercept is not None:
            if slope == 0:
                group.mark_odd("RescaleSlope")
                continue
            levels = stored * (1.0 if slope is None else slope) + (intercept or 0.0)
            return levels, float(levels.min()), float(levels.max())
    return stored, float(stored.min()), float(stored.max())


def _of_interest(groups: tuple[Values, ...], levels: Levels, *, signed: bool) -> Levels | None:
    """Levels after the VOI LUT or the window, 0 black to 1 white; None without either."""
    for group in groups:
        for item in group.items("VOILUTSequence")[:1]:
            lut = _table(item, signed=signed)
            if lut is not None:
                first, table, top = lut
                return _looked_up(levels, first, table) / top
    for group in groups:
        centres, widths = group.numbers("WindowCenter"), group.numbers("WindowWidth")
        if centres and widths:
            shown = _windowed(levels, centres[0], widths[0], group.text("VOILUTFunction").upper())
            if shown is not None:
                return shown
            group.mark_odd("WindowWidth")
    return None


def _windowed(levels: Levels, centre: float, width: float, function: str) -> Levels | None:
    """Windowed levels (PS3.3 C.11.2.1.2 and C.11.2.1.3), to be clipped; None for a bad width."""
    if width <= 0 or (width < 1 and function not in {"LINEAR_EXACT", "SIGMOID"}):
        return None
    if function == "SIGMOID":
        power = np.clip(-4.0 * (levels - centre) / width, -700.0, 700.0)  # exp(710) overflows
        return np.asarray(1.0 / (1.0 + np.exp(power)))
    if function == "LINEAR_EXACT":
        return (levels - centre) / width + 0.5
    if width == 1:  # a threshold: the formula below would divide by 0
        return (levels > centre - 0.5).astype(np.float64)
    return (levels - (centre - 0.5)) / (width - 1.0) + 0.5


def _table(item: Values, *, signed: bool) -> tuple[int, Levels, float] | None:
    """First value, entries, and greatest possible entry of a look-up table; None if unreadable."""
    descriptor = item.numbers("LUTDescriptor")
    if len(descriptor) != 3:
        item.mark_odd("LUTDescriptor")
        return None
    count, first, bits = (int(number) for number in descriptor)
    count = count % (1 << 16) or 1 << 16  # 0 means 65,536 entries, which 16 bits cannot say
    first -= (1 << 16) if signed and first >= 1 << 15 else 0
    table = item.words("LUTData", count)
    if table is None or not 1 <= bits <= 16:
        item.mark_odd("LUTData")
        return None
    top = (1 << bits) - 1
    above = table > top
    if above.any():
        # A few wild entries are clipped. If most are too large, the table has more bits than its
        # descriptor says.
        item.mark_odd("LUTDescriptor")
        top = (1 << int(table.max()).bit_length()) - 1 if above.mean() > 0.5 else top
    return first, np.minimum(table, top).astype(np.float64), float(top)


def _looked_up(levels: Levels, first: int, table: Levels) -> Levels:
    at = np.clip(np.round(levels) - first, 0, len(table) - 1).astype(np.int64)
    result: Levels = table[at]
    return result


def _is_padding(values: Values, stored: Levels, bits: Bits) -> NDArray[np.bool_]:
    padding = values.integer("PixelPaddingValue")
    if padding is None:
        return np.zeros(len(stored), np.bool_)
    limit = values.integer("PixelPaddingRangeLimit")
    ends = [padding, padding if limit is None else limit]
    if bits.signed:
        ends = [end - (1 << 16) if end >= 1 << 15 else end for end in ends]
    return (stored >= min(ends)) & (stored <= max(ends))
