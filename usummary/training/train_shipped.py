"""The steps that make the shipped models, from pictures and timelines to weights.

Each step writes into the same work folder and skips what is there already, so an interrupted run
can be continued. `usummary.training.train_everything` runs the steps in order.

    stand-ins -> composed exams -> backbones -> features -> summarisers
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from usummary import pipeline, readers
from usummary.networks.i3d import SONONET_CLASSES, SonoNet2D, SonoNetI3D
from usummary.networks.weights import (
    Model,
    Training,
    backbone_of,
    build,
    load_model,
    save_model,
)
from usummary.processes import side_by_side
from usummary.readers.find_exams import find_exams
from usummary.settings import Settings
from usummary.training.backbone.motion import (
    MotionRecipe,
    area_under_curve,
    chances_held,
    take_clips,
    train_motion,
)
from usummary.training.backbone.pretrain import (
    Backbone,
    BackboneRecipe,
    calibrate,
    train_backbone,
    train_st3d,
    unsure_below,
)
from usummary.training.checkpoint import read_curve, write_curve
from usummary.training.composing.collection import (
    CollectionPlan,
    compose_all,
    labelled_sources,
    planned,
)
from usummary.training.composing.pictures import Part
from usummary.training.composing.standins import find_stand_ins, load_stand_ins, save_stand_ins
from usummary.training.composing.teacher import asked, read_teacher
from usummary.training.judging.exams import ReadExam, read_exam
from usummary.training.summariser.recipes import method
from usummary.training.train_summariser import TrainingPlan, train_summariser

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
CASTS: dict[Part, int] = {"train": 6, "validation": 4, "test": 4}
"""Number of composed recordings of each timeline."""
ON_CPU = Settings(device="cpu")
"""Settings of the exams' features: those of a computer without a GPU, which most offices have."""
_LEARNT_FROM: tuple[Part, ...] = ("train", "validation")


@dataclass(frozen=True)
class Workshop:
    """The folders and the computing power that the steps use.

    Attributes:
        data: Data folder, the one that holds ``ultrasound/``.
        work: Folder for everything that is made.
        workers: Number of processes that compose, read and train side by side.
        device: Device that trains networks.
        say: Called with lines that say what is being done.
    """

    data: Path
    work: Path
    workers: int
    device: str
    say: Say

    def teacher(self) -> SonoNet2D:
        """SonoNet16 as published."""
        return read_teacher(self.data)


def make_stand_ins(shop: Workshop, part: Part) -> Path | None:
    """Folder of the stand-ins of a part; the test part has real pictures of every plane."""
    if part == "test":
        return None
    folder = shop.work / f"standins-{part}"
    if load_stand_ins(folder) is None:
        seed = 1 if part == "train" else 2
        found = find_stand_ins(
            labelled_sources(shop.data, part), asked(shop.teacher()), seed, say=shop.say
        )
        save_stand_ins(folder, found)
    return folder


def make_exams(shop: Workshop, part: Part, *, freezes: Literal["show", "hide"] = "hide") -> Path:
    """Folder of the composed exams of a part."""
    folder = shop.work / part
    plan = CollectionPlan(
        shop.data,
        part,
        casts=CASTS[part],
        freezes=freezes,
        stand_ins=make_stand_ins(shop, part),
    )
    compose_in_parallel(plan, folder, shop.workers, shop.say)
    return folder


def compose_in_parallel(plan: CollectionPlan, folder: Path, workers: int, say: Say) -> None:
    """Composes every recording of a plan that is not there yet, several at a time."""
    todo = [i for i, made in enumerate(planned(plan)) if not (folder / made.name).exists()]
    for name in side_by_side(functools.partial(_compose_one, plan, folder), todo, workers):
        say(f"composed {name}")


def _compose_one(plan: CollectionPlan, folder: Path, number: int) -> str:
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
    sources = labelled_sources(shop.data, "train") + (load_stand_ins(stand_ins) or [])
    checkpoints = shop.work / "backbones"
    net: Backbone
    if kind == "i3d":
        net = train_backbone(sources, teacher, recipe, checkpoints, shop.say)
        _learn_motion(shop, net, recipe)
    elif kind == "st3d":
        net = train_st3d(sources, teacher, recipe, checkpoints, shop.say)
    else:
        net = SonoNetI3D(recipe.flat(), teacher).eval()
    held_out = labelled_sources(shop.data, "validation")
    temperature, unsure = calibrate(net, held_out), unsure_below(net, held_out)
    shop.say(f"{kind}: temperature {temperature:.3f}, unsure below {unsure}")
    training = Training(data=PICTURES, classes=SONONET_CLASSES, unsure=unsure)
    return save_model(folder, net, training)


