"""The window's state: the open exam, the person's choices, the playhead.

There is no Qt here, so that it can be tested without a display.

A *position* counts pictures from 0 through the whole exam, across its recordings. `FrameTable`
converts positions to exam times and back; everything that seeks uses it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from usummary.selection.edits import Edits
from usummary.types import Analysis, Exam, FreezeFrame, RecordingInfo, Scores, Shot, Summary

Phase = Literal["empty", "opening", "ready", "running", "done", "cancelled", "failed"]
Saving = Literal["nothing", "saving", "saved", "failed", "off"]
LENGTHS: tuple[str, ...] = ("15%", "20%", "25%", "P")
SPEEDS: tuple[float, ...] = (-4.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 4.0, 8.0)
HALF_TICK_S = 1e-6


@dataclass(frozen=True)
class FrameTable:
    """The exam time of every picture.

    Attributes:
        times_s: (n,) exam time of each position, ascending.
        starts: Position of each recording's first picture, and n at the end.
        end_s: Exam time at which the last picture ends.
    """

    times_s: NDArray[np.float64]
    starts: tuple[int, ...]
    end_s: float

    @classmethod
    def of(cls, exam: Exam) -> FrameTable:
        """Reads the times of every recording; may take seconds for a long one."""
        parts = [
            offset + recording.times_s
            for offset, recording in zip(exam.offsets_s, exam.recordings, strict=True)
        ]
        starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        times = np.concatenate(parts)
        end = max(exam.duration_s, float(times[-1]))
        return cls(times, tuple(int(start) for start in starts), end)

    def __len__(self) -> int:
        return len(self.times_s)

    def position_at(self, time_s: float) -> int:
        """Position on screen at an exam time, clamped to the exam."""
        position = int(np.searchsorted(self.times_s, time_s + HALF_TICK_S, side="right")) - 1
        return min(max(position, 0), len(self) - 1)

    def time_of(self, position: int) -> float:
        """Exam time of a position, clamped to the exam."""
        return float(self.times_s[min(max(position, 0), len(self) - 1)])

    def end_of(self, position: int) -> float:
        """Exam time at which a position's picture ends."""
        return self.end_s if position + 1 >= len(self) else self.time_of(position + 1)

    def position_of(self, recording: int, frame: int) -> int:
        """Position of a frame index of one recording."""
        first, stop = self.starts[recording], self.starts[recording + 1]
        return min(first + max(frame, 0), stop - 1)

    def place_of(self, position: int) -> tuple[int, int]:
        """Recording position in the exam and frame index in it."""
        recording = int(np.searchsorted(self.starts, position, side="right")) - 1
        recording = min(recording, len(self.starts) - 2)
        return recording, position - self.starts[recording]

    @cached_property
    def typical_step_s(self) -> float:
        """Median time between two pictures; 1/25 s if there is only one."""
        if len(self) < 2:
            return 0.04
        return float(np.median(np.diff(self.times_s[:5000]))) or 0.04


@dataclass(frozen=True)
class OpenedExam:
    """What the window knows of an exam once it can be shown.

    Attributes:
        path: The file or folder that was opened.
        recordings: One entry per recording, in exam order.
        table: Times of all pictures.
        freeze_frames: Those that come with the exam (stills, sidecar).
        notices: Sentences a person must see.
    """

    path: Path
    recordings: tuple[RecordingInfo, ...]
    table: FrameTable
    freeze_frames: tuple[FreezeFrame, ...] = ()
    notices: tuple[str, ...] = ()

    @classmethod
    def of(cls, exam: Exam) -> OpenedExam:
        infos = tuple(recording.info for recording in exam.recordings)
        return cls(exam.path, infos, FrameTable.of(exam), exam.freeze_frames, exam.notices)


