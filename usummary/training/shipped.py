"""How the shipped models come about: from pictures and timelines to weights and the table.

One call does everything, in order, into one work folder; what stands there already is used again,
so an interrupted run goes on where it was.

    stand-ins -> composed exams -> backbones -> features -> summarisers -> comparison
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch

from usummary.errors import ModelError
from usummary.networks.i3d import SONONET_CLASSES, SonoNet2D, SonoNetI3D
from usummary.networks.scorer import Scorer
from usummary.networks.weights import Model, Training, build, load_model, save_model
from usummary.readers.listing import find_exams
from usummary.settings import Settings
from usummary.training.assess import (
    clip_namer,
    network_scores,
    picture_namer,
    recognition,
)
from usummary.training.checkpoint import write_curve
from usummary.training.collection import Plan, compose_all, planned
from usummary.training.comparison import Measured, Scores, compare, save, simple_summarisers
from usummary.training.dataset import Part, load_sources
from usummary.training.exams import ReadExam, read_exam
from usummary.training.methods import method
from usummary.training.pretrain import (
    Backbone,
    BackboneRecipe,
    calibrate,
    train_backbone,
    train_st3d,
    unsure_below,
)
from usummary.training.standins import find_stand_ins, load_stand_ins, save_stand_ins
from usummary.training.summarisers import Wanted, train_summariser

Say = Callable[[str], None]
BackboneKind = Literal["i3d", "st3d", "2d"]

BACKBONES: dict[BackboneKind, str] = {
    "i3d": "us-i3d-sononet16",
    "st3d": "us-st3d",
    "2d": "us-2d-sononet16",
}
"""Names of the backbones by kind."""

PICTURES = (
    "SonoNet16 weights (Baumgartner et al. 2017, Apache-2.0); pictures composed from HC18 (van den "
    "Heuvel et al. 2018, CC BY 4.0), FETAL_PLANES_DB (Burgos-Artizzu et al. 2020, CC BY 4.0) and "
    "lung clips (Born et al. 2021, CC BY 4.0 / CC BY 2.0)"
)
EXAMS = (
    f"Composed exams: {PICTURES}, along second-trimester screening timelines (UCL Surgical Vision "
    "2024, MIT). No real fetal recording"
)
CASTS: dict[Part, int] = {"train": 2, "validation": 2, "test": 4}
"""Composed recordings of each timeline."""


@dataclass(frozen=True)
class Workshop:
    """Where things are and how fast they may be made.

    Attributes:
        data: Data folder, the one that holds ``ultrasound/``.
        work: Folder for everything that is made.
        workers: Processes that compose recordings.
        device: Where networks are trained.
        say: Told what is going on, a line at a time.
    """

    data: Path
    work: Path
    workers: int
    device: str
    say: Say

    def teacher(self) -> SonoNet2D:
        """SonoNet16 as published."""
        return read_teacher(self.data / "ultrasound" / "sononet" / "SonoNet16.npz")


def read_teacher(path: Path) -> SonoNet2D:
    """The published weights.

    Raises:
        ModelError: The file is missing, or holds something else.
    """
    try:
        with np.load(path) as arrays:
            return SonoNet2D.from_arrays(dict(arrays))
    except (OSError, ValueError) as error:
        raise ModelError(f"The SonoNet16 weights {path} cannot be read: {error}") from error


def make_stand_ins(shop: Workshop, part: Part) -> Path | None:
    """Folder of the stand-ins of a part; the test part has real pictures of every plane."""
    if part == "test":
        return None
    folder = shop.work / f"standins-{part}"
    if load_stand_ins(folder) is None:
        teacher = shop.teacher().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

        @torch.no_grad()
        def ask(pictures: np.ndarray) -> np.ndarray:
            batch = torch.from_numpy(pictures)[:, None]
            with torch.autocast("cpu", torch.bfloat16):
                told = teacher(batch.contiguous(memory_format=torch.channels_last))
            return np.asarray(told.float().numpy())

        seed = 1 if part == "train" else 2
        found = find_stand_ins(load_sources(shop.data, part), ask, seed, say=shop.say)
        save_stand_ins(folder, found)
    return folder


def make_exams(shop: Workshop, part: Part, *, freezes: Literal["show", "hide"] = "hide") -> Path:
    """Folder of the composed exams of a part."""
    folder = shop.work / part
    plan = Plan(
        shop.data,
        part,
        casts=CASTS[part],
        freezes=freezes,
        stand_ins=make_stand_ins(shop, part),
    )
    compose_in_parallel(plan, folder, shop.workers, shop.say)
    return folder


def compose_in_parallel(plan: Plan, folder: Path, workers: int, say: Say) -> None:
    """Composes every recording of a plan that is not there yet, several at a time."""
    todo = [i for i, one in enumerate(planned(plan)) if not (folder / one.name).exists()]
    if workers == 1 or len(todo) < 2:
        for number in todo:
            say(f"composed {_compose_one(plan, folder, number)}")
        return
    with ProcessPoolExecutor(workers) as pool:
        for name in pool.map(_compose_one, *zip(*((plan, folder, i) for i in todo), strict=True)):
            say(f"composed {name}")


def _compose_one(plan: Plan, folder: Path, number: int) -> str:
    cv2.setNumThreads(1)
    made = compose_all(plan, folder, lambda *_: None, only=slice(number, number + 1))
    return next(made).name


def make_backbone(shop: Workshop, kind: BackboneKind) -> Model:
    """The backbone of a kind, trained and calibrated, as a model folder in the work folder."""
    folder = shop.work / "models" / BACKBONES[kind]
    if (folder / "model.toml").exists():
        return load_model(str(folder.resolve()), "backbone")
    recipe, teacher = BackboneRecipe(), shop.teacher()
    stand_ins = make_stand_ins(shop, "train")
    assert stand_ins is not None
    sources = load_sources(shop.data, "train") + (load_stand_ins(stand_ins) or [])
    checkpoints = shop.work / "backbones"
    net: Backbone
    if kind == "i3d":
        net = train_backbone(sources, teacher, recipe, checkpoints, shop.say)
    elif kind == "st3d":
        net = train_st3d(sources, teacher, recipe, checkpoints, shop.say)
    else:
        net = SonoNetI3D(recipe.flat(), teacher).eval()
    held_out = load_sources(shop.data, "validation")
    temperature, unsure = calibrate(net, held_out), unsure_below(net, held_out)
    shop.say(f"{kind}: temperature {temperature:.3f}, unsure below {unsure}")
    training = Training(data=PICTURES, classes=SONONET_CLASSES, unsure=unsure)
    return save_model(folder, net, training)


def copy_model(model: Model, out: Path) -> None:
    """A model folder under another name."""
    training = Training(model.training_data, model.licence, model.classes, model.unsure)
    save_model(out, build(model), training)


def read_part(shop: Workshop, part: Part, backbone: Model) -> list[ReadExam]:
    """The composed exams of a part with the features of a backbone."""
    read = []
    for path in find_exams(make_exams(shop, part)):
        read.append(read_exam(path, backbone, Settings(device="cpu")))
        shop.say(f"{path.name}: features of {backbone.name}")
    return read


def make_summariser(
    shop: Workshop,
    name: str,
    seed: int,
    backbone: Model,
    exams: tuple[Sequence[ReadExam], Sequence[ReadExam]],
) -> Model:
    """A summariser trained on exams (training, validation), as a model folder."""
    folder = shop.work / "models" / f"{name}-{backbone.name}-{seed}"
    if not (folder / "model.toml").exists():
        curve = folder.with_suffix(".csv")
        net = train_summariser(
            Wanted(method(name), seed, shop.device),
            *exams,
            checkpoint=folder.with_suffix(".safetensors"),
            say=lambda epoch: write_curve(curve, epoch),
        )
        save_model(folder, net, Training(data=EXAMS, backbone=backbone))
        shop.say(f"trained {name}, seed {seed}")
    return load_model(str(folder.resolve()), "summariser")


def compare_all(
    shop: Workshop,
    methods: Sequence[str],
    seeds: Sequence[int],
    kind: BackboneKind = "i3d",
) -> list[Measured]:
    """Trains every method and seed on one kind of features and measures them on the test exams."""
    backbone = make_backbone(shop, kind)
    learn = read_part(shop, "train", backbone), read_part(shop, "validation", backbone)
    made = {
        method(name).title: {
            seed: make_summariser(shop, name, seed, backbone, learn) for seed in seeds
        }
        for name in methods
    }
    summarisers = {
        title: {seed: scores_of(m) for seed, m in models.items()} for title, models in made.items()
    }
    test = read_part(shop, "test", backbone)
    measured = compare({**simple_summarisers(seeds), **summarisers}, test, said=shop.say)
    about = {"backbone": backbone.name, "sha256": backbone.sha256, "seeds": list(seeds)}
    save(shop.work / f"comparison-{kind}.json", measured, about)
    return measured


def recognise_all(shop: Workshop) -> list[list[str]]:
    """What the teacher and the shipped backbones make of held-out test pictures, as a table."""
    sources = load_sources(shop.data, "test")
    found = {"SonoNet16 teacher": recognition(picture_namer(shop.teacher()), sources)}
    for kind in ("i3d", "2d"):
        net = build(make_backbone(shop, kind))
        assert isinstance(net, SonoNetI3D)
        found[BACKBONES[kind]] = recognition(clip_namer(net), sources)
    groups = list(next(iter(found.values())).count)
    lines = [["", *found]]
    lines.append(["brain, balanced accuracy", *(f"{one.brain:.3f}" for one in found.values())])
    lines.append(["calibration error", *(f"{one.calibration:.3f}" for one in found.values())])
    for group in groups:
        cells = (f"{one.right[group]} of {one.count[group]}" for one in found.values())
        lines.append([group, *cells])
    return lines


def scores_of(model: Model) -> Scores:
    """Scores by a trained summariser."""
    net = build(model)
    assert isinstance(net, Scorer)
    return lambda exam, _: network_scores(net, exam)