def _learn_motion(shop: Workshop, net: SonoNetI3D, recipe: BackboneRecipe) -> None:
    """Trains the motion stream on training exams and says how it does on validation exams."""
    assert net.motion is not None
    size = (recipe.config.height, recipe.config.width)
    plan = MotionRecipe()
    torch.manual_seed(plan.seed)
    learn, held_out = (
        take_clips(find_exams(make_exams(shop, part)), plan, recipe.config.clip_length, size)
        for part in _LEARNT_FROM
    )
    train_motion(net.motion, learn, plan, shop.say)
    clear = (held_out.held == 0) | (held_out.held == 1)
    chances = chances_held(net.motion, held_out.clips[clear])
    area = area_under_curve(chances, held_out.held[clear] == 1)
    shop.say(f"held from moving, validation exams: area under the curve {area:.3f}")


def copy_model(model: Model, out: Path) -> None:
    """Copies a model folder under another name."""
    training = Training(model.training_data, model.licence, model.classes, model.unsure)
    if model.backbone:
        training = replace(training, backbone=backbone_of(model))
    save_model(out, build(model), training)


def read_part(shop: Workshop, part: Part, backbone: Model) -> list[ReadExam]:
    """The composed exams of a part with the features of a backbone."""
    return [read_exam(path, backbone, ON_CPU) for path in keep_features(shop, part, backbone)]


def keep_features(shop: Workshop, part: Part, backbone: Model) -> list[Path]:
    """Computes and caches the features of a part's composed exams; returns the exams' paths."""
    paths = find_exams(make_exams(shop, part))
    work = functools.partial(_keep_features, str(backbone.folder))
    for name in side_by_side(work, paths, shop.workers):
        shop.say(f"{name}: features of {backbone.name}")
    return paths


def _keep_features(backbone: str, path: Path) -> str:
    with readers.open_exam(path) as exam:
        pipeline.features_of(exam, load_model(backbone, "backbone"), ON_CPU)
    return path.name


@dataclass(frozen=True, slots=True)
class Made:
    """A trained summariser.

    Attributes:
        method: Name of the method.
        seed: Random seed.
        model: The written model.
        validation: Judgement of its best epoch on validation exams; more is better.
    """

    method: str
    seed: int
    model: Model
    validation: float


def make_summarisers(
    shop: Workshop, names: Sequence[str], seeds: Sequence[int], kind: BackboneKind
) -> list[Made]:
    """Every method with every seed, trained on the features of a backbone."""
    backbone = make_backbone(shop, kind)
    for part in _LEARNT_FROM:
        keep_features(shop, part, backbone)
    for name in names:
        for notice in method(name).notices(shop.device):
            shop.say(f"{name}: {notice}")
    jobs = [(name, seed) for seed in seeds for name in names]
    quiet = replace(shop, workers=1, say=_say_nothing)
    made = []
    work = functools.partial(_make_summariser, quiet, kind)
    for (name, seed), folder in zip(jobs, side_by_side(work, jobs, shop.workers), strict=True):
        validation = max(read_curve(_curve(folder), "validation"))
        shop.say(f"{folder.name}: {validation:.4f} on validation exams")
        model = load_model(str(folder.resolve()), "summariser")
        made.append(Made(name, seed, model, validation))
    return made


def _make_summariser(shop: Workshop, kind: BackboneKind, job: tuple[str, int]) -> Path:
    """The model folder of a method and a seed."""
    name, seed = job
    backbone = make_backbone(shop, kind)
    folder = shop.work / "models" / f"{name}-{backbone.name}-{seed}"
    if not (folder / "model.toml").exists():
        net = train_summariser(
            TrainingPlan(method(name), seed, shop.device),
            *_exams_to_learn_from(shop, kind),
            checkpoint=folder.with_name(f"{folder.name}.safetensors"),
            say=lambda epoch: write_curve(_curve(folder), epoch),
        )
        save_model(folder, net, Training(data=EXAMS, backbone=backbone))
    return folder


def _curve(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.csv")


@functools.lru_cache(maxsize=1)
def _exams_to_learn_from(
    shop: Workshop, kind: BackboneKind
) -> tuple[list[ReadExam], list[ReadExam]]:
    """Training and validation exams, read once in a process."""
    backbone = make_backbone(shop, kind)
    learn, validation = (
        [read_exam(path, backbone, ON_CPU) for path in find_exams(shop.work / part)]
        for part in _LEARNT_FROM
    )
    return learn, validation


def _say_nothing(_: str) -> None:
    pass
