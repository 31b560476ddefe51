"""The real pictures and label timelines for training, split before anything else is done.

Pictures are split by exam, patient or source, and timelines by operator, so that no person is in
two parts. SonoNet's 13 example captures, the only pictures of most planes, are test pictures.
"""

from __future__ import annotations

import csv
import functools
import gzip
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.analysis.clips import sampled
from usummary.errors import UnreadableFile
from usummary.types import BACKGROUND, Box, Frame, Picture

Part = Literal["train", "validation", "test"]

SAMPLE_RATE = 15.0
"""Frames per second of a clip, as in the application."""

_LARGEST = (472, 608)
"""Pictures are shrunk to fit this (rows, columns), the sector's canvas on a composed screen."""

_SMALL = (336, 432)

_CLIP_FRAMES = 64
"""Frames kept of a real clip at `SAMPLE_RATE`."""

_BRAIN = ("Brain (Cb.)", "Brain (Tv.)")
_FETAL_PLANES: dict[str, tuple[str, ...]] = {
    "Fetal femur": ("Femur",),
    "Fetal abdomen": ("Abdominal",),
    "Maternal cervix": (BACKGROUND,),
    # a thorax view is usually, not always, the four-chamber one; "Other" may be anything
    "Fetal thorax": (),
    "Other": (),
}
_BRAIN_PLANES: dict[str, tuple[str, ...]] = {
    "Trans-cerebellum": ("Brain (Cb.)",),
    "Trans-ventricular": ("Brain (Tv.)",),
    "Trans-thalamic": _BRAIN,  # SonoNet has no class of its own for it
    "Other": (),
}
THORAX = "thorax"
"""`Source.view` of the thorax stills of FETAL_PLANES_DB."""

_LUNG_PARTS: dict[str, Part] = {
    "pat4": "test",
    "2036-7902-4-16": "test",
    "pat3": "validation",
    "s13089-020-00177-4": "validation",
}
"""Patients or papers of the lung clips that are kept out of training; they are too few to draw."""

_OPERATOR_PARTS: dict[str, Part] = {
    "1": "test",
    "2": "test",
    "4": "test",
    "9": "test",
    "6": "validation",
    "7": "validation",
}
_NO_SAVES = frozenset({"14", "15", "16"})
"""Operators whose `collected` column is unusable; their timelines serve training only."""

_SPLIT = "2"
"""Drawing of the split. Drawing 1 served the first models, whose test part was looked at."""

EXAMPLES: dict[str, str] = {
    "3VV": "3VV",
    "4CH": "4CH",
    "ABDOMINAL": "Abdominal",
    "BRAIN-CB": "Brain (Cb.)",
    "BRAIN-TV": "Brain (Tv.)",
    "FEMUR": "Femur",
    "KIDNEYS": "Kidneys",
    "LIPS": "Lips",
    "LVOT": "LVOT",
    "PROFILE": "Profile",
    "RVOT": "RVOT",
    "SPINE-CORONAL": "Spine (cor.)",
    "SPINE-SAGITTAL": "Spine (sag.)",
}
"""SonoNet's example captures and the plane each one shows."""

_EXAMPLE_SECTOR = Box(81, 115, 874, 734)
"""Place of the sector in the example captures."""

_DARK = 9
"""Grey values up to this are the black around a sector."""
_LEAST_SECTOR = 0.3
"""A lit patch whose box is a smaller share of the picture is not the sector."""

OTHER = "Other"
"""Label of a structure that is no standard plane."""

SAVE_LABEL_S = 1.0
"""A caption disappears when its image is saved: a save has the nearest caption within this time."""


@dataclass(frozen=True)
class Source:
    """Pictures of one view of one person.

    Attributes:
        name: Data set and file, for people.
        pictures: Grey (n, H, W): one for a still, consecutive ones at `SAMPLE_RATE` for a clip.
        planes: Classes that the data set's own label allows; empty if it says nothing.
        view: What the data set calls the view, where `planes` cannot say it; else empty.
        machine: The scanner, where the data set names it; else empty.
    """

    name: str
    pictures: Picture
    planes: tuple[str, ...]
    view: str = ""
    machine: str = ""

    @functools.cached_property
    def small(self) -> Picture:
        """The pictures at most half as large again as the teacher's input."""
        return np.stack([_fit(picture, _SMALL) for picture in self.pictures])


