"""Which packets of a video stream need not be decoded.

Only pictures that no other picture refers to can be left out. Whether a picture is one of those is
written in the first bytes of its packet; nothing is decoded to find out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

Referenced = Callable[["Packet[VideoStream]"], bool]
"""Whether other pictures may need the packet's picture."""

_EARLY = 1e-3
"""Share of the largest allowed distance by which rounded times may exceed it."""


def referenced_test(stream: VideoStream) -> Referenced | None:
    """The test for a stream's packets, None where its codec is not understood here."""
    context = stream.codec_context
    extra = context.extradata or b""
    if context.name == "h264":
        length_bytes = (extra[4] & 3) + 1 if len(extra) > 6 and extra[0] == 1 else 0
        return lambda packet: _h264_is_referenced(memoryview(packet), length_bytes)
    if context.name == "hevc":
        length_bytes = (extra[21] & 3) + 1 if len(extra) > 22 and extra[0] == 1 else 0
        return lambda packet: _hevc_is_referenced(memoryview(packet), length_bytes)
    return None


def _h264_is_referenced(data: memoryview, length_bytes: int) -> bool:
    """ITU-T H.264 7.4.1: nal_ref_idc is 0 in every slice of a non-reference picture."""
    for head in _unit_heads(data, length_bytes):
        if head & 0x1F in {1, 5}:
            return bool(head & 0x60)
    return True


def _hevc_is_referenced(data: memoryview, length_bytes: int) -> bool:
    """ITU-T H.265 table 7-1: even types below 16 are sub-layer non-reference pictures.

    With several temporal layers a higher layer may still not refer to them, so they are spare.
    """
    for head in _unit_heads(data, length_bytes):
        kind = head >> 1 & 0x3F
        if kind < 32:
            return kind > 15 or bool(kind & 1)
    return True


def _unit_heads(data: memoryview, length_bytes: int) -> Iterator[int]:
    """First byte of each NAL unit, length-prefixed or after start codes (`length_bytes` 0)."""
    at, size = 0, len(data)
    if length_bytes:
        while at + length_bytes < size:
            yield data[at + length_bytes]
            at += length_bytes + int.from_bytes(data[at : at + length_bytes])
        return
    content = bytes(data)
    while (at := content.find(b"\0\0\1", at)) >= 0 and at + 3 < size:
        at += 3
        yield content[at]


class Thinning:
    """Decides, packet by packet in decoding order, what a sampling rate does not need.

    A spare picture is left out only if the pictures around it that are decoded, or can still be,
    are at most `distance_s` apart. References are always decoded, so every sync point starts
    afresh: the outcome does not depend on where a pass began.
    """

    def __init__(self, times_s: NDArray[np.float64], distance_s: float, test: Referenced) -> None:
        self._times_s = times_s
        self._distance_s = distance_s * (1 + _EARLY)
        self._test = test
        self._kept: dict[int, bool] = {}  # what was decided, for the newest indices only

    def is_spare(self, index: int, packet: Packet[VideoStream]) -> bool:
        """Whether the picture `index` is not needed; to be asked for every packet once."""
        spare = not self._test(packet) and self._is_bridged(index)
        self._kept[index] = not spare
        if len(self._kept) > 256:
            for old in sorted(self._kept)[:128]:
                del self._kept[old]
        return spare

    def _is_bridged(self, index: int) -> bool:
        before, after = index - 1, index + 1
        while before >= 0 and not self._kept.get(before, False):
            if self._times_s[index] - self._times_s[before] > self._distance_s:
                return False
            before -= 1
        while after < len(self._times_s) and self._kept.get(after, True) is False:
            after += 1
        if before < 0 or after >= len(self._times_s):
            return False
        return bool(self._times_s[after] - self._times_s[before] <= self._distance_s)
