"""The paper's figure 8: what methods choose of one video, over what people find important."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import ConnectionPatch
from numpy.typing import NDArray

from usummary.analysis.frame_scores import hold
from usummary.comparing.figure import COLOURS, GREEN, INK, ORANGE, STYLE, Figure, Rows
from usummary.errors import SettingsError
from usummary.research.benchmark_choice import key_shots
from usummary.research.figure_stills import Stills
from usummary.research.record import Record, VideoFacts, VideoResult
from usummary.settings import parse_length
from usummary.types import Picture

PICTURES = 8
"""Most pictures of key shots in a row."""
_WIDEST = 6
"""Where there are fewer pictures, they get no wider than if there were so many."""


def figure_8(
    record: Record, names: Sequence[str], video: str, length: str, stills: Stills | None = None
) -> Figure:
    """One row per method: its scores and its key shots, and the annotators' mean importance.

    With `stills` the middle frames of up to `PICTURES` key shots, spread over the summary, stand
    above each row, a line from each to its place. Of several trainings that tested the video the
    first is shown.

    Args:
        record: The experiment.
        names: Of methods.
        video: Name or title of a tested video.
        length: Of the summaries.
        stills: Where pictures come from; None: there are none.

    Raises:
        SettingsError: No such video or method, or the method was never tested on it.
        InputError: See `Stills.read`.
    """
    facts = next(iter(record.data.values())).videos
    name = next((key for key, one in facts.items() if video in (key, one.title)), None)
    if name is None:
        known = ", ".join(one.title for one in facts.values())
        raise SettingsError(f'No video "{video}" was tested. Choose one of {known}.')
    shown = facts[name]
    found = [_tested(record, method, name) for method in names]
    chosen = [_key_shots(shown, result, length) for _, result in found]
    pictured = [_spread(shown, shots) if stills else [] for shots in chosen]
    pictures, note = _pictures(shown, pictured, stills)
    rows: Rows = ()
    with rc_context(STYLE):
        canvas, grid, strips = _canvas(len(names), pictured=bool(stills))
        for axes, (title, result), shots in zip(grid, found, chosen, strict=True):
            scores = np.array(result.scores, np.float64)
            _draw(axes, shown, scores, shots)
            rows += tuple((title, *row) for row in _numbers(shown, scores, shots))
        for axes, (title, result) in zip(strips or grid, found, strict=True):
            axes.set_title(f"{title}{_measured(record, result, length)}", loc="left")
        for strip, axes, frames in zip(strips, grid, pictured, strict=bool(strips)):
            _draw_strip(canvas, strip, axes, {frame: pictures[frame] for frame in frames})
        about = f"\npictures: middle frames of chosen shots. {note}" if stills else ""
        grid[-1].set_xlabel(
            f"frame of {shown.title}. Green: mean importance by {_people(len(shown.chosen))}; "
            f"orange: chosen, {length}; line: score; triangle: key frame{about}".rstrip()
        )
    columns = ("method", "first frame", "frame after", "importance", "score", "chosen")
    return Figure(canvas, columns, rows)


def _key_shots(facts: VideoFacts, result: VideoResult, length: str) -> list[int]:
    scores = np.array(result.scores, np.float64)
    shots = np.array(facts.shots)
    return list(key_shots(scores, np.array(facts.picks), shots, _budget(facts, length)))


def _spread(facts: VideoFacts, shots: Sequence[int]) -> list[int]:
    """Middle frames of at most `PICTURES` of the key shots."""
    places = np.linspace(0, len(shots) - 1, min(len(shots), PICTURES)).round().astype(int)
    return [sum(facts.shots[shots[place]]) // 2 for place in places]


def _pictures(
    facts: VideoFacts, pictured: Sequence[Sequence[int]], stills: Stills | None
) -> tuple[dict[int, Picture], str]:
    """Each pictured frame once, and what must be said of them."""
    if stills is None:
        return {}, ""
    frames = sorted({frame for row in pictured for frame in row})
    pictures, note = stills.read(facts, frames)
    return dict(zip(frames, pictures, strict=True)), note


def _canvas(methods: int, *, pictured: bool) -> tuple[Canvas, list[Axes], list[Axes]]:
    """Axes of each method's curve, and of the pictures above it where there are any."""
    if not pictured:
        canvas = Canvas(figsize=(7.2, 1.25 * methods + 0.5), layout="constrained")
        return canvas, [*canvas.subplots(methods, 1, sharex=True, squeeze=False)[:, 0]], []
    canvas = Canvas(figsize=(7.2, 2.2 * methods + 0.6), layout="constrained")
    both = canvas.subplots(2 * methods, 1, sharex=True, height_ratios=(0.9, 1.1) * methods)
    return canvas, [*both[1::2]], [*both[::2]]


