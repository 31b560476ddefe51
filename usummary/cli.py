"""The command line: parse, call, print, exit code.

Exit codes: 0 done; 1 unexpected error; 2 wrong use or settings; 3 the input cannot be used; 4 a
model or the device cannot be used; 5 the result could not be written; 130 ended by Ctrl-C and 143
by SIGTERM, with nothing written.

What takes long to import is imported inside the commands, so that `--help` stays quick.
"""

from __future__ import annotations

import errno
import json
import sys
import traceback
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import usummary
from usummary import errors, terminal
from usummary.errors import ExportError, SettingsError

if TYPE_CHECKING:
    from usummary.progress import Report
    from usummary.settings import Settings
    from usummary.types import Exam, Summary

RESEARCH_USE = "Research use only, not for diagnosis."
EXIT_UNEXPECTED, EXIT_EXPORT = 1, 5
_EXIT_CODES: tuple[tuple[type[errors.UsummaryError], int], ...] = (
    (errors.SettingsError, 2),
    (errors.InputError, 3),
    (errors.ModelError, 4),
    (errors.DeviceError, 4),
    (errors.ExportError, EXIT_EXPORT),
)
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Beside the export, libraries too write files: compiled kernels, fonts."""
_LISTED_SHOTS = 20

app = typer.Typer(
    help=f"Summaries of ultrasound screening recordings. {RESEARCH_USE}",
    epilog="Exit codes: 0 done, 1 unexpected error, 2 wrong use or settings, 3 input,"
    " 4 model or device, 5 writing the result, 130 Ctrl-C, 143 SIGTERM.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands there.")]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    terminal.allow_any_text()
    terminal.interrupt_on_signals()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(args=given, prog_name="usummary")
    except terminal.Interrupted as interrupted:
        terminal.complain("Cancelled, nothing was written.")
        code = 128 + interrupted.signum
    except Exception as error:  # noqa: BLE001 -- the last stop before the person
        text, code = _explain(error)
        terminal.complain(f"usummary: {text}")
        if "--debug" in given:
            traceback.print_exception(error)
    sys.exit(code)


def _explain(error: Exception) -> tuple[str, int]:
    """What to tell the person of an error, and the exit code."""
    for kind, code in _EXIT_CODES:
        if isinstance(error, kind):
            return str(error), code
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return "The disk is full. Free some space and run this again.", EXIT_EXPORT
    return (
        f"an unexpected error ended the work: {type(error).__name__}: {error}\n"
        'Add "--debug" before the command for the details to report.'
    ), EXIT_UNEXPECTED


def _print_version(wanted: bool) -> None:
    if wanted:
        terminal.out(f"usummary {usummary.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where in the program an error arose.")
    ] = False,
) -> None:
    """Take the options that stand before a command; `main` acts on them."""


# --- summarize ----------------------------------------------------------------------------------


@app.command()
def summarize(  # noqa: PLR0913 -- each argument is an option of the command
    path: Annotated[Path, typer.Argument(help="Video, DICOM cine or folder of a DICOM study.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    length: Annotated[
        str | None,
        typer.Option(help="Share of the exam to keep: 15%, 0.18, or P, as much as was frozen."),
    ] = None,
    model: Annotated[str | None, typer.Option(help='A summariser that "models" lists.')] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"] | None, typer.Option(help="Where networks run.")
    ] = None,
    sample_rate: Annotated[
        str | None, typer.Option(help="Frames per second to look at, or all.")
    ] = None,
    mode: Annotated[
        Literal["application", "benchmark"] | None,
        typer.Option(help="How shots are valued: for people, or as the benchmarks do."),
    ] = None,
    cover_planes: Annotated[
        bool | None,
        typer.Option(
            "--cover-planes/--no-cover-planes",
            help="Show something of every recognised plane first. Usual except in benchmark mode.",
        ),
    ] = None,
    freeze_frames: Annotated[
        Path | None, typer.Option(help="List of freeze-frames (CSV: time_s or frame, plane).")
    ] = None,
    no_mask: Annotated[
        bool, typer.Option("--no-mask", help="Keep what surrounds the sector: may show names.")
    ] = False,
    no_captions: Annotated[
        bool, typer.Option("--no-captions", help="No caption strip under the pictures.")
    ] = False,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Settings (TOML); options come first.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Summarise a recording or a study and write reel, clips, key frames and report."""
    settings = _settings(
        settings_file,
        {
            "length": length,
            "model": model,
            "device": device,
            "sample_rate": _rate(sample_rate),
            "mode": mode,
            "cover_planes": cover_planes,
            "freeze_frames": freeze_frames,
        },
    )
    if cover_planes and settings.mode == "benchmark":
        raise SettingsError("Benchmark mode has no covering. Leave out --cover-planes.")

    from usummary.export import ExportOptions, check_folder

    check_folder(out, overwrite=overwrite)
    wanted = ExportOptions(mask=not no_mask, captions=not no_captions, overwrite=overwrite)
    with terminal.progress_display() as shown, terminal.cancellable(shown) as progress:
        summary, files = _summarise(path, out, (settings, wanted), progress)
    _print_summary(summary, out, files)


