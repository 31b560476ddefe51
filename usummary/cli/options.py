"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usummary.errors import ExportError, SettingsError

RESEARCH_USE = "Research use only, not for diagnosis."

Input = Annotated[Path, typer.Argument(help="Video, DICOM cine or folder of a DICOM study.")]
VideoStream = Annotated[
    int | None,
    typer.Option("--stream", min=1, help="Which of several video streams of a file, from 1."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands there.")]


def may_write(out: Path, *, overwrite: bool) -> None:
    """Checks that a file or folder that is to be written stands in nobody's way.

    Raises:
        ExportError: It exists, and may not be replaced.
    """
    if out.exists() and not overwrite:
        raise ExportError(f"{out} exists. Name another place, or add --overwrite to replace it.")


def rate(text: str | None) -> float | str | None:
    """Frames per second as settings hold them.

    Raises:
        SettingsError: It is neither a number nor ``all``.
    """
    if text is None or text == "all":
        return text
    try:
        return float(text)
    except ValueError as error:
        raise SettingsError(
            f'The sample rate "{text}" is neither a number of frames per second nor "all".'
        ) from error
