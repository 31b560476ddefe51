"""The research bench: features of any videos, data sets, experiments (``docs/research.md``)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from usummary.cli import terminal
from usummary.cli.options import Overwrite, may_write
from usummary.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usummary.research.record import Record
    from usummary.research.tables import Table
    from usummary.research.videos import Video

dataset = typer.Typer(help="Look at data sets, and add annotations to them.", no_args_is_help=True)
experiment = typer.Typer(
    help="Train and test methods side by side; tables and figures of it.", no_args_is_help=True
)

_PLOTTED = ("3dst-unet-unsup", "dr-dsn-unsup")
"""What figures 7 and 8 of the paper compare."""

Results = Annotated[list[Path], typer.Argument(help="Folders of experiments, or their results.")]


# --- Data sets ------------------------------------------------------------------------------------


def features(  # noqa: PLR0913 -- each argument is an option of the command
    recordings: Annotated[
        list[Path], typer.Argument(help="Videos, DICOM cines, folders of DICOM studies.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Data set to write (FILE.h5).")],
    kind: Annotated[
        Literal["i3d", "st3d", "2d"],
        typer.Option(help="Clips by an inflated network, by a 3-D one, or frame by frame."),
    ] = "i3d",
    backbone: Annotated[
        str, typer.Option(help="A backbone's name, or its folder.")
    ] = "us-i3d-sononet16",
    sample_rate: Annotated[str, typer.Option(help="Frames per second to look at, or all.")] = "15",
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where networks run.")
    ] = "auto",
    whole: Annotated[
        bool, typer.Option("--whole", help="No ultrasound: look at whole pictures.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Make a data set in the benchmarks' layout from recordings; freeze-frames annotate them."""
    may_write(out, overwrite=overwrite)
    from usummary.research.datasets import write_dataset
    from usummary.research.extract import FeatureRecipe, backbone_for, videos

    wanted = FeatureRecipe(kind, backbone, _rate(sample_rate), device, whole)
    title = f"{kind} features by {backbone_for(wanted).name}"
    with terminal.progress_display() as shown, terminal.cancellable(shown) as progress:
        write_dataset(out, videos(recordings, wanted, progress), title)
    _show(out)


def _rate(text: str) -> float | None:
    if text == "all":
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1000:
        raise SettingsError(
            f'The sample rate "{text}" is neither a number of frames per second nor "all".'
        )
    return rate


@dataset.command("show")
def show(file: Annotated[Path, typer.Argument(help="A data set (FILE.h5).")]) -> None:
    """Check a data set and list its videos."""
    _show(file)


