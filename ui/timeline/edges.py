"""Dragging a shot's edge: which edge is meant, how far it may go, and on which frame it lands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ui.session.state import FrameTable, State
from ui.timeline.view import View
from usummary.types import Shot

NEAR_PX = 5.0
Which = Literal["start", "end"]


@dataclass(frozen=True)
class Edge:
    """An edge that is under the cursor or being dragged.

    Attributes:
        shot: Index into `State.shots`.
        which: Which of the shot's ends.
        position: Position of the shot's first picture, or one after that of its last picture. The
            latter may be the first picture of the next recording, or the number of pictures.
        lowest, highest: Positions that it may be dragged to: within the recording, at least one
            picture away from the other end, and never into a locked shot.
    """

    shot: int
    which: Which
    position: int
    lowest: int
    highest: int

    def dragged_to(self, time_s: float, table: FrameTable) -> Edge:
        """The edge moved to the border between two pictures that is nearest to an exam time."""
        position = nearest_border(table, time_s)
        return replace(self, position=min(max(position, self.lowest), self.highest))


def border_time(table: FrameTable, position: int) -> float:
    """Exam time at which a position's picture starts; the exam's end for the number of pictures."""
    return table.end_s if position >= len(table) else table.time_of(position)


def nearest_border(table: FrameTable, time_s: float) -> int:
    """Position whose start is nearest to a time; the number of pictures for the exam's end."""
    after = int(np.searchsorted(table.times_s, time_s))
    before = max(after - 1, 0)
    nearer = time_s - border_time(table, before) <= border_time(table, after) - time_s
    return before if nearer else after


def edge_near(state: State, view: View, x: float) -> Edge | None:
    """The edge of a shot within reach of pixel `x` that may be moved, or None.

    Where two shots meet, the key shot's edge is taken; if both or neither are key shots, the edge
    of the shot under `x`.
    """
    if not state.can_edit or state.opened is None:
        return None
    candidates: list[tuple[bool, float, int, Which]] = []
    time_s, reach = view.time(x), NEAR_PX / view.px_per_s
    for index, shot in enumerate(state.shots):
        if shot.decision == "locked" or not _near(shot, time_s, reach):
            continue
        ends: tuple[tuple[Which, float, float], ...] = (
            ("start", shot.start_s, 1.0), ("end", shot.end_s, -1.0),
        )  # fmt: skip
        for which, at, inward in ends:
            off = (time_s - at) * inward
            if abs(off) <= reach:
                # An edge whose shot is on the other side of `x` comes after all within their shot.
                candidates.append(
                    (not shot.selected, abs(off) if off >= 0 else reach - off, index, which)
                )
    if not candidates:
        return None
    _, _, index, which = min(candidates)
    return _edge(state.opened.table, state.shots, index, which)


def _near(shot: Shot, time_s: float, reach: float) -> bool:
    return shot.start_s - reach <= time_s <= shot.end_s + reach


def _edge(table: FrameTable, shots: tuple[Shot, ...], index: int, which: Which) -> Edge:
    shot = shots[index]
    first = table.starts[shot.recording]
    lowest, highest = first, table.starts[shot.recording + 1]
    for other in shots:
        if other.decision == "locked" and other.recording == shot.recording:
            if other.end_frame <= shot.start_frame:
                lowest = max(lowest, first + other.end_frame)
            elif other.start_frame >= shot.end_frame:
                highest = min(highest, first + other.start_frame)
    start, end = first + shot.start_frame, first + shot.end_frame
    if which == "start":
        return Edge(index, which, start, lowest, end - 1)
    return Edge(index, which, end, start + 1, highest)
