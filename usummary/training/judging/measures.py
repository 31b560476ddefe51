"""Held-out figures: how well backbones recognise planes and summaries agree with freeze-frames.

Everything is measured on exams and pictures that nothing was trained on. The split in
`usummary.training.composing.pictures` says which these are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from usummary import agreement, metrics, pipeline
from usummary.agreement import Measures
from usummary.comparing.one_exam import even_shots
from usummary.networks.i3d import SONONET_CLASSES
from usummary.networks.scorer import Scorer
from usummary.selection.choose import Mode
from usummary.training.backbone.pretrain import Backbone
from usummary.training.composing.clips import as_clips
from usummary.training.composing.pictures import THORAX, Source
from usummary.training.judging.exams import ReadExam
from usummary.types import Analysis, FloatArray, Picture, Summary

CLIP_LENGTH = 16
_BRAIN = "Brain"
_BINS = 10

# --- Planes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recognition:
    """How well a backbone names held-out pictures.

    Attributes:
        right, count: For each group of pictures, the number of clips with a plane that the label
            allows, and of all clips. Groups are data set and label, data set and machine, and the
            thorax stills, which have no label of their own, with 4CH as the one that is looked for.
        brain: Balanced accuracy of brain against not brain, None unless there are both.
        calibration: Expected calibration error over ten bins of confidence; both brain planes count
            as one, because no label tells them apart.
    """

    right: Mapping[str, int]
    count: Mapping[str, int]
    brain: float | None
    calibration: float


Namer = Callable[[Picture], FloatArray]
"""Pictures of a source, (n, H, W) of any size, to plane probabilities (m, 14)."""


def recognition(name: Namer, sources: Sequence[Source]) -> Recognition:
    """Measures on every source with a label; a long source counts once for each of its clips."""
    right: dict[str, int] = {}
    count: dict[str, int] = {}
    brain: dict[bool, list[bool]] = {True: [], False: []}
    sure: list[float] = []
    hit: list[bool] = []
    for source in sources:
        if not source.planes and source.view != THORAX:
            continue
        planes = name(source.pictures)
        called = [SONONET_CLASSES[i] for i in planes.argmax(axis=1)]
        good = [plane in (source.planes or ("4CH",)) for plane in called]
        for group in _groups(source):
            right[group] = right.get(group, 0) + sum(good)
            count[group] = count.get(group, 0) + len(good)
        if not source.planes:
            continue
        is_brain = source.planes[0].startswith(_BRAIN)
        brain[is_brain] += [plane.startswith(_BRAIN) == is_brain for plane in called]
        merged, names = _merged(planes)
        sure += merged.max(axis=1).tolist()
        allowed = {_short(plane) for plane in source.planes}
        hit += [names[i] in allowed for i in merged.argmax(axis=1)]
    balanced = None
    if all(brain.values()):
        balanced = float(np.mean([np.mean(values) for values in brain.values()]))
    return Recognition(right, count, balanced, calibration_error(np.array(sure), np.array(hit)))


def _groups(source: Source) -> list[str]:
    """The groups that a source counts in."""
    data_set = source.name.split("/")[0]
    if not source.planes:
        return [f"{data_set}: {THORAX}, 4CH"]
    groups = [f"{data_set}: {' or '.join(source.planes)}"]
    return [*groups, f"{data_set}, {source.machine}"] if source.machine else groups


def calibration_error(confidence: FloatArray, right: NDArray[np.bool_]) -> float:
    """Mean distance of confidence from accuracy over ten bins, weighted by their size."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    apart = [
        abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).sum()
        for b in np.unique(bins)
    ]
    return float(np.sum(apart) / len(confidence))


def _short(plane: str) -> str:
    return _BRAIN if plane.startswith(_BRAIN) else plane


def _merged(planes: FloatArray) -> tuple[FloatArray, list[str]]:
    """Probabilities (n, 13) with both brain planes as one class, and the classes' names."""
    names = list(dict.fromkeys(map(_short, SONONET_CLASSES)))
    merged = np.zeros((len(planes), len(names)))
    for column, plane in enumerate(SONONET_CLASSES):
        merged[:, names.index(_short(plane))] += planes[:, column]
    return merged, names


def clip_namer(backbone: Backbone) -> Namer:
    """Names clips of 16 frames as the program does: pictures of sectors, stills repeated."""

    @torch.no_grad()
    def name(pictures: Picture) -> FloatArray:
        clips = as_clips(pictures, size=(backbone.config.height, backbone.config.width))
        planes = [backbone(torch.from_numpy(clip[None]))[2] for clip in clips]
        return np.asarray(torch.cat(planes).numpy())

    return name


