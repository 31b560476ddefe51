"""The project file ``*.usummary``: a finished analysis and what a person changed about it.

Every edit writes the whole file beside its place and renames it, so the file always holds the last
saved edit. The analysis never changes while a person edits, so it is packed only once.
`docs/project-file.md` defines the format.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from usummary import paths, scrubbing
from usummary.analysis import feature_cache
from usummary.errors import (
    ExportError,
    InputError,
    OtherRecording,
    SettingsError,
    UnreadableFile,
)
from usummary.files import PART, beside, is_plain_path, leads_inside
from usummary.selection import edits
from usummary.selection.edits import Edits
from usummary.settings import Settings, make_settings, parse_length
from usummary.types import (
    STANDARD_PLANES,
    Analysis,
    FreezeFrame,
    IntArray,
    PlaneTrack,
    Provenance,
    Region,
    Scores,
    Shot,
)

logger = logging.getLogger(__name__)
SUFFIX = ".usummary"
VERSION = 2
"""Format 1 has no plane track and no covering of planes. Files of format 1 are still read."""

_PROGRAM = "usummary project"
_LARGEST = 2**28
"""Bytes that a project may unpack to; the project of a four-hour exam takes a tenth of it."""
_LONGEST_S = 1e7
_LARGEST_NUMBER = 1e9
_STALE_S = 60.0
"""A half-written file older than this was left by a program that was killed."""
_DAMAGE = (
    *feature_cache.DAMAGE,
    OverflowError,
    AttributeError,
    IndexError,
)
"""What reading a damaged or altered project can raise."""


@dataclass(frozen=True)
class Project:
    """What a project file holds.

    Attributes:
        exam_path: The recording or study folder that was analysed.
        settings: Settings of that analysis.
        length: The wanted summary length, as the person wrote it.
        edits: What the person changed.
        analysis: As it was computed, without the edits.
        cover_planes: The summary shows something of every recognised standard plane.
    """

    exam_path: Path
    settings: Settings
    length: str
    edits: Edits
    analysis: Analysis
    cover_planes: bool

    @property
    def input_sha256(self) -> dict[str, str]:
        """Hash of each input file, by its path from the exam's folder."""
        return self.analysis.provenance.input_sha256


_STEM_BYTES = 180
"""Of a name; what stands behind it must fit into the 255 bytes that systems allow."""


def default_path(exam_path: Path, stream: int = 0) -> Path:
    """Where the edits of an exam are kept unless the person says otherwise.

    The exam's path and the chosen video stream (`Settings.video_stream`) alone decide it, so it is
    known before anything is read. It lies in the
    program's data folder: nothing is written into folders of recordings.
    """
    named = str(exam_path.absolute()) + (f"#{stream}" if stream else "")
    place = hashlib.sha256(named.encode()).hexdigest()[:8]
    stem = exam_path.stem.encode()[:_STEM_BYTES].decode(errors="ignore")
    return paths.data_dir() / "projects" / f"{stem}-{place}{SUFFIX}"


def save_project(path: Path, project: Project) -> None:
    """Writes a project file; when this returns, the edits are on the disk.

    If the program is killed meanwhile, the file is either the old one or the new one, and whole.

    Raises:
        ExportError: The file cannot be written; the old one is still there.
    """
    scrubbing.keep_secret(path)
    try:
        with beside(path, sync=True) as part, part.open("wb") as file:
            _write(file, project)
    except OSError as error:
        raise ExportError(
            f"The edits could not be saved to {path}: {error.strerror or error}. Make room or "
            "allow writing there, or save the project somewhere else."
        ) from error
    logger.info("A project is saved")
    with suppress(OSError):  # the project is saved; old leftovers can wait
        _sweep(path)


def load_project(path: Path) -> Project:
    """Reads a project file.

    A recording that has moved is looked for beside the project file; `check_recording` then tells
    whether it is the right one. If the project names a path on a server, only the project file's
    own folder is searched, so that loading contacts no other machine.

    Raises:
        UnreadableFile: The file is missing, damaged, no project, or of a newer version.
    """
    scrubbing.keep_secret(path)
    try:
        with zipfile.ZipFile(path) as file:
            _check_size(file)
            header = json.loads(file.read("project.json"))
            _check_version(header, path)
            project = _read(header, file.read("analysis.zip"))
    except FileNotFoundError as error:
        raise UnreadableFile(
            f"There is no project file {path}. It was moved or deleted."
        ) from error
    except OSError as error:
        raise UnreadableFile(
            f"The project file {path} cannot be read: {error.strerror or error}. Check the disk."
        ) from error
    except (*_DAMAGE, SettingsError) as error:
        raise UnreadableFile(
            f"{path} is no usummary project, or it is damaged. Open the recording itself instead."
        ) from error
    near = path.parent / project.exam_path.name
    with suppress(OSError):  # a name that is too long, or a folder that may not be entered
        there = may_look_at(project.exam_path, path) and project.exam_path.exists()
        if not there and near.exists():
            return moved(project, near)
    return project


