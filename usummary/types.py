"""The values that the stages hand to each other.

Index rules, everywhere: intervals are half-open, boxes are ``x0, y0, x1, y1`` half-open in pixels,
frame indices are 0-based positions in one recording in presentation order, times are seconds.
*Recording time* starts at 0 with a recording's first frame; *exam time* starts at 0 with the exam's
first frame and runs on through its recordings. Pictures are uint8 RGB ``(H, W, 3)`` or grey
``(H, W)``. Nobody writes into the arrays of these values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32] | NDArray[np.float64]
IntArray = NDArray[np.int64]
Picture = NDArray[np.uint8]

BACKGROUND = "Background"
STANDARD_PLANES: tuple[str, ...] = (
    "Brain (Cb.)",
    "Brain (Tv.)",
    "Profile",
    "Lips",
    "Abdominal",
    "Kidneys",
    "Femur",
    "Spine (cor.)",
    "Spine (sag.)",
    "4CH",
    "3VV",
    "RVOT",
    "LVOT",
)
"""The 13 standard planes of the fetal screening handbook (FASP), in the order screens show them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture of a recording.

    Attributes:
        index: Frame index in its recording.
        time_s: Recording time at which it appears on screen.
        pixels: uint8 RGB (H, W, 3) or grey (H, W), upright.
    """

    index: int
    time_s: float
    pixels: Picture


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open pixel rectangle."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    def crop(self, pixels: Picture) -> Picture:
        """The part of a picture (H, W[, 3]) inside the box, as a view."""
        return pixels[self.y0 : self.y1, self.x0 : self.x1]


@dataclass(frozen=True, slots=True)
class Region:
    """The ultrasound sector of a recording.

    Attributes:
        box: Smallest box around the sector.
        polygon: Outline as (x, y) vertices; everything outside is masked in exports.
        source: ``dicom`` (Sequence of Ultrasound Regions), ``pictures`` (found by its movement),
            ``whole`` (no sector was found: the whole picture, and a notice says so), or
            ``person`` (drawn or confirmed by the person).
    """

    box: Box
    polygon: tuple[tuple[int, int], ...]
    source: Literal["dicom", "pictures", "whole", "person"]


@dataclass(frozen=True, slots=True)
class Streams:
    """Several video streams of one file; they count from 1.

    Attributes:
        shown: The one that was read.
        usual: The one that is read unless a person chooses.
        sizes: Width and height of all of them.
    """

    shown: int
    usual: int
    sizes: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What is known of a recording without decoding it.

    Attributes:
        path: The file.
        width, height: Size of the upright pictures, pixels.
        frame_count: Number of frames.
        duration_s: Seconds from the start of the first frame to the end of the last.
        encoding: Codec or DICOM transfer syntax, as text for people.
        kind: ``video`` or ``dicom``.
        region: Sector box that the file itself declares (DICOM), or None.
        streams: The video streams of a file that holds several, else None.
        notices: Sentences a person must see (truncated file, guessed frame time, ...).
    """

    path: Path
    width: int
    height: int
    frame_count: int
    duration_s: float
    encoding: str
    kind: Literal["video", "dicom"]
    region: Box | None = None
    notices: tuple[str, ...] = ()
    streams: Streams | None = None


class Recording(Protocol):
    """One opened video file or DICOM cine. Made by `usummary.readers`; one user at a time.

    Opening is quick. Nothing holds more than a few decoded frames.
    """

    @property
    def info(self) -> RecordingInfo: ...

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Presentation time of every frame, (frame_count,), ascending, first one 0.

        May take seconds on first use for a long file.
        """
        ...

    @property
    def sync_frames(self) -> IntArray:
        """Frames that can be shown without decoding others, ascending, the first one 0."""
        ...

    def frame(self, index: int) -> Frame:
        """Exactly the frame `index`, in colour. IndexError outside ``[0, frame_count)``."""
        ...

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames of ``[start, stop)`` in order, in colour."""
        ...

    def luma(self, rate: float | None = None, start: int = 0) -> Iterator[Frame]:
        """Grey frames from `start` to the last, for analysis; the cheapest way through the file.

        With `rate` (frames per second) the reader may skip frames that the rate does not need.
        The frames it yields are at most ``1 / rate`` apart, except where the recording's own
        frames lie further apart. ``pixels`` is a view, valid until the next frame is asked for.
        """
        ...

    def close(self) -> None: ...


FreezeSource = Literal["still", "marked", "frozen", "listed", "added"]
Decision = Literal["automatic", "kept", "locked", "rejected"]


