"""Training of the ultrasound backbone: SonoNet16, shrunk, inflated, and trained on composed clips.

1. *Frames.* The backbone sees smaller pictures than SonoNet was made for. A copy of the 2-D net
   (the student) learns to give, for a small picture, the feature maps and planes that the original
   (the teacher) gives for the large one.
2. *Clips.* The student is inflated and learns the same on composed clips, together with the labels
   of the data sets where these know more than the teacher.
3. *Back.* The result is a weighted mean of trained and published weights (M. Wortsman et al.,
   "Robust fine-tuning of zero-shot models", CVPR 2022), because training also unlearns planes.

Most of the 13 planes have no training pictures, so everything here is chosen not to forget them:
feature maps are matched, not only planes; the learning rate is small; batch norm statistics stay
SonoNet's own, since most pictures are heads and would take them over. Smaller pictures (112x144)
need larger changes of the weights, and did lose these planes: see docs/decisions/training.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from usummary.errors import ModelError
from usummary.networks.i3d import (
    SONONET_CLASSES,
    SonoNet2D,
    SonoNetI3D,
    SonoNetI3DConfig,
    middle,
    standardise,
)
from usummary.networks.st3d import ST3D, ST3DConfig
from usummary.training.checkpoint import load_checkpoint, save_checkpoint
from usummary.training.composing.clips import (
    INPUT_SIZE,
    LOST,
    STEADY,
    WANDERING,
    Motion,
    as_clips,
    blend,
    compose,
    shrink,
)
from usummary.training.composing.pictures import Source
from usummary.types import BACKGROUND, FloatArray, Picture

Say = Callable[[str], None]
Backbone = SonoNetI3D | ST3D

_BACKGROUND = SONONET_CLASSES.index(BACKGROUND)
_MANY = 100
"""Groups with at least this many sources would crowd out the others; they share two fifths."""
_TRUSTED = 0.2
"""A stand-in counts as its plane if the teacher gives the plane at least this probability."""


@dataclass(frozen=True)
class BackboneRecipe:
    """How the backbone is trained.

    Attributes:
        seed: Seed of every random choice: the same seed and machine give the same weights.
        config: Time axis and input of the inflated net.
        frame_steps, frame_batch, frame_rate: Steps, pictures a step and learning rate of part 1.
        clip_steps, clip_batch, clip_rate: The same of part 2, in clips.
        kept: Share of the trained weights in the result; the rest stays as published.
        scratch_steps, scratch_rate: Steps and learning rate of ST3D, which starts from nothing.
        bf16: Compute in bfloat16, for processors that are fast at it.
    """

    seed: int = 1
    config: SonoNetI3DConfig = field(
        default_factory=lambda: SonoNetI3DConfig(
            height=INPUT_SIZE[0],
            width=INPUT_SIZE[1],
            stem_kernel=4,
            stem_stride=8,
            kernels=(1, 1, 1, 1, 2),
            pools=(1, 1, 1, 1),
            map_pool=2,
            evidence=True,
            motion=16,
        )
    )
    frame_steps: int = 900
    frame_batch: int = 16
    frame_rate: float = 1e-4
    clip_steps: int = 600
    clip_batch: int = 6
    clip_rate: float = 1e-4
    kept: float = 0.75
    scratch_steps: int = 400
    scratch_rate: float = 2e-3
    bf16: bool = True

    def flat(self) -> SonoNetI3DConfig:
        """The same net without time: it sees single frames, one for each place in time."""
        return replace(self.config, stem_kernel=1, kernels=(1, 1, 1, 1, 1), motion=0)

    def seen(self) -> list[int]:
        """The middle frame of a clip under each place of the net's time axis.

        The teacher is asked about these: they are the ones a centred kernel sees at first.
        """
        stride = self.config.stem_stride * math.prod(self.config.pools)
        first = middle(self.config.stem_kernel)
        return [*range(first, self.config.clip_length, stride)]


@dataclass(frozen=True)
class Batch:
    """Composed clips and the wanted output for them.

    Attributes:
        clips: (N, T, 192, 256) uint8.
        maps: (N, s, 128, 12, 16) the teacher's maps at s frames of each clip.
        planes: (N, 14) wanted plane probabilities.
        teacher: (N, 14) the teacher's own.
        kinds: What each clip is: a motion's name or ``blend``.
    """

    clips: Tensor
    maps: Tensor
    planes: Tensor
    teacher: Tensor
    kinds: tuple[str, ...]


_KINDS: tuple[tuple[str, Motion, float], ...] = (
    ("steady", STEADY, 0.55),
    ("wandering", WANDERING, 0.20),
    ("lost", LOST, 0.10),
    ("blend", WANDERING, 0.15),
)


class Composer:
    """Draws batches of composed clips and asks the teacher about them."""

    def __init__(self, sources: Sequence[Source], teacher: SonoNet2D, *, bf16: bool) -> None:
        self._sources = sources
        self._weights = _weights(sources)
        self._teacher = teacher.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._bf16 = bf16

    def batch(
        self, size: int, rng: np.random.Generator, *, frames: int, seen: Sequence[int]
    ) -> Batch:
        """`size` clips of `frames` frames; the teacher is asked about the frames `seen` of each."""
        clips, kinds, allowed = [], [], []
        for _ in range(size):
            number = int(rng.choice(len(_KINDS), p=[share for _, _, share in _KINDS]))
            kind, motion, _ = _KINDS[number]
            source = self._draw(rng)
            clip = compose(source, motion, rng, frames=frames)
            if kind == "blend":
                clip = blend(clip, compose(self._draw(rng), STEADY, rng, frames=frames), rng)
            clips.append(clip)
            kinds.append(kind)
            allowed.append(source if kind == "steady" else None)
        maps, teacher = self._ask(np.stack(clips)[:, list(seen)])
        wanted = [
            _wanted(kind, source, probabilities)
            for kind, source, probabilities in zip(kinds, allowed, teacher, strict=True)
        ]
        small = torch.from_numpy(np.stack([shrink(clip) for clip in clips]))
        return Batch(small, maps, torch.stack(wanted), teacher, tuple(kinds))

    def _draw(self, rng: np.random.Generator) -> Source:
        return self._sources[int(rng.choice(len(self._sources), p=self._weights))]

    @torch.no_grad()
    def _ask(self, pictures: Picture) -> tuple[Tensor, Tensor]:
        """Maps (N, s, 128, 12, 16) and mean probabilities (N, 14) of pictures (N, s, 224, 288)."""
        count, looks = pictures.shape[:2]
        flat = torch.from_numpy(pictures.reshape(-1, 1, *pictures.shape[2:]))
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            features = self._teacher.features(
                standardise(flat).contiguous(memory_format=torch.channels_last)
            )
            logits = self._teacher.head(features).float().mean(dim=(2, 3))
        size = (INPUT_SIZE[0] // 16, INPUT_SIZE[1] // 16)
        maps = functional.interpolate(features.float(), size, mode="bilinear", antialias=True)
        planes = logits.softmax(1).reshape(count, looks, -1).mean(1)
        return maps.reshape(count, looks, *maps.shape[1:]), planes


def train_backbone(
    sources: Sequence[Source],
    teacher: SonoNet2D,
    recipe: BackboneRecipe,
    folder: Path,
    say: Say,
) -> SonoNetI3D:
    """Trains from the published weights, or resumes from the checkpoints in `folder`."""
    composer = Composer(sources, teacher, bf16=recipe.bf16)
    scale = _map_scale(composer, recipe)
    student = SonoNet2D()
    student.load_state_dict(teacher.state_dict())

    def frame_loss(batch: Batch) -> Tensor:
        maps = student.features(standardise(batch.clips))  # (N, 128, 12, 16)
        return _loss(maps[:, None], student.head(maps).mean(dim=(2, 3)), batch, scale)

    def frames_at(step: int) -> Batch:
        rng = np.random.default_rng((recipe.seed, 1, step))
        return composer.batch(recipe.frame_batch, rng, frames=1, seen=[0])

    _Run("frames", folder, recipe.frame_steps, recipe.frame_rate, recipe.bf16).go(
        student, frames_at, frame_loss, say
    )
    net = SonoNetI3D(recipe.config, student, centred=True)
    seen = recipe.seen()

    def clip_loss(batch: Batch) -> Tensor:
        features = net.last_features(batch.clips)  # (N, 128, s, 12, 16)
        return _loss(features.transpose(1, 2), net.head_logits(features), batch, scale)

    def clips_at(step: int) -> Batch:
        rng = np.random.default_rng((recipe.seed, 2, step))
        return composer.batch(recipe.clip_batch, rng, frames=recipe.config.clip_length, seen=seen)

    _Run("clips", folder, recipe.clip_steps, recipe.clip_rate, recipe.bf16).go(
        net, clips_at, clip_loss, say
    )
    published = SonoNetI3D(recipe.config, teacher, centred=True)
    _blend(net.features, published.features, recipe.kept)
    _blend(net.head, published.head, recipe.kept)
    return net.eval()


@torch.no_grad()
def _blend(net: nn.Module, published: nn.Module, share: float) -> None:
    """Moves weights back towards the published ones: ``share * own + (1 - share) * published``."""
    for own, other in zip(net.parameters(), published.parameters(), strict=True):
        own.lerp_(other, 1 - share)


def train_st3d(
    sources: Sequence[Source], teacher: SonoNet2D, recipe: BackboneRecipe, folder: Path, say: Say
) -> ST3D:
    """Trains ST3D from scratch on the same clips and wanted planes, or resumes from `folder`."""
    torch.manual_seed(recipe.seed)
    composer = Composer(sources, teacher, bf16=recipe.bf16)
    net = ST3D(ST3DConfig())
    net.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    size = (net.config.height, net.config.width)

    def loss_of(batch: Batch) -> Tensor:
        small = functional.interpolate(batch.clips.float(), size, mode="area")
        return _divergence(net.logits(small), batch)

    def clips_at(step: int) -> Batch:
        rng = np.random.default_rng((recipe.seed, 3, step))
        return composer.batch(recipe.clip_batch, rng, frames=16, seen=recipe.seen())

    run = _Run(
        "st3d", folder, recipe.scratch_steps, recipe.scratch_rate, recipe.bf16, learns_norms=True
    )
    run.go(net, clips_at, loss_of, say)
    return net.eval()


def calibrate(net: Backbone, sources: Sequence[Source]) -> float:
    """Sets the temperature that makes the labels of held-out pictures likeliest; returns it.

    Args:
        net: A trained backbone.
        sources: Held-out pictures, prepared as the program does it (`as_clips`). Pictures without a
            label are left out; if a label allows several planes, their probabilities are added.
    """
    logits, allowed = _labelled(net, sources)
    choices = np.exp(np.linspace(math.log(0.3), math.log(6.0), 200))
    losses = [
        -float((logits / t).log_softmax(1).masked_fill(~allowed, -math.inf).logsumexp(1).mean())
        for t in choices
    ]
    best = float(choices[int(np.argmin(losses))])
    net.temperature.fill_(best)
    return best


def unsure_below(net: Backbone, sources: Sequence[Source], *, precision: float = 0.95) -> float:
    """The lowest probability above which planes named in held-out pictures reach `precision`.

    Tried are 0.5 to 0.9 in steps of 0.05; 0.9 if none reaches it.
    """
    logits, allowed = _labelled(net, sources)
    chances = (logits / net.temperature).softmax(1)
    sure, called = chances.max(dim=1)
    right = allowed.gather(1, called[:, None])[:, 0]
    plane = called != _BACKGROUND
    for threshold in np.linspace(0.5, 0.9, 9):
        named = plane & (sure >= threshold)
        if named.any() and float(right[named].double().mean()) >= precision:
            return round(float(threshold), 2)
    return 0.9


@torch.no_grad()
def _labelled(net: Backbone, sources: Sequence[Source]) -> tuple[Tensor, Tensor]:
    """Class scores (n, 14) of labelled pictures, and which classes each label allows."""
    net.eval()
    size = (net.config.height, net.config.width)
    scores, allowed = [], []
    for source in sources:
        if source.planes:
            clips = as_clips(source.pictures, size=size)
            scores += [net.logits(torch.from_numpy(clip[None])) for clip in clips]
            within = torch.tensor([name in source.planes for name in SONONET_CLASSES])
            allowed.append(within.expand(len(clips), -1))
    return torch.cat(scores).double(), torch.cat(allowed)


def validate(net: Backbone, batches: Sequence[Batch]) -> dict[str, float]:
    """Figures of the backbone on held-out composed clips, by name.

    ``agreement KIND``: share of clips whose likeliest plane is the wanted one; ``cross-entropy``:
    with the temperature; ``wanted entropy``: the least cross-entropy possible.
    """
    logits, wanted = _judge(net, batches)
    logits = logits / net.temperature
    right = (logits.argmax(1) == wanted.argmax(1)).numpy()
    kinds = np.array([kind for batch in batches for kind in batch.kinds])
    figures = {f"agreement {kind}": float(right[kinds == kind].mean()) for kind in sorted({*kinds})}
    figures["agreement"] = float(right.mean())
    figures["cross-entropy"] = _cross_entropy(logits, wanted)
    figures["wanted entropy"] = _cross_entropy(wanted.clamp_min(1e-9).log(), wanted)
    return figures


@torch.no_grad()
def _judge(net: Backbone, batches: Sequence[Batch]) -> tuple[Tensor, Tensor]:
    net.eval()
    logits = torch.cat([net.logits(batch.clips) for batch in batches])
    return logits, torch.cat([batch.planes for batch in batches])


def _cross_entropy(logits: Tensor, wanted: Tensor) -> float:
    return float(-(wanted * logits.log_softmax(1)).sum(1).mean())


def _weights(sources: Sequence[Source]) -> FloatArray:
    """Probability of drawing each source: heads two fifths together, all other views the same."""
    groups = [source.name.split("/")[0] + " or ".join(source.planes) for source in sources]
    counts = {group: groups.count(group) for group in groups}
    many = {group for group, count in counts.items() if count >= _MANY}
    few = len(counts) - len(many)
    shares = {group: 2 / 3 * max(few, 1) / len(many) if group in many else 1.0 for group in counts}
    weights = np.array([shares[group] / counts[group] for group in groups])
    return np.asarray(weights / weights.sum(), np.float64)


def _wanted(kind: str, source: Source | None, probabilities: Tensor) -> Tensor:
    """The wanted probabilities (14,) from the motion, the source's label and the teacher.

    The label of a data set counts. "Brain" allows two planes, which share the probability as the
    teacher would. A stand-in has no label, so the teacher alone says what it shows.
    """
    background = functional.one_hot(torch.tensor(_BACKGROUND), len(SONONET_CLASSES)).float()
    if kind == "lost":
        return background
    if source is None or not source.planes:
        return probabilities
    if source.planes == (BACKGROUND,):
        return background
    within = torch.tensor([name in source.planes for name in SONONET_CLASSES])
    inside = probabilities * within
    if source.name.startswith("standin/"):
        return inside / inside.sum() if inside.sum() >= _TRUSTED else probabilities
    inside = inside + 1e-3 * within  # equal shares if the teacher sees neither plane
    return inside / inside.sum()


def _loss(maps: Tensor, logits: Tensor, batch: Batch, scale: Tensor) -> Tensor:
    """Squared distance of maps (N, s, 128, 12, 16) in units of their spread, plus divergence."""
    apart = ((maps.float() - batch.maps) / scale).square().mean()
    return apart + _divergence(logits, batch)


def _divergence(logits: Tensor, batch: Batch) -> Tensor:
    """Kullback-Leibler divergence of the predicted planes from the wanted planes."""
    predicted = logits.float().log_softmax(1)
    return functional.kl_div(predicted, batch.planes, reduction="batchmean")


def _map_scale(composer: Composer, recipe: BackboneRecipe) -> Tensor:
    """Spread of every channel of the teacher's maps, (128, 1, 1)."""
    rng = np.random.default_rng((recipe.seed, 0))
    maps = composer.batch(2 * recipe.frame_batch, rng, frames=1, seen=[0]).maps
    return maps.std(dim=(0, 1, 3, 4)).clamp_min(1e-3)[:, None, None]


