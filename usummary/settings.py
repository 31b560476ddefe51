"""Settings of one run: frozen, validated, and readable from TOML."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from usummary.errors import SettingsError

DEFAULT_MODEL = "3dst-unet-rl"


class Settings(BaseModel):
    """What a person can choose about a run. An unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str = DEFAULT_MODEL
    """Summariser to use, a folder name under `models/`; it names its own backbone."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks run. `auto`: a CUDA device if one can be used, else the CPU."""
    sample_rate: float | Literal["all"] = Field(default=15.0)
    """Frames per second fed to the backbone; `all` takes every frame (the paper's protocol)."""
    length: str = "15%"
    """Wanted length: `15%`, a share such as `0.18`, or `P` (the share the freeze-frames hold)."""
    mode: Literal["application", "benchmark"] = "application"
    """Value of a shot when choosing: its score integral, or its mean (the benchmarks' protocol)."""
    shot_s: float = Field(default=5.0, gt=0)
    """Mean duration of shots that segmentation aims at (application mode), seconds."""
    min_shot_s: float = Field(default=2.0, ge=0)
    """Shortest shot (application mode), seconds."""
    cover_planes: bool = True
    """Keep the best stretch of every recognised standard plane first (application mode)."""
    cover_s: float = Field(default=3.0, gt=0, le=60)
    """Length of that stretch, seconds; a shot that is up to a second longer is kept whole."""
    freeze_frames: Path | None = None
    """List of freeze-frames to use instead of the `*.freeze.csv` beside the recording."""
    use_cache: bool = True
    """Keep finished features on disk and use them again."""

    @property
    def covering_s(self) -> float:
        """Seconds of every recognised plane that are kept first; 0: planes are not covered."""
        return self.cover_s if self.cover_planes and self.mode == "application" else 0.0

    @field_validator("length")
    @classmethod
    def _length_is_known(cls, text: str) -> str:
        parse_length(text)
        return text.strip()

    @field_validator("freeze_frames")
    @classmethod
    def _path_can_exist(cls, path: Path | None) -> Path | None:
        if path is not None and "\0" in str(path):
            raise ValueError("no path holds a NUL character")
        return path

    @field_validator("sample_rate")
    @classmethod
    def _rate_is_positive(cls, rate: float | str) -> float | str:
        if isinstance(rate, float) and not 0 < rate <= 1000:
            raise ValueError("sample_rate must be above 0 and at most 1000 frames per second")
        return rate


DEFAULTS = Settings()
"""What a run uses if nothing was chosen."""


def parse_length(text: str) -> tuple[int, int] | None:
    """The exact share of the exam that a length such as ``15%`` or ``0.18`` allows.

    A fraction of whole numbers, because in float64 ``0.29 * 100`` is less than 29.

    Returns:
        Numerator and denominator of the share, or None for ``P``.

    Raises:
        SettingsError: `text` is no length, or not above 0 and at most 100 %.
    """
    text = text.strip()
    if text.upper() == "P":
        return None
    match = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,9}))?\s*(%?)", text)
    if match is None:
        raise SettingsError(f'"{text}" is no summary length. Write 15%, 0.18 or P.')
    whole, fraction, percent = match.group(1), match.group(2) or "", match.group(3)
    numerator = int(whole + fraction)
    denominator = 10 ** len(fraction) * (100 if percent else 1)
    if not 0 < numerator <= denominator:
        raise SettingsError(f'The summary length "{text}" must be above 0 and at most 100 %.')
    return numerator, denominator


def load_settings(path: Path) -> Settings:
    """Settings from a TOML file; keys left out keep their defaults.

    Raises:
        SettingsError: The file cannot be read, is no TOML, or has an unknown key or wrong value.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # not text, not TOML, or a very long number
        raise SettingsError(f"The settings file {path} is no valid TOML: {error}") from error
    return make_settings(values, where=f"The settings file {path}")


def make_settings(values: dict[str, object], *, where: str = "The settings") -> Settings:
    """Settings from plain values, with a readable error.

    Raises:
        SettingsError: An unknown key or a wrong value; every fault is named.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"{where} cannot be used. {faults(error)}.") from error


def faults(error: ValidationError) -> str:
    """Every fault that validation found, each with its key."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'value'}: {fault['msg']}" for fault in error.errors()
    )