def _summarise(
    path: Path, folder: Path, how: tuple[Settings, Any], progress: Report
) -> tuple[Summary, tuple[Path, ...]]:
    from usummary import pipeline, readers
    from usummary.export import export_summary

    settings, wanted = how
    with readers.open_exam(path, freeze_frames=settings.freeze_frames) as exam:
        analysis = pipeline.analyse(exam, settings, progress)
        summary = pipeline.select(
            analysis, settings.length, settings.mode, cover_s=settings.covering_s
        )
        return summary, export_summary(exam, summary, folder, wanted, progress)


def _settings(file: Path | None, given: dict[str, object]) -> Settings:
    """Settings of a file, if there is one, with the given options over them."""
    from usummary.settings import Settings, load_settings, make_settings

    base = Settings() if file is None else load_settings(file)
    options = {name: value for name, value in given.items() if value is not None}
    return make_settings(base.model_dump() | options, where="These options")


def _rate(text: str | None) -> float | str | None:
    if text is None or text == "all":
        return text
    try:
        return float(text)
    except ValueError as error:
        raise SettingsError(
            f'The sample rate "{text}" is neither a number of frames per second nor "all".'
        ) from error


def _print_summary(summary: Summary, folder: Path, files: tuple[Path, ...]) -> None:
    analysis = summary.analysis
    shots = summary.key_shots
    facts = [
        ("Exam", f"{analysis.path.absolute().name}, {terminal.duration(analysis.duration_s)}"),
        (
            "Summary",
            f"{len(shots)} key shot{'' if len(shots) == 1 else 's'},"
            f" {terminal.duration(summary.used_s)} of {terminal.duration(summary.budget_s)}"
            f" ({summary.length})",
        ),
        ("Freeze-frames", _matched(summary)),
        ("Planes", _covered(summary)),
        ("Device", analysis.provenance.device),
        ("Files", f"{len(files)} in {folder}"),
    ]
    terminal.facts(facts)
    rows = [
        (
            str(number),
            terminal.duration(shot.start_s),
            terminal.duration(shot.duration_s),
            f"{shot.score:.2f}",
            shot.plane or "",
        )
        for number, shot in enumerate(shots[:_LISTED_SHOTS], start=1)
    ]
    if rows:
        terminal.table(("Shot", "Start", "Length", "Score", "Plane"), rows)
    if len(shots) > _LISTED_SHOTS:
        terminal.out(f"... and {len(shots) - _LISTED_SHOTS} more in summary.json")
    terminal.notices((*analysis.provenance.notices, *summary.notices, RESEARCH_USE))


def _matched(summary: Summary) -> str:
    total = len(summary.freeze_frames)
    if total == 0:
        return "none given or found"
    matched = sum(freeze.matched_shot is not None for freeze in summary.freeze_frames)
    return f"{matched} of {total} inside a key shot"


def _covered(summary: Summary) -> str:
    shown = sum(state["shown"] for state in summary.coverage.values())
    first = ", recognised ones first" if summary.cover_s else ""
    return f"{shown} of {len(summary.coverage)} shown{first}"


# --- info ---------------------------------------------------------------------------------------


