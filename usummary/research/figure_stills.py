"""Pictures of key shots for a figure, read from the recordings that a data set was made of.

They are masked like exports: only the sector is shown, because names can be burned in around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from usummary import readers
from usummary.analysis.sector import find_region
from usummary.errors import InputError, SettingsError
from usummary.export.canvas import Masks
from usummary.export.names import is_simulated
from usummary.export.options import RESEARCH_USE, SIMULATED
from usummary.readers.find_exams import find_exams
from usummary.research.record import VideoFacts
from usummary.types import Box, Exam, Picture, Region

_HIGH_PX = 240
_MOST_FRAMES_OFF = 1
"""SumMe's files state a frame less or more than some of its videos have."""


@dataclass(frozen=True)
class Stills:
    """The recordings that pictures are read from.

    Attributes:
        folder: Folder of the recordings, each named like the title of its video.
        whole: Not ultrasound: whole pictures are shown.
    """

    folder: Path
    whole: bool = False

    def read(self, facts: VideoFacts, frames: Sequence[int]) -> tuple[list[Picture], str]:
        """RGB pictures of some frames of a video, and a sentence that must stand beside them.

        Raises:
            SettingsError: The folder holds no such recording, or another one of that name.
            InputError: It cannot be read, or no sector was found and nobody said that it has none.
        """
        path = _find(self.folder, facts.title)
        with readers.open_exam(path) as exam:
            if abs(exam.frame_count - facts.frames) > _MOST_FRAMES_OFF:
                raise SettingsError(
                    f"{path.name} has {exam.frame_count} frames, the data set's video of that name "
                    f"{facts.frames}. Name the folder of the recordings it was made of."
                )
            regions = tuple(
                _region(exam, place, self.whole) for place in range(len(exam.recordings))
            )
            masks = Masks(regions, enabled=not self.whole)
            note = "" if self.whole else RESEARCH_USE
            if is_simulated(exam):
                note = f"{SIMULATED}. {note}"
            return [_still(exam, regions, masks, frame) for frame in frames], note


def _find(folder: Path, title: str) -> Path:
    """The recording of a title; benchmarks write blanks where files have underlines."""
    for path in find_exams(folder):
        if _plain(path.stem) == _plain(title) or _plain(path.name) == _plain(title):
            return path
    raise SettingsError(f"{folder} holds no recording named {title}. Name another folder.")


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ")


def _region(exam: Exam, place: int, whole: bool) -> Region:
    info = exam.recordings[place].info
    if whole:
        return Region(Box(0, 0, info.width, info.height), (), "whole")
    region = find_region(exam.recordings[place])
    if region.source == "whole":
        raise InputError(
            f"No sector was found in {info.path.name}, so its pictures could show names. If it is "
            "no ultrasound, add --whole."
        )
    return region


def _still(exam: Exam, regions: Sequence[Region], masks: Masks, frame: int) -> Picture:
    """The sector of a frame, small; `frame` counts through all recordings of the exam."""
    firsts = np.cumsum([0, *(one.info.frame_count for one in exam.recordings)])
    frame = min(frame, exam.frame_count - 1)
    place = int(np.searchsorted(firsts, frame, side="right")) - 1
    pixels = exam.recordings[place].frame(frame - int(firsts[place])).pixels
    cut = regions[place].box.crop(masks.apply(pixels, place))
    scale = min(1.0, _HIGH_PX / cut.shape[0])
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
