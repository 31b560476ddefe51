"""Training of the motion stream: is a view held, or is the probe on its way?

It learns from composed exams as files, not from composed clips: what a recorder makes of a picture
that hardly moves (differences of exactly zero, a jump at each sync frame) is a part of what the
stream will see. Nothing else in the backbone changes, and nothing here knows planes, so what is
learnt holds for planes that were never trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from usummary import readers
from usummary.analysis.clips import sampled, to_input
from usummary.analysis.sector import find_region
from usummary.errors import InputError
from usummary.networks.i3d import MotionStream
from usummary.training.composing.pictures import SAMPLE_RATE
from usummary.training.composing.truth import Truth, read_truth
from usummary.types import FloatArray, Picture


@dataclass(frozen=True, slots=True)
class MotionRecipe:
    """How the motion stream is trained.

    Attributes:
        seed: Seed of every random choice.
        stretches: Stretches of each exam that clips are taken from.
        clips: Consecutive clips of a stretch.
        epochs, batch, rate: Passes over the clips, clips a step, learning rate of Adam.
    """

    seed: int = 1
    stretches: int = 6
    clips: int = 16
    epochs: int = 8
    batch: int = 16
    rate: float = 3e-3


@dataclass(frozen=True)
class HeldClips:
    """Clips of composed exams (N, T, H, W) uint8, and the share of each that is held (N,)."""

    clips: Picture
    held: FloatArray


def take_clips(
    paths: Sequence[Path], recipe: MotionRecipe, length: int, size: tuple[int, int]
) -> HeldClips:
    """Clips from random stretches of composed exams, as the program cuts them.

    Args:
        paths: Recordings with their truth beside them.
        recipe: How many stretches and clips.
        length: Frames of a clip.
        size: Height and width of the backbone's input.

    Raises:
        InputError: A recording has no truth beside it, or none was named.
    """
    if not paths:
        raise InputError("No composed exam was named to learn motion from.")
    clips: list[Picture] = []
    held: list[float] = []
    for number, path in enumerate(paths):
        truth = read_truth(path)
        if truth is None:
            raise InputError(
                f"{path} has no truth beside it. Motion is learnt from composed exams."
            )
        rng = np.random.default_rng((recipe.seed, number))
        for clip, share in _clips_of(path, truth, recipe, length, size, rng):
            clips.append(clip)
            held.append(share)
    return HeldClips(np.stack(clips), np.array(held, np.float32))


def _clips_of(
    path: Path,
    truth: Truth,
    recipe: MotionRecipe,
    length: int,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Iterator[tuple[Picture, float]]:
    held = truth.still()
    long = round(recipe.clips * length * max(truth.fps / SAMPLE_RATE, 1))
    with readers.open_exam(path) as exam:
        (recording,) = exam.recordings
        box = find_region(recording).box
        starts = rng.integers(max(truth.frame_count - long, 0) + 1, size=recipe.stretches)
        for start in sorted(starts.tolist()):
            pictures: list[Picture] = []
            marks: list[bool] = []
            for frame in sampled(recording.luma(SAMPLE_RATE, start), SAMPLE_RATE):
                pictures.append(to_input(frame.pixels, box, size))
                marks.append(bool(held[frame.index]))
                if len(pictures) == length:
                    yield np.stack(pictures), float(np.mean(marks))
                    pictures, marks = [], []
                if frame.index >= start + long:
                    break


def train_motion(
    net: MotionStream, known: HeldClips, recipe: MotionRecipe, say: Callable[[str], None]
) -> None:
    """Trains the stream in place; a mirrored clip is held as much as it was."""
    optimiser = torch.optim.Adam(net.parameters(), lr=recipe.rate)
    steps = recipe.epochs * -(-len(known.clips) // recipe.batch)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    net.train()
    for epoch in range(recipe.epochs):
        rng = np.random.default_rng((recipe.seed, 7, epoch))
        order = rng.permutation(len(known.clips))
        losses = []
        for start in range(0, len(order), recipe.batch):
            chosen = np.sort(order[start : start + recipe.batch])
            clips = torch.from_numpy(known.clips[chosen])
            if rng.random() < 0.5:
                clips = clips.flip(-1)
            loss = functional.binary_cross_entropy_with_logits(
                held_logits(net, clips), torch.from_numpy(known.held[chosen])
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            rate.step()
            losses.append(loss.item())
        say(f"motion,{epoch + 1},{np.mean(losses):.4f}")
    net.eval()


def held_logits(net: MotionStream, clips: torch.Tensor) -> torch.Tensor:
    """(N,) scores for "held", the mean over the picture."""
    logits: torch.Tensor = net(clips)[:, -1]
    return logits.mean(dim=(1, 2))


@torch.no_grad()
def chances_held(net: MotionStream, clips: Picture, batch: int = 32) -> FloatArray:
    """(N,) probabilities that clips (N, T, H, W) show a view that is held."""
    parts = [
        torch.sigmoid(held_logits(net, torch.from_numpy(clips[start : start + batch]))).numpy()
        for start in range(0, len(clips), batch)
    ]
    return np.concatenate(parts)


def area_under_curve(scores: FloatArray, positive: np.ndarray) -> float:
    """Probability that a positive has a higher score than a negative; equal scores count half."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    wins = ranks[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(wins / (positive.sum() * (~positive).sum()))