@app.command()
def info(
    path: Annotated[Path, typer.Argument(help="Video, DICOM cine or folder of a DICOM study.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show what a recording or a study holds; never patient data."""
    from usummary import readers

    with readers.open_exam(path) as exam:
        found = _describe(exam)
    if as_json:
        terminal.out(json.dumps(found, indent=2))
        return
    terminal.facts(
        [
            ("Exam", f"{found['path']}, {terminal.duration(found['duration_s'])}"),
            ("Frames", f"{found['frames']:,}"),
            ("Freeze-frames", f"{len(found['freeze_frames'])} given beside the pictures"),
        ]
    )
    columns = ("Recording", "Kind", "Encoding", "Size", "Frames", "Duration", "Frames/s", "Sector")
    terminal.table(columns, [_recording_row(item) for item in found["recordings"]])
    terminal.notices(found["notices"])


def _describe(exam: Exam) -> dict[str, Any]:
    """What `info` shows, as plain values."""
    from usummary.sector import find_region

    recordings = []
    for recording, offset in zip(exam.recordings, exam.offsets_s, strict=True):
        known = recording.info
        region = find_region(recording)
        box = region.box
        recordings.append(
            {
                "file": known.path.name,
                "kind": known.kind,
                "encoding": known.encoding,
                "width": known.width,
                "height": known.height,
                "frames": known.frame_count,
                "offset_s": offset,
                "duration_s": known.duration_s,
                "frame_rate": _frame_rates(recording.times_s.tolist()),
                "sector": {"box": [box.x0, box.y0, box.x1, box.y1], "source": region.source},
            }
        )
    return {
        "path": exam.path.absolute().name,
        "duration_s": exam.duration_s,
        "frames": exam.frame_count,
        "recordings": recordings,
        "freeze_frames": [
            {
                "time_s": freeze.time_s,
                "recording": freeze.recording,
                "frame": freeze.frame,
                "source": freeze.source,
                "plane": freeze.plane,
            }
            for freeze in exam.freeze_frames
        ],
        "notices": list(exam.notices),
    }


def _frame_rates(times_s: list[float]) -> dict[str, float] | None:
    """Lowest, mean and highest rate at which frames follow each other; None for one frame."""
    gaps = [after - before for before, after in pairwise(times_s)]
    if not gaps or min(gaps) <= 0:
        return None
    rates = {"lowest": 1 / max(gaps), "mean": len(gaps) / sum(gaps), "highest": 1 / min(gaps)}
    return {name: round(rate, 3) for name, rate in rates.items()}


def _recording_row(item: dict[str, Any]) -> tuple[str, ...]:
    rates = item["frame_rate"]
    spread = "" if rates is None else f"{rates['mean']:.4g}"
    if rates is not None and rates["highest"] > 1.01 * rates["lowest"]:
        spread += f" ({rates['lowest']:.3g} to {rates['highest']:.3g})"
    x0, y0, x1, y1 = item["sector"]["box"]
    sector = f"{x1 - x0} x {y1 - y0} ({item['sector']['source']})"
    return (
        item["file"],
        item["kind"],
        item["encoding"],
        f"{item['width']} x {item['height']}",
        f"{item['frames']:,}",
        terminal.duration(item["duration_s"]),
        spread,
        sector,
    )


# --- phantom and models -------------------------------------------------------------------------


@app.command()
def phantom(
    out: Annotated[Path, typer.Option("--out", help="FILE.mp4, or a folder for a DICOM study.")],
    minutes: Annotated[float, typer.Option(help="Length of the exam.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Another seed, another exam.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Render a simulated screening exam, with its truth beside it."""
    if out.exists() and not overwrite:
        raise ExportError(f"{out} exists. Name another place, or add --overwrite to replace it.")

    from usummary.phantom import render

    titles = terminal.TITLES | {"exporting": "Rendering"}
    with terminal.progress_display(titles) as shown, terminal.cancellable(shown) as progress:
        render(out, minutes=minutes, seed=seed, progress=progress)
    terminal.out(str(out))
    terminal.notices(("This exam is simulated.",))


@app.command()
def models() -> None:
    """List the models that are installed with the program."""
    from usummary import pipeline

    for model in pipeline.models():
        terminal.facts(
            [
                (model.name, f"{model.role} ({model.network})"),
                ("  SHA-256", model.sha256),
                *([("  Backbone", model.backbone)] if model.backbone else []),
                ("  Licence", model.licence),
                ("  Trained on", " ".join(model.training_data.split())),
            ]
        )
