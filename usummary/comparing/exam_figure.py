"""A figure of one exam's summaries side by side: a lane each, the freeze-frames above them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from matplotlib import rc_context
from matplotlib.figure import Figure as Canvas

from usummary.comparing.figure import COLOURS, INK, ORANGE, STYLE, Figure, Rows
from usummary.comparing.one_exam import Compared
from usummary.export.options import RESEARCH_USE
from usummary.types import FreezeFrame

_COLUMNS = (
    "what", "summarised by", "length", "f1", "recall at 1 s", "planes shown", "saved planes",
    "seconds used", "start_s", "end_s", "plane",
)  # fmt: skip
_COLOURS = tuple(colour for colour in COLOURS if colour != ORANGE)
"""Colours of lanes: orange is for the freeze-frames alone."""
_MINUTE_S = 60.0
_HIGH = 0.72


def figure_of_lanes(lanes: Sequence[Compared]) -> Figure:
    """The lanes in their order over the exam's minutes, with F1 and recall beside each.

    Names no file. The data have one row for each lane, each key shot and each freeze-frame.
    """
    freezes = lanes[0].summary.freeze_frames
    with rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 1.1 + 0.17 * (len(lanes) + 1)), layout="constrained")
        axes = canvas.subplots()
        for freeze in freezes:
            axes.axvline(freeze.time_s / _MINUTE_S, color=ORANGE, linewidth=0.5, zorder=0)
        frozen = [freeze.time_s / _MINUTE_S for freeze in freezes]
        axes.plot(frozen, [0] * len(frozen), "D", color=ORANGE, mec=INK, mew=0.4, markersize=3.5)
        names = list(dict.fromkeys(lane.who for lane in lanes))
        for row, lane in enumerate(lanes, start=1):
            shots = lane.summary.key_shots
            spans = [(shot.start_s / _MINUTE_S, shot.duration_s / _MINUTE_S) for shot in shots]
            colour = _COLOURS[names.index(lane.who) % len(_COLOURS)]
            axes.broken_barh(spans, (row - _HIGH / 2, _HIGH), facecolors=colour)
        right = axes.get_yaxis_transform()
        for row, text in enumerate(["F1, recall", *(_measured(lane) for lane in lanes)]):
            axes.text(1.01, row, text, va="center", fontsize=7, transform=right)
        axes.set_yticks(range(len(lanes) + 1), ["freeze-frames", *_labels(lanes)])
        axes.set_ylim(len(lanes) + 0.6, -0.6)
        axes.set_xlim(0, lanes[0].summary.analysis.duration_s / _MINUTE_S)
        axes.set_xlabel(f"minutes\n{RESEARCH_USE}")
    return Figure(canvas, _COLUMNS, _rows(lanes, freezes))


def _labels(lanes: Sequence[Compared]) -> list[str]:
    """Length of each lane; the first lane of a group also has the group's name."""
    labels: list[str] = []
    for who, group in groupby(lanes, key=lambda lane: lane.who):
        lengths = [lane.length for lane in group]
        labels += [f"{who}   {lengths[0]}", *lengths[1:]]
    return labels


def _measured(lane: Compared) -> str:
    if lane.f1 is None or lane.recall is None:
        return "undefined"
    return f"{lane.f1:.2f}, {lane.recall:.2f}"


def _rows(lanes: Sequence[Compared], freezes: Sequence[FreezeFrame]) -> Rows:
    rows: list[tuple[str | float, ...]] = []
    unmeasured = ("",) * 5
    for lane in lanes:
        known = [lane.f1, lane.recall, lane.planes_shown, lane.saved_planes]
        values = ["undefined" if value is None else value for value in known]
        rows.append(("lane", lane.who, lane.length, *values, lane.used_s, "", "", ""))
        rows += [
            ("key shot", lane.who, lane.length, *unmeasured, s.start_s, s.end_s, s.plane or "")
            for s in lane.summary.key_shots
        ]
    rows += [
        ("freeze-frame", "", "", *unmeasured, f.time_s, max(f.end_s, f.time_s), f.plane or "")
        for f in freezes
    ]
    return tuple(rows)
