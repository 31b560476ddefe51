"""Held-out figures for the model cards: what the shipped backbone and summariser can do.

The 13 example captures of SonoNet are used here and nowhere in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import kendalltau, rankdata
from torch import nn

from usummary.clips import to_input
from usummary.errors import UnreadableFile
from usummary.networks.i3d import SONONET_CLASSES
from usummary.training.compose import INPUT_SIZE
from usummary.training.dataset import Source
from usummary.training.exams import CLIP_LENGTH, ComposedExam
from usummary.types import Box, FloatArray, Picture

EXAMPLES: dict[str, str] = {
    "3VV": "3VV",
    "4CH": "4CH",
    "ABDOMINAL": "Abdominal",
    "BRAIN-CB": "Brain (Cb.)",
    "BRAIN-TV": "Brain (Tv.)",
    "FEMUR": "Femur",
    "KIDNEYS": "Kidneys",
    "LIPS": "Lips",
    "LVOT": "LVOT",
    "PROFILE": "Profile",
    "RVOT": "RVOT",
    "SPINE-CORONAL": "Spine (cor.)",
    "SPINE-SAGITTAL": "Spine (sag.)",
}
"""SonoNet's example captures and the plane each one shows."""

_SECTOR = Box(81, 115, 874, 734)
"""Where the example captures show the sector."""


def examples(backbone: nn.Module, folder: Path) -> dict[str, tuple[str, float]]:
    """What the backbone calls each example capture, standing still for a clip: plane, probability.

    Raises:
        UnreadableFile: A capture is missing.
    """
    called = {}
    for name, truth in EXAMPLES.items():
        picture = cv2.imread(str(folder / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise UnreadableFile(f"The capture {folder / name}.png is missing or damaged.")
        small = to_input(np.asarray(picture, np.uint8), _SECTOR, INPUT_SIZE)
        planes = plane_probabilities(backbone, np.repeat(small[None], CLIP_LENGTH, axis=0)[None])[0]
        called[truth] = SONONET_CLASSES[int(planes.argmax())], float(planes.max())
    return called


def share_allowed(backbone: nn.Module, sources: Sequence[Source]) -> dict[str, tuple[int, int]]:
    """Of the unmoved pictures of each label, how many get a plane that the label allows, of all.

    A clip counts once for every 16 frames. Sources without a label are left out.
    """
    counts: dict[str, tuple[int, int]] = {}
    for source in sources:
        if not source.planes:
            continue
        planes = plane_probabilities(backbone, _clips(source)).argmax(axis=1)
        right = sum(SONONET_CLASSES[int(plane)] in source.planes for plane in planes)
        name = f"{source.name.split('/')[0]}: {' or '.join(source.planes)}"
        before = counts.get(name, (0, 0))
        counts[name] = before[0] + right, before[1] + len(planes)
    return counts


def agreement(
    scores: Sequence[FloatArray], exams: Sequence[ComposedExam], *, near: int = 2
) -> dict[str, float]:
    """How scores (T,) per clip order the clips of composed exams, averaged over exams.

    ``AUC saved``: chance that a clip within `near` clips of a freeze-frame on a standard plane is
    scored above one further away; ``AUC plane``, ``AUC pictured plane``: the same of clips that
    show a standard plane, or one that is played by a picture of that plane, against Background;
    ``tau saved``: Kendall's tau-b with being near a freeze-frame; ``spread``: standard deviation.
    Exams without both kinds of clips do not count.
    """
    found: dict[str, list[float]] = {}
    for values, exam in zip(scores, exams, strict=True):
        plane = exam.shown >= 0
        saved = _widen(exam.saved & plane, near)
        found.setdefault("spread", []).append(float(values.std()))
        for name, positive, counted in (
            ("AUC saved", saved, np.ones_like(saved)),
            ("AUC plane", plane, np.ones_like(plane)),
            ("AUC pictured plane", plane, exam.pictured | ~plane),
        ):
            if len(np.unique(positive[counted])) == 2:
                found.setdefault(name, []).append(auc(values[counted], positive[counted]))
        if len(np.unique(saved)) == 2 and values.std() > 0:
            tau = float(kendalltau(values, saved).statistic)
            found.setdefault("tau saved", []).append(tau)
    return {name: float(np.mean(values)) for name, values in found.items()}


def auc(values: FloatArray, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive is valued above a negative, ties counting half."""
    ranks = rankdata(values)
    above = ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(above / (positive.sum() * (~positive).sum()))


@torch.no_grad()
def clip_scores(summariser: nn.Module, exam: ComposedExam) -> FloatArray:
    """(T,) mean score of each clip."""
    scores = summariser(torch.from_numpy(exam.maps)[None])[0]
    return np.asarray(scores.reshape(len(exam.maps), -1).mean(dim=1).numpy())


@torch.no_grad()
def plane_probabilities(backbone: nn.Module, clips: Picture, *, batch: int = 8) -> FloatArray:
    """Plane probabilities (N, 14) of clips (N, 16, 176, 224)."""
    parts = [
        backbone(torch.from_numpy(clips[i : i + batch]))[2] for i in range(0, len(clips), batch)
    ]
    return np.asarray(torch.cat(parts).numpy())


def _clips(source: Source) -> Picture:
    height, width = source.pictures.shape[1:]
    small = np.stack([to_input(p, Box(0, 0, width, height), INPUT_SIZE) for p in source.pictures])
    if len(small) < CLIP_LENGTH:
        small = np.concatenate([small, np.repeat(small[-1:], CLIP_LENGTH - len(small), axis=0)])
    whole = len(small) // CLIP_LENGTH
    return small[: whole * CLIP_LENGTH].reshape(whole, CLIP_LENGTH, *small.shape[1:])


def _widen(marked: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    return np.convolve(marked, np.ones(2 * by + 1), mode="same")[: len(marked)] > 0
