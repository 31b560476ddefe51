"""What is in a recording, a simulated one, and which models there are."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from usummary.cli import terminal
from usummary.cli.options import Input, Overwrite, VideoStream, may_write

if TYPE_CHECKING:
    from usummary.types import Exam


def info(
    path: Input,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    stream: VideoStream = None,
) -> None:
    """Show what a recording or a study holds; never patient data."""
    from usummary import readers

    with readers.open_exam(path, stream=stream or 0) as exam:
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
    from usummary.analysis.sector import find_region

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


def phantom(
    out: Annotated[Path, typer.Option("--out", help="FILE.mp4, or a folder for a DICOM study.")],
    minutes: Annotated[float, typer.Option(help="Length of the exam.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Another seed, another exam.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Render a simulated screening exam, with its truth beside it."""
    may_write(out, overwrite=overwrite)

    from usummary.phantom import render

    titles = terminal.TITLES | {"exporting": "Rendering"}
    with terminal.progress_display(titles) as shown, terminal.cancellable(shown) as progress:
        render(out, minutes=minutes, seed=seed, progress=progress)
    terminal.out(str(out))
    terminal.notices(("This exam is simulated.",))


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
