"""Collections of composed exams: their casts, timelines and files."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from usummary.errors import InputError
from usummary.training.composing.pictures import (
    TIMELINE_RATE,
    Part,
    RealCourse,
    Source,
    load_sources,
    load_timelines,
)
from usummary.training.composing.probe import Cast
from usummary.training.composing.recording import Composition, Freezes, write_recording
from usummary.training.composing.script import write_script
from usummary.training.composing.standins import load_stand_ins
from usummary.training.composing.teacher import asked, read_teacher, with_four_chambers
from usummary.types import BACKGROUND, STANDARD_PLANES

_LOST_HEADS = 6
_PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class CollectionPlan:
    """What to compose.

    Attributes:
        data: Data folder, the one that holds ``ultrasound/``.
        part: Part of the split that pictures and timelines come from.
        casts: Recordings of each timeline, each played by other pictures with other motions.
        seed: Seed of every draw; recordings of one plan differ by operator and number.
        freezes: Whether the screen stands still after a save.
        fps: Frames per second.
        minutes: Length of a recording; None: the whole timeline.
        stand_ins: Folder of stand-ins for planes without pictures (`standins`).
    """

    data: Path
    part: Part
    casts: int = 1
    seed: int = 1
    freezes: Freezes = "hide"
    fps: int = 15
    minutes: float | None = None
    stand_ins: Path | None = None


@dataclass(frozen=True)
class Planned:
    """One recording of a plan: its file name, timeline and number."""

    name: str
    timeline: RealCourse
    number: int


def planned(plan: CollectionPlan) -> list[Planned]:
    """The recordings of a plan, without timelines that have no usable saves."""
    return [
        Planned(f"{plan.part}-operator{timeline.operator}-{number}.mp4", timeline, number)
        for number in range(plan.casts)
        for timeline in load_timelines(plan.data, plan.part)
        if timeline.saved is not None
    ]


def compose_all(
    plan: CollectionPlan,
    folder: Path,
    report: Callable[[str, float], None],
    *,
    only: slice | None = None,
) -> Iterator[Path]:
    """Writes the recordings of a plan that are not in `folder` yet, and yields each path.

    Args:
        plan: What to compose.
        folder: Made if missing.
        report: Called with a recording's name and the share of it that is done; may raise to stop.
        only: Some of the recordings, to share the work between processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = planned(plan)[only or slice(None)]
    for recording in [w for w in wanted if not (folder / w.name).exists()]:
        sources = _sources(plan.data, plan.part, plan.stand_ins)
        composition = _composed(plan, recording, sources)
        count = composition.script.frame_count

        def done(frames: int, name: str = recording.name, count: int = count) -> None:
            report(name, frames / count)

        write_recording(composition, folder / recording.name, done)
        yield folder / recording.name


def labelled_sources(data: Path, part: Part) -> list[Source]:
    """All pictures of a part of the split, with the teacher's word on thorax stills."""
    return with_four_chambers(load_sources(data, part), asked(read_teacher(data)))


@functools.lru_cache(maxsize=1)
def _sources(data: Path, part: Part, stand_ins: Path | None) -> list[Source]:
    """Kept for the next recording that this process composes."""
    sources = labelled_sources(data, part)
    if stand_ins is not None:
        found = load_stand_ins(stand_ins)
        if found is None:
            raise InputError(f"{stand_ins} holds no complete set of stand-ins.")
        sources += found
    return sources


def _composed(plan: CollectionPlan, one: Planned, sources: Sequence[Source]) -> Composition:
    key = (plan.seed, _PARTS.index(plan.part), int(one.timeline.operator), one.number)
    rng = np.random.default_rng(key)
    start_s = 0.0
    if plan.minutes is not None:
        spare_s = max(len(one.timeline.labels) / TIMELINE_RATE - 60 * plan.minutes, 0)
        start_s = float(rng.uniform(0, spare_s))
    script = write_script(one.timeline, rng, fps=plan.fps, start_s=start_s, minutes=plan.minutes)
    seed = int(rng.integers(2**31))
    return Composition(script, draw_cast(sources, rng), seed, plan.freezes, plan.part)


def draw_cast(sources: Sequence[Source], rng: np.random.Generator) -> Cast:
    """Draws the cast: for each plane a picture of it, and no picture for two planes.

    A plane without a picture and without a stand-in gets any view of the fetus.

    Raises:
        InputError: There are fewer views than planes.
    """
    views = [s for s in sources if s.planes and BACKGROUND not in s.planes]
    if len(views) < len(STANDARD_PLANES):
        raise InputError(
            f"There are pictures of {len(views)} views of a fetus, {len(STANDARD_PLANES)} are "
            "needed. Name a data folder with more."
        )
    others = [
        s
        for s in sources
        if s.name.startswith("fetal_planes/") and not set(s.planes) & {*STANDARD_PLANES}
    ]
    pictured = {plane for source in views for plane in source.planes}
    planes: dict[str, Source] = {}
    # those without a picture come last, lest they take another plane's only one
    for plane in sorted(STANDARD_PLANES, key=lambda plane: plane not in pictured):
        taken = {source.name for source in planes.values()}
        free = [source for source in views if source.name not in taken]
        planes[plane] = _one(_by_set([s for s in free if plane in s.planes] or free), rng)
    lung = [s for s in sources if s.name.startswith("lung_clips/")]
    heads = [s for s in sources if s.name.startswith("hc18/")]
    lost = [heads[i] for i in rng.permutation(len(heads))[:_LOST_HEADS]]
    return Cast(planes, others or views, [*lung, *others, *lost])


def _by_set(sources: Sequence[Source]) -> dict[str, list[Source]]:
    """Sources by their data set, which is the first part of their name."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.name.split("/")[0], []).append(source)
    return groups


def _one(groups: dict[str, list[Source]], rng: np.random.Generator) -> Source:
    """A source of a random data set, so that large sets do not outweigh small ones."""
    names = sorted(groups)
    group = groups[names[int(rng.integers(len(names)))]]
    return group[int(rng.integers(len(group)))]