def may_look_at(exam_path: Path, project_path: Path) -> bool:
    """Whether the program may look for a project's exam without asking the person first.

    A project file from somebody else can name any server, and Windows would log on to that server
    without asking. The server that holds the project file itself has been contacted already.
    """
    if is_plain_path(str(exam_path)):
        return True
    # `PureWindowsPath` reads a drive from a text, but not from another system's path object.
    share = PureWindowsPath(str(exam_path)).drive.casefold()
    return share != "" and share == PureWindowsPath(str(project_path)).drive.casefold()


def moved(project: Project, exam_path: Path) -> Project:
    """The project with its recording, and the stills of a study, in another place."""
    old, analysis = project.exam_path, project.analysis
    freeze_frames = tuple(
        replace(freeze, path=exam_path / freeze.path.relative_to(old))
        if freeze.path is not None and freeze.path.is_relative_to(old)
        else freeze
        for freeze in analysis.freeze_frames
    )
    there = replace(analysis, path=exam_path, freeze_frames=freeze_frames)
    return replace(project, exam_path=exam_path, analysis=there)


def check_recording(project: Project, checkpoint: Callable[[], None] = lambda: None) -> None:
    """Makes sure that the exam is the one the project was made from; reads all of its files.

    Args:
        project: A loaded project.
        checkpoint: Called every few milliseconds; may raise `Cancelled`.

    Raises:
        UnreadableFile: A file is missing.
        InputError: A file lies outside the exam's folder.
        OtherRecording: A file's content has changed since the analysis.
    """
    exam = project.exam_path
    folder = exam if exam.is_dir() else exam.parent
    for name, sha256 in project.input_sha256.items():
        if not leads_inside(name):
            raise InputError(
                f"This project of {exam} names a file outside the exam's folder ({name!r}), which "
                "no project does. Open the recording itself instead."
            )
        try:
            if not (folder / name).is_file():  # reading a device would never end
                raise FileNotFoundError(folder / name)
            digest = feature_cache.content_hash(folder / name, checkpoint)
        except OSError as error:
            raise UnreadableFile(
                f"{folder / name}, which this project belongs to, cannot be found. Put it back, "
                "or put the project file beside it and open it there."
            ) from error
        if digest != sha256:
            raise OtherRecording(
                f"{folder / name} is not the recording that this project was made from, so its "
                "shots and edits do not fit it. Open the recording itself to analyse it anew."
            )


# Writing


def _write(file: IO[bytes], project: Project) -> None:
    header = {
        "program": _PROGRAM,
        "version": VERSION,
        "notice": "Research use only, not for diagnosis.",
        "exam": str(project.exam_path.absolute()),
        "settings": project.settings.model_dump(mode="json"),
        "length": project.length,
        "cover_planes": project.cover_planes,
        "edits": project.edits,
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("project.json", _json(header), zipfile.ZIP_DEFLATED)
        archive.writestr("analysis.zip", _packer.pack(project.analysis), zipfile.ZIP_STORED)


class _Packer:
    """Packs an analysis, and keeps the last result: every edit saves the same analysis again."""

    def __init__(self) -> None:
        self._last: tuple[Analysis, bytes] | None = None

    def pack(self, analysis: Analysis) -> bytes:
        last = self._last
        if last is None or last[0] is not analysis:
            last = self._last = analysis, _pack(analysis)
        return last[1]


_packer = _Packer()


def _pack(analysis: Analysis) -> bytes:
    values = {
        "duration_s": analysis.duration_s,
        "frame_count": analysis.frame_count,
        "regions": analysis.regions,
        "shots": analysis.shots,
        "freeze_frames": analysis.freeze_frames,
        "provenance": analysis.provenance,
    }
    scores = analysis.scores
    arrays: dict[str, NDArray[Any]] = {
        "score_times": _bent(_bits(scores.times_s)),
        "score_values": np.asarray(scores.values, np.float32),
        "score_recordings": _bent(scores.recordings),
        "score_frames": _bent(scores.frames),
    }
    if analysis.planes is not None:
        track = analysis.planes
        arrays |= {
            "clip_recordings": _bent(track.recordings),
            "clip_frames": _bent(track.frames),
            "clip_planes": np.asarray(track.planes, np.int64),
            "clip_confidences": np.asarray(track.confidences, np.float32),
        }
    for number, times in enumerate(analysis.frame_times_s):
        arrays[f"frame_times_{number}"] = _bent(_bits(times))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("analysis.json", _json(values))
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", buffer.getvalue())
    return packed.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, default=_plain, allow_nan=False)