@dataset.command("import")
def import_annotations(
    file: Annotated[Path, typer.Argument(help="A data set (FILE.h5) of the same videos.")],
    annotations: Annotated[
        list[Path],
        typer.Argument(
            help="SumMe's .mat files or their folder; TVSum's .mat or .tsv; a data set."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Data set to write (FILE.h5).")],
    overwrite: Overwrite = False,
) -> None:
    """Add published annotations to a data set that `usummary features` made."""
    may_write(out, overwrite=overwrite)
    from usummary.research.annotations import annotated, read_annotations
    from usummary.research.datasets import read_dataset, write_dataset

    data = read_dataset(file)
    found = [annotation for path in annotations for annotation in read_annotations(path)]
    videos, alone = annotated(data, found)
    write_dataset(out, videos, data.title)
    _show(out)
    terminal.notices(alone)


def _show(path: Path) -> None:
    from usummary.research.datasets import read_dataset

    data = read_dataset(path)
    terminal.facts([("Data set", str(path)), ("Holds", data.title), ("SHA-256", data.sha256)])
    columns = ("Video", "Title", "Frames", "Steps", "Features", "Shots", "Annotators", "P")
    terminal.table(columns, [_row(video) for video in data])
    terminal.notices(data.notices)


def _row(video: Video) -> tuple[str, ...]:
    return (
        video.name,
        video.title,
        f"{video.frame_count:,}",
        str(len(video.picks)),
        " x ".join(map(str, video.features.shape[1:])),
        str(len(video.shots)),
        str(len(video.users)) if len(video.users) else "none: training only",
        f"{video.users.mean():.1%}" if len(video.users) else "",
    )


# --- Experiments ----------------------------------------------------------------------------------


@experiment.command("run")
def run(
    file: Annotated[
        Path, typer.Argument(help="The experiment (TOML), or the name of a shipped one.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for results. Default: out/NAME.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Where its paths start. Default: beside the file.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Trainings side by side.")] = 1,
) -> None:
    """Train and test every method of an experiment; what is finished already is kept."""
    from usummary.research.config import find_experiment, load_experiment
    from usummary.research.experiment import Place
    from usummary.research.experiment import run as run_experiment

    path = find_experiment(file)
    place = Place(data or path.parent, out or Path("out") / path.stem, processes)
    titles = terminal.TITLES | {"experiment": "Experiment"}
    with terminal.progress_display(titles) as shown, terminal.cancellable(shown) as progress:
        try:
            results = run_experiment(load_experiment(path), place, progress)
        except terminal.Interrupted as stop:
            stop.text = "Cancelled. What is finished is kept: the same command goes on from there."
            raise
    from usummary.research.record import load_record
    from usummary.research.tables import results_table

    terminal.out(results_table(load_record(results)).render("text").rstrip())
    terminal.out(str(results))


@experiment.command("list")
def list_experiments() -> None:
    """Names of the experiments and methods that come with the program."""
    from usummary.research.config import load_experiment, shipped
    from usummary.research.methods import known

    terminal.facts([(name, load_experiment(path).name) for name, path in shipped().items()])
    terminal.facts([("Methods", ", ".join(known()))])


@experiment.command("table")
def table(
    what: Annotated[str, typer.Argument(help="I to VI of the paper; results; or comparison.")],
    results: Results,
    form: Annotated[
        Literal["text", "csv", "latex"], typer.Option("--format", help="Of the table.")
    ] = "text",
    against: Annotated[
        str, typer.Option(help="comparison: the row that the others are compared with.")
    ] = "random",
    out: Annotated[Path | None, typer.Option("--out", help="File; default: the screen.")] = None,
) -> None:
    """A table of one or more experiments; the paper's beside what it printed."""
    records = _records(results)
    text = "\n".join(one.render(form) for one in _tables(what, records, against))
    if out is None:
        terminal.out(text.rstrip())
        return
    from usummary.files import written_beside

    with written_beside(out) as part:
        part.write_text(text, encoding="utf-8")
    terminal.out(str(out))


def _records(paths: Sequence[Path]) -> list[Record]:
    from usummary.research.record import load_record

    return [load_record(path) for path in paths]


def _tables(what: str, records: Sequence[Record], against: str) -> list[Table]:
    from usummary.research.paper_numbers import paper_table
    from usummary.research.tables import comparison_table, results_table

    if what == "results":
        return [results_table(record) for record in records]
    if what == "comparison":
        return [comparison_table(record, against) for record in records]
    return [paper_table(what.upper(), records)]


@experiment.command("plot")
def plot(  # noqa: PLR0913 -- each argument is an option of the command
    figure: Annotated[Literal["5", "7", "8"], typer.Argument(help="Figure of the paper.")],
    results: Results,
    out: Annotated[Path, typer.Option("--out", help="FILE.svg, .png or .pdf; data beside it.")],
    method: Annotated[
        list[str] | None, typer.Option(help="7, 8: names of the methods to show, in order.")
    ] = None,
    video: Annotated[str, typer.Option(help="8: name or title of the video.")] = "",
    length: Annotated[str, typer.Option(help="8: of the summary.")] = "15%",
    recordings: Annotated[
        Path | None, typer.Option(help="8: folder of the recordings, for pictures of key shots.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="8: no ultrasound, so show whole pictures.")
    ] = False,
) -> None:
    """A figure of the paper from one or more experiments, with its data as CSV beside it."""
    from usummary.comparing.figure import save_figure
    from usummary.research.figure_stills import Stills
    from usummary.research.figure_timelines import figure_8
    from usummary.research.paper_figures import figure_5, figure_7

    records = _records(results)
    names = method or list(_PLOTTED)
    if figure == "5":
        made = figure_5(records)
    elif figure == "7":
        made = figure_7(records, names)
    else:
        stills = None if recordings is None else Stills(recordings, whole)
        made = figure_8(records[0], names, video, length, stills)
    for path in save_figure(out, made):
        terminal.out(str(path))
    if figure == "8" and recordings is None:
        terminal.notices(("No pictures of key shots: name the videos' folder by --recordings.",))
