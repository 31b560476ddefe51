"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usummary.errors import SettingsError

RESEARCH_USE = "Research use only, not for diagnosis."

Input = Annotated[Path, typer.Argument(help="Video, DICOM cine or folder of a DICOM study.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands there.")]


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