def picture_namer(teacher: nn.Module, *, every: int = CLIP_LENGTH) -> Namer:
    """Names single full-size pictures, as SonoNet was published; of clips every 16th frame."""
    import cv2

    def name(pictures: Picture) -> FloatArray:
        large = [cv2.resize(p, (288, 224), interpolation=cv2.INTER_AREA) for p in pictures[::every]]
        with torch.no_grad():
            return np.asarray(teacher(torch.from_numpy(np.stack(large))[:, None]).numpy())

    return name


def named_while_held(exams: Sequence[ReadExam]) -> dict[str, tuple[int, int]]:
    """By plane: of the clips that show it held throughout, how many are named right, and how many.

    For composed exams only; planes that are never held are left out.
    """
    found: dict[str, tuple[int, int]] = {}
    for exam in exams:
        named = exam.features.planes.argmax(axis=1)
        for place, plane in enumerate(exam.features.classes):
            clips = exam.held([plane]).all(axis=1)
            if clips.any():
                right, count = found.get(plane, (0, 0))
                right += int((named[clips] == place).sum())
                found[plane] = right, count + int(clips.sum())
    return found


# --- Summaries ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExamMeasures:
    """The measures of one summariser on one exam.

    Attributes:
        lengths: By length: agreement with the freeze-frames; tau and rho are the same for all.
        seen: By length: share of the saved planes that key shots truly show (`Truth.planes_seen`);
            empty if the truth is not known.
    """

    lengths: Mapping[str, Measures]
    seen: Mapping[str, float]


LENGTHS = ("15%", "25%", "P")


def measure(
    exam: ReadExam,
    values: FloatArray,
    mode: Mode,
    *,
    lengths: Sequence[str] = LENGTHS,
    choose: Callable[[Analysis, str, Mode], Summary] = pipeline.select,
) -> ExamMeasures:
    """Scores (T n,) of an exam against its freeze-frames.

    Args:
        exam: The exam, with at least one freeze-frame.
        values: Scores of its sampled frames.
        mode: Segmentation and selection.
        lengths: Summary lengths.
        choose: The selection; `pipeline.select` as it is by default.
    """
    analysis = exam.scored(values, mode)
    wanted = exam.wanted()
    # Ranks are taken over all samples of all clips, as the networks learn them: a last clip that
    # was filled up counts in full, and the reference is that of application mode in both modes.
    tau, rho = metrics.kendall_tau(values, wanted), metrics.spearman_rho(values, wanted)
    reached: dict[str, Measures] = {}
    seen: dict[str, float] = {}
    for length in lengths:
        summary = choose(analysis, length, mode)
        reached[length] = replace(agreement.measure(summary), tau=tau, rho=rho)
        if exam.truth is not None:
            seen[length] = exam.truth.planes_seen(summary.key_shots)
    return ExamMeasures(reached, seen)


# --- Simple summarisers ---------------------------------------------------------------------------


def random_scores(exam: ReadExam, seed: int) -> FloatArray:
    """Independent uniform scores of all sampled frames."""
    count = exam.features.samples.frames.size
    return np.asarray(np.random.default_rng(seed).random(count), np.float32)


def uniform_shots(exam: ReadExam, mode: Mode, share: float) -> FloatArray:
    """Scores that make the selection take shots at even distances, about `share` of the exam."""
    analysis = exam.analyses[mode]
    values = np.zeros(exam.features.samples.frames.shape, np.float32)
    for index in even_shots(analysis, share):
        values[exam.sampled_in(analysis.shots[index])] = 1
    return values.ravel()


def plane_scores(exam: ReadExam) -> FloatArray:
    """The plane head's confidence alone, held over each clip."""
    confidence = exam.plane_confidence()
    assert confidence is not None
    return np.asarray(np.repeat(confidence, exam.features.samples.frames.shape[1]), np.float32)


def truth_scores(exam: ReadExam) -> FloatArray:
    """1 wherever a standard plane is held, 0 elsewhere: the scores of perfect plane recognition.

    For composed exams only.
    """
    return exam.held().ravel().astype(np.float32)


@torch.no_grad()
def network_scores(net: Scorer, exam: ReadExam) -> FloatArray:
    """(T n,) scores of a summariser network."""
    maps = torch.from_numpy(exam.features.maps)[None].to(next(net.parameters()).device)
    return np.asarray(net.eval()(maps)[0].cpu().numpy(), np.float32)
