"""What a person changed, as one immutable value, and the analysis with those changes made.

`Edits` holds what differs from the automatic result. Every function here returns a new value: undo
goes back to the earlier value, and saving writes the value. `apply` makes the changes: Analysis +
Edits -> Analysis. It always starts from the analysis as it was computed, never from an edited one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from usummary.analysis.frame_scores import span_scores
from usummary.errors import SettingsError
from usummary.types import (
    STANDARD_PLANES,
    Analysis,
    Box,
    Decision,
    FreezeFrame,
    Region,
    Shot,
)

Polygon = tuple[tuple[int, int], ...]
"""Outline of a sector as (x, y) vertices in pixels."""

_LOCKED = "This shot is locked. Unlock it first."
_LOCKED_INSIDE = "A locked shot lies there. Unlock it first, or choose other borders."


@dataclass(frozen=True, slots=True, order=True)
class ShotSpan:
    """Which shot is meant: a half-open frame range of one recording."""

    recording: int
    start_frame: int
    end_frame: int

    @classmethod
    def of(cls, shot: Shot) -> ShotSpan:
        return cls(shot.recording, shot.start_frame, shot.end_frame)

    def overlaps(self, other: ShotSpan) -> bool:
        return (
            self.recording == other.recording
            and self.start_frame < other.end_frame
            and other.start_frame < self.end_frame
        )

    def without(self, other: ShotSpan) -> tuple[ShotSpan, ...]:
        """The parts of this span outside `other`, which overlaps it: none, one or two."""
        parts = ((self.start_frame, other.start_frame), (other.end_frame, self.end_frame))
        return tuple(ShotSpan(self.recording, first, last) for first, last in parts if first < last)


@dataclass(frozen=True)
class Edits:
    """Everything a person changed about one exam's result.

    Attributes:
        spans: All shots in exam order as the person cut them; None: as segmented.
        kept: Shots that are in the summary whatever its length.
        rejected: Shots that are never in it.
        locked: The part of `kept` that may not be rejected, cleared, split or moved.
        added_freezes: Freeze-frames of the person's own, by time.
        removed_freezes: ``(recording, frame)`` of freeze-frames that are left out.
        planes: ``((recording, frame), plane)`` of relabelled freeze-frames, ascending.
        masks: Sector outline confirmed by the person for each recording, None where it stays as
            found; empty if none was confirmed.

    Raises:
        SettingsError: A shot is decided on twice, or locked and not kept.
    """

    spans: tuple[ShotSpan, ...] | None = None
    kept: frozenset[ShotSpan] = frozenset()
    rejected: frozenset[ShotSpan] = frozenset()
    locked: frozenset[ShotSpan] = frozenset()
    added_freezes: tuple[FreezeFrame, ...] = ()
    removed_freezes: frozenset[tuple[int, int]] = frozenset()
    planes: tuple[tuple[tuple[int, int], str | None], ...] = ()
    masks: tuple[Polygon | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.locked <= self.kept:
            raise SettingsError("The edits hold a shot that is locked but not kept.")
        decided = sorted([*self.kept, *self.rejected])
        if any(span.overlaps(following) for span, following in itertools.pairwise(decided)):
            raise SettingsError("The edits decide twice on the same part of the recording.")

    def decision(self, shot: Shot) -> Decision:
        """What the person decided about a shot."""
        span = ShotSpan.of(shot)
        if span in self.locked:
            return "locked"
        if span in self.kept:
            return "kept"
        return "rejected" if span in self.rejected else "automatic"


UNEDITED = Edits()
"""Nothing was changed."""


# Decisions about shots


def keep(edits: Edits, shot: Shot) -> Edits:
    """The shot is always in the summary.

    Raises:
        SettingsError: It overlaps a locked shot.
    """
    span = ShotSpan.of(shot)
    if span in edits.kept:
        return edits
    free = _undecided(edits, span)
    return replace(free, kept=free.kept | {span})


def reject(edits: Edits, shot: Shot) -> Edits:
    """The shot is never in the summary.

    Raises:
        SettingsError: It is locked.
    """
    free = _undecided(edits, ShotSpan.of(shot))
    return replace(free, rejected=free.rejected | {ShotSpan.of(shot)})


def clear(edits: Edits, shot: Shot) -> Edits:
    """The shot is undecided again: its score says whether it is chosen.

    Raises:
        SettingsError: It is locked.
    """
    return _undecided(edits, ShotSpan.of(shot))


def lock(edits: Edits, shot: Shot) -> Edits:
    """The shot is kept, and protected from everything but `unlock`.

    Raises:
        SettingsError: It overlaps another locked shot.
    """
    kept = keep(edits, shot)
    return replace(kept, locked=kept.locked | {ShotSpan.of(shot)})


def unlock(edits: Edits, shot: Shot) -> Edits:
    """The shot stays kept, and can be changed again."""
    return replace(edits, locked=edits.locked - {ShotSpan.of(shot)})


def _undecided(edits: Edits, span: ShotSpan) -> Edits:
    if any(span.overlaps(locked) for locked in edits.locked):
        raise SettingsError(_LOCKED)
    return replace(
        edits,
        kept=frozenset(other for other in edits.kept if not other.overlaps(span)),
        rejected=frozenset(other for other in edits.rejected if not other.overlaps(span)),
    )


# Cutting. `shots` are always the shots on screen: those of the present summary.


def split(edits: Edits, shots: Sequence[Shot], recording: int, frame: int) -> Edits:
    """Cuts a shot in two before a frame; both parts keep the shot's decision.

    Raises:
        SettingsError: The shot is locked, or already begins at that frame.
    """
    for shot in shots:
        whole = ShotSpan.of(shot)
        if whole.recording == recording and whole.start_frame < frame < whole.end_frame:
            _check_unlocked(edits, whole)
            first = ShotSpan(recording, whole.start_frame, frame)
            return _recut(
                edits, shots, {whole: (first, ShotSpan(recording, frame, whole.end_frame))}
            )
    raise SettingsError(
        "A shot already begins at this picture. Move to a picture inside a shot to split it."
    )


def move_edge(
    edits: Edits, shots: Sequence[Shot], index: int, edge: Literal["start", "end"], frame: int
) -> Edits:
    """Moves where a shot starts or ends.

    A shot that grows takes frames from its neighbours, if need be all frames of some. Frames that a
    shot gives up go to its neighbour, or become a shot of their own if that neighbour is locked or
    missing. A key shot is kept from then on: a person who sets its borders wants it.

    Args:
        edits: The edits so far.
        shots: The shots on screen.
        index: Position of the shot in `shots`.
        edge: Which of its ends moves.
        frame: New `start_frame` or `end_frame`; clamped to the recording.

    Raises:
        SettingsError: The shot is locked, or a shot that it would take frames from, or nothing of
            the shot would be left.
    """
    old = ShotSpan.of(shots[index])
    _check_unlocked(edits, old)
    frame = min(max(frame, 0), _frame_count(shots, old.recording))
    new = replace(old, start_frame=frame) if edge == "start" else replace(old, end_frame=frame)
    if new == old:
        return edits
    if new.start_frame >= new.end_frame:
        raise SettingsError("Nothing of the shot would be left. To leave it out, reject it.")
    pieces = {span: span.without(new) for span in map(ShotSpan.of, shots) if span.overlaps(new)}
    pieces |= _given_up(edits, shots, index, new)
    pieces[old] = (new,)
    for span in pieces:
        _check_unlocked(edits, span, _LOCKED_INSIDE)
    moved = _recut(edits, shots, pieces)
    if shots[index].selected and new not in moved.kept | moved.rejected:
        return replace(moved, kept=moved.kept | {new})
    return moved


def add_shot(edits: Edits, shots: Sequence[Shot], recording: int, start: int, end: int) -> Edits:
    """Makes the frames ``[start, end)`` a shot, cut out of the present shots, and keeps it.

    Raises:
        SettingsError: No frame lies between the two, or a locked shot does.
    """
    start, end = max(start, 0), min(end, _frame_count(shots, recording))
    if start >= end:
        raise SettingsError("The out point must come after the in point, in the same recording.")
    new = ShotSpan(recording, start, end)
    spans = [ShotSpan.of(shot) for shot in shots]
    if new in edits.kept:
        return edits
    pieces = {span: span.without(new) for span in spans if span.overlaps(new) and span != new}
    for span in pieces:
        _check_unlocked(edits, span, _LOCKED_INSIDE)
    cut = edits if new in spans else _recut(edits, shots, pieces, (new,))
    return replace(cut, kept=cut.kept | {new}, rejected=cut.rejected - {new})


def _given_up(
    edits: Edits, shots: Sequence[Shot], index: int, new: ShotSpan
) -> dict[ShotSpan, tuple[ShotSpan, ...]]:
    """The neighbour's new span, if it takes over the frames that shot number `index` gives up."""
    old = ShotSpan.of(shots[index])
    if old.start_frame < new.start_frame:
        beside, grows_by = index - 1, {"end_frame": new.start_frame}
    elif new.end_frame < old.end_frame:
        beside, grows_by = index + 1, {"start_frame": new.end_frame}
    else:
        return {}
    if 0 <= beside < len(shots) and shots[beside].recording == old.recording:
        neighbour = ShotSpan.of(shots[beside])
        if neighbour not in edits.locked:
            return {neighbour: (replace(neighbour, **grows_by),)}
    return {}


