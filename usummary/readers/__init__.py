"""Reading recordings and studies: `open_exam` turns a path into an `Exam`."""

from __future__ import annotations

from pathlib import Path

from usummary.errors import UnreadableFile
from usummary.readers.media import Media
from usummary.readers.video import VideoRecording
from usummary.types import Exam


def open_exam(path: Path | str, *, freeze_frames: Path | None = None) -> Exam:
    """Open a video file, a DICOM cine or a DICOM study folder.

    Args:
        path: File or folder.
        freeze_frames: List of freeze-frames to use instead of the ``*.freeze.csv`` beside it.

    Raises:
        UnreadableFile: Missing, empty, damaged, of another type, or without pictures.
        UnsupportedEncoding: No decoder for it is installed.
        SettingsError: The list of freeze-frames has a wrong line.
    """
    path = Path(path)
    if not path.exists():
        raise UnreadableFile(f"There is no file or folder {path}.")
    if path.is_file() and path.stat().st_size == 0:
        raise UnreadableFile(f"{path} is empty. Copy it again from where it was recorded.")
    recording = VideoRecording(Media(path))
    return Exam(path, (recording,), (0.0,), notices=recording.info.notices)