@dataclass(frozen=True)
class RealCourse:
    """The labels of one real screening recording, ten per second.

    Attributes:
        operator: Number of the operator.
        labels: (n,) a standard plane, `OTHER` for another structure, "" without a caption.
        saved: (n,) bool, an image was saved here; None where the labels are unusable.
        doppler: (n,) bool, colour Doppler was on.
    """

    operator: str
    labels: tuple[str, ...]
    saved: NDArray[np.bool_] | None
    doppler: NDArray[np.bool_]

    def saves(self) -> list[tuple[int, str]]:
        """Position and label of each freeze-frame, see `one_of_each_save` and `SAVE_LABEL_S`."""
        if self.saved is None:
            return []
        return [(at, self._label_at(at)) for at in one_of_each_save(self.saved, TIMELINE_RATE)]

    def _label_at(self, position: int) -> str:
        for away in range(round(SAVE_LABEL_S * TIMELINE_RATE) + 1):
            for near in (position - away, position + away):
                if 0 <= near < len(self.labels) and self.labels[near]:
                    return self.labels[near]
        return ""


TIMELINE_RATE = 10.0


def load_sources(data: Path, part: Part) -> list[Source]:
    """All pictures of one part of the split.

    Args:
        data: The data folder, the one that holds ``ultrasound/``.
        part: Which part.

    Raises:
        UnreadableFile: A file or folder is missing or damaged.
    """
    root = data / "ultrasound"
    found = [*_heads(root / "hc18"), *_planes(root / "fetal_planes")]
    if not found:
        raise UnreadableFile(f"{data} holds no training pictures. Name the data folder.")
    sources = [
        Source(one.name, _still(one.path)[None], one.planes, one.view, one.machine)
        for one in found
        if _part_of(one.group) == part
    ]
    for path, group in _lung_clips(root / "lung_clips"):
        if _LUNG_PARTS.get(group, "train") == part:
            sources.append(Source(f"lung_clips/{path.name}", _clip(path), (BACKGROUND,)))
    if part == "test":
        sources += load_examples(data)
    return sources


def load_examples(data: Path) -> list[Source]:
    """The sectors of SonoNet's example captures, one of each standard plane.

    Raises:
        UnreadableFile: A capture is missing or damaged.
    """
    folder = data / "ultrasound" / "sononet" / "examples"
    return [
        Source(
            f"sononet/{name}.png",
            _fit(_EXAMPLE_SECTOR.crop(_grey_still(folder / f"{name}.png")))[None],
            (plane,),
        )
        for name, plane in EXAMPLES.items()
    ]


def load_timelines(data: Path, part: Part) -> list[RealCourse]:
    """The screening timelines of one part of the split, by operator number."""
    folder = data / "ultrasound" / "screening_timelines" / "frames"
    found = sorted((int(p.name.split("_")[1]), p) for p in folder.glob("Operator_*.csv.gz"))
    timelines = [
        _timeline(path, str(operator))
        for operator, path in found
        if _OPERATOR_PARTS.get(str(operator), "train") == part
    ]
    if not timelines:
        raise UnreadableFile(f"{folder} holds no timelines. Name the data folder.")
    return timelines


def one_of_each_save(saved: NDArray[np.bool_], rate: float, apart_s: float = 10.0) -> list[int]:
    """Positions of the freeze-frames: of saves closer than `apart_s`, the last one counts.

    Args:
        saved: (n,) bool at `rate` per second.
        rate: Positions per second.
        apart_s: Saves at least this far from the one before are freeze-frames of their own.
    """
    positions = np.flatnonzero(saved)
    return [
        int(here)
        for here, following in zip(positions, [*positions[1:], None], strict=False)
        if following is None or (following - here) / rate >= apart_s
    ]


def _part_of(group: str) -> Part:
    """The part of a name: 70 % train, 15 % validation, 15 % test, by a hash that never changes."""
    digest = hashlib.sha256(f"{_SPLIT}:{group}".encode()).digest()
    number = int.from_bytes(digest[:4], "big") % 100
    if number < 70:
        return "train"
    return "validation" if number < 85 else "test"


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise UnreadableFile(f"The list {path} cannot be read: {error.strerror}.") from error


