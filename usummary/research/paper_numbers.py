"""The paper's tables: its rows in its order, its figures, and those measured here beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from usummary import paths
from usummary.errors import SettingsError
from usummary.research.baselines import BASELINES
from usummary.research.record import Record
from usummary.research.tables import NOTHING, Table, cell_of, notes_on

_STRICT = ConfigDict(frozen=True, extra="forbid")


class Column(BaseModel):
    """Where a column's figures are found in a record."""

    model_config = _STRICT
    head: str
    benchmark: str
    setting: str = "canonical"
    features: str = ""
    """Kind of features; the record's first where empty."""
    suffix: str = ""
    """Added to the names of rows."""


class PaperRow(BaseModel):
    """A row as printed, and the name of the method here that it belongs to."""

    model_config = _STRICT
    label: str
    printed: tuple[float | str, ...]
    name: str = ""


class PublishedTable(BaseModel):
    """One of the paper's tables."""

    model_config = _STRICT
    number: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[PaperRow, ...]
    notes: tuple[str, ...] = ()


def published_tables() -> dict[str, PublishedTable]:
    """The paper's tables by their Roman number."""
    path = paths.resources_dir() / "experiments" / "published.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))["table"]
    tables = [PublishedTable.model_validate(table) for table in found]
    return {table.number: table for table in tables}


def paper_table(number: str, records: Sequence[Record]) -> Table:
    """One of the paper's tables with a column of ours for every record that has one.

    Args:
        number: ``I`` to ``VI``.
        records: Experiments; those of other benchmarks are left out.

    Raises:
        SettingsError: There is no such table, or no record belongs to it.
    """
    tables = published_tables()
    if number not in tables:
        raise SettingsError(f'The paper has no table "{number}". It has {", ".join(tables)}.')
    table = tables[number]
    columns = _columns(table, records)
    if not any(record for _, record in columns):
        wanted = ", ".join(dict.fromkeys(column.benchmark for column in table.columns))
        raise SettingsError(
            f"None of these results belongs to Table {number}: it needs experiments on {wanted}."
        )
    several = len({id(record) for _, record in columns if record}) > 1
    heads = ("Method", *(_head(column, record, several) for column, record in columns))
    rows = [_row(table, row, columns) for row in table.rows]
    rows += [_baseline(name, columns) for name in BASELINES]
    used = list({id(record): record for _, record in columns if record}.values())
    notes = [note for record in used for note in notes_on(record)]
    return Table(
        title=f"Table {number}: {table.title}, in %; printed in the paper | measured here",
        columns=heads,
        rows=tuple(rows),
        notes=tuple(dict.fromkeys([*notes, *table.notes])),
    )


def _head(column: Column, record: Record | None, several: bool) -> str:
    """A printed column's head, or that of a measured one; the record's name where it is needed."""
    if record is None:
        return column.head
    return f"{column.head}: {record.experiment.name}" if several else f"{column.head} here"


def _columns(
    table: PublishedTable, records: Sequence[Record]
) -> list[tuple[Column, Record | None]]:
    """The printed columns, each followed by one for every record that has something for it."""
    found: list[tuple[Column, Record | None]] = []
    for column in table.columns:
        found.append((column, None))
        found += [(column, record) for record in records if _belongs(column, record)]
    return found


def _belongs(column: Column, record: Record) -> bool:
    return (
        record.experiment.benchmark == column.benchmark
        and column.setting in record.splits
        and (not column.features or column.features in record.data)
    )


def _where(column: Column, record: Record) -> tuple[str, str]:
    return column.setting, column.features or next(iter(record.data))


def _row(
    table: PublishedTable, row: PaperRow, columns: Sequence[tuple[Column, Record | None]]
) -> tuple[str, ...]:
    cells = [row.label]
    printed = dict(zip(table.columns, row.printed, strict=True))
    for column, record in columns:
        if record is None:
            value = printed[column]
            cells.append(f"{value:.1f}" if isinstance(value, float) else NOTHING)
        else:
            name = f"{row.name}{column.suffix}" if row.name else ""
            cells.append(cell_of(record, _where(column, record), name) or NOTHING)
    return tuple(cells)


def _baseline(name: str, columns: Sequence[tuple[Column, Record | None]]) -> tuple[str, ...]:
    cells = [
        NOTHING if record is None else cell_of(record, _where(column, record), name) or NOTHING
        for column, record in columns
    ]
    return (name, *cells)