def _recut(
    edits: Edits,
    shots: Sequence[Shot],
    pieces: Mapping[ShotSpan, tuple[ShotSpan, ...]],
    new: Iterable[ShotSpan] = (),
) -> Edits:
    """The edits with some shots replaced by `pieces`, which inherit the decisions about them.

    Frames that no shot covers then become undecided shots. A shot that only the choice of the
    summary cut becomes whole again, unless one of its parts is replaced.
    """
    wholes = {ShotSpan.of(shot): _whole(shot) for shot in shots}
    cut = {wholes[span] for span in pieces}
    spans = [*new]
    for span, whole in wholes.items():
        spans += pieces.get(span, (span if whole in cut else whole,))
    spans = _gaps_filled(dict.fromkeys(spans), shots)

    def inherited(decided: frozenset[ShotSpan]) -> frozenset[ShotSpan]:
        return frozenset(part for span in decided for part in pieces.get(span, (span,)))

    return replace(
        edits,
        spans=tuple(spans),
        kept=inherited(edits.kept),
        rejected=inherited(edits.rejected),
        locked=inherited(edits.locked),
    )


def _whole(shot: Shot) -> ShotSpan:
    """Span of the shot that this one was cut from, or its own."""
    return ShotSpan(shot.recording, *shot.whole) if shot.whole else ShotSpan.of(shot)


