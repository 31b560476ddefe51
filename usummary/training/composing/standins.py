"""Stand-ins: pictures that the 2-D teacher takes for a plane of which there is no picture.

There are training pictures of only five of the 13 planes. The teacher was trained on real pictures
of all planes, so it alone knows what the others look like. Crops of training pictures, turned, bent
and laid over each other, are searched for those that the teacher takes for a missing plane. Each
round of the search starts from the best crops of the last. To a person a stand-in does not show the
plane's anatomy. But it has the features that the teacher looks for, so that clips of all planes can
be composed for a network that learns from the teacher.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from usummary.errors import UnreadableFile
from usummary.networks.i3d import SONONET_CLASSES
from usummary.training.composing.clips import CANVAS, STEADY, Motion, blend, compose
from usummary.training.composing.pictures import Source
from usummary.training.composing.teacher import Ask
from usummary.types import STANDARD_PLANES, FloatArray, Picture

_ANYWHERE = Motion(0.35, 0.0, 180.0, (0.5, 4.0), 20.0, 1.5, 0.0, (0.6, 1.4))
_SURE = 0.35
"""Least mean probability of a stand-in's plane when it is moved like a held plane."""


@dataclass(frozen=True, slots=True)
class Search:
    """How long the search for stand-ins goes on.

    Attributes:
        candidates: Random crops to start from.
        rounds: Rounds of changing the best ones of each plane.
        kept: Number of a plane's pictures that each round passes on.
        children: Number of changed copies of each of them in a round.
        wanted: Most stand-ins of a plane.
    """

    candidates: int = 1500
    rounds: int = 8
    kept: int = 8
    children: int = 6
    wanted: int = 4


def missing_planes(sources: Sequence[Source]) -> list[str]:
    """Standard planes without a source."""
    pictured = {plane for source in sources for plane in source.planes}
    return [plane for plane in STANDARD_PLANES if plane not in pictured]


def find_stand_ins(
    sources: Sequence[Source],
    ask: Ask,
    seed: int,
    *,
    search: Search | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Source]:
    """Stand-ins of every missing plane that can be found, named ``standin/PLANE-NUMBER``."""
    search = search or Search()
    rng = np.random.default_rng((seed, 5))
    first = np.stack([_crop(sources, rng) for _ in range(search.candidates)])
    chances = ask(first)
    found = []
    for plane in missing_planes(sources):
        column = SONONET_CLASSES.index(plane)
        best = np.argsort(-chances[:, column])[: search.kept]
        pool, values = first[best], chances[best, column]
        for _ in range(search.rounds):
            children = np.stack(
                [_changed(p, sources, rng) for p in pool for _ in range(search.children)]
            )
            both = np.concatenate([pool, children])
            values = np.concatenate([values, _chances(children, ask, rng)[:, column]])
            best = np.argsort(-values)[: search.kept]
            pool, values = both[best], values[best]
        steady = [_steadiness(picture, column, ask, rng) for picture in pool]
        order = [i for i in np.argsort(steady)[::-1] if steady[i] >= _SURE][: search.wanted]
        found += [
            Source(f"standin/{plane}-{number}", _bright(pool[i])[None], (plane,))
            for number, i in enumerate(order)
        ]
        say(f"{plane}: {len(order)} stand-ins, best {max(steady):.2f} when moved")
    return found


def _bright(picture: Picture) -> Picture:
    """The picture stretched over the range of grey; brightness means nothing to the teacher."""
    peak = max(float(np.percentile(picture[picture > 0], 99)), 1.0)
    return np.asarray(np.clip(picture * (220 / peak), 0, 255), np.uint8)


