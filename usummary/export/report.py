"""The one-page report: timeline, key frames by plane, coverage, numbers, provenance."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from usummary.export.names import exam_clock
from usummary.export.options import RESEARCH_USE, SIMULATED
from usummary.export.shots import ShownShot
from usummary.types import STANDARD_PLANES, Summary

REPORT = "report.pdf"

# Okabe and Ito's colours; what differs in colour here also differs in shape or place.
_BLUE, _ORANGE, _INK, _SOFT, _LINE = "#0072B2", "#D55E00", "#1B1F23", "#5E6770", "#C9CED3"
_PAGE = (8.27, 11.69)
_LEFT, _RIGHT = 0.08, 0.94
_COLUMNS, _ROWS = 4, 3
_CURVE_POINTS = 1200
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _SOFT,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "pdf.fonttype": 42,
    "text.parse_math": False,
}


@dataclass(frozen=True, slots=True)
class ReportTexts:
    """What the report says besides the result itself.

    Attributes:
        simulated: The recording is simulated.
        created: Date and time, as text for people.
        notices: All notices, without file names: no part of the report names a file.
    """

    simulated: bool
    created: str
    notices: tuple[str, ...]


def write_report(
    summary: Summary,
    shown: Sequence[ShownShot],
    path: Path,
    texts: ReportTexts,
    step: Callable[[], None],
) -> None:
    """Write the report as a PDF of one A4 page; `step` is called after each part."""
    with rc_context(_STYLE):
        figure = Figure(figsize=_PAGE)
        FigureCanvasPdf(figure)
        _head(figure, summary, texts)
        _timeline(figure, summary)
        step()
        _key_frames(figure, choose_by_plane(shown, _COLUMNS * _ROWS), len(shown))
        step()
        _coverage(figure, summary)
        _numbers(figure, summary)
        _provenance(figure, summary, texts)
        step()
        information = {"Title": "Ultrasound summary", "Subject": RESEARCH_USE}
        # Into memory first: writing a PDF hides the system's reason when the disk is full.
        page = io.BytesIO()
        figure.savefig(page, format="pdf", metadata=information)
    path.write_bytes(page.getvalue())
    step()


def choose_by_plane(shown: Sequence[ShownShot], count: int) -> list[ShownShot]:
    """Chooses at most `count` key shots: the surest of each plane, then the best-scored others.

    They are sorted by plane in the usual order, without a plane last, then by exam time.
    """
    surest: dict[str, ShownShot] = {}
    for entry in sorted(shown, key=lambda entry: -entry.shot.plane_confidence):
        if entry.shot.plane:
            surest.setdefault(entry.shot.plane, entry)
    first = list(surest.values())
    taken = {entry.number for entry in first}
    others = [entry for entry in shown if entry.number not in taken]
    chosen = [*first, *sorted(others, key=lambda entry: -entry.shot.score)][:count]
    order = {plane: place for place, plane in enumerate(STANDARD_PLANES)}
    return sorted(
        chosen,
        key=lambda entry: (order.get(entry.shot.plane or "", len(order)), entry.number),
    )


def _heading(figure: Figure, y: float, text: str) -> None:
    figure.text(_LEFT, y, text, size=10, weight="bold")


def _head(figure: Figure, summary: Summary, texts: ReportTexts) -> None:
    analysis = summary.analysis
    figure.text(_LEFT, 0.955, "Ultrasound summary", size=18, weight="bold")
    hashes = list(analysis.provenance.input_sha256.values())
    parts = [
        f"Exam of {exam_clock(analysis.duration_s)}, {analysis.frame_count:,} frames",
        f"summary of {exam_clock(summary.used_s)} in {len(summary.key_shots)} key shots",
    ]
    if hashes:
        more = f" and {len(hashes) - 1} more" if len(hashes) > 1 else ""
        parts.append(f"input {hashes[0][:12]}{more}")
    figure.text(_LEFT, 0.938, "  ·  ".join(parts), size=8, color=_SOFT)
    badge = f"{SIMULATED}  ·  {RESEARCH_USE}" if texts.simulated else RESEARCH_USE
    box = {"boxstyle": "round,pad=0.4", "facecolor": "#FFF3E8", "edgecolor": _ORANGE}
    figure.text(_RIGHT, 0.96, badge, size=8, weight="bold", color=_ORANGE, ha="right", bbox=box)


def _timeline(figure: Figure, summary: Summary) -> None:
    _heading(figure, 0.91, "Timeline")
    axes = figure.add_axes((_LEFT + 0.08, 0.775, _RIGHT - _LEFT - 0.08, 0.125))
    duration = summary.analysis.duration_s
    times, values = _thinned(summary)
    axes.fill_between(times, values, color="#E4E8EC", linewidth=0)
    axes.plot(times, values, color=_SOFT, linewidth=0.6)
    for shot in summary.key_shots:
        width = max(shot.duration_s, duration / 900)
        axes.add_patch(Rectangle((shot.start_s, 0), width, 1, color=_BLUE, alpha=0.16, lw=0))
        axes.add_patch(Rectangle((shot.start_s, -0.2), width, 0.13, color=_BLUE, lw=0))
    for held in (True, False):
        freezes = [f for f in summary.freeze_frames if (f.matched_shot is not None) is held]
        face = _ORANGE if held else "white"
        at = [freeze.time_s for freeze in freezes]
        axes.plot(at, [-0.36] * len(at), "v", color=_ORANGE, mfc=face, ms=4.5, mew=0.9, lw=0)
    axes.set_xlim(0, max(duration, 1e-3))
    axes.set_ylim(-0.47, 1.02)
    axes.set_yticks([-0.36, -0.135, 0.5], ["freeze-frames", "key shots", "importance"])
    axes.tick_params(length=0, pad=3, labelsize=6.5)
    axes.xaxis.set_major_formatter(lambda seconds, _: exam_clock(max(seconds, 0)))
    axes.spines[["top", "right", "left"]].set_visible(False)
    label = "Freeze-frames: filled = held by a key shot, hollow = not in summary"
    axes.set_title(label, size=6.5, color=_SOFT, loc="right", pad=3)


def _thinned(summary: Summary) -> tuple[np.ndarray, np.ndarray]:
    """The score curve with at most `_CURVE_POINTS` points, each the mean of a run of samples."""
    scores = summary.analysis.scores
    each = -(-len(scores.times_s) // _CURVE_POINTS) or 1
    starts = np.arange(0, len(scores.times_s), each)
    if not len(starts):
        return np.zeros(0), np.zeros(0)
    counts = np.diff(np.append(starts, len(scores.values)))
    return scores.times_s[starts], np.add.reduceat(scores.values, starts) / counts


def _key_frames(figure: Figure, entries: list[ShownShot], total: int) -> None:
    which = f"{len(entries)} of {total}" if len(entries) < total else "all"
    _heading(figure, 0.735, f"Key frames by plane ({which})" if total else "Key frames: none")
    wide, high = (_RIGHT - _LEFT + 0.012) / _COLUMNS, 0.133
    for position, entry in enumerate(entries):
        row, column = divmod(position, _COLUMNS)
        x, y = _LEFT + column * wide, 0.727 - (row + 1) * high + 0.018
        axes = figure.add_axes((x, y, wide - 0.012, high - 0.022), facecolor="black")
        height, width = entry.thumbnail.shape[:2]
        axes.imshow(entry.thumbnail, interpolation="none", extent=(0, width, 0, height))
        _fill(axes, width, height)
        plane = entry.shot.plane or "no standard plane"
        figure.text(x, y - 0.010, plane, size=7, weight="bold")
        figure.text(x + wide - 0.012, y - 0.010, exam_clock(entry.key_s), size=7, ha="right")


def _fill(axes: Axes, width: int, height: int) -> None:
    """Makes a picture's axes fill their place, with black beside the picture."""
    box = axes.get_position()
    ratio = box.width * _PAGE[0] / (box.height * _PAGE[1])
    across, up = max(width, height * ratio), max(height, width / ratio)
    axes.set_xlim((width - across) / 2, (width + across) / 2)
    axes.set_ylim((height - up) / 2, (height + up) / 2)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _coverage(figure: Figure, summary: Summary) -> None:
    _heading(figure, 0.307, "Standard planes")
    planes = list(summary.coverage) or list(STANDARD_PLANES)
    axes = figure.add_axes((_LEFT + 0.08, 0.232, _RIGHT - _LEFT - 0.08, 0.045))
    for place, plane in enumerate(planes):
        seen = summary.coverage.get(plane, {})
        for row, key, marker, colour in ((1, "shown", "s", _BLUE), (0, "frozen", "o", _ORANGE)):
            if seen.get(key):
                axes.plot(place, row, marker, color=colour, ms=7)
            else:
                axes.plot(place, row, "_", color=_LINE, ms=7)
        axes.text(place, 1.75, plane.replace(" ", "\n"), size=6.5, ha="center")
    axes.set_xlim(-0.5, len(planes) - 0.5)
    axes.set_ylim(-0.7, 1.7)
    axes.set_yticks([1, 0], ["in summary", "frozen"], size=6.5)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _numbers(figure: Figure, summary: Summary) -> None:
    _heading(figure, 0.205, "Numbers")
    matched = sum(freeze.matched_shot is not None for freeze in summary.freeze_frames)
    duration = max(summary.analysis.duration_s, 1e-9)
    rows = [
        ("length wanted", f"{summary.length} ({summary.budget_s:.1f} s)"),
        ("length used", f"{summary.used_s / duration:.1%} ({summary.used_s:.1f} s)"),
        ("key shots", f"{len(summary.key_shots)} of {len(summary.shots)}"),
        ("freeze-frames held", f"{matched} of {len(summary.freeze_frames)}"),
    ]
    for name, value in list(summary.metrics.items())[:5]:
        text = f"{value:.3g}" if np.isfinite(value) else "not defined"
        rows.append((name.replace("_", " "), text))
    _rows(figure, _LEFT, 0.13, rows)


