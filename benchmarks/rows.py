"""One measured figure beside its target and its reference."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A line of the benchmark table; all four are text, units included.

    Attributes:
        name: What was measured.
        measured: The figure.
        target: What was aimed at.
        reference: What it was measured beside, in the same run.
    """

    name: str
    measured: str
    target: str
    reference: str
