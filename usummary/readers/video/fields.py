"""Pictures that come as two packets: the fields of H.264, told apart by the heads of their slices.

AVCHD recorders code some pictures as two fields, each in a packet of its own (PAFF). The decoder
makes one picture of both, so the second of them shows none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from av.packet import Packet
from av.video.stream import VideoStream

_SLICES = frozenset({1, 5})
_PARAMETERS = 7
_HEAD_BYTES = 64
"""More than the first elements of a slice ever take."""
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""Profiles whose parameters hold the elements of high profiles (H.264 7.3.2.1.1)."""


class _Bits:
    """Reads the elements of H.264 one after another (H.264 9.1)."""

    def __init__(self, data: bytes) -> None:
        plain = data.replace(b"\0\0\3", b"\0\0")  # emulation prevention
        self._bits = int.from_bytes(plain)
        self._left = 8 * len(plain)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("the unit is too short")
        return self._bits >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)


@dataclass(frozen=True)
class _Parameters:
    """What a sequence tells that the head of a slice cannot be read without."""

    has_planes: bool
    number_bits: int


@dataclass(frozen=True)
class _Field:
    number: int
    is_bottom: bool


class FieldPairs:
    """Tells, packet by packet in file order, which is the second field of a picture."""

    def __init__(self, parameters: _Parameters, length_bytes: int) -> None:
        self._parameters = parameters
        self._length_bytes = length_bytes
        self._first: _Field | None = None

    def is_second(self, packet: Packet[VideoStream]) -> bool:
        """Whether the packet's picture is that of the packet before; to be asked once for each."""
        fields = self._fields(bytes(packet))
        first, self._first = self._first, None
        if len(fields) != 1:  # a frame, or both fields in one packet
            return False
        (field,) = fields
        if first is not None and first != field and first.number == field.number:
            return True
        self._first = field
        return False

    def _fields(self, data: bytes) -> set[_Field]:
        found: set[_Field] = set()
        for unit in _units(data, self._length_bytes):
            kind = unit[0] & 0x1F
            if kind == _PARAMETERS:
                self._parameters = _read_parameters(unit[1:]) or self._parameters
            elif kind in _SLICES:
                field = self._field(unit[1 : 1 + _HEAD_BYTES])
                if field is None:
                    return set()
                found.add(field)
        return found

    def _field(self, head: bytes) -> _Field | None:
        """The field that a slice belongs to, None for one of a whole frame (H.264 7.3.3)."""
        bits = _Bits(head)
        try:
            for _ in range(3):  # first macroblock, type, picture parameters
                bits.unsigned()
            if self._parameters.has_planes:
                bits.take(2)
            number = bits.take(self._parameters.number_bits)
            return _Field(number, bool(bits.take(1))) if bits.take(1) else None
        except ValueError:
            return None


def field_pairs(stream: VideoStream, first: bytes) -> FieldPairs | None:
    """The test for a stream's packets; None where every packet holds whole pictures.

    Args:
        stream: The stream.
        first: Its first packet, for streams that hold their parameters themselves.
    """
    context = stream.codec_context
    if context.name != "h264":
        return None
    extra = context.extradata or b""
    length_bytes = (extra[4] & 3) + 1 if len(extra) > 6 and extra[0] == 1 else 0
    units = [extra[8:]] if length_bytes else _units(extra, 0)
    found = [
        _read_parameters(unit[1:])
        for unit in (*units, *_units(first, length_bytes))
        if unit and unit[0] & 0x1F == _PARAMETERS
    ]
    known = [parameters for parameters in found if parameters is not None]
    return FieldPairs(known[-1], length_bytes) if known else None


def _read_parameters(unit: bytes) -> _Parameters | None:
    """The parameters of a sequence; None where it has frames only, or they cannot be read."""
    bits = _Bits(unit)
    has_planes = False
    try:
        profile = bits.take(8)
        bits.take(16)
        bits.unsigned()
        if profile in _WITH_CHROMA:
            has_planes = _skip_chroma(bits)
        number_bits = bits.unsigned() + 4
        _skip_order(bits)
        bits.unsigned()  # reference frames
        bits.take(1)
        bits.unsigned()  # width
        bits.unsigned()  # height
        return None if bits.take(1) else _Parameters(has_planes, number_bits)
    except ValueError:
        return None


def _skip_chroma(bits: _Bits) -> bool:
    """Skip the elements of high profiles; whether colour planes are coded one by one."""
    full_colour = bits.unsigned() == 3
    has_planes = full_colour and bool(bits.take(1))
    bits.unsigned()
    bits.unsigned()
    bits.take(1)
    if bits.take(1):  # scaling matrices
        for number in range(12 if full_colour else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)
    return has_planes


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order(bits: _Bits) -> None:
    """Skip how the order of pictures is coded."""
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.unsigned()):
            bits.signed()


def _units(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """NAL units, length-prefixed or after start codes (`length_bytes` 0)."""
    at, size = 0, len(data)
    while length_bytes and at + length_bytes < size:
        length = int.from_bytes(data[at : at + length_bytes])
        yield data[at + length_bytes : at + length_bytes + length]
        at += length_bytes + length
    if length_bytes:
        return
    for unit in data.split(b"\0\0\1")[1:]:
        if unit:
            yield unit
