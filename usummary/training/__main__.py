"""Training from the command line: ``python -m usummary.training backbone|summariser --help``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import torch
import typer

from usummary.errors import ModelError, UsummaryError
from usummary.networks.i3d import SONONET_CLASSES, SonoNet2D
from usummary.networks.runtime import open_runner
from usummary.networks.weights import Model, Training, backbone_of, build, load_model, save_model
from usummary.training import assess as figures
from usummary.training.dataset import Part, load_sources, load_timelines
from usummary.training.exams import ComposedExam, compose_exam, load_exam, save_exam
from usummary.training.pretrain import (
    BackboneRecipe,
    Composer,
    calibrate,
    train_backbone,
    validate,
)
from usummary.training.reinforce import Epoch, SummariserRecipe, Trainer
from usummary.types import BACKGROUND

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Data = Annotated[Path, typer.Option(help="Data folder, the one that holds ultrasound/.")]
Out = Annotated[Path, typer.Option(help="Model folder to write.")]
Work = Annotated[Path, typer.Option(help="Folder for checkpoints and composed exams.")]
Threads = Annotated[int, typer.Option(help="1 is best on a machine that is shared.")]

EXAMS: dict[Part, int] = {"train": 10, "validation": 4, "test": 6}
"""Composed exams of each part."""
CLIPS = 180
"""Clips of a composed exam, 1.07 s each."""

_PICTURES = (
    "SonoNet16 weights (Baumgartner et al. 2017, Apache-2.0); pictures composed from HC18 (van den "
    "Heuvel et al. 2018, CC BY 4.0), FETAL_PLANES_DB (Burgos-Artizzu et al. 2020, CC BY 4.0) and "
    "lung clips (Born et al. 2021, CC BY 4.0 / CC BY 2.0)"
)
_EXAMS = (
    f"Composed exams: {_PICTURES}, along second-trimester screening timelines (UCL Surgical Vision "
    "2024, MIT). No real fetal recording"
)


@app.command()
def backbone(
    data: Data,
    out: Out,
    work: Work = Path("out/training"),
    threads: Threads = 1,
    bf16: Annotated[bool, typer.Option(help="For processors that are fast at it.")] = True,
) -> None:
    """Train the ultrasound backbone; goes on from the checkpoints in --work."""
    _use(threads)
    recipe = BackboneRecipe(bf16=bf16)
    teacher = _teacher(data / "ultrasound" / "sononet" / "SonoNet16.npz")
    net = train_backbone(load_sources(data, "train"), teacher, recipe, work, typer.echo)
    composer = Composer(load_sources(data, "validation"), teacher, bf16=False)
    batches = [
        composer.batch(16, np.random.default_rng((7, number)), frames=16, looks=4)
        for number in range(10)
    ]
    typer.echo(f"temperature,{calibrate(net, batches):.3f}")
    for name, value in validate(net, batches).items():
        typer.echo(f"{name},{value:.4f}")
    made = save_model(out, net, Training(data=_PICTURES, classes=SONONET_CLASSES))
    typer.echo(f"sha256,{made.sha256}")


@app.command()
def summariser(
    data: Data,
    out: Out,
    backbone: Annotated[str, typer.Option(help="Backbone: name or folder.")] = "us-i3d-sononet16",
    work: Work = Path("out/training"),
    threads: Threads = 1,
    plane_reward: float = SummariserRecipe.plane_reward,
) -> None:
    """Train the summariser on composed exams; exams found in --work are used again."""
    _use(threads)
    recipe = SummariserRecipe(plane_reward=plane_reward)
    model = load_model(backbone, "backbone")
    folder = work / f"exams-{model.sha256[:12]}"
    learn = composed_exams(data, "train", model, folder)
    validation = composed_exams(data, "validation", model, folder)
    trainer = Trainer(recipe, learn, validation, model.classes.index(BACKGROUND))
    typer.echo("epoch,reward,mean p,spread p,gradient signal to noise,validation reward,its spread")
    net = trainer.train(_tell)
    save_model(out, net, Training(data=_EXAMS, backbone=model))


@app.command()
def assess(
    data: Data,
    summariser: Annotated[str, typer.Option(help="Summariser: name or folder.")] = "3dst-unet-rl",
    work: Work = Path("out/training"),
    threads: Threads = 1,
) -> None:
    """Figures for the model cards, on the test part and on SonoNet's example captures."""
    _use(threads)
    scorer = load_model(summariser, "summariser")
    model = backbone_of(scorer)
    net = build(model)
    called = figures.examples(net, data / "ultrasound" / "sononet" / "examples")
    right = sum(truth == said for truth, (said, _) in called.items())
    typer.echo(f"examples right,{right} of {len(called)}")
    for truth, (said, chance) in called.items():
        typer.echo(f"example {truth},{said} {chance:.2f}")
    for label, (good, count) in figures.share_allowed(net, load_sources(data, "test")).items():
        typer.echo(f"{label},{good} of {count}")
    exams = composed_exams(data, "test", model, work / f"exams-{model.sha256[:12]}")
    scores = [figures.clip_scores(build(scorer), exam) for exam in exams]
    rng = np.random.default_rng(0)
    random = [rng.random(len(score)) for score in scores]
    for name, values in (("summariser", scores), ("random scores", random)):
        for figure, value in figures.agreement(values, exams).items():
            typer.echo(f"{name} {figure},{value:.4f}")


def _teacher(path: Path) -> SonoNet2D:
    try:
        with np.load(path) as arrays:
            return SonoNet2D.from_arrays(dict(arrays))
    except (OSError, ValueError) as error:
        raise ModelError(f"The SonoNet16 weights {path} cannot be read: {error}") from error


def _use(threads: int) -> None:
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def _tell(epoch: Epoch) -> None:
    typer.echo(
        f"{epoch.number},{epoch.reward:.4f},{epoch.mean:.3f},{epoch.spread:.4f},"
        f"{epoch.signal_to_noise:.3f},{epoch.validation:.4f},{epoch.validation_spread:.4f}"
    )


def composed_exams(data: Path, part: Part, model: Model, folder: Path) -> list[ComposedExam]:
    """The composed exams of one part of the split, from `folder` where they exist."""
    paths = [folder / f"{part}-{number:03}.safetensors" for number in range(EXAMS[part])]
    if not all(path.exists() for path in paths):
        sources, timelines = load_sources(data, part), load_timelines(data, part)
        with open_runner(model, "cpu") as runner:
            for number, path in enumerate(paths):
                if not path.exists():
                    rng = np.random.default_rng((11, list(EXAMS).index(part), number))
                    timeline = timelines[number % len(timelines)]
                    exam = compose_exam(timeline, sources, runner.run, rng, clips=CLIPS)
                    save_exam(path, exam)
    return [load_exam(path) for path in paths]


def main() -> None:
    """Runs a command; what goes wrong is said in one line."""
    try:
        app()
    except UsummaryError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