def save_stand_ins(folder: Path, sources: Sequence[Source]) -> None:
    """Writes stand-ins as PNG files, to be used again."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        cv2.imwrite(str(folder / f"{source.name.partition('/')[2]}.png"), source.pictures[0])
    (folder / "complete").touch()


def load_stand_ins(folder: Path) -> list[Source] | None:
    """The stand-ins that `save_stand_ins` wrote; None if it never finished.

    Raises:
        UnreadableFile: A picture is damaged.
    """
    if not (folder / "complete").exists():
        return None
    sources = []
    for path in sorted(folder.glob("*.png")):
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise UnreadableFile(f"The stand-in {path} is damaged. Delete its folder.")
        plane = path.stem.rpartition("-")[0]
        pictures = np.asarray(picture, np.uint8)[None]
        sources.append(Source(f"standin/{path.stem}", pictures, (plane,)))
    return sources


def _crop(sources: Sequence[Source], rng: np.random.Generator) -> Picture:
    """A crop of a random source, sometimes mixed with another; data sets count equally."""
    picture = compose(_drawn(sources, rng), _ANYWHERE, rng, frames=1)
    if rng.random() < 0.3:
        picture = blend(picture, compose(_drawn(sources, rng), _ANYWHERE, rng, frames=1), rng)
    return np.asarray(picture[0], np.uint8)


def _drawn(sources: Sequence[Source], rng: np.random.Generator) -> Source:
    names = sorted({source.name.split("/")[0] for source in sources})
    name = names[int(rng.integers(len(names)))]
    mine = [source for source in sources if source.name.startswith(f"{name}/")]
    return mine[int(rng.integers(len(mine)))]


def _changed(picture: Picture, sources: Sequence[Source], rng: np.random.Generator) -> Picture:
    """A picture turned, shifted, stretched and bent a little, or laid over another crop."""
    if rng.random() < 0.35:
        over = _crop(sources, rng)
        share = np.float32(rng.uniform(0.1, 0.45))
        if rng.random() < 0.5:
            return _mixed(picture, over, share)
        y, x = np.mgrid[: CANVAS[0], : CANVAS[1]]
        centre = rng.uniform(0.1, 0.9, 2) * CANVAS
        away = np.hypot(y - centre[0], x - centre[1]) / (rng.uniform(0.1, 0.35) * CANVAS[1])
        weight = np.exp(-(away**2))
        return _mixed(picture, over, weight)
    matrix: NDArray[Any] = cv2.getRotationMatrix2D(
        (CANVAS[1] / 2, CANVAS[0] / 2), rng.normal(0, 10), rng.lognormal(0, 0.12)
    )
    matrix[0, 0] *= float(rng.lognormal(0, 0.1))
    matrix[:, 2] += rng.normal(0, 12, 2)
    turned = cv2.warpAffine(picture, matrix, CANVAS[::-1])
    bend = rng.normal(0, 5, (5, 6, 2)).astype(np.float32)
    y, x = np.mgrid[: CANVAS[0], : CANVAS[1]].astype(np.float32)
    field = cv2.resize(bend, CANVAS[::-1], interpolation=cv2.INTER_CUBIC)
    bent = cv2.remap(turned, x + field[..., 0], y + field[..., 1], cv2.INTER_LINEAR)
    light = (np.arange(256) / 255) ** rng.lognormal(0, 0.2) * 255 * rng.uniform(0.8, 1.2)
    return np.asarray(cv2.LUT(bent, light.clip(0, 255).astype(np.uint8)), np.uint8)


def _chances(pictures: Picture, ask: Ask, rng: np.random.Generator) -> FloatArray:
    """(N, 14) mean probabilities of pictures as they are and moved a little."""
    moved = [compose(Source("", picture[None], ()), STEADY, rng, frames=1) for picture in pictures]
    both = ask(pictures) + ask(np.concatenate(moved))
    return np.asarray(both / 2, np.float32)


def _mixed(one: Picture, other: Picture, share: Any) -> Picture:
    return np.asarray(np.rint(one * (1 - share) + other * share), np.uint8)


def _steadiness(picture: Picture, column: int, ask: Ask, rng: np.random.Generator) -> float:
    """Mean probability of a plane over a picture's views in a held clip."""
    source = Source("candidate", picture[None], ())
    moved = np.stack([compose(source, STEADY, rng, frames=1)[0] for _ in range(8)])
    return float(ask(moved)[:, column].mean())
