"""One experiment, in one TOML file: data, splits, settings, lengths, seeds and methods.

Paths are relative to a data folder that the person names, or else to the file itself.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from usummary import paths
from usummary.errors import SettingsError
from usummary.research.splits import Setting
from usummary.settings import faults, parse_length

_STRICT = ConfigDict(frozen=True, extra="forbid")


class RandomSplits(BaseModel):
    """Splits drawn here instead of read from a file."""

    model_config = _STRICT

    count: int = Field(default=5, ge=1)
    """Number of splits."""
    test_share: float = Field(default=0.2, gt=0, lt=1)
    """Share of test videos in each split."""
    seed: int = 0
    """Seed of the draw; independent of the methods' seeds."""


class MethodEntry(BaseModel):
    """One row of the tables."""

    model_config = _STRICT

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Short unique name; it matches rows of the paper's tables (see ``published.toml``)."""
    label: str = ""
    """Name in tables; default: `name`."""
    method: str
    """A method of the program, or the path of a Python file with one."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the method, see its ``Options``."""

    @property
    def title(self) -> str:
        return self.label or self.name


class Experiment(BaseModel):
    """Everything of one experiment."""

    model_config = _STRICT

    name: str
    """Name, for people."""
    benchmark: str
    """Column of the tables: ``SumMe``, ``TVSum``, ``ultrasound`` or any other."""
    data: dict[str, str]
    """Data set files by kind of features; all hold the same videos. Mostly one."""
    splits: str | RandomSplits = RandomSplits()
    """A splits file, or how to draw them."""
    settings: tuple[Setting, ...] = ("canonical",)
    """``canonical``, ``augmented``, ``transfer``."""
    others: tuple[str, ...] = ()
    """Data sets that join the training in the augmented and transfer settings."""
    lengths: tuple[str, ...] = ("15%",)
    """Lengths of summaries; tables that show a single length show the first."""
    f_score: str = Field(default="best", pattern="^(best|mean)$")
    """F-score over the annotators: ``best``, as for SumMe, or ``mean``, as for TVSum."""
    seeds: tuple[int, ...] = (1,)
    """Each method is trained once per seed and split."""
    validation: float = Field(default=0.2, ge=0, lt=1)
    """Share of the training videos that methods may choose an epoch by."""
    draws: int = Field(default=100, ge=1)
    """Number of draws of random scores per video."""
    methods: tuple[MethodEntry, ...] = ()
    """Baselines need no entry; they are always there."""

    @field_validator("data", mode="before")
    @classmethod
    def _one_file_is_enough(cls, value: object) -> object:
        return {"features": value} if isinstance(value, str) else value

    @field_validator("lengths")
    @classmethod
    def _lengths_are_known(cls, lengths: tuple[str, ...]) -> tuple[str, ...]:
        for length in lengths:
            parse_length(length)
        return lengths

    @model_validator(mode="after")
    def _fits_together(self) -> Experiment:
        if not (self.data and self.lengths and self.seeds and self.settings):
            raise ValueError("data, lengths, seeds and settings must not be empty")
        names = [entry.name for entry in self.methods]
        if len(set(names)) != len(names):
            raise ValueError("two methods have the same name")
        if set(self.settings) != {"canonical"}:
            if not self.others:
                raise ValueError("the augmented and transfer settings need others, data sets")
            if len(self.data) > 1:
                raise ValueError("other data sets can only join features of one kind")
        return self


def shipped() -> dict[str, Path]:
    """Files of the experiments that come with the program, by name."""
    folder = paths.resources_dir() / "experiments"
    files = sorted(file for file in folder.glob("*.toml") if file.stem != "published")
    return {file.stem: file for file in files}


def find_experiment(name: Path) -> Path:
    """The file of that name, else the shipped experiment of that name.

    Raises:
        SettingsError: There is neither.
    """
    if name.is_file():
        return name
    found = shipped()
    if str(name) in found:
        return found[str(name)]
    raise SettingsError(
        f"There is no experiment {name}. Name a TOML file, or one of {', '.join(found)}."
    )


def load_experiment(path: Path) -> Experiment:
    """The experiment of a file.

    Raises:
        SettingsError: The file cannot be read, is no TOML, has an unknown key or a wrong value;
            every fault is named.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The experiment {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The experiment {path} is no valid TOML: {error}.") from error
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"The experiment {path} cannot be used. {faults(error)}.") from error