def _gaps_filled(spans: Iterable[ShotSpan], shots: Sequence[Shot]) -> list[ShotSpan]:
    """The spans in order, with a new span in every gap; `shots` say how long recordings are."""
    filled: list[ShotSpan] = []
    for recording, group in itertools.groupby(sorted(spans), key=lambda span: span.recording):
        at = 0
        # The empty span at the end closes the last gap.
        for span in [*group, ShotSpan(recording, _frame_count(shots, recording), 0)]:
            if at < span.start_frame:
                filled.append(ShotSpan(recording, at, span.start_frame))
            if span.end_frame:
                filled.append(span)
                at = span.end_frame
    return filled


def _frame_count(shots: Sequence[Shot], recording: int) -> int:
    """Number of frames of a recording: its last shot ends where it does."""
    return max((shot.end_frame for shot in shots if shot.recording == recording), default=0)


def _check_unlocked(edits: Edits, span: ShotSpan, message: str = _LOCKED) -> None:
    if span in edits.locked:
        raise SettingsError(message)


# Freeze-frames and masks


def freeze_at(
    analysis: Analysis, recording: int, frame: int, plane: str | None = None
) -> FreezeFrame:
    """A freeze-frame of the person's own, for `add_freeze`."""
    time_s = float(analysis.frame_times_s[recording][frame])
    return FreezeFrame(time_s, recording, frame, "added", plane, end_s=time_s)


def add_freeze(edits: Edits, freeze: FreezeFrame) -> Edits:
    """Adds a freeze-frame.

    Raises:
        SettingsError: One was added at the same picture, or its plane is none of the standard ones.
    """
    _check_plane(freeze.plane)
    if any(_place(other) == _place(freeze) for other in edits.added_freezes):
        raise SettingsError("There is a freeze-frame at this picture already.")
    added = sorted([*edits.added_freezes, freeze], key=lambda other: other.time_s)
    return replace(edits, added_freezes=tuple(added))