def _draw_strip(canvas: Canvas, strip: Axes, below: Axes, pictures: dict[int, Picture]) -> None:
    """Pictures side by side, a line from each to its frame on the axes below."""
    strip.set_axis_off()
    wide = 1 / max(len(pictures), _WIDEST)
    for place, (frame, picture) in enumerate(pictures.items()):
        middle = (place + 0.5) / len(pictures)
        spot = strip.inset_axes((middle - wide / 2 + 0.004, 0.14, wide - 0.008, 0.86))
        spot.imshow(picture, interpolation="none")
        spot.set_anchor("S")
        spot.set_axis_off()
        line = ConnectionPatch(
            xyA=(middle, 0.13),
            xyB=(frame, 1.1),
            coordsA=strip.transAxes,
            coordsB=below.transData,
            color=INK,
            linewidth=0.6,
        )
        line.set_in_layout(False)
        canvas.add_artist(line)


def _people(count: int) -> str:
    return f"{count} annotator{'s' if count > 1 else ''}"


def _tested(record: Record, method: str, video: str) -> tuple[str, VideoResult]:
    """Title of a method, and its first result of a video."""
    titles = {entry.name: entry.title for entry in record.experiment.methods}
    if method not in titles:
        raise SettingsError(f'There is no method "{method}". Choose from {", ".join(titles)}.')
    for result in record.results:
        found = result.videos.get(video)
        if result.method == method and found is not None:
            return titles[method], found
    raise SettingsError(f"{titles[method]} was never tested on {video}.")


def _budget(facts: VideoFacts, length: str) -> int:
    share = parse_length(length)
    if share is not None:
        return facts.frames * share[0] // share[1]
    return round(facts.frames * sum(facts.chosen) / len(facts.chosen))


def _measured(record: Record, result: VideoResult, length: str) -> str:
    found = result.lengths.get(length)
    if found is None:
        return ""
    return f", F1 {100 * getattr(found, record.experiment.f_score):.1f} %"


def _draw(axes: Axes, facts: VideoFacts, scores: NDArray[np.float64], shots: Sequence[int]) -> None:
    edges = [*facts.picks, facts.frames]
    axes.stairs(_scaled(np.array(facts.importance)), edges, fill=True, color=GREEN)
    held = hold(scores, np.array(facts.picks), facts.frames)
    for shot in shots:
        start, end = facts.shots[shot]
        axes.axvspan(start, end, ymax=0.08, color=ORANGE, linewidth=0)
        axes.axvspan(start, end, color=ORANGE, alpha=0.25, linewidth=0)
        key = start + int(held[start:end].argmax())
        axes.plot(key, 1.06, "v", color=INK, markersize=4, clip_on=False)
    axes.stairs(_scaled(scores), edges, color=COLOURS[0], linewidth=0.8)
    axes.set_xlim(0, facts.frames)
    axes.set_ylim(0, 1.1)
    axes.set_yticks([])


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values over their greatest one, for the eye."""
    most = float(values.max())
    return values / most if most > 0 else values


def _numbers(facts: VideoFacts, scores: NDArray[np.float64], shots: Sequence[int]) -> Rows:
    """A row per step: its frames, importance, score, and whether its first frame was chosen."""
    chosen = np.zeros(facts.frames, np.bool_)
    for shot in shots:
        chosen[slice(*facts.shots[shot])] = True
    ends = [*facts.picks[1:], facts.frames]
    return tuple(
        (start, end, importance, float(score), int(chosen[start]))
        for start, end, importance, score in zip(
            facts.picks, ends, facts.importance, scores, strict=True
        )
    )
