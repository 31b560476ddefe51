"""How a figure is saved with its data, and how all figures look.

A `Figure` is what is drawn and the numbers behind it; `save_figure` writes both side by side.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure as Canvas

from usummary.errors import SettingsError
from usummary.files import written_beside

Rows = tuple[tuple[str | float, ...], ...]

FORMS = (".svg", ".png", ".pdf")
# Okabe and Ito's colours.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
GREEN, ORANGE, INK = "#B7DDB0", "#E69F00", "#1B1F23"
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "usummary",  # the same figure, the same file
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Figure:
    """A figure and the numbers it shows.

    Attributes:
        canvas: What matplotlib draws.
        columns: Heads of the data.
        rows: The data.
    """

    canvas: Canvas
    columns: tuple[str, ...]
    rows: Rows


def save_figure(path: Path, figure: Figure) -> tuple[Path, Path]:
    """Write the picture, and its data as CSV beside it.

    Raises:
        SettingsError: The ending is none of `FORMS`.
        ExportError: It cannot be written.
    """
    if path.suffix.lower() not in FORMS:
        raise SettingsError(f"{path.name}: a figure's file ends in {', '.join(FORMS)}.")
    data = path.with_suffix(".csv")
    form = path.suffix.lower()[1:]
    with written_beside(path) as part, rc_context(STYLE):
        figure.canvas.savefig(part, format=form, dpi=200, metadata=_undated(form))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(figure.columns)
    writer.writerows(
        [f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in figure.rows
    )
    with written_beside(data) as part:
        part.write_text(text.getvalue(), encoding="utf-8")
    return path, data


def _undated(form: str) -> dict[str, None] | None:
    return {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
