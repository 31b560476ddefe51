"""One exam, summarised by several models and simple baselines at several lengths, side by side.

Analysis -> Compared. Every lane of a comparison is chosen under the same `Terms`, so that lanes of
one backbone differ in nothing but the scores. A person's decisions about shots do not count,
because the person saw the freeze-frames. Freeze-frames that the person added, removed or named do
count, because the lanes are measured against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from usummary import agreement, pipeline
from usummary.analysis import freeze_frames, shots
from usummary.paths import stem_of
from usummary.selection import edits as edits_stage
from usummary.selection.choose import Mode
from usummary.selection.covering import frame_keys
from usummary.selection.edits import UNEDITED, Edits
from usummary.settings import DEFAULTS, Settings, make_settings, parse_length
from usummary.types import Analysis, FloatArray, Summary

Kind = Literal["model", "baseline"]
Baseline = Literal["random scores", "even distances", "plane confidence"]

LENGTHS = ("15%", "20%", "25%", "P")
BASELINES: tuple[Baseline, ...] = ("random scores", "even distances", "plane confidence")
RANDOM_SEED = 1
"""The same draw as that of ``usummary evaluate --seeds 1``."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for every lane.

    Attributes:
        mode: How shots are valued.
        cover_s: Seconds of every recognised plane that are kept first; 0: planes are not covered.
        edits: Changes to the freeze-frames alone, see `freeze_edits`.
        lengths: Lengths to choose at; ``P`` is left out where there are no freeze-frames.
    """

    mode: Mode = "application"
    cover_s: float = 0.0
    edits: Edits = UNEDITED
    lengths: tuple[str, ...] = LENGTHS


@dataclass(frozen=True)
class Compared:
    """One lane: a summary, who chose it, and how it agrees with the freeze-frames.

    The measures are those of `usummary.agreement`, by the same names.

    Attributes:
        who: Name of the model, or of the baseline.
        summary: The summary.
    """

    who: str
    summary: Summary

    @property
    def kind(self) -> Kind:
        return kind_of(self.who)

    @property
    def length(self) -> str:
        return self.summary.length

    @property
    def f1(self) -> float | None:
        return agreement.f1(self.summary)

    @property
    def recall(self) -> float | None:
        return agreement.recall(self.summary)

    @property
    def planes_shown(self) -> float | None:
        return agreement.planes_shown(self.summary)

    @property
    def saved_planes(self) -> float | None:
        return agreement.saved_planes(self.summary)

    @property
    def used_s(self) -> float:
        """Duration of the key shots together, seconds."""
        return self.summary.used_s


def freeze_edits(edits: Edits) -> Edits:
    """The changes to the freeze-frames alone."""
    return Edits(
        added_freezes=edits.added_freezes,
        removed_freezes=edits.removed_freezes,
        planes=edits.planes,
    )


def by_model(analysis: Analysis, terms: Terms) -> Iterator[Compared]:
    """A model's lanes, one for each length.

    Args:
        analysis: As the model computed it, without edits.
        terms: What is the same for all lanes.
    """
    who = model_of(analysis)
    for length in _possible(analysis, terms):
        yield Compared(who, _select(analysis, length, terms))


def by_baseline(
    name: Baseline, analysis: Analysis, terms: Terms, *, seed: int = RANDOM_SEED
) -> Iterator[Compared]:
    """A baseline's lanes on the shots of an analysis; none where the baseline is not possible.

    * ``random scores``: one draw of a uniform score for every sampled frame, of this `seed`.
    * ``even distances``: shots at even distances through the exam, as many as the length allows;
      nothing else has a score, so no plane is covered either.
    * ``plane confidence``: how sure the backbone is of the best standard plane of each clip; not
      possible without a record of the clips.
    """
    for length in _possible(analysis, terms):
        if name == "random scores":
            values: FloatArray | None = _random(analysis, seed)
        elif name == "plane confidence":
            values = _plane_confidence(analysis)
        else:
            values = _even_scores(analysis, even_shots(analysis, _share(analysis, length, terms)))
        if values is not None:
            yield Compared(name, _select(_rescored(analysis, values), length, terms))


def kind_of(who: str) -> Kind:
    """Whether a lane's name is a baseline's; any other is a model's."""
    return "baseline" if who in BASELINES else "model"


def model_of(analysis: Analysis) -> str:
    """Name of the summariser that scored it."""
    named = [model["name"] for model in analysis.provenance.models if model["role"] == "summariser"]
    return named[-1] if named else DEFAULTS.model


