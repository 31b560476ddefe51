"""The truth file beside a composed recording (docs/formats.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usummary.errors import UnreadableFile
from usummary.paths import stem_of
from usummary.training.composing.script import LabelledRange, Save
from usummary.types import STANDARD_PLANES, Shot

Range = tuple[int, int]

SEEN_S = 1.0
"""A summary shows a plane if the plane is held in its key shots for this long."""


@dataclass(frozen=True)
class Truth:
    """The course of a composed recording.

    Attributes:
        fps: Frames per second.
        frame_count: Frames of the recording.
        visits: What is shown, from the first frame to the last.
        held: Half-open ranges of frames in which the view is held still.
        saves: Saved images, by frame.
    """

    fps: float
    frame_count: int
    visits: tuple[LabelledRange, ...]
    held: tuple[Range, ...]
    saves: tuple[Save, ...]

    def holds(self, planes: Iterable[str] = STANDARD_PLANES) -> NDArray[np.bool_]:
        """(frame_count,) where a view of one of these planes is held."""
        wanted = {*planes}
        visits = (visit for visit in self.visits if visit.label in wanted)
        visited = self._within((visit.start, visit.end) for visit in visits)
        return visited & self.still()

    def still(self) -> NDArray[np.bool_]:
        """(frame_count,) where any view is held, of a plane or not."""
        return self._within(self.held)

    def planes_seen(self, key_shots: Sequence[Shot]) -> float:
        """Share of the saved standard planes that key shots show held for `SEEN_S` or longer."""
        saved = {save.label for save in self.saves} & {*STANDARD_PLANES}
        if not saved:
            return 0.0
        kept = self._within((shot.start_frame, shot.end_frame) for shot in key_shots)
        least = SEEN_S * self.fps
        return float(np.mean([(self.holds([plane]) & kept).sum() >= least for plane in saved]))

    def _within(self, ranges: Iterable[Range]) -> NDArray[np.bool_]:
        inside = np.zeros(self.frame_count, np.bool_)
        for start, end in ranges:
            inside[start:end] = True
        return inside


def read_truth(recording: Path) -> Truth | None:
    """The truth beside a recording; None if there is none, or the recording is not composed.

    Raises:
        UnreadableFile: The file beside it is damaged.
    """
    path = recording.absolute().with_name(f"{stem_of(recording)}.truth.json")
    try:
        if not path.is_file():
            return None
    except OSError:  # the longest names leave no room for another ending
        return None
    try:
        stored = json.loads(path.read_text("utf-8"))
        if not stored.get("composed"):
            return None
        return Truth(
            float(stored["fps"]),
            int(stored["frame_count"]),
            tuple(LabelledRange(str(v["label"]), *_range(v)) for v in stored["visits"]),
            tuple(map(_range, stored["held"])),
            tuple(Save(int(save["frame"]), str(save["label"])) for save in stored["saves"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableFile(f"The truth {path} is damaged. Compose it anew. {error}") from error


def _range(stored: Mapping[str, Any]) -> Range:
    return int(stored["start_frame"]), int(stored["end_frame"])
