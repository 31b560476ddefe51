"""Analyses of two recordings, and any sequence of edits of them, for tests of the edits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from usummary import pipeline
from usummary.errors import SettingsError
from usummary.selection import edits as e
from usummary.selection.edits import UNEDITED, Edits
from usummary.settings import DEFAULTS
from usummary.types import (
    STANDARD_PLANES,
    Analysis,
    Box,
    FreezeFrame,
    PlaneTrack,
    Provenance,
    Region,
    Scores,
    Shot,
    Summary,
)

RATE = 10.0
FRAMES = (60, 40)
BORDERS = ((0, 7, 20, 41, 60), (0, 25, 40))
PATH = Path("/exams/exam.mp4")


def make_analysis() -> Analysis:
    """Six shots over two recordings, every third frame a sample, three freeze-frames."""
    values = np.random.default_rng(5)
    times, offset = [], 0.0
    for count in FRAMES:
        times.append(offset + np.arange(count) / RATE)
        offset += count / RATE
    picks = [np.arange(0, count, 3, dtype=np.int64) for count in FRAMES]
    which = np.repeat(np.arange(len(FRAMES)), [len(frames) for frames in picks])
    shots = tuple(
        Shot(
            recording=recording,
            start_frame=start,
            end_frame=end,
            start_s=float(times[recording][start]),
            end_s=6.0 if (recording, end) == (0, 60) else _time(times[recording], end),
            score=float(values.random()) + 1e-17,
            key_frame=(start + end) // 2,
            plane=STANDARD_PLANES[start % 13] if start % 2 else None,
            plane_confidence=1 / 3 if start % 2 else 0.0,
        )
        for recording, borders in enumerate(BORDERS)
        for start, end in itertools.pairwise(borders)
    )
    outline = ((1, 2), (60, 2), (60, 44), (1, 44))
    return Analysis(
        path=PATH,
        duration_s=10.0,
        frame_count=sum(FRAMES),
        regions=(
            Region(Box(1, 2, 60, 44), outline, "pictures"),
            Region(Box(0, 0, 64, 48), (), "whole"),
        ),
        scores=Scores(
            np.concatenate([t[p] for t, p in zip(times, picks, strict=True)]),
            values.random(len(which)).astype(np.float32),
            which.astype(np.int64),
            np.concatenate(picks),
        ),
        shots=shots,
        freeze_frames=(
            FreezeFrame(1.1, 0, 11, "frozen", "4CH", end_s=1.9),
            FreezeFrame(5.0, 0, 50, "still", end_s=5.0, path=PATH.parent / "still.dcm"),
            FreezeFrame(7.3, 1, 13, "listed", "Femur", end_s=7.3),
        ),
        provenance=Provenance(
            versions={"usummary": "0.1"},
            models=({"role": "summariser", "name": "made up", "sha256": "ab" * 32},),
            device="CPU, float32",
            settings=DEFAULTS.model_dump(mode="json"),
            input_sha256={"exam.mp4": "cd" * 32},
            timings_s={"reading": 0.1 + 0.2},
            notices=("The recording is simulated.",),
        ),
        frame_times_s=tuple(times),
        planes=PlaneTrack(
            recordings=np.repeat([0, 1], [4, 3]),
            frames=np.array([0, 16, 32, 48, 0, 16, 32]),
            planes=np.array([7, 7, 2, 2, 0, 12, 12]),
            confidences=np.linspace(0.2, 0.8, 7, dtype=np.float32),
        ),
    )


def _time(times: np.ndarray, end: int) -> float:
    return float(times[end]) if end < len(times) else 10.0


ANALYSIS = make_analysis()


def long_analysis(shot_count=800, rate=30.0, duration_s=3900.0):
    """An exam of 65 minutes, all its shots of another length."""
    values = np.random.default_rng(1)
    count = int(rate * duration_s)
    times = np.arange(count) / rate
    picks = np.arange(0, count, 2, dtype=np.int64)
    starts = np.concatenate(
        [[0], np.sort(values.choice(picks[1:], shot_count - 1, replace=False))]
    ).tolist()
    shots = tuple(
        Shot(0, start, end, start / rate, end / rate, float(values.random()), start)
        for start, end in itertools.pairwise([*starts, count])
    )
    freezes = tuple(
        FreezeFrame(float(times[frame]), 0, int(frame), "frozen", "Femur", float(times[frame]) + 1)
        for frame in np.sort(values.choice(count - 60, 60, replace=False))
    )
    return replace(
        ANALYSIS,
        duration_s=duration_s,
        frame_count=count,
        regions=ANALYSIS.regions[:1],
        scores=Scores(
            times[picks],
            values.random(len(picks)).astype(np.float32),
            np.zeros(len(picks), np.int64),
            picks,
        ),
        shots=shots,
        freeze_frames=freezes,
        provenance=Provenance({}, (), "cpu", {}, {}, {}),
        frame_times_s=(times,),
    )


@dataclass(frozen=True)
class Step:
    """One thing a person does, given the edits so far and the summary on screen."""

    name: str
    do: Callable[[Edits, Summary], Edits]


def steps() -> st.SearchStrategy[Step]:
    number, frame = st.integers(0, 99), st.integers(-3, 63)
    recording, plane = st.integers(0, 1), st.sampled_from([None, *STANDARD_PLANES])
    decide = st.builds(
        lambda name, n: Step(
            f"{name}({n})", lambda old, summary: getattr(e, name)(old, _pick(summary.shots, n))
        ),
        st.sampled_from(["keep", "reject", "clear", "lock", "unlock"]),
        number,
    )
    cut = st.builds(
        lambda where, at: Step(
            f"split({where}, {at})", lambda old, summary: e.split(old, summary.shots, where, at)
        ),
        recording,
        frame,
    )
    move = st.builds(
        lambda n, edge, at: Step(
            f"move_edge({n}, {edge}, {at})",
            lambda old, summary: e.move_edge(old, summary.shots, n % len(summary.shots), edge, at),
        ),
        number,
        st.sampled_from(["start", "end"]),
        frame,
    )
    add = st.builds(
        lambda where, one, other: Step(
            f"add_shot({where}, {one}, {other})",
            lambda old, summary: e.add_shot(old, summary.shots, where, one, other),
        ),
        recording,
        frame,
        frame,
    )
    freeze = st.builds(
        lambda name, n, p: Step(f"{name}({n}, {p})", lambda old, s: _freeze(name, old, s, n, p)),
        st.sampled_from(["add", "remove", "relabel"]),
        number,
        plane,
    )
    mask = st.builds(
        lambda where, drawn: Step(
            f"set_mask({where}, {drawn})",
            lambda old, _: e.set_mask(old, where, ((3, 3), (9, 3), (5, 9)) if drawn else None, 2),
        ),
        recording,
        st.booleans(),
    )
    return st.one_of(decide, decide, cut, move, add, freeze, mask)


def _pick(items, number):
    return items[number % len(items)]


def _freeze(name: str, old: Edits, summary: Summary, number: int, plane: str | None) -> Edits:
    if name == "add":
        return e.add_freeze(old, e.freeze_at(ANALYSIS, number % 2, number % 40, plane))
    if not summary.freeze_frames:
        return old
    freeze = replace(_pick(summary.freeze_frames, number), matched_shot=None)
    return e.remove_freeze(old, freeze) if name == "remove" else e.relabel(old, freeze, plane)


History = list[tuple[Step, str, float]]


def histories(most: int = 12) -> st.SearchStrategy[History]:
    """Steps, each with the summary length and the seconds of every plane chosen before it."""
    lengths, covered = st.sampled_from(["1%", "15%", "40%", "100%"]), st.sampled_from([0.0, 0.4])
    return st.lists(st.tuples(steps(), lengths, covered), max_size=most)


def edited(history: History) -> list[Edits]:
    """The edits after each step; a refused step changes nothing."""
    all_edits = [UNEDITED]
    for step, length, cover_s in history:
        summary = pipeline.select(ANALYSIS, length, edits=all_edits[-1], cover_s=cover_s)
        try:
            all_edits.append(step.do(all_edits[-1], summary))
        except SettingsError:
            all_edits.append(all_edits[-1])
    return all_edits
