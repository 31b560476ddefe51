"""The paper's figure 8: what methods choose of one video, over what people find important."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from usummary.errors import SettingsError
from usummary.evaluation.figures import COLOURS, GREEN, INK, ORANGE, STYLE, Figure, Rows
from usummary.evaluation.record import Record, VideoFacts, VideoResult
from usummary.evaluation.selection import key_shots
from usummary.frame_scores import hold
from usummary.settings import parse_length


def figure_8(record: Record, names: Sequence[str], video: str, length: str) -> Figure:
    """One row per method: its scores and its key shots, and the annotators' mean importance.

    Of several trainings that tested the video the first is shown.

    Args:
        record: The experiment.
        names: Of methods.
        video: Name or title of a tested video.
        length: Of the summaries.

    Raises:
        SettingsError: No such video or method, or the method was never tested on it.
    """
    facts = next(iter(record.data.values())).videos
    name = next((key for key, one in facts.items() if video in (key, one.title)), None)
    if name is None:
        known = ", ".join(one.title for one in facts.values())
        raise SettingsError(f'No video "{video}" was tested. Choose one of {known}.')
    shown = facts[name]
    rows: Rows = ()
    with rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 1.25 * len(names) + 0.5), layout="constrained")
        grid = canvas.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        for axes, method in zip(grid, names, strict=True):
            title, result = _tested(record, method, name)
            scores = np.array(result.scores, np.float64)
            shots = key_shots(
                scores, np.array(shown.picks), np.array(shown.shots), _budget(shown, length)
            )
            _draw(axes, shown, scores, shots)
            axes.set_title(f"{title}{_measured(record, result, length)}", loc="left")
            rows += tuple((title, *row) for row in _numbers(shown, scores, shots))
        grid[-1].set_xlabel(
            f"frame of {shown.title}. Green: mean importance by {_people(len(shown.chosen))}; "
            f"orange: chosen, {length}; line: score; triangle: key frame"
        )
    columns = ("method", "first frame", "frame after", "importance", "score", "chosen")
    return Figure(canvas, columns, rows)


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
