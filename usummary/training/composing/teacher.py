"""SonoNet16 as published: the teacher, which alone knows how every plane looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from usummary.errors import ModelError
from usummary.networks.i3d import SONONET_CLASSES, SonoNet2D
from usummary.training.composing.clips import CANVAS
from usummary.training.composing.pictures import THORAX, Source
from usummary.types import FloatArray, Picture

Ask = Callable[[Picture], FloatArray]
"""The teacher as a function from pictures (N, 224, 288) to probabilities (N, 14)."""

FOUR_CHAMBERS = 0.9
"""A thorax still is a four-chamber view if the teacher gives it at least this probability."""
_BATCH = 16


def read_teacher(data: Path) -> SonoNet2D:
    """The published weights in a data folder, the one that holds ``ultrasound/``.

    Raises:
        ModelError: The file is missing, or holds something else.
    """
    path = data / "ultrasound" / "sononet" / "SonoNet16.npz"
    try:
        with np.load(path) as arrays:
            return SonoNet2D.from_arrays(dict(arrays))
    except (OSError, ValueError) as error:
        raise ModelError(f"The SonoNet16 weights {path} cannot be read: {error}") from error


def asked(teacher: SonoNet2D) -> Ask:
    """The teacher as a function, in bfloat16."""
    net = teacher.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def ask(pictures: Picture) -> FloatArray:
        parts = []
        for start in range(0, len(pictures), _BATCH):
            batch = torch.from_numpy(pictures[start : start + _BATCH])[:, None]
            with torch.autocast("cpu", torch.bfloat16):
                predicted = net(batch.contiguous(memory_format=torch.channels_last))
            parts.append(np.asarray(predicted.float().numpy()))
        return np.concatenate(parts)

    return ask


def as_seen(source: Source) -> Picture:
    """A source's pictures (n, 224, 288), stretched to the teacher's input."""
    shrunk = [cv2.resize(p, CANVAS[::-1], interpolation=cv2.INTER_AREA) for p in source.pictures]
    return np.asarray(np.stack(shrunk), np.uint8)


def with_four_chambers(sources: Sequence[Source], ask: Ask) -> list[Source]:
    """The sources, with thorax stills called 4CH where the teacher is sure of it."""
    column = SONONET_CLASSES.index("4CH")
    thorax = [source for source in sources if source.view == THORAX]
    if not thorax:
        return list(sources)
    chances = ask(np.concatenate([as_seen(source)[:1] for source in thorax]))[:, column]
    sure = {s.name for s, chance in zip(thorax, chances, strict=True) if chance >= FOUR_CHAMBERS}
    return [replace(s, planes=("4CH",)) if s.name in sure else s for s in sources]