def _plain(value: object) -> object:
    """A JSON value for a type that `json` cannot write itself."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a project file")


def _bits(times: NDArray[np.float64]) -> IntArray:
    """The bit patterns of times as integers: their differences are exact, those of floats not."""
    return np.ascontiguousarray(times, np.float64).view(np.int64)


def _bent(values: IntArray) -> IntArray:
    """Second differences: mostly 0 where values ascend evenly, so they pack into little space.

    Overflow wraps around here and wraps back in `_straight`.
    """
    padded = np.concatenate([np.zeros(2, np.int64), np.asarray(values, np.int64)])
    bent: IntArray = padded[2:] - 2 * padded[1:-1] + padded[:-2]
    return bent


def _straight(bent: IntArray) -> IntArray:
    """Inverse of `_bent`."""
    straight: IntArray = np.cumsum(np.cumsum(bent, dtype=np.int64), dtype=np.int64)
    return straight


def _sweep(path: Path) -> None:
    """Removes half-written files beside the project file that killed programs left there."""
    for left in path.parent.iterdir():
        ours = left.name.startswith(f".{path.name}.") and left.suffix == PART
        if ours and time.time() - left.stat().st_mtime > _STALE_S:
            left.unlink(missing_ok=True)


# Reading


def _check_size(file: zipfile.ZipFile) -> None:
    if sum(entry.file_size for entry in file.infolist()) > _LARGEST:
        raise ValueError("larger than any project")


def _check_version(header: Mapping[str, Any], path: Path) -> None:
    if header["program"] != _PROGRAM:
        raise ValueError("another program's file")
    if header["version"] not in range(1, VERSION + 1):
        raise UnreadableFile(
            f"{path} was written by another version of usummary (format {header['version']}, this "
            f"program reads {VERSION}). Update the program to open it."
        )


def _read(header: Mapping[str, Any], packed: bytes) -> Project:
    parse_length(_text(header["length"]))
    exam_path = _exam_path(header["exam"])
    analysis = _unpack(packed, exam_path)
    project = Project(
        exam_path=exam_path,
        settings=make_settings(header["settings"]),
        length=header["length"],
        edits=_EDITS.validate_python(_bounded(header["edits"])),
        analysis=analysis,
        cover_planes=_cover_planes(header),
    )
    edits.apply(analysis, project.edits)
    return project


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is no text")
    return value


def _exam_path(value: object) -> Path:
    text = _text(value)
    whole = PureWindowsPath(text).is_absolute() or PurePosixPath(text).is_absolute()
    path = Path(text)
    if "\0" in text or not path.name or ".." in path.parts or not whole:
        raise ValueError("the exam's path is none")
    return path


def _cover_planes(header: Mapping[str, Any]) -> bool:
    """Whether planes are covered; never in format 1, whose summaries were chosen without it."""
    wanted = header["cover_planes"] if header["version"] > 1 else False
    if not isinstance(wanted, bool):
        raise ValueError("cover_planes is neither true nor false")
    return wanted


def _unpack(packed: bytes, exam_path: Path) -> Analysis:
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        _check_size(file)
        values = json.loads(file.read("analysis.json"))

        def array(name: str, kind: type[np.generic]) -> NDArray[Any]:
            with file.open(f"{name}.npy") as member:
                stored = np.lib.format.read_array(member, allow_pickle=False)
            if stored.dtype != kind or stored.ndim != 1:
                raise ValueError(f"{name} has another type than it should")
            return stored

        planes = None
        if "clip_frames.npy" in file.namelist():
            planes = PlaneTrack(
                _straight(array("clip_recordings", np.int64)),
                _straight(array("clip_frames", np.int64)),
                array("clip_planes", np.int64),
                array("clip_confidences", np.float32),
            )
        regions = _REGIONS.validate_python(_bounded(values["regions"]))
        analysis = Analysis(
            path=exam_path,
            duration_s=_duration(values["duration_s"]),
            frame_count=int(values["frame_count"]),
            regions=regions,
            scores=Scores(
                _straight(array("score_times", np.int64)).view(np.float64),
                array("score_values", np.float32),
                _straight(array("score_recordings", np.int64)),
                _straight(array("score_frames", np.int64)),
            ),
            shots=_SHOTS.validate_python(_bounded(values["shots"])),
            freeze_frames=_FREEZE_FRAMES.validate_python(_bounded(values["freeze_frames"])),
            provenance=_PROVENANCE.validate_python(values["provenance"]),
            frame_times_s=tuple(
                _straight(array(f"frame_times_{number}", np.int64)).view(np.float64)
                for number in range(len(regions))
            ),
            planes=planes,
        )
    _check_whole(analysis)
    return analysis


def _bounded(value: Any) -> Any:
    """The same JSON value, checked: no time, frame index or pixel is this large, or NaN.

    Raises:
        ValueError: A number is beyond `_LARGEST_NUMBER`.
    """
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _bounded(inner)
    elif isinstance(value, int | float) and not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:
        raise ValueError("a number that is none")
    return value


def _duration(value: object) -> float:
    """The exam's duration, seconds; more than `_LONGEST_S`, about 115 days, is damage."""
    if not isinstance(value, int | float) or not 0 <= value <= _LONGEST_S:
        raise ValueError("the exam lasts impossibly long")
    return float(value)


