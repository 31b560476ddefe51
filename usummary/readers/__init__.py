"""Reading recordings and studies: `open_exam` turns a path into an `Exam`."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from usummary import scrubbing
from usummary.errors import UnreadableFile
from usummary.progress import Report
from usummary.readers.dicom.cine import open_cine
from usummary.readers.dicom.header import read_header
from usummary.readers.dicom.study import open_study
from usummary.readers.freeze_list import find_sidecar, read_sidecar
from usummary.readers.look import Ticker
from usummary.readers.video.container import Media
from usummary.readers.video.recording import VideoRecording
from usummary.types import Exam, Recording

logger = logging.getLogger(__name__)

_ARCHIVES = (b"PK\3\4", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf\x27\x1c", b"Rar!")
"""First bytes of ZIP, gzip, bzip2, xz, 7z and RAR files."""


def open_exam(
    path: Path | str, *, freeze_frames: Path | None = None, progress: Report | None = None
) -> Exam:
    """Open a video file, a DICOM cine or a DICOM study folder.

    Args:
        path: File or folder.
        freeze_frames: List of freeze-frames to use instead of the ``*.freeze.csv`` beside it.
        progress: Called during the stage ``reading``; may raise `Cancelled`.

    Raises:
        UnreadableFile: Missing, empty, damaged, of another type, or without pictures.
        UnsupportedEncoding: No decoder for it is installed.
        SettingsError: The list of freeze-frames has a wrong line.
    """
    path = Path(path)
    scrubbing.keep_secret(path)
    tick = Ticker(progress)
    tick()
    exam = open_study(path, tick) if path.is_dir() else _open_file(path)
    logger.info("Opened an exam of %d recordings", len(exam.recordings))
    sidecar = freeze_frames if freeze_frames is not None else find_sidecar(path)
    if sidecar is None:
        return exam
    try:
        listed = read_sidecar(sidecar, exam)
    except BaseException:
        exam.close()
        raise
    everything = sorted((*exam.freeze_frames, *listed), key=lambda freeze: freeze.time_s)
    return replace(exam, freeze_frames=tuple(everything))


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(512)
    return head.startswith(_ARCHIVES) or head[257:262] == b"ustar"


def _open_file(path: Path) -> Exam:
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise UnreadableFile(f"There is no file or folder {path}.") from error
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror}.") from error
    if size == 0:
        raise UnreadableFile(f"{path} is empty. Copy it again from where it was recorded.")
    header = read_header(path)
    if header is None and _is_archive(path):
        raise UnreadableFile(f"{path} is an archive. Unpack it, then open the folder.")
    recording: Recording = VideoRecording(Media(path)) if header is None else open_cine(header)
    return Exam(path, (recording,), (0.0,), notices=recording.info.notices)
