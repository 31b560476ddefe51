"""The record of an experiment: every number of every video, and the origin of these numbers.

It is one JSON file, ``results.json``. Tables and figures read nothing else, so it also holds what
they show of the data set itself: how much each annotator chose, importance, shots.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from usummary.errors import InputError, UnreadableFile
from usummary.files import written_beside
from usummary.research.config import Experiment
from usummary.research.protocol import Assessment
from usummary.settings import faults

FORMAT = 1
"""Increased whenever an old record would be read wrongly."""
FILE = "results.json"
_STRICT = ConfigDict(frozen=True, extra="forbid")


class LengthResult(BaseModel):
    """See `protocol.Agreement`."""

    model_config = _STRICT
    mean: float
    best: float
    share: float


class VideoResult(BaseModel):
    """The measures of one video, see `protocol.Assessment`. `scores` are per step, 4 decimals."""

    model_config = _STRICT
    lengths: dict[str, LengthResult]
    tau: float | None
    rho: float | None
    scores: list[float] | None = None

    @classmethod
    def of(cls, found: Assessment, scores: list[float] | None = None) -> VideoResult:
        lengths = {
            length: LengthResult(mean=one.mean, best=one.best, share=one.share)
            for length, one in found.lengths.items()
        }
        return cls(lengths=lengths, tau=found.tau, rho=found.rho, scores=scores)


class TrainingResult(BaseModel):
    """One training and its tests. Baselines have the split and seed 0 and test every video."""

    model_config = _STRICT
    method: str
    features: str
    setting: str
    split: int
    seed: int
    fingerprint: str
    seconds: float
    curve: list[str]
    videos: dict[str, VideoResult]


class VideoFacts(BaseModel):
    """The facts about a video that tables and figures show; see `videos.Video`."""

    model_config = _STRICT
    title: str
    frames: int
    fps: float | None
    chosen: list[float]
    """Share of the video that each annotator chose."""
    picks: list[int]
    shots: list[tuple[int, int]]
    importance: list[float]


class DataFacts(BaseModel):
    """A data set file."""

    model_config = _STRICT
    file: str
    title: str
    sha256: str
    notices: list[str]
    videos: dict[str, VideoFacts]


class Record(BaseModel):
    """A whole experiment."""

    model_config = _STRICT
    format: int
    experiment: Experiment
    versions: dict[str, str]
    data: dict[str, DataFacts]
    """By kind of features."""
    others: list[DataFacts]
    """Data sets that only trained; their videos are not listed."""
    splits: dict[str, list[tuple[list[str], list[str]]]]
    """By setting: names of training and test videos."""
    baselines: list[TrainingResult]
    results: list[TrainingResult]


def save_record(path: Path, record: Record) -> None:
    """Write a record beside and rename it.

    Raises:
        ExportError: It cannot be written.
    """
    with written_beside(path) as part:
        part.write_text(record.model_dump_json(indent=1), encoding="utf-8")


def load_record(path: Path) -> Record:
    """The record in a file, or in the folder of an experiment.

    Raises:
        UnreadableFile: There is none.
        InputError: It is damaged, or of another version of the program.
    """
    path = path / FILE if path.is_dir() else path
    try:
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(
            f'There are no results {path}: {error.strerror}. Run "usummary experiment run" first.'
        ) from error
    except ValidationError as error:
        raise InputError(
            f"{path} is no record of an experiment that this version can read. {faults(error)}."
        ) from error
