"""Makes all shipped models from scratch, and the tables and curves of their cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from usummary.networks.i3d import SonoNetI3D
from usummary.networks.scorer import Scorer
from usummary.networks.st3d import ST3D
from usummary.networks.weights import build
from usummary.training.composing.pictures import load_sources
from usummary.training.judging.curves import draw_curves
from usummary.training.judging.measures import (
    clip_namer,
    named_while_held,
    network_scores,
    picture_namer,
    recognition,
)
from usummary.training.judging.table import Measured, compare, known_truth, save, simple_summarisers
from usummary.training.summariser.recipes import METHODS, method
from usummary.training.train_shipped import (
    BACKBONES,
    CASTS,
    BackboneKind,
    Made,
    Workshop,
    copy_model,
    make_backbone,
    make_summarisers,
    read_part,
)
from usummary.training.train_summariser import scores_of
from usummary.types import STANDARD_PLANES

SHIPPED = {
    "3dst-unet-supervised": "3dst-unet-rl",
    "3dst-unet-plane": "3dst-unet-rl-unsupervised",
    "dr-dsn-supervised": "dr-dsn",
}
"""Methods whose best seed is shipped, and the shipped names."""

COMPARED: dict[BackboneKind, tuple[str, ...]] = {
    "i3d": tuple(METHODS),
    "st3d": ("3dst-unet-supervised",),
    "2d": ("3dst-unet-supervised",),
}
"""Methods trained on each kind of features: all on the first, as in the paper's Table IV; on the
others only those that its Table III compares."""

_DRAWN = 3

Held = dict[str, tuple[int, int]]
"""See `named_while_held`."""


def compare_all(
    shop: Workshop, seeds: Sequence[int], kind: BackboneKind
) -> tuple[list[Measured], Held]:
    """Trains the methods of `COMPARED` on one kind of features, measures them on the test exams.

    Numbers are written to the work folder as ``comparison-KIND.json``. With I3D features the best
    seeds (on validation exams) are also written to ``shipped/``, and the scores of the first are
    drawn as ``score-curves.png``.

    Returns:
        Figures of the summarisers, and how often the backbone names held planes correctly.
    """
    made = make_summarisers(shop, COMPARED[kind], seeds, kind)
    backbone = make_backbone(shop, kind)
    test = read_part(shop, "test", backbone)
    summarisers = {
        method(name).title: {m.seed: scores_of(m.model) for m in made if m.method == name}
        for name in COMPARED[kind]
    }
    rows = {**simple_summarisers(seeds), **known_truth(), **summarisers}
    measured = compare(rows, test, covering=[*summarisers, *known_truth()], report=shop.say)
    about = {"backbone": backbone.name, "sha256": backbone.sha256, "seeds": list(seeds)}
    save(shop.work / f"comparison-{kind}.json", measured, about)
    if kind == "i3d":
        best = ship(shop, made)
        drawn = test[:: CASTS["test"]][:_DRAWN]  # one exam of each operator
        title, net = method(best.method).title, build(best.model)
        assert isinstance(net, Scorer)
        draw_curves(
            shop.work / "score-curves.png",
            [(exam, {title: network_scores(net, exam)}) for exam in drawn],
        )
    return measured, named_while_held(test)


def ship(shop: Workshop, made: Sequence[Made]) -> Made:
    """Writes the best seeds and their backbones under their shipped names; returns the first."""
    chosen = []
    for name, title in SHIPPED.items():
        best = max((m for m in made if m.method == name), key=lambda m: m.validation)
        shop.say(f"{title}: {best.model.name}")
        copy_model(best.model, shop.work / "shipped" / title)
        chosen.append(best)
    for kind in ("i3d", "2d"):
        copy_model(make_backbone(shop, kind), shop.work / "shipped" / BACKBONES[kind])
    return chosen[0]


def recognise_all(shop: Workshop) -> list[list[str]]:
    """How well the teacher and the backbones recognise held-out test pictures, as a table."""
    sources = load_sources(shop.data, "test")
    by_net = {"SonoNet16 teacher": recognition(picture_namer(shop.teacher()), sources)}
    for kind, name in BACKBONES.items():
        net = build(make_backbone(shop, kind))
        assert isinstance(net, SonoNetI3D | ST3D)
        by_net[name] = recognition(clip_namer(net), sources)
    results = list(by_net.values())
    groups = list(results[0].count)
    lines = [["", *by_net]]
    brain = ("undefined" if r.brain is None else f"{r.brain:.3f}" for r in results)
    lines.append(["brain, balanced accuracy", *brain])
    lines.append(["calibration error", *(f"{r.calibration:.3f}" for r in results)])
    for group in groups:
        cells = (f"{r.right[group]} of {r.count[group]}" for r in results)
        lines.append([group, *cells])
    return lines


def held_table(found: Mapping[str, Held]) -> list[list[str]]:
    """How often each backbone, by name, names planes correctly while they are held, as a table."""
    lines = [["clips named right", *found]]
    for plane in STANDARD_PLANES:
        if all(plane in held for held in found.values()):
            cells = ("{} of {}".format(*held[plane]) for held in found.values())
            lines.append([plane, *cells])
    shares = ([right / count for right, count in held.values()] for held in found.values())
    lines.append(["mean over planes", *(f"{np.mean(share):.2f}" for share in shares)])
    return lines
