"""Two packets of one picture: told by the heads of slices, written here bit by bit (H.264 7.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from usummary.readers.video.fields import FieldPairs, field_pairs

HIGH, MAIN = 100, 77


class Bits:
    """Writes elements one after another."""

    def __init__(self) -> None:
        self.text = ""

    def take(self, value: int, count: int) -> Bits:
        self.text += f"{value:0{count}b}"
        return self

    def unsigned(self, *values: int) -> Bits:
        for value in values:
            code = f"{value + 1:b}"
            self.text += "0" * (len(code) - 1) + code
        return self

    def unit(self, head: int) -> bytes:
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        body = bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))
        for low in range(4):  # emulation prevention
            body = body.replace(bytes([0, 0, low]), bytes([0, 0, 3, low]))
        return bytes([head]) + body


def parameters(*, profile: int = HIGH, number_bits: int = 6, frames_only: bool = False) -> bytes:
    bits = Bits().take(profile, 8).take(0, 8).take(30, 8).unsigned(0)
    if profile == HIGH:
        bits.unsigned(1, 0, 0).take(0, 1).take(1, 1)  # 4:2:0, 8 bits, with scaling lists:
        bits.take(0, 7).take(1, 1)  # only the last one, of 64 entries,
        bits.unsigned(*[0] * 64)  # that change nothing
    bits.unsigned(number_bits - 4, 0, 2, 1).take(0, 1).unsigned(9, 4)
    return bits.take(int(frames_only), 1).take(0, 8).unit(0x67)


def slice_of(number: int, *, field: bool, bottom: bool = False, number_bits: int = 6) -> bytes:
    bits = Bits().unsigned(0, 7, 0).take(number, number_bits).take(int(field), 1)
    if field:
        bits.take(int(bottom), 1)
    return bits.take(0b1011, 4).unit(0x65)


def annex_b(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def prefixed(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


@dataclass
class Context:
    extradata: bytes | None
    name: str = "h264"


@dataclass
class Stream:
    codec_context: Context = field(default_factory=lambda: Context(None))


def pairs_of(extra: bytes | None, first: bytes) -> FieldPairs | None:
    return field_pairs(Stream(Context(extra)), first)


@pytest.mark.parametrize("profile", [HIGH, MAIN])
@pytest.mark.parametrize("number_bits", [4, 6, 12])
def test_second_fields_are_told_among_frames(profile, number_bits):
    head = parameters(profile=profile, number_bits=number_bits)

    def packet(number: int, **kind: bool) -> bytes:
        return annex_b(slice_of(number, number_bits=number_bits, **kind))

    first = annex_b(head, slice_of(0, field=True, number_bits=number_bits))
    pairs = pairs_of(annex_b(head), first)
    packets = [
        (first, False),
        (packet(0, field=True, bottom=True), True),
        (packet(1, field=False), False),
        (packet(2, field=True, bottom=True), False),  # the lower field can come first
        (packet(2, field=True), True),
        (packet(3, field=True), False),  # one alone: the next picture is no part of it
        (packet(4, field=True, bottom=True), False),
        (packet(4, field=True), True),
        (packet(5, field=False), False),
    ]
    assert [pairs.is_second(data) for data, _ in packets] == [second for _, second in packets]


def test_both_fields_in_one_packet_are_a_picture():
    head = parameters()
    both = annex_b(slice_of(1, field=True), slice_of(1, field=True, bottom=True))
    pairs = pairs_of(annex_b(head), both)
    assert not pairs.is_second(both)
    assert not pairs.is_second(annex_b(slice_of(1, field=True)))


def test_several_slices_of_one_field_are_one_field():
    head = parameters()
    upper = annex_b(slice_of(1, field=True), slice_of(1, field=True))
    lower = annex_b(slice_of(1, field=True, bottom=True))
    pairs = pairs_of(annex_b(head), upper)
    assert [pairs.is_second(upper), pairs.is_second(lower)] == [False, True]


def test_packets_with_lengths_and_parameters_outside_of_them():
    head = parameters()
    extra = bytes([1, HIGH, 0, 30, 0xFF, 0xE1]) + len(head).to_bytes(2, "big") + head
    upper = prefixed(slice_of(3, field=True))
    lower = prefixed(slice_of(3, field=True, bottom=True))
    pairs = pairs_of(extra, upper)
    assert [pairs.is_second(upper), pairs.is_second(lower)] == [False, True]


@pytest.mark.parametrize(
    "first",
    [
        annex_b(parameters(frames_only=True), slice_of(0, field=False)),
        annex_b(b"\x67\x64", slice_of(0, field=True)),  # cut off
        b"",
    ],
)
def test_a_stream_of_frames_has_no_fields(first):
    assert pairs_of(None, first) is None


def test_other_codecs_have_none():
    context = Context(annex_b(parameters()), "hevc")
    assert field_pairs(Stream(context), b"") is None
