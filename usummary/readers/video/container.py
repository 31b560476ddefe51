"""A file's video stream through PyAV: opening it, its packets, its decoded pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import av
import av.error
import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from usummary.errors import SettingsError, UnreadableFile, UnsupportedEncoding

SIMULATED_NOTICE = "This recording is simulated; it shows no patient."
"""For a file that says so of itself; exports repeat it."""

_THREADS = min((os.cpu_count() or 1) + 2, 16)
"""Threads of a decoder. FFmpeg takes one more than there are cores; with two more none is idle."""

_DEFAULT = 0x1
"""Stream disposition of what a player shows unless told otherwise."""
_ATTACHED_PICTURE = 0x400
"""Stream disposition of cover art, which is no recording."""
_WANTED = "Choose a video recording, a DICOM cine or a study folder."


@dataclass
class Media:
    """Where encoded video comes from.

    Attributes:
        path: The file, for opening it and for messages.
        opener: Opens the encoded stream where it is only a part of the file (DICOM).
        chosen: Which of several video streams, from 1; 0: the one marked as default, else the
            largest.
        damaged: Packets that could not be read or decoded so far.
    """

    path: Path
    opener: Callable[[], BinaryIO] | None = None
    chosen: int = 0
    damaged: int = field(default=0, compare=False)

    def open(self) -> tuple[InputContainer, VideoStream]:
        """A container of its own, at its start, and its video stream, ready to decode.

        Raises:
            UnreadableFile: No such file, no rights, no video in it, or cut off without an index.
            UnsupportedEncoding: There is no decoder for its codec.
        """
        try:
            # Without "file:" a name such as 10:30:15.mp4 would be read as an address.
            source = self.opener() if self.opener else f"file:{self.path}"
            container = av.open(source, mode="r", metadata_errors="replace")
        except (av.error.FFmpegError, OSError) as error:
            raise UnreadableFile(_why_not_opened(self.path, error)) from error
        try:
            stream = self._take(container)
        except BaseException:
            container.close()
            raise
        stream.thread_type = "AUTO"
        stream.thread_count = _THREADS
        return container, stream

    def _take(self, container: InputContainer) -> VideoStream:
        """The stream to read.

        Raises:
            UnreadableFile: There is no video, or not the chosen stream.
            UnsupportedEncoding: There is no decoder for its codec.
        """
        if container.format.name == "tty" or container.format.name.endswith(("_pipe", "image2")):
            raise UnreadableFile(f"{self.path} is a text or a picture. {_WANTED}")
        streams = streams_of(container)
        if not streams:
            raise UnreadableFile(f"{self.path} holds no video. {_WANTED}")
        if self.chosen > len(streams):
            raise SettingsError(
                f"{self.path} holds {len(streams)} video streams; there is no stream {self.chosen}."
            )
        stream = streams[self.chosen - 1] if self.chosen else usual_stream(streams)
        if stream.codec_context is None:
            raise UnsupportedEncoding(
                f"There is no decoder for the video in {self.path}, which is "
                f"{_undecodable(container)}. Convert the recording to H.264, for example."
            )
        return stream

    def file(self) -> BinaryIO:
        """The encoded bytes, to be closed by the caller."""
        return self.opener() if self.opener else self.path.open("rb")

    def packets(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[Packet[VideoStream]]:
        """Packets from the container's place to its end; damage ends them early and is counted."""
        try:
            for packet in container.demux(stream):
                if packet.size:  # the empty one at the end only asks the decoder for what it holds
                    yield packet
        except av.error.FFmpegError:
            self.damaged += 1

    def decode(self, stream: VideoStream, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """Pictures that one packet brings out (None: all that are left); damage is counted."""
        try:
            return stream.codec_context.decode(packet)
        except av.error.EOFError:
            return []
        except av.error.FFmpegError:
            self.damaged += 1
            return []


def usual_stream(streams: Sequence[VideoStream]) -> VideoStream:
    """What is read unless a person chooses: the largest of those marked as default, or of all."""
    default = [stream for stream in streams if stream.disposition & _DEFAULT]
    return max(default or streams, key=_area)


def streams_of(container: InputContainer) -> list[VideoStream]:
    """The video streams of a container, without cover art."""
    return [s for s in container.streams.video if not s.disposition & _ATTACHED_PICTURE]


def _undecodable(container: InputContainer) -> str:
    """Name and tag of a codec without decoder; PyAV tells them in its description only."""
    before = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        description = container.dumps_format()  # type: ignore[attr-defined]  # not in the stubs
        found = re.search(r"Video: ([^,\n]+)", description)
    finally:
        av.logging.set_level(before)
    return f'"{found.group(1)}"' if found else "of an unknown codec"


def _area(stream: VideoStream) -> int:
    context = stream.codec_context
    return context.width * context.height if context is not None else 0


def _why_not_opened(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{path} may not be read by this user. Ask for read permission, or copy the file."
    if isinstance(error, FileNotFoundError):
        return f"There is no file {path}."
    if _is_mp4_without_index(path):
        return (
            f"{path} was cut off before its index was written (the recorder stopped or the copy is "
            "incomplete), so it cannot be played. Copy it again, or repair it with the recorder's "
            "own tool."
        )
    return f"{path} is no video that can be read. {_WANTED}"


def _is_mp4_without_index(path: Path) -> bool:
    """Whether the file begins as MP4 or QuickTime and no ``moov`` box follows."""
    names: list[bytes] = []
    try:
        with path.open("rb") as file:
            while len(names) < 1000:
                head = file.read(8)
                if len(head) < 8:
                    break
                size, name = int.from_bytes(head[:4]), head[4:]
                names.append(name)
                if size == 1:
                    size = int.from_bytes(file.read(8))
                    file.seek(size - 16, 1)
                elif size >= 8:
                    file.seek(size - 8, 1)
                else:
                    break
    except (OSError, OverflowError, ValueError):  # a size that no file can have
        return False
    return bool(names) and names[0] in {b"ftyp", b"mdat", b"wide"} and b"moov" not in names


def is_cut_avi(path: Path) -> bool:
    """Whether an AVI file ends before its RIFF chunks say, or was never finished."""
    length = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at < length:
            file.seek(at)
            head = file.read(12)
            if head[:4] != b"RIFF" or head[8:12] not in {b"AVI ", b"AVIX"}:
                return False
            size = int.from_bytes(head[4:8], "little")
            if size == 0 or at + 8 + size > length:
                return True
            at += 8 + size + size % 2
    return False