@dataclass(frozen=True, slots=True)
class FreezeFrame:
    """An image the sonographer froze or saved.

    Attributes:
        time_s: Exam time.
        recording: Position of the recording in the exam that holds `time_s`.
        frame: Frame index in that recording.
        source: ``still`` (a single-frame DICOM instance), ``marked`` (a frame that a Key Object
            Selection or presentation state names), ``frozen`` (a frozen stretch of the recording),
            ``listed`` (a line of the sidecar file), ``added`` (by the person here).
        plane: Standard plane, where it is known.
        end_s: Exam time at which a frozen stretch ends; equal to `time_s` for other sources.
        path: File of a still.
        matched_shot: Index into `Summary.shots` of the key shot that holds it, None if none does.
    """

    time_s: float
    recording: int
    frame: int
    source: FreezeSource
    plane: str | None = None
    end_s: float = 0.0
    path: Path | None = None
    matched_shot: int | None = None


@dataclass(frozen=True)
class Exam:
    """One recording, or a DICOM study's cines joined in acquisition order, and its stills.

    Attributes:
        path: What was opened: a file or a folder.
        recordings: In exam order, at least one.
        offsets_s: Exam time of each recording's first frame.
        freeze_frames: Those that come with the exam (stills, lines of the sidecar file), by time.
        notices: Sentences a person must see, including the recordings' own.
        left_out: Files that are not part of the exam but are named in `notices`. A file's name
            can hold a patient's name, so whoever hides names must hide these too.
    """

    path: Path
    recordings: tuple[Recording, ...]
    offsets_s: tuple[float, ...]
    freeze_frames: tuple[FreezeFrame, ...] = ()
    notices: tuple[str, ...] = ()
    left_out: tuple[Path, ...] = ()

    @property
    def duration_s(self) -> float:
        return self.offsets_s[-1] + self.recordings[-1].info.duration_s

    @property
    def frame_count(self) -> int:
        return sum(r.info.frame_count for r in self.recordings)

    def locate(self, time_s: float) -> tuple[int, int]:
        """Recording position and frame index on screen at an exam time (clamped to the exam)."""
        which = int(np.searchsorted(self.offsets_s, time_s + 1e-6, side="right")) - 1
        which = max(which, 0)
        times = self.recordings[which].times_s
        inside = time_s - self.offsets_s[which] + 1e-6
        frame = int(np.searchsorted(times, inside, side="right")) - 1
        return which, min(max(frame, 0), len(times) - 1)

    def time_of(self, recording: int, frame: int) -> float:
        """Exam time of a frame; `frame` may equal the frame count (the recording's end)."""
        times = self.recordings[recording].times_s
        if frame >= len(times):
            return self.offsets_s[recording] + self.recordings[recording].info.duration_s
        return self.offsets_s[recording] + float(times[frame])

    def close(self) -> None:
        for recording in self.recordings:
            recording.close()

    def __enter__(self) -> Exam:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Samples:
    """Which frames the clips are made of: T clips of n samples.

    If the last clip of a recording is not full, the recording's last frame is repeated in it.

    Attributes:
        recordings: (T,) recording position of each clip; a clip never spans two.
        frames: (T, n) frame index in that recording.
        times_s: (T, n) exam time of the frames in `frames`.
    """

    recordings: IntArray
    frames: IntArray
    times_s: NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """Spatio-temporal features of an exam.

    Attributes:
        maps: (T, C, h, w) float16, the backbone's output per clip, spatial dimensions kept.
        steps: (T, s, C) float32, spatially pooled features at s places within each clip.
            Segmentation and rewards work on these.
        planes: (T, 14) float32 probabilities of `classes`, zero columns where a backbone has none.
        classes: Names of the columns of `planes`.
        samples: Frames behind the clips.
        frozen: (T, n) bool, True where the sampled frame shows a frozen picture.
        regions: Sector of each recording.
        notices: Fallbacks and other things a person must see.
        unsure: Below this probability a plane counts as not recognised.
    """

    maps: NDArray[np.float16]
    steps: NDArray[np.float32]
    planes: NDArray[np.float32]
    classes: tuple[str, ...]
    samples: Samples
    frozen: NDArray[np.bool_]
    regions: tuple[Region, ...]
    notices: tuple[str, ...] = ()
    unsure: float = 0.5


@dataclass(frozen=True)
class Scores:
    """Importance of every sampled frame, in exam order, each frame once.

    Attributes:
        times_s: (L,) exam time.
        values: (L,) float32 in [0, 1].
        recordings: (L,) recording position.
        frames: (L,) frame index in that recording.
    """

    times_s: NDArray[np.float64]
    values: NDArray[np.float32]
    recordings: IntArray
    frames: IntArray