@dataclass(frozen=True, slots=True)
class _Found:
    """A still before it is read; `group` is the person, by whom the split is made."""

    name: str
    path: Path
    planes: tuple[str, ...]
    group: str
    view: str = ""
    machine: str = ""


def _heads(folder: Path) -> Iterator[_Found]:
    for row in _rows(folder / "heads.csv"):
        name = row["filename"]
        group = "hc18/" + name.split("_")[0]
        yield _Found(f"hc18/{name}", folder / "images" / name, _BRAIN, group)


def _planes(folder: Path) -> Iterator[_Found]:
    for row in _rows(folder / "labels.csv"):
        name, label = row["file"], row["plane"]
        brain = label == "Fetal brain"
        planes = _BRAIN_PLANES[row["brain_plane"]] if brain else _FETAL_PLANES[label]
        yield _Found(
            f"fetal_planes/{name}",
            folder / "images" / name,
            planes,
            "planes/" + row["patient"],
            THORAX if label == "Fetal thorax" else "",
            row["machine"],
        )


def _lung_clips(folder: Path) -> Iterator[tuple[Path, str]]:
    for row in _rows(folder / "manifest.csv"):
        patient = re.search(r"pat\d", row["file"])
        yield (
            folder / row["file"],
            patient[0] if patient else _paper(row["source"]),
        )


def _paper(source: str) -> str:
    """The article's number in a link, without the rest of the link."""
    return source.split("#")[0].rsplit("/", 1)[-1]


def _fit(picture: Picture, largest: tuple[int, int] = _LARGEST) -> Picture:
    scale = min(largest[0] / picture.shape[0], largest[1] / picture.shape[1], 1.0)
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _still(path: Path) -> Picture:
    return _fit(sector_of(_grey_still(path)))


def sector_of(picture: Picture) -> Picture:
    """The lit sector of a saved image (H, W), cut out; what stands outside it becomes black.

    The sector is the largest lit patch after thin strokes, which texts and rulers are, are taken
    away. A picture without such a patch stays as it is.
    """
    lit = (cv2.blur(picture, (5, 5)) > _DARK).astype(np.uint8)
    thick = cv2.morphologyEx(lit, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    whole = cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    count, patches, facts, _ = cv2.connectedComponentsWithStats(whole)
    if count < 2:
        return picture
    patch = 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))
    outline, _ = cv2.findContours(
        (patches == patch).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    hull = cv2.convexHull(np.concatenate(outline))
    mask = np.zeros(picture.shape, np.uint8)
    cv2.fillPoly(mask, [hull], 255)
    x, y, width, height = cv2.boundingRect(hull)
    if width * height < _LEAST_SECTOR * picture.size:
        return picture
    return np.asarray(cv2.bitwise_and(picture, mask)[y : y + height, x : x + width], np.uint8)


def _grey_still(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise UnreadableFile(f"The picture {path} is missing or damaged.")
    return np.asarray(picture, np.uint8)


def _clip(path: Path) -> Picture:
    kept: list[Picture] = []
    try:
        with av.open(str(path)) as container:
            for frame in sampled(_decode(container), SAMPLE_RATE):
                kept.append(_fit(frame.pixels))
                if len(kept) == _CLIP_FRAMES:
                    break
    except (av.FFmpegError, OSError) as error:
        raise UnreadableFile(f"The clip {path} cannot be decoded: {error}.") from error
    return np.stack(kept)


def _decode(container: av.container.InputContainer) -> Iterator[Frame]:
    first: float | None = None
    for index, picture in enumerate(container.decode(video=0)):
        if picture.time is None:
            continue
        first = picture.time if first is None else first
        yield Frame(index, picture.time - first, _grey(picture))


def _grey(picture: av.VideoFrame) -> Picture:
    return np.asarray(picture.to_ndarray(format="gray"), np.uint8)


def _timeline(path: Path, operator: str) -> RealCourse:
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows: Sequence[dict[str, str]] = list(csv.DictReader(file))
    except OSError as error:
        raise UnreadableFile(f"The timeline {path} cannot be read: {error}.") from error
    saved = None if operator in _NO_SAVES else np.array([r["collected"] == "1" for r in rows])
    doppler = np.array([r["doppler"] == "1" for r in rows])
    return RealCourse(operator, tuple(r["sononet13"] for r in rows), saved, doppler)
