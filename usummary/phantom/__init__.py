"""The phantom exam: a rendered ("simulated") fetal screening recording with its truth beside it.

It is the sample exam and the long input of tests. Nothing in it comes from a person: the drawings,
the scanner and every name are made up, and the file says so in its metadata, on its screen and in
its truth.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usummary.errors import ExportError, SettingsError
from usummary.phantom.exam import SimulatedExam
from usummary.phantom.script import write_script
from usummary.phantom.study import is_instance, write_study
from usummary.phantom.truth import truth_of
from usummary.phantom.video import write_video
from usummary.progress import Progress, Report, silent


@dataclass(frozen=True, slots=True)
class Recorder:
    """How the exam is recorded.

    Attributes:
        width, height: Pixels of the screen, multiples of 4, at least 128 x 96.
        fps: Frames per second.
        bit_rate: Average bits per second of a video; without effect on DICOM.
    """

    width: int = 1280
    height: int = 720
    fps: int = 30
    bit_rate: int = 6_000_000

    def __post_init__(self) -> None:
        if self.width % 4 or self.height % 4 or self.width < 128 or self.height < 96:
            raise SettingsError(
                f"A phantom of {self.width} x {self.height} pixels cannot be rendered. "
                "Choose multiples of 4, at least 128 x 96."
            )
        if not 1 <= self.fps <= 120:
            raise SettingsError("A phantom has 1 to 120 frames per second.")


VIDEO = Recorder()

DICOM = Recorder(width=640, height=480, fps=12)


def render(
    out: Path,
    *,
    minutes: float,
    seed: int,
    progress: Report = silent,
    recorder: Recorder | None = None,
) -> Path:
    """Render a simulated exam; the same seed gives the same pictures and the same truth.

    Args:
        out: A name ending in ``.mp4`` for a video with ``<stem>.truth.json`` beside it, any other
            name for a DICOM study: a folder of cines and stills with ``<name>.study.truth.json``
            beside it.
        minutes: Duration, up to 240. A plane takes about 10 s at least, so all 13 need 2.5 minutes.
        seed: Anything from 0.
        progress: Called every few frames, as stage ``exporting``.
        recorder: Size and rates; `VIDEO` or `DICOM` if left out.

    Returns:
        `out`.

    Raises:
        SettingsError: `minutes`, `seed` or the recorder is out of range.
        ExportError: `out` cannot be written, or is a folder that holds something already.
    """
    if not 0 < minutes <= 240:
        raise SettingsError("A phantom exam lasts more than 0 and at most 240 minutes.")
    if seed < 0:
        raise SettingsError("The seed of a phantom exam is 0 or more.")
    video = out.suffix.lower() == ".mp4"
    recorder = recorder or (VIDEO if video else DICOM)
    script = write_script(minutes, seed, recorder.fps)
    exam = SimulatedExam(script, recorder.width, recorder.height)

    def done(frames: int) -> None:
        progress(Progress("exporting", frames / script.frame_count))

    try:
        if video:
            with _beside(out) as folder:
                write_video(exam, folder / out.name, recorder.bit_rate, done)
                truth = truth_of(exam, script.intervals, script.frame_count)
                _write_truth(folder / _truth_beside(out).name, truth)
        else:
            _may_replace(out)
            with _beside(out) as folder:
                study = folder / out.name
                study.mkdir()
                _write_truth(folder / _truth_beside(out).name, write_study(exam, study, done))
    except OSError as error:
        raise ExportError(
            f"The phantom exam cannot be written to {out}: {error.strerror or error}."
        ) from error
    return out


def _truth_beside(out: Path) -> Path:
    if out.suffix.lower() == ".mp4":
        return out.with_suffix(".truth.json")
    return out.with_name(f"{out.name}.study.truth.json")


def _write_truth(path: Path, truth: dict[str, Any]) -> None:
    path.write_text(json.dumps(truth, indent=1), encoding="utf-8")


def _may_replace(out: Path) -> None:
    """A study takes the place of nothing, of an empty folder, or of an earlier phantom study."""
    if not out.exists():
        return
    ours = _truth_beside(out).is_file()
    if not out.is_dir() or not all(ours and is_instance(path) for path in out.iterdir()):
        raise ExportError(f"{out} holds something else. Choose a new folder for the phantom study.")


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder beside `out` whose entries take their places when all went well, and else vanish."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".phantom-", dir=out.parent))
    try:
        yield folder
        for path in sorted(folder.iterdir(), reverse=True):
            place = out.parent / path.name
            if place.is_dir():
                place.replace(folder / "earlier")
            path.replace(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