@dataclass(frozen=True)
class PlaneTrack:
    """The likeliest standard plane of each clip of an exam, however small its probability.

    A clip lasts until the first frame of the next clip, or until the end of its recording.

    Attributes:
        recordings: (T,) recording position of each clip, in exam order.
        frames: (T,) index of the clip's first frame in that recording.
        planes: (T,) position of the plane in `STANDARD_PLANES`.
        confidences: (T,) float32 probability of the plane.
    """

    recordings: IntArray
    frames: IntArray
    planes: IntArray
    confidences: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shot:
    """An interval between change points, within one recording.

    Attributes:
        recording: Position of its recording in the exam.
        start_frame, end_frame: Half-open frame range in that recording.
        start_s, end_s: Exam times at which it starts and ends.
        score: Mean importance over its frames.
        key_frame: Its best-scored frame, index in the recording.
        plane: Standard plane it shows, None if none was recognised.
        plane_confidence: Probability of `plane`, 0 if `plane` is None.
        selected: It is a key shot.
        decision: What the person decided about it. ``kept`` and ``locked`` shots are key shots at
            any length, ``rejected`` shots never are.
        recut: The person set its borders.
        whole: Frame range of the longer shot that this one was cut from when the summary was
            chosen; None if it was not cut. Shots of an `Analysis` are never cut.
    """

    recording: int
    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    score: float
    key_frame: int
    plane: str | None = None
    plane_confidence: float = 0.0
    selected: bool = False
    decision: Decision = "automatic"
    recut: bool = False
    whole: tuple[int, int] | None = None

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Provenance:
    """How a result came about; written into the run record.

    Attributes:
        versions: Program and library versions by name.
        models: ``{"role", "name", "sha256"}`` of each model used.
        device: Device and precision that computed the features, as text for people.
        settings: The settings, as plain values.
        input_sha256: Hash of each input file, by file name.
        timings_s: Wall-clock seconds by stage.
        notices: Fallbacks and warnings, in order.
    """

    versions: dict[str, str]
    models: tuple[dict[str, str], ...]
    device: str
    settings: dict[str, Any]
    input_sha256: dict[str, str]
    timings_s: dict[str, float]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Analysis:
    """Everything that is computed before a length is chosen. Another length starts from here.

    Attributes:
        path: What was analysed.
        duration_s: Exam duration.
        frame_count: Frames in the exam.
        regions: Sector of each recording.
        scores: Importance scores.
        shots: All shots in exam order, none selected.
        freeze_frames: The freeze-frames of every source, by time.
        provenance: How it came about.
        frame_times_s: Exam time of every frame, one array per recording.
        planes: Standard plane of each clip; None if it was not stored (project files of format 1).
    """

    path: Path
    duration_s: float
    frame_count: int
    regions: tuple[Region, ...]
    scores: Scores
    shots: tuple[Shot, ...]
    freeze_frames: tuple[FreezeFrame, ...]
    provenance: Provenance
    frame_times_s: tuple[NDArray[np.float64], ...]
    planes: PlaneTrack | None = None


@dataclass(frozen=True)
class Summary:
    """A chosen set of key shots and how it compares with the freeze-frames.

    Attributes:
        analysis: The analysis it was chosen from, with the person's edits made.
        length: The wanted length as the person wrote it: ``15%``, ``P``, ``0.18``.
        mode: ``application`` or ``benchmark`` selection.
        budget_s: Seconds the length allows.
        shots: All shots in exam order; `Shot.selected` marks the key shots.
        freeze_frames: Those of the analysis, with `FreezeFrame.matched_shot` filled in.
        metrics: Comparison with the freeze-frames by name; empty without freeze-frames.
        coverage: Per standard plane ``{"shown": bool, "frozen": bool}``.
        notices: Things about the selection a person must see (a shot was cut, nothing fitted).
        cover_s: Seconds of every recognised plane that were kept first; 0: planes were not covered.
        edits: How many changes of each kind a person made (`usummary.selection.edits.counts`);
            empty if the summary is as it was computed.
    """

    analysis: Analysis
    length: str
    mode: Literal["application", "benchmark"]
    budget_s: float
    shots: tuple[Shot, ...]
    freeze_frames: tuple[FreezeFrame, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    coverage: dict[str, dict[str, bool]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    cover_s: float = 0.0
    edits: dict[str, int] = field(default_factory=dict)

    @property
    def key_shots(self) -> Sequence[Shot]:
        """The selected shots in exam order."""
        return [shot for shot in self.shots if shot.selected]

    @property
    def used_s(self) -> float:
        """Total duration of the key shots."""
        return sum(shot.duration_s for shot in self.key_shots)
