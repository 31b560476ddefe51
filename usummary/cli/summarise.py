"""`usummary summarize`: from a recording to a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from usummary.cli import terminal
from usummary.cli.options import RESEARCH_USE, Input, Overwrite, VideoStream, rate
from usummary.errors import SettingsError

if TYPE_CHECKING:
    from usummary.export import ExportOptions
    from usummary.progress import Report
    from usummary.settings import Settings
    from usummary.types import Summary

_LISTED_SHOTS = 20


def summarize(  # noqa: PLR0913 -- each argument is an option of the command
    path: Input,
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
    stream: VideoStream = None,
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
            "sample_rate": rate(sample_rate),
            "mode": mode,
            "cover_planes": cover_planes,
            "freeze_frames": freeze_frames,
            "video_stream": stream,
        },
    )
    if cover_planes and settings.mode == "benchmark":
        raise SettingsError("Benchmark mode has no covering. Leave out --cover-planes.")

    from usummary.export import ExportOptions, check_folder

    check_folder(out, overwrite=overwrite)
    wanted = ExportOptions(mask=not no_mask, captions=not no_captions, overwrite=overwrite)
    with terminal.progress_display() as shown, terminal.cancellable(shown) as progress:
        summary, files = _summarise(path, out, settings, wanted, progress)
    _print_summary(summary, out, files)


def _summarise(
    path: Path, folder: Path, settings: Settings, wanted: ExportOptions, progress: Report
) -> tuple[Summary, tuple[Path, ...]]:
    from usummary import pipeline, readers
    from usummary.export import export_summary

    with readers.open_exam(
        path, freeze_frames=settings.freeze_frames, stream=settings.video_stream
    ) as exam:
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
        ("Agreement", _agreement(summary)),
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


def _agreement(summary: Summary) -> str:
    """The measures that the window's comparison shows, and the cohort's table."""
    from usummary import agreement

    if agreement.f1(summary) is None:
        return "undefined without freeze-frames"
    named = [
        ("F1", agreement.f1(summary)),
        ("recall", agreement.recall(summary)),
        ("planes shown", agreement.planes_shown(summary)),
        ("saved planes", agreement.saved_planes(summary)),
    ]
    return ", ".join(
        f"{name} {'undefined' if value is None else f'{value:.3f}'}" for name, value in named
    )


def _covered(summary: Summary) -> str:
    shown = sum(state["shown"] for state in summary.coverage.values())
    first = ", recognised ones first" if summary.cover_s else ""
    return f"{shown} of {len(summary.coverage)} shown{first}"