@dataclass(frozen=True, slots=True)
class _Run:
    """One part of the training: Adam, with a learning rate that falls along half a cosine.

    A batch depends on the step alone, so a resumed run sees the same batches as an uninterrupted
    one.
    """

    name: str
    folder: Path
    steps: int
    rate: float
    bf16: bool
    learns_norms: bool = False

    def go(
        self,
        net: nn.Module,
        batch_at: Callable[[int], Batch],
        loss_of: Callable[[Batch], Tensor],
        say: Say,
    ) -> None:
        net.train(self.learns_norms)  # else the batch norm statistics stay as they are
        optimiser = torch.optim.Adam(net.parameters(), lr=self.rate)
        path = self.folder / f"{self.name}.safetensors"
        done = load_checkpoint(path, net, optimiser)[0] if path.exists() else 0
        recent: list[float] = []
        for step in range(done, self.steps):
            batch = batch_at(step)
            for group in optimiser.param_groups:
                group["lr"] = self.rate * 0.5 * (1 + math.cos(math.pi * step / self.steps))
            with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
                loss = loss_of(batch)
            if not math.isfinite(loss.item()):
                raise ModelError(f"Training diverged at step {step} of {self.name}.")
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()
            recent.append(loss.item())
            if (step + 1) % 50 == 0 or step + 1 == self.steps:
                save_checkpoint(path, net, optimiser, step + 1)
                say(f"{self.name},{step + 1},{np.mean(recent):.4f}")
                recent.clear()