def _check_whole(analysis: Analysis) -> None:
    """Raises ValueError if arrays do not fit together or an index lies outside its recording."""
    counts = [len(times) for times in analysis.frame_times_s]
    scores = analysis.scores
    if (
        not len(scores.times_s)
        == len(scores.values)
        == len(scores.recordings)
        == len(scores.frames)
    ):
        raise ValueError("scores of different lengths")
    track = analysis.planes
    if track is not None and not (
        len(track.recordings) == len(track.frames) == len(track.planes) == len(track.confidences)
        and ((track.planes >= 0) & (track.planes < len(STANDARD_PLANES))).all()
    ):
        raise ValueError("clips that show no plane there is")
    _check_numbers(analysis)
    if not all(map(leads_inside, analysis.provenance.input_sha256)):
        raise ValueError("an input file outside the exam's folder")
    if sum(counts) != analysis.frame_count:
        raise ValueError("not as many frame times as frames")
    inside = all(
        0 <= shot.recording < len(counts)
        and 0 <= shot.start_frame <= shot.key_frame < shot.end_frame <= counts[shot.recording]
        for shot in analysis.shots
    ) and all(
        0 <= freeze.recording < len(counts) and 0 <= freeze.frame < counts[freeze.recording]
        for freeze in analysis.freeze_frames
    )
    if not inside:
        raise ValueError("a shot or freeze-frame lies outside its recording")


def _are_ordered(recordings: IntArray, frames: IntArray, analysis: Analysis) -> bool:
    """Whether frames lie inside their recordings, and recordings and frames never descend."""
    counts = [len(times) for times in analysis.frame_times_s]
    if len(recordings) and not 0 <= recordings.min() <= recordings.max() < len(counts):
        return False
    for number, count in enumerate(counts):
        own = frames[recordings == number]
        if len(own) and not (own[0] >= 0 and own[-1] < count and (np.diff(own) >= 0).all()):
            return False
    return bool((np.diff(recordings) >= 0).all())


def _check_numbers(analysis: Analysis) -> None:
    """Raises ValueError if a time or score is not a number, or samples are out of order."""
    scores = analysis.scores
    ordered = _are_ordered(scores.recordings, scores.frames, analysis)
    track = analysis.planes
    firsts = np.flatnonzero(np.diff(scores.recordings, prepend=-1))
    ordered = ordered and not scores.frames[firsts].any()  # frame 0 is always sampled
    if not ordered or (track and not _are_ordered(track.recordings, track.frames, analysis)):
        raise ValueError("samples or clips out of order")
    for times in (scores.times_s, *analysis.frame_times_s):
        if len(times) and not (np.isfinite(times).all() and np.abs(times).max() <= _LONGEST_S):
            raise ValueError("a time that is none")
    if not np.isfinite(scores.values).all():
        raise ValueError("a score that is none")


_EDITS = TypeAdapter(Edits)
_REGIONS = TypeAdapter(tuple[Region, ...])
_SHOTS = TypeAdapter(tuple[Shot, ...])
_FREEZE_FRAMES = TypeAdapter(tuple[FreezeFrame, ...])
_PROVENANCE = TypeAdapter(Provenance)
