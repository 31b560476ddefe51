"""Training on a person's own recordings: two folders in, a model folder out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from usummary.errors import InputError, ModelError
from usummary.networks.weights import Model, Training, load_model, save_model
from usummary.paths import models_dir
from usummary.progress import Report
from usummary.readers.find_exams import find_exams
from usummary.settings import Settings
from usummary.training.checkpoint import write_curve
from usummary.training.judging.exams import ReadExam, read_exam
from usummary.training.summariser.recipes import method
from usummary.training.summariser.trainer import Epoch
from usummary.training.train_summariser import TrainingPlan, train_summariser


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to train.

    Attributes:
        method: Name of a method, see `usummary.training.summariser.recipes`.
        seed: Random seed.
        epochs: Passes over the exams, None: the method's own number.
        described: Description of the exams, for the model's card.
        device: ``cpu`` or ``cuda``.
        work: Folder for the checkpoint and the learning curve.
    """

    method: str
    seed: int
    epochs: int | None
    described: str
    device: str
    work: Path


def train_own(
    folders: tuple[Path, Path],
    out: Path,
    backbone: str,
    wish: Wish,
    say: Callable[[str], None],
    progress: Report,
) -> None:
    """Trains a summariser on one folder, chooses its epoch by another, writes a model folder.

    Args:
        folders: Two folders of recordings with freeze-frames: to learn from, and to choose the best
            epoch by.
        out: Model folder to write.
        backbone: Name or folder of the backbone.
        wish: What is to be trained.
        say: Called with the learning curve, a line for each epoch.
        progress: Called while exams are read.

    Raises:
        InputError: Both folders are the same, or an exam in them has no freeze-frame.
        ModelError: The model could not be used in the folder `out`: its backbone is neither beside
            it nor a shipped one.
    """
    if folders[0].resolve() == folders[1].resolve():
        raise InputError(
            f"{folders[0]} is named twice. Learn from one folder, choose the epoch by another."
        )
    chosen = method(wish.method)
    if wish.epochs is not None:
        chosen = replace(chosen, recipe=replace(chosen.recipe, epochs=wish.epochs))
    model = load_model(backbone, "backbone")
    if model.folder.parent not in (out.resolve().parent, models_dir().resolve()):
        raise ModelError(
            f"A summariser is used with its backbone beside it. Write {out.name} to "
            f"{model.folder.parent}, where {model.name} lies, or move that backbone."
        )
    exams, validation = (_read(folder, model, wish.device, progress) for folder in folders)
    base = wish.work / f"{out.name}-{wish.method}-{wish.seed}"

    for notice in chosen.notices(wish.device):
        say(notice)

    def report(epoch: Epoch) -> None:
        write_curve(base.with_name(f"{base.name}.csv"), epoch)
        say(epoch.line())

    net = train_summariser(
        TrainingPlan(chosen, wish.seed, wish.device),
        exams,
        validation,
        checkpoint=base.with_name(f"{base.name}.safetensors"),
        say=report,
    )
    save_model(out, net, Training(data=wish.described, backbone=model))


def _read(folder: Path, backbone: Model, device: str, progress: Report) -> list[ReadExam]:
    settings = Settings.model_validate({"device": device})
    read = [read_exam(path, backbone, settings, progress) for path in find_exams(folder)]
    without = [exam.name for exam in read if not exam.reference]
    if without:
        raise InputError(
            f"{', '.join(without)} in {folder}: no freeze-frame was found or listed. Put a "
            "NAME.freeze.csv beside it (column time_s or frame), or take it out of the folder."
        )
    return read
