"""Training and measuring on a person's own recordings: folders in, a model or a table out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from usummary.errors import InputError, ModelError
from usummary.networks.weights import Training, backbone_of, load_model, save_model
from usummary.paths import models_dir
from usummary.progress import Report
from usummary.settings import Settings
from usummary.training.checkpoint import write_curve
from usummary.training.comparison import Measured, Scores, compare, simple_summarisers
from usummary.training.exams import ReadExam, find_exams, read_exam
from usummary.training.methods import method
from usummary.training.summarisers import Wanted, scores_of, train_summariser
from usummary.training.trainer import Epoch


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be trained.

    Attributes:
        method: Name, see `usummary.training.methods`.
        seed: Random start.
        epochs: Passes over the exams, None: the method's own number.
        described: What the exams are, for the model's card.
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
        folders: Recordings with freeze-frames: to learn from, to choose by.
        out: Model folder to write.
        backbone: Name or folder.
        wish: What is to be trained.
        say: Told the learning curve, a line an epoch.
        progress: Told how far reading is.

    Raises:
        InputError: One folder is the other, or an exam of them has no freeze-frame.
        ModelError: The model could not be used where it is to be written: its backbone is neither
            beside it nor a shipped one.
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
    exams, validation = (_read(folder, backbone, ("cpu", progress)) for folder in folders)
    base = wish.work / f"{out.name}-{wish.method}-{wish.seed}"

    def told(epoch: Epoch) -> None:
        write_curve(base.with_name(f"{base.name}.csv"), epoch)
        say(epoch.line())

    net = train_summariser(
        Wanted(chosen, wish.seed, wish.device),
        exams,
        validation,
        checkpoint=base.with_name(f"{base.name}.safetensors"),
        say=told,
    )
    save_model(out, net, Training(data=wish.described, backbone=model))


def evaluate_models(
    exams: Path, models: Sequence[str], *, seeds: Sequence[int], how: tuple[str, Report]
) -> list[Measured]:
    """Measures summarisers, and with any `seeds` also simple ones, on a folder of exams."""
    summarisers: dict[str, dict[int, Scores]] = {}
    backbones = set()
    for name in models:
        model = load_model(name, "summariser")
        backbones.add(str(backbone_of(model).folder))
        title = model.name if model.name not in summarisers else str(model.folder)
        summarisers[title] = {0: scores_of(model)}
    if len(backbones) != 1:
        raise InputError("These summarisers need different backbones. Evaluate them one by one.")
    read = _read(exams, backbones.pop(), how)
    simple = simple_summarisers(seeds) if seeds else {}
    if read[0].plane_confidence() is None:
        simple.pop("plane confidence", None)
    return compare(summarisers | simple, read, covering=[*summarisers])


def _read(folder: Path, backbone: str, how: tuple[str, Report]) -> list[ReadExam]:
    model = load_model(backbone, "backbone")
    device, progress = how
    settings = Settings.model_validate({"device": device})
    read = [read_exam(path, model, settings, progress) for path in find_exams(folder)]
    without = [exam.name for exam in read if not exam.reference]
    if without:
        raise InputError(
            f"{', '.join(without)} in {folder}: no freeze-frame was found or listed. Put a "
            "NAME.freeze.csv beside it (column time_s or frame), or take it out of the folder."
        )
    return read
