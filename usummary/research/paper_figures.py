"""The paper's figures 5 and 7 of our experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from usummary.comparing.figure import COLOURS, INK, STYLE, Figure, Rows
from usummary.errors import SettingsError
from usummary.research.record import Record
from usummary.research.statistics import estimate, f_score, rows_of, tests_of

_ACROSS: dict[str, Literal["-", ":"]] = {"human": "-", "random": ":"}
"""Baselines drawn as lines across their groups."""
_COLUMNS = ("part", "data set", "what", "length", "value", "spread over seeds")

# Bars differ in colour and in hatching, intervals in place.
_HATCHES = ("", "///", "...", "\\\\\\", "xxx", "ooo", "++")

# --- Figure 5 -------------------------------------------------------------------------------------


def figure_5(records: Sequence[Record]) -> Figure:
    """(a) How much annotators chose, per data set; (b) F1 by length, per data set and method."""
    with rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 2.9), layout="constrained")
        left, right = canvas.subplots(1, 2, width_ratios=(1, 2.2))
        boxes = _boxes(left, records)
        bars = _bars(right, records, _all_lengths(records), names=None)
        left.set_title("(a) Share that annotators chose")
        right.set_title("(b) F1 by length of the summary")
    return Figure(canvas, _COLUMNS, boxes + bars)


def figure_7(records: Sequence[Record], names: Sequence[str]) -> Figure:
    """F1 of a baseline and of the method at 15 %, 25 % and P.

    Raises:
        SettingsError: An experiment has neither of `names`, or none of the lengths.
    """
    lengths = [length for length in ("15%", "25%", "P") if length in _all_lengths(records)]
    if not lengths:
        raise SettingsError("Figure 7 needs an experiment with the lengths 15%, 25% or P.")
    with rc_context(STYLE):
        canvas = Canvas(figsize=(4.2, 2.9), layout="constrained")
        bars = _bars(canvas.subplots(), records, lengths, names)
    return Figure(canvas, _COLUMNS, bars)


def _boxes(axes: Axes, records: Sequence[Record]) -> Rows:
    """Box plots over videos and annotators, of each benchmark once."""
    groups: dict[str, Rows] = {}
    for record in records:
        facts = next(iter(record.data.values()))
        groups.setdefault(
            record.experiment.benchmark,
            tuple(
                ("a", record.experiment.benchmark, f"{video.title}, annotator {user}", "", share)
                for video in facts.videos.values()
                for user, share in enumerate(video.chosen)
            ),
        )
    axes.boxplot(
        [[100 * float(row[-1]) for row in rows] for rows in groups.values()],
        tick_labels=list(groups),
        widths=0.5,
        medianprops={"color": INK},
        flierprops={"markersize": 3},
    )
    axes.set_ylabel("% of the frames")
    axes.set_ylim(bottom=0)
    return tuple(row for rows in groups.values() for row in rows)


def _bars(
    axes: Axes, records: Sequence[Record], lengths: Sequence[str], names: Sequence[str] | None
) -> Rows:
    """Bars grouped by experiment and length, one per method; people and chance as lines."""
    groups = [
        (record, length)
        for record in records
        for length in lengths
        if length in record.experiment.lengths
    ]
    shown = _titles(records, names)
    rows: Rows = ()
    for place, (record, length) in enumerate(groups):
        rows += _group(axes, place, record, length, shown)
    heads = [f"{length}\n{record.experiment.benchmark}" for record, length in groups]
    axes.set_xticks(range(len(groups)), heads)
    axes.set_ylabel("F1 in %")
    handles: list[Artist] = [
        Patch(edgecolor=INK, linewidth=0.5, label=title, **_look(number))
        for number, title in enumerate(shown.values())
    ]
    handles += [Line2D([], [], color=INK, linestyle=s, label=n) for n, s in _ACROSS.items()]
    axes.legend(handles=handles, fontsize=6.5, frameon=False, ncols=3, loc="upper center",
                bbox_to_anchor=(0.5, -0.16))  # fmt: skip
    return rows


def _group(axes: Axes, place: int, record: Record, length: str, shown: Mapping[str, str]) -> Rows:
    """The bars and lines of one experiment and length, around `place`."""
    measure = f_score(record.experiment.f_score, length)
    setting, features = next(iter(record.splits)), next(iter(record.data))
    splits, results = tests_of(record, setting), rows_of(record, setting, features)
    benchmark = record.experiment.benchmark
    width = 0.8 / len(shown)
    rows: list[tuple[str | float, ...]] = []
    for number, (name, title) in enumerate(shown.items()):
        found = estimate(results.get(name, []), splits, measure)
        if found is not None:
            left = place + (number - (len(shown) - 1) / 2) * width
            axes.bar(
                left,
                100 * found.mean,
                width,
                yerr=None if found.spread is None else 100 * found.spread,
                edgecolor=INK,
                linewidth=0.5,
                error_kw={"linewidth": 0.8},
                **_look(number),
            )
            rows.append(("b", benchmark, title, length, found.mean, found.spread or 0.0))
    for result in record.baselines:
        found = estimate([result], splits, measure) if result.method in _ACROSS else None
        if found is not None:
            ends = [place - 0.45, place + 0.45]
            axes.plot(ends, [100 * found.mean] * 2, _ACROSS[result.method], color=INK, linewidth=1)
            rows.append(("b", benchmark, result.method, length, found.mean))
    return tuple(rows)


def _look(number: int) -> dict[str, Any]:
    """Colour and hatching of a method's bars; of 49 no two look the same."""
    turn, place = divmod(number, len(COLOURS))
    return {"facecolor": COLOURS[place], "hatch": _HATCHES[(place + turn) % len(_HATCHES)]}


def _titles(records: Sequence[Record], names: Sequence[str] | None) -> dict[str, str]:
    """Title of every method by its name, in the order given or found."""
    found = {entry.name: entry.title for record in records for entry in record.experiment.methods}
    if names is not None:
        found = {name: found[name] for name in names if name in found}
    if not found:
        raise SettingsError("These experiments have no such methods to draw.")
    return found


def _all_lengths(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(one for record in records for one in record.experiment.lengths))
