"""``usummary compose`` and ``train``: own models from own recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from usummary.cli import terminal
from usummary.cli.options import RESEARCH_USE, Overwrite, may_write

if TYPE_CHECKING:
    from usummary.training.train_shipped import Workshop

train = typer.Typer(no_args_is_help=True, help="Train a backbone or a summariser.")

Data = Annotated[Path, typer.Option(help="Data folder, the one that holds ultrasound/.")]
Work = Annotated[Path, typer.Option(help="Folder for checkpoints and everything on the way.")]
Out = Annotated[Path, typer.Option(help="Model folder to write; its name becomes the model's.")]
Device = Annotated[Literal["cpu", "cuda"], typer.Option(help="Where networks are trained.")]
Threads = Annotated[int, typer.Option(min=1, help="Processor threads of the training.")]
Seeds = Annotated[int, typer.Option(min=1, help="Random starts: 1, 2, ... up to this.")]


def compose(  # noqa: PLR0913 -- each argument is an option of the command
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the recordings.")],
    part: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="Part of the split.")
    ] = "test",
    freezes: Annotated[
        Literal["show", "hide"],
        typer.Option(help="show: the screen stands still after a save; hide: it runs on."),
    ] = "hide",
    casts: Annotated[int, typer.Option(min=1, help="Recordings of each timeline.")] = 1,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Length; else the whole timeline.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Other seed, other recordings.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    work: Annotated[Path, typer.Option(help="Folder for stand-ins.")] = Path("out/training"),
) -> None:
    """Compose recordings from real stills and clips along real screening timelines."""
    from usummary.training.composing.collection import CollectionPlan
    from usummary.training.train_shipped import Workshop, compose_in_parallel, make_stand_ins

    shop = Workshop(data, work, workers, "cpu", terminal.complain)
    plan = CollectionPlan(
        data,
        part,
        casts=casts,
        seed=seed,
        freezes=freezes,
        minutes=minutes,
        stand_ins=make_stand_ins(shop, part),
    )
    compose_in_parallel(plan, out, workers, terminal.complain)
    terminal.out(str(out))
    terminal.notices(("These recordings are composed, not real.", RESEARCH_USE))


@train.command()
def backbone(  # noqa: PLR0913 -- each argument is an option of the command
    data: Data,
    out: Out,
    kind: Annotated[
        Literal["i3d", "st3d", "2d"], typer.Option(help="Inflated, from scratch, or without time.")
    ] = "i3d",
    work: Work = Path("out/training"),
    device: Device = "cpu",
    threads: Threads = 2,
    overwrite: Overwrite = False,
) -> None:
    """Train the ultrasound backbone; goes on from the checkpoints in --work."""
    _may_make(out, overwrite=overwrite)
    from usummary.training.train_shipped import copy_model, make_backbone

    copy_model(make_backbone(_shop(data, work, device, threads), kind), out)
    terminal.out(str(out))


@train.command()
def inflate(
    weights: Annotated[
        Path, typer.Argument(help="Public 2-D ResNet-50 weights: .safetensors, .pth or .pt.")
    ],
    out: Out,
    described: Annotated[
        str, typer.Option("--data-note", help="What they were trained on, by whom, for the card.")
    ] = "Public 2-D weights, inflated; not trained on ultrasound",
    licence: Annotated[str, typer.Option(help="Their licence, for the card.")] = "unknown",
    overwrite: Overwrite = False,
) -> None:
    """Make the paper's ResNet-50 I3D backbone of published 2-D weights; nothing is trained."""
    _may_make(out, overwrite=overwrite)
    from usummary.training.backbone.inflate import inflate_resnet

    inflate_resnet(weights, out, described, licence)
    terminal.out(str(out))


@train.command()
def summariser(  # noqa: PLR0913 -- each argument is an option of the command
    exams: Annotated[Path, typer.Option(help="Folder of recordings with freeze-frames.")],
    validation: Annotated[Path, typer.Option(help="Another one, to choose the epoch by.")],
    out: Out,
    supervised: Annotated[bool, typer.Option(help="Learn from the freeze-frames.")] = False,
    method: Annotated[
        str | None, typer.Option(help="Another method, by name; see docs/training.md.")
    ] = None,
    backbone: Annotated[
        str, typer.Option(help="Backbone that makes the features: name or folder.")
    ] = "us-i3d-sononet16",
    seed: Annotated[int, typer.Option(min=0, help="Random start.")] = 1,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the exams.")] = None,
    described: Annotated[
        str, typer.Option("--data-note", help="What the exams are, for the model's card.")
    ] = "Own recordings with freeze-frames",
    work: Work = Path("out/training"),
    device: Device = "cpu",
    threads: Threads = 2,
    overwrite: Overwrite = False,
) -> None:
    """Train a summariser on recordings with freeze-frames; goes on from its last epoch."""
    _may_make(out, overwrite=overwrite)
    from usummary.processes import use_threads
    from usummary.training.train_own import Wish, train_own

    name = method or ("3dst-unet-supervised" if supervised else "3dst-unet-plane")
    use_threads(threads)
    wish = Wish(name, seed, epochs, described, device, work)
    with terminal.progress_display() as shown, terminal.cancellable(shown) as progress:
        train_own((exams, validation), out, backbone, wish, terminal.complain, progress)
    terminal.out(str(out))


@train.command()
def everything(
    data: Data,
    work: Work = Path("out/training"),
    seeds: Seeds = 5,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that compose, read and train side by side.")
    ] = 2,
    device: Device = "cpu",
    threads: Threads = 2,
) -> None:
    """Retrain all shipped models from scratch and print the tables of their cards."""
    from usummary.processes import use_threads
    from usummary.training.judging.table import differences, markdown, table
    from usummary.training.summariser.recipes import METHODS
    from usummary.training.train_everything import COMPARED, compare_all, held_table, recognise_all
    from usummary.training.train_shipped import BACKBONES, Workshop

    use_threads(threads)
    shop = Workshop(data, work, workers, device, terminal.complain)
    terminal.out(markdown(recognise_all(shop)))
    held = {}
    for kind in COMPARED:
        measured, held[BACKBONES[kind]] = compare_all(shop, range(1, seeds + 1), kind)
        for mode in ("application", "benchmark"):
            terminal.out(f"\n{kind}, {mode} mode\n\n{markdown(table(measured, mode))}")
        if kind == "i3d":
            best = METHODS["3dst-unet-supervised"].title
            terminal.out(f"\n{markdown(differences(measured, best))}")
    terminal.out(f"\nTest exams, planes held\n\n{markdown(held_table(held))}")
    terminal.out(f"\nModels: {work / 'shipped'}")


def _shop(data: Path, work: Path, device: str, threads: int) -> Workshop:
    from usummary.processes import use_threads
    from usummary.training.train_shipped import Workshop

    use_threads(threads)
    return Workshop(data, work, 1, device, terminal.complain)


def _may_make(out: Path, *, overwrite: bool) -> None:
    from usummary.networks.weights import check_name

    check_name(out.name)
    may_write(out, overwrite=overwrite)
