"""All shipped models from scratch, with the tables and curves of their cards: one call each."""

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
"""Methods whose best seed is shipped, and the names it gets."""

COMPARED: dict[BackboneKind, tuple[str, ...]] = {
    "i3d": tuple(METHODS),
    "st3d": ("3dst-unet-supervised",),
    "2d": ("3dst-unet-supervised",),
}
"""Methods trained on each kind of features: with the first all, as in the paper's Table IV; with
the others what its Table III compares."""

_DRAWN = 3

Held = dict[str, tuple[int, int]]
"""See `named_while_held`."""


def compare_all(
    shop: Workshop, seeds: Sequence[int], kind: BackboneKind
) -> tuple[list[Measured], Held]:
    """Trains the methods of `COMPARED` on one kind of features, measures them on the test exams.

    Numbers are kept in the work folder as ``comparison-KIND.json``. With I3D features the best
    seeds (on validation exams) are written to ``shipped/``, and the scores of the first drawn as
    ``score-curves.png``.

    Returns:
        Figures of the summarisers, and how often the backbone names held planes rightly.
    """
    made = make_summarisers(shop, COMPARED[kind], seeds, kind)
    backbone = make_backbone(shop, kind)
    test = read_part(shop, "test", backbone)
    summarisers = {
        method(name).title: {one.seed: scores_of(one.model) for one in made if one.method == name}
        for name in COMPARED[kind]
    }
    rows = {**simple_summarisers(seeds), **known_truth(), **summarisers}
    measured = compare(rows, test, covering=[*summarisers, *known_truth()], report=shop.say)
    about = {"backbone": backbone.name, "sha256": backbone.sha256, "seeds": list(seeds)}
    save(shop.work / f"comparison-{kind}.json", measured, about)
    if kind == "i3d":
        best = ship(shop, made)
        drawn = test[:: CASTS["test"]][:_DRAWN]  # one of each operator
        title, net = method(best.method).title, build(best.model)
        assert isinstance(net, Scorer)
        draw_curves(
            shop.work / "score-curves.png",
            [(exam, {title: network_scores(net, exam)}) for exam in drawn],
        )
    return measured, named_while_held(test)


def ship(shop: Workshop, made: Sequence[Made]) -> Made:
    """Writes the best seeds under their shipped names, and the backbone; gives the first's."""
    chosen = []
    for name, title in SHIPPED.items():
        best = max((one for one in made if one.method == name), key=lambda one: one.validation)
        shop.say(f"{title}: {best.model.name}")
        copy_model(best.model, shop.work / "shipped" / title)
        chosen.append(best)
    for kind in ("i3d", "2d"):
        copy_model(make_backbone(shop, kind), shop.work / "shipped" / BACKBONES[kind])
    return chosen[0]


def recognise_all(shop: Workshop) -> list[list[str]]:
    """What the teacher and the backbones make of held-out test pictures, as a table."""
    sources = load_sources(shop.data, "test")
    found = {"SonoNet16 teacher": recognition(picture_namer(shop.teacher()), sources)}
    for kind, name in BACKBONES.items():
        net = build(make_backbone(shop, kind))
        assert isinstance(net, SonoNetI3D | ST3D)
        found[name] = recognition(clip_namer(net), sources)
    groups = list(next(iter(found.values())).count)
    lines = [["", *found]]
    brain = ("undefined" if one.brain is None else f"{one.brain:.3f}" for one in found.values())
    lines.append(["brain, balanced accuracy", *brain])
    lines.append(["calibration error", *(f"{one.calibration:.3f}" for one in found.values())])
    for group in groups:
        cells = (f"{one.right[group]} of {one.count[group]}" for one in found.values())
        lines.append([group, *cells])
    return lines


def held_table(found: Mapping[str, Held]) -> list[list[str]]:
    """What backbones, by name, make of planes while they are held in the same exams."""
    lines = [["clips named right", *found]]
    for plane in STANDARD_PLANES:
        if all(plane in one for one in found.values()):
            cells = ("{} of {}".format(*one[plane]) for one in found.values())
            lines.append([plane, *cells])
    shares = ([right / count for right, count in one.values()] for one in found.values())
    lines.append(["mean over planes", *(f"{np.mean(one):.2f}" for one in shares)])
    return lines
