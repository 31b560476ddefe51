"""Freeze-frames, found as frozen stretches or given with the exam, and the shots that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from usummary.analysis.planes import best_plane
from usummary.types import STANDARD_PLANES, Features, FreezeFrame, Shot

MIN_FROZEN_S = 1.0
"""A shorter stillness is a resting probe or a repeated frame, not a freeze."""

MIN_RUN_S = 0.25
"""Stillness this long counts towards a frozen stretch; less is a doubled frame."""

MAX_GAP_S = 0.25
"""Still runs this close together are one: a sync frame can look like a change."""

SAME_SAVE_S = 10.0
"""Saves closer than this count once, as the last of them, unless they show different planes."""


def find_frozen(features: Features) -> tuple[FreezeFrame, ...]:
    """Frozen stretches of an exam's recordings, in exam order.

    The time of a freeze-frame is that of the first frame that shows the frozen picture. A recording
    that is still from its first to its last frame was not frozen by anybody and gives none.
    """
    stretches: list[FreezeFrame] = []
    for which in np.unique(features.samples.recordings):
        stretches += _frozen_in(features, int(which))
    return tuple(stretches)


def _frozen_in(features: Features, which: int) -> list[FreezeFrame]:
    rows = features.samples.recordings == which
    frozen = features.frozen[rows].ravel()
    times = features.samples.times_s[rows].ravel()
    frames = features.samples.frames[rows].ravel()
    clips = np.repeat(np.flatnonzero(rows), features.frozen.shape[1])
    stretches = []
    for first, last in _runs(frozen, times):
        if times[last] - times[first] < MIN_FROZEN_S or (first == 0 and last == len(frames) - 1):
            continue
        middle = (first + last) // 2  # the first clip can still show movement before the freeze
        plane, _ = best_plane(features, clips[middle : middle + 1])
        stretches.append(
            FreezeFrame(
                time_s=float(times[first]),
                recording=which,
                frame=int(frames[first]),
                source="frozen",
                plane=plane,
                end_s=float(times[last]),
            )
        )
    return stretches


def _runs(frozen: np.ndarray, times: np.ndarray) -> list[tuple[int, int]]:
    """First and last sample (inclusive) of each still run; short interruptions are bridged.

    `frozen` says that a sample repeats the one before, so a run begins one sample earlier. A few
    repeated samples are no run: recordings hold doubled frames where their rate was converted.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frozen, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        first, last = max(int(begin) - 1, 0), int(end) - 1
        if times[last] - times[first] < MIN_RUN_S:
            continue
        if runs and times[first] - times[runs[-1][1]] <= MAX_GAP_S:
            first = runs.pop()[0]
        runs.append((first, last))
    return runs


def merged(given: Sequence[FreezeFrame], frozen: Sequence[FreezeFrame]) -> tuple[FreezeFrame, ...]:
    """Given and found freeze-frames together, by time.

    A given freeze-frame replaces the frozen stretch that it falls into.
    """
    kept = [
        stretch
        for stretch in frozen
        if not any(
            stretch.time_s - MIN_FROZEN_S <= other.time_s <= stretch.end_s + MIN_FROZEN_S
            for other in given
        )
    ]
    return tuple(sorted([*given, *kept], key=lambda freeze: freeze.time_s))


def _is_same_save(freeze: FreezeFrame, later: FreezeFrame) -> bool:
    """Whether a later save replaces this one: it comes soon after and shows no other plane."""
    other_plane = freeze.plane is not None and later.plane not in {None, freeze.plane}
    return later.time_s - freeze.time_s < SAME_SAVE_S and not other_plane


def matched(freeze_frames: Sequence[FreezeFrame], shots: Sequence[Shot]) -> tuple[FreezeFrame, ...]:
    """The freeze-frames, each with the key shot that holds it or that its stretch lasts into."""
    holding = holders(freeze_frames, shots, selected_only=True)
    return tuple(
        replace(freeze, matched_shot=holder if holder is not None else _reached(freeze, shots))
        for freeze, holder in zip(freeze_frames, holding, strict=True)
    )


def reference_shots(freeze_frames: Sequence[FreezeFrame], shots: Sequence[Shot]) -> list[int]:
    """Indices of the shots that make the reference summary: those that hold a save.

    Saves close together count once (`SAME_SAVE_S`). If any save shows a standard plane, only saves
    of standard planes count.
    """
    saves = [
        freeze
        for freeze, later in zip(freeze_frames, [*freeze_frames, None][1:], strict=True)
        if later is None or not _is_same_save(freeze, later)
    ]
    on_plane = [freeze for freeze in saves if freeze.plane in STANDARD_PLANES]
    holding = holders(on_plane or saves, shots)
    return sorted({index for index in holding if index is not None})


def holders(
    freeze_frames: Sequence[FreezeFrame], shots: Sequence[Shot], *, selected_only: bool = False
) -> list[int | None]:
    """Index of the shot that holds the frame of each freeze-frame, None where none does.

    Frames are compared, not times. A freeze-frame that is listed at the very end of the exam stands
    at the last frame, which the last shot holds; the exam's end itself is in no half-open interval.
    """
    recordings = np.array([shot.recording for shot in shots])
    firsts = np.array([shot.start_frame for shot in shots])
    ends = np.array([shot.end_frame for shot in shots])
    wanted = np.array([shot.selected or not selected_only for shot in shots], np.bool_)
    holding: list[int | None] = []
    for freeze in freeze_frames:
        holds = wanted & (recordings == freeze.recording)
        holds &= (firsts <= freeze.frame) & (freeze.frame < ends)
        holding.append(int(holds.argmax()) if holds.any() else None)
    return holding


def _reached(freeze: FreezeFrame, shots: Sequence[Shot]) -> int | None:
    """Index of the first key shot that a frozen stretch lasts into, None without one."""
    if freeze.end_s <= freeze.time_s:
        return None
    overlapping = (
        index
        for index, shot in enumerate(shots)
        if shot.selected
        and shot.recording == freeze.recording
        and freeze.time_s < shot.end_s
        and shot.start_s <= freeze.end_s
    )
    return next(overlapping, None)