@dataclass
class State:
    """The window's state; its methods are the only way it changes.

    Attributes:
        phase: What is being done with the exam.
        path: The exam that is open or being opened.
        video_stream: Which of its video streams the person chose (`Settings.video_stream`).
        opened: The exam, once it can be shown.
        summary: The finished result, None before.
        length: Wanted summary length as it is shown in the control.
        cover_planes: The summary keeps something of every recognised standard plane first.
        playhead_s: Exam time that the person wants to see; the picture on screen may still be
            another one, which is then being replaced.
        on_screen: Position of the picture on screen, None before the first one.
        selected: Index into `shots` of the selected shot, or None.
        computed: The analysis as it was computed, without any edit; None before a result.
        edits: What the person changed about it.
        in_s, out_s: Exam times of the in and the out point: start of the first and end of the
            last picture between them; None if not set.
        project_path: File that the edits are saved to; None before an exam is opened, and if the
            file must be left as it is.
        saving: Whether the newest edits are saved. ``saved``: they are on the disk; ``off``: there
            is no file to save them to.
        preview: Provisional scores of the exam's beginning, only while its features are computed.
    """

    phase: Phase = "empty"
    path: Path | None = None
    video_stream: int = 0
    opened: OpenedExam | None = None
    summary: Summary | None = None
    length: str = "15%"
    cover_planes: bool = True
    playhead_s: float = 0.0
    on_screen: int | None = None
    selected: int | None = None
    computed: Analysis | None = None
    edits: Edits = field(default_factory=Edits)
    in_s: float | None = None
    out_s: float | None = None
    project_path: Path | None = None
    saving: Saving = "nothing"
    preview: Scores | None = None
    _phase_before_run: Phase = field(default="ready", repr=False)

    def start_opening(self, path: Path, stream: int = 0) -> None:
        """Forgets the last exam. The wanted length stays, unless it is P: that exam defined it."""
        self.phase, self.path, self.video_stream = "opening", path, stream
        if self.length == "P":
            self.length = LENGTHS[0]
        self._forget()

    def _forget(self) -> None:
        self.opened = self.summary = self.selected = self.computed = self.project_path = None
        self.in_s = self.out_s = None
        self.edits, self.saving = Edits(), "nothing"
        self.preview = None
        self.playhead_s = 0.0
        self.on_screen = None

    def finish_opening(self, opened: OpenedExam) -> None:
        self.opened = opened
        if self.phase == "opening":
            self.phase = "ready"

    def start_run(self) -> None:
        self._phase_before_run = "done" if self.summary else "ready"
        self.phase = "running"

    def show_preview(self, scores: Scores) -> None:
        """Takes over provisional scores of the present run."""
        if self.phase == "running":
            self.preview = scores

    def cancel_run(self) -> None:
        """Goes back to the state before the run; an earlier result stays."""
        self.phase = "done" if self._phase_before_run == "done" else "cancelled"
        self.preview = None

    def finish_run(self, summary: Summary, computed: Analysis | None = None) -> None:
        """Takes over a run's result; `computed` is its analysis without the edits in `summary`."""
        self.phase, self.preview = "done", None
        self.computed = computed or summary.analysis
        self.show_summary(summary)

    def fail(self) -> None:
        self.phase = "done" if self.summary else "failed"
        self.preview = None

    def close(self) -> None:
        self.phase, self.path = "empty", None
        self._forget()

    def show_summary(self, summary: Summary) -> None:
        """Takes over a result; the selected shot stays selected unless it is no key shot any more.

        If its borders changed, the shot that holds most of its frames is selected.
        """
        before = self.shots[self.selected] if self.selected is not None else None
        self.summary, self.length = summary, summary.length
        self.cover_planes = summary.cover_s > 0
        if before is None:
            return
        self.selected = max(
            range(len(summary.shots)), key=lambda index: _shared(before, summary.shots[index])
        )
        if before.selected and not summary.shots[self.selected].selected:
            self.selected = None

    def set_point(self, which: Literal["in", "out"]) -> None:
        """Sets the in or the out point at the picture on screen; both pictures are included.

        The other point is removed if the two would then be in the wrong order.
        """
        if self.opened is None:
            return
        table = self.opened.table
        here = self.here
        if which == "in":
            self.in_s = table.time_of(here)
        else:
            self.out_s = table.end_of(here)
        if self.in_s is not None and self.out_s is not None and self.out_s <= self.in_s:
            self.in_s, self.out_s = (self.in_s, None) if which == "in" else (None, self.out_s)

    @property
    def here(self) -> int:
        """Position that labels name and edits act on: the picture on screen.

        It is not the playhead's while a picture is being decoded. What a person sees is what they
        mean, and what was asked for may arrive seconds later.
        """
        if self.on_screen is not None:
            return self.on_screen
        return self.opened.table.position_at(self.playhead_s) if self.opened else 0

    @property
    def here_s(self) -> float:
        """Exam time of the picture on screen; the playhead, if the picture is its own."""
        if self.opened is None or not self.late:
            return self.playhead_s
        return self.opened.table.time_of(self.here)

    @property
    def late(self) -> bool:
        """Whether the picture on screen is not the one at the playhead."""
        if self.opened is None or self.on_screen is None:
            return False
        return self.opened.table.position_at(self.playhead_s) != self.on_screen

    def clear_points(self) -> None:
        self.in_s = self.out_s = None

    @property
    def between_points(self) -> tuple[int, int] | None:
        """Half-open range of positions between the in and the out point; None if one is missing."""
        if self.opened is None or self.in_s is None or self.out_s is None:
            return None
        table = self.opened.table
        return table.position_at(self.in_s), table.position_at(self.out_s - 3 * HALF_TICK_S) + 1

    @property
    def can_edit(self) -> bool:
        return self.summary is not None and self.phase == "done"

    @property
    def target_shot(self) -> int | None:
        """The shot that keys act on: the selected one, else the one that the picture shows."""
        return self.selected if self.selected is not None else self.shot_at(self.here_s)

    @property
    def analysis(self) -> Analysis | None:
        return self.summary.analysis if self.summary else None

    @property
    def shots(self) -> tuple[Shot, ...]:
        return self.summary.shots if self.summary else ()

    @property
    def key_shots(self) -> list[int]:
        """Indices into `shots` of the key shots, in exam order."""
        return [index for index, shot in enumerate(self.shots) if shot.selected]

    @property
    def freeze_frames(self) -> tuple[FreezeFrame, ...]:
        """The freeze-frames of the result; before there is one, those that come with the exam."""
        if self.summary:
            return self.summary.freeze_frames
        return self.opened.freeze_frames if self.opened else ()

    @property
    def can_run(self) -> bool:
        return self.opened is not None and self.phase != "running"

    @property
    def can_export(self) -> bool:
        return self.summary is not None and self.phase == "done" and bool(self.key_shots)

    @property
    def notices(self) -> tuple[str, ...]:
        """Every sentence that the person must see, each once, in order."""
        texts: list[str] = list(self.opened.notices) if self.opened else []
        if self.summary:
            texts += self.summary.analysis.provenance.notices
            texts += self.summary.notices
        return tuple(dict.fromkeys(texts))

    def matched_freeze_frames(self, shot: int) -> list[int]:
        """Numbers (1-based, as shown) of the freeze-frames that a key shot holds."""
        return [
            number
            for number, freeze in enumerate(self.freeze_frames, start=1)
            if freeze.matched_shot == shot
        ]

    def shot_at(self, time_s: float) -> int | None:
        """Index of the shot that holds an exam time."""
        for index, shot in enumerate(self.shots):
            if shot.start_s <= time_s + HALF_TICK_S < shot.end_s:
                return index
        return None

    def next_key_shot(self, direction: int) -> int | None:
        """Nearest key shot that starts after (+1) or before (-1) the playhead."""
        starts = {index: self.shots[index].start_s for index in self.key_shots}
        if direction > 0:
            later = [i for i, start in starts.items() if start > self.playhead_s + HALF_TICK_S]
            return later[0] if later else None
        earlier = [i for i, start in starts.items() if start < self.playhead_s - HALF_TICK_S]
        return earlier[-1] if earlier else None

    def next_freeze_frame(self, direction: int) -> FreezeFrame | None:
        """Nearest freeze-frame after (+1) or before (-1) the picture on screen."""
        table = self.opened.table if self.opened else None
        if table is None:
            return None
        here = table.position_at(self.playhead_s)
        places = [(table.position_of(f.recording, f.frame), f) for f in self.freeze_frames]
        if direction > 0:
            return next((freeze for place, freeze in places if place > here), None)
        return next((freeze for place, freeze in reversed(places) if place < here), None)

    def after_key_shots(self, time_s: float) -> float | None:
        """Where playing only key shots continues at an exam time; None after the last key shot.

        Inside a key shot it is the time itself, else the start of the next key shot.
        """
        for index in self.key_shots:
            shot = self.shots[index]
            if time_s + HALF_TICK_S < shot.end_s:
                return max(time_s, shot.start_s)
        return None


def _shared(shot: Shot, other: Shot) -> int:
    """How many frames two shots share; negative if they are apart."""
    if shot.recording != other.recording:
        return -(2**62)
    return min(shot.end_frame, other.end_frame) - max(shot.start_frame, other.start_frame)


def next_speed(speed: float, direction: int) -> float:
    """The next faster (+1) or slower-then-reverse (-1) speed; 0 (paused) starts at 1 or -1."""
    if speed == 0:
        return 1.0 if direction > 0 else -1.0
    at = SPEEDS.index(speed) + direction
    return SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]


def clock(time_s: float, *, digits: int = 0) -> str:
    """Exam time for people: ``4:05`` or ``1:04:05``, with `digits` decimals."""
    unit = 10**digits
    ticks = int(time_s * unit + 1e-6)
    seconds, rest = divmod(ticks, unit)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{text}.{rest:0{digits}d}" if digits else text