def remove_freeze(edits: Edits, freeze: FreezeFrame) -> Edits:
    """Leaves out a freeze-frame, whether it was found, given or added."""
    place = _place(freeze)
    added = tuple(other for other in edits.added_freezes if _place(other) != place)
    removed = edits.removed_freezes | ({place} if freeze.source != "added" else set())
    planes = tuple(entry for entry in edits.planes if entry[0] != place)
    return replace(edits, added_freezes=added, removed_freezes=removed, planes=planes)


def relabel(edits: Edits, freeze: FreezeFrame, plane: str | None) -> Edits:
    """Sets which standard plane a freeze-frame shows; None: none of them.

    Raises:
        SettingsError: `plane` is none of the standard ones.
    """
    _check_plane(plane)
    place = _place(freeze)
    if freeze.source == "added":
        added = tuple(
            replace(other, plane=plane) if _place(other) == place else other
            for other in edits.added_freezes
        )
        return replace(edits, added_freezes=added)
    planes = dict(edits.planes) | {place: plane}
    return replace(edits, planes=tuple(sorted(planes.items(), key=lambda entry: entry[0])))


def set_mask(edits: Edits, recording: int, polygon: Polygon | None, count: int) -> Edits:
    """Confirms the sector outline of one of `count` recordings; None: as it was found.

    Raises:
        SettingsError: The polygon encloses nothing, or leaves the picture at the left or the top.
    """
    if polygon is not None:
        polygon = tuple((int(x), int(y)) for x, y in polygon)
        if min((value for vertex in polygon for value in vertex), default=0) < 0:
            raise SettingsError("The outline of the sector must stay inside the picture.")
        if _area(polygon) == 0:
            raise SettingsError(
                "The outline of the sector encloses nothing. It needs three corners at least."
            )
    masks = list(edits.masks) or [None] * count
    masks[recording] = polygon
    return replace(edits, masks=tuple(masks) if any(masks) else ())


def _place(freeze: FreezeFrame) -> tuple[int, int]:
    return freeze.recording, freeze.frame


def _check_plane(plane: str | None) -> None:
    if plane is not None and plane not in STANDARD_PLANES:
        raise SettingsError(f'"{plane}" is no standard plane. Choose one of the list, or none.')


def _area(polygon: Polygon) -> float:
    following = (*polygon[1:], *polygon[:1])
    twice = sum(x * v - y * u for (x, y), (u, v) in zip(polygon, following, strict=True))
    return abs(twice) / 2


# From the edits to the edited analysis


def apply(analysis: Analysis, edits: Edits) -> Analysis:
    """The analysis with the changes made; `analysis` itself if there are none.

    Shots whose borders the person set get score and key frame from the analysis' scores, and the
    plane of the segmented shot that most of their frames come from. If the person decided on a shot
    that is not among the segmented ones, it is cut out of them: the person saw it, so it exists.

    Raises:
        SettingsError: The edits do not fit the analysis; they were made on another recording.
    """
    if edits == UNEDITED:
        return analysis
    return replace(
        analysis,
        shots=_shots(analysis, edits),
        freeze_frames=_freeze_frames(analysis, edits),
        regions=_regions(analysis, edits),
    )


def counts(edits: Edits, shots: Sequence[Shot]) -> dict[str, int]:
    """How many changes of each kind were made, for the run record; empty without any edit.

    Args:
        edits: The edits.
        shots: The shots that `apply` made of them.
    """
    if edits == UNEDITED:
        return {}
    return {
        "kept": len(edits.kept - edits.locked),
        "locked": len(edits.locked),
        "rejected": len(edits.rejected),
        "recut": sum(shot.recut for shot in shots),
        "freeze_frames_added": len(edits.added_freezes),
        "freeze_frames_removed": len(edits.removed_freezes),
        "freeze_frames_relabelled": len(edits.planes),
        "masks": sum(mask is not None for mask in edits.masks),
    }


def _shots(analysis: Analysis, edits: Edits) -> tuple[Shot, ...]:
    segmented = {ShotSpan.of(shot): shot for shot in analysis.shots}
    spans = _spans(analysis, edits, list(segmented))
    new = _new_shots(analysis, [span for span in spans if span not in segmented])
    shots = (segmented.get(span) or new[span] for span in spans)
    decided = edits.kept | edits.rejected
    return tuple(
        replace(shot, decision=edits.decision(shot)) if span in decided else shot
        for span, shot in zip(spans, shots, strict=True)
    )


