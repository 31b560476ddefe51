"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RESEARCH_USE = "Research use only, not for diagnosis."

Input = Annotated[Path, typer.Argument(help="Video, DICOM cine or folder of a DICOM study.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what stands there.")]