def _provenance(figure: Figure, summary: Summary, texts: ReportTexts) -> None:
    x = 0.42
    figure.text(x, 0.205, "How it came about", size=10, weight="bold")
    provenance = summary.analysis.provenance
    models = [f"{model['name']} ({model['sha256'][:8]})" for model in provenance.models]
    wanted = ("usummary", "torch", "openvino", "av")
    versions = [
        f"{name} {provenance.versions[name]}" for name in wanted if name in provenance.versions
    ]
    spent = sum(provenance.timings_s.values())
    rows = [
        ("models", ", ".join(models) or "none"),
        ("selection", f"{summary.mode}{', planes covered' if summary.cover_s else ''}"),
        ("device", provenance.device),
        ("versions", ", ".join(versions)),
        ("analysis took", f"{spent:.0f} s"),
        ("written", texts.created),
    ]
    _rows(figure, x, 0.1, [(name, _cut(value, 74)) for name, value in rows])
    lines = [_cut(notice, 150) for notice in texts.notices[:3]]
    if len(texts.notices) > len(lines):
        lines.append(f"and {len(texts.notices) - len(lines)} more, see summary.json")
    for place, line in enumerate(lines):
        figure.text(_LEFT, 0.088 - 0.0125 * place, f"! {line}", size=7, color=_ORANGE)
    figure.text(0.5, 0.016, RESEARCH_USE, size=7, color=_SOFT, ha="center")


def _rows(figure: Figure, x: float, gap: float, rows: list[tuple[str, str]]) -> None:
    for place, (name, value) in enumerate(rows):
        y = 0.188 - 0.0127 * place
        figure.text(x, y, name, size=7, color=_SOFT)
        figure.text(x + gap, y, value, size=7)


def _cut(text: str, length: int) -> str:
    """At most `length` characters; those that the font lacks become ``?``."""
    text = "".join(sign if sign.isprintable() and ord(sign) < 0x250 else "?" for sign in text)
    return text if len(text) <= length else text[: length - 1] + "…"