def _spans(analysis: Analysis, edits: Edits, segmented: list[ShotSpan]) -> list[ShotSpan]:
    """All spans in exam order, among them every span that the person decided on."""
    if edits.spans is not None:
        _check_cover(analysis, edits.spans)
    spans = list(segmented if edits.spans is None else edits.spans)
    present = set(spans)
    for wanted in sorted((edits.kept | edits.rejected) - present):
        lengths = analysis.frame_times_s[wanted.recording : wanted.recording + 1]
        if not lengths or not 0 <= wanted.start_frame < wanted.end_frame <= len(lengths[0]):
            raise _misfit()
        spans = [
            part
            for span in spans
            for part in (span.without(wanted) if span.overlaps(wanted) else (span,))
        ]
        spans.append(wanted)
    return sorted(spans)


def _check_cover(analysis: Analysis, spans: Sequence[ShotSpan]) -> None:
    """Raises SettingsError unless the spans cover every recording once, in order."""
    counts = [len(times) for times in analysis.frame_times_s]
    recording = frame = 0
    for span in spans:
        if (
            recording == len(counts)
            or (span.recording, span.start_frame) != (recording, frame)
            or not frame < span.end_frame <= counts[recording]
        ):
            raise _misfit()
        frame = span.end_frame
        if frame == counts[recording]:
            recording, frame = recording + 1, 0
    if recording != len(counts):
        raise _misfit()


def _misfit() -> SettingsError:
    return SettingsError(
        "The edits do not fit this recording; they were made on another one. "
        "Open the recording that they belong to."
    )


def _new_shots(analysis: Analysis, spans: Sequence[ShotSpan]) -> dict[ShotSpan, Shot]:
    """New shots for `spans` (in exam order), whose borders the segmentation did not set."""
    shots: dict[ShotSpan, Shot] = {}
    for recording, group in itertools.groupby(spans, key=lambda span: span.recording):
        mine = list(group)
        chosen = analysis.scores.recordings == recording
        times = analysis.frame_times_s[recording]
        means, keys = span_scores(
            analysis.scores.values[chosen],
            analysis.scores.frames[chosen],
            [span.start_frame for span in mine],
            [span.end_frame for span in mine],
        )
        parents = [shot for shot in analysis.shots if shot.recording == recording]
        recording_end_s = max(shot.end_s for shot in parents)
        rows = zip(mine, means, keys, _parents(parents, mine), strict=True)
        for span, mean, key, parent in rows:
            last = span.end_frame
            shots[span] = replace(
                parent,
                start_frame=span.start_frame,
                end_frame=last,
                start_s=float(times[span.start_frame]),
                end_s=float(times[last]) if last < len(times) else recording_end_s,
                score=float(mean),
                key_frame=int(key),
                recut=True,
            )
    return shots


def _parents(shots: Sequence[Shot], spans: Sequence[ShotSpan]) -> list[Shot]:
    """For each span the shot that most of its frames come from."""
    starts = np.array([shot.start_frame for shot in shots])
    ends = np.array([shot.end_frame for shot in shots])
    shared = (
        np.minimum(ends, span.end_frame) - np.maximum(starts, span.start_frame) for span in spans
    )
    return [shots[int(frames.argmax())] for frames in shared]


def _freeze_frames(analysis: Analysis, edits: Edits) -> tuple[FreezeFrame, ...]:
    planes = dict(edits.planes)
    there = [
        replace(freeze, plane=planes[_place(freeze)]) if _place(freeze) in planes else freeze
        for freeze in analysis.freeze_frames
        if _place(freeze) not in edits.removed_freezes
    ]
    taken = {_place(freeze) for freeze in there}
    added = [freeze for freeze in edits.added_freezes if _place(freeze) not in taken]
    return tuple(sorted([*there, *added], key=lambda freeze: freeze.time_s))


def _regions(analysis: Analysis, edits: Edits) -> tuple[Region, ...]:
    if not edits.masks:
        return analysis.regions
    if len(edits.masks) != len(analysis.regions):
        raise _misfit()
    return tuple(
        region if polygon is None else _region(polygon)
        for region, polygon in zip(analysis.regions, edits.masks, strict=True)
    )


def _region(polygon: Polygon) -> Region:
    columns, rows = zip(*polygon, strict=True)
    return Region(Box(min(columns), min(rows), max(columns), max(rows)), polygon, "person")