def command(lane: Compared) -> tuple[str, ...]:
    """Arguments of the command that computes a lane again, for the folder of the recording.

    For a model this is ``usummary summarize``; for a baseline it is ``usummary evaluate``, whose
    table has a row for that baseline. The recording is named without its folder.
    """
    analysis, summary = lane.summary.analysis, lane.summary
    settings = make_settings(analysis.provenance.settings)
    if lane.kind == "baseline":
        words = ["usummary", "evaluate", analysis.path.name, "--model", model_of(analysis)]
        words += ["--baseline", lane.who, "--seeds", str(RANDOM_SEED)]
        words += ["--length", summary.length, *terms_of(settings, summary.mode, summary.cover_s)]
        return (*words, *(() if "--mode" in words else ("--mode", summary.mode)))
    words = ["usummary", "summarize", analysis.path.name]
    words += ["--length", summary.length, "--model", lane.who]
    words += terms_of(settings, summary.mode, summary.cover_s)
    share = summary.length.replace("%", "")
    return (*words, "--out", f"{stem_of(analysis.path)} {lane.who} {share}")


def terms_of(settings: Settings, mode: Mode, cover_s: float) -> list[str]:
    """Options that ``summarize`` and ``evaluate`` share: freeze-frames, rate, mode, covering."""
    words = []
    if settings.freeze_frames is not None:
        words += ["--freeze-frames", settings.freeze_frames.name]
    if settings.sample_rate != DEFAULTS.sample_rate:
        words += ["--sample-rate", f"{settings.sample_rate}"]
    if mode != DEFAULTS.mode:
        return [*words, "--mode", mode]
    return [*words, "--cover-planes" if cover_s else "--no-cover-planes"]


def even_shots(analysis: Analysis, share: float) -> list[int]:
    """Indices of shots at even distances through an exam, about `share` of its duration."""
    lengths = np.array([shot.duration_s for shot in analysis.shots])
    wanted = max(1, int(share * analysis.duration_s / lengths.mean()))
    times = (np.arange(wanted) + 0.5) / wanted * analysis.duration_s
    starts = np.array([shot.start_s for shot in analysis.shots])
    indices: list[int] = np.unique(np.searchsorted(starts, times, side="right") - 1).tolist()
    return indices


def _possible(analysis: Analysis, terms: Terms) -> list[str]:
    frozen = bool(_reference(analysis, terms))
    return [length for length in terms.lengths if frozen or parse_length(length) is not None]


def _reference(analysis: Analysis, terms: Terms) -> list[int]:
    freezes = edits_stage.apply(analysis, terms.edits).freeze_frames
    return freeze_frames.reference_shots(freezes, analysis.shots)


def _select(analysis: Analysis, length: str, terms: Terms) -> Summary:
    return pipeline.select(analysis, length, terms.mode, terms.edits, cover_s=terms.cover_s)


def _rescored(analysis: Analysis, values: FloatArray) -> Analysis:
    given = replace(analysis.scores, values=values.astype(np.float32))
    return replace(analysis, scores=given, shots=shots.scored(analysis.shots, given))


def _random(analysis: Analysis, seed: int) -> FloatArray:
    return np.random.default_rng(seed).random(len(analysis.scores.values))


def _share(analysis: Analysis, length: str, terms: Terms) -> float:
    share = parse_length(length)
    if share is not None:
        return share[0] / share[1]
    frozen_s = sum(analysis.shots[index].duration_s for index in _reference(analysis, terms))
    return frozen_s / analysis.duration_s


def _even_scores(analysis: Analysis, chosen: list[int]) -> FloatArray:
    """1 for the sampled frames (L,) of some shots, else 0."""
    values = np.zeros(len(analysis.scores.values))
    for shot in (analysis.shots[index] for index in chosen):
        inside = analysis.scores.recordings == shot.recording
        inside &= analysis.scores.frames >= shot.start_frame
        values[inside & (analysis.scores.frames < shot.end_frame)] = 1
    return values


def _plane_confidence(analysis: Analysis) -> FloatArray | None:
    """(L,) for each sampled frame, the probability of its clip's likeliest standard plane."""
    track, scores = analysis.planes, analysis.scores
    if track is None or len(track.frames) == 0:
        return None
    clips = frame_keys(track.recordings, track.frames)
    samples = frame_keys(scores.recordings, scores.frames)
    clip = np.searchsorted(clips, samples, side="right") - 1
    return np.asarray(track.confidences[clip], np.float64)
