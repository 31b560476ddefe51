"""Runs an experiment: many trainings in several processes, which can be interrupted and continued.

Every finished job is a file in the experiment's folder. A second run does the jobs that are missing
or no longer fit (`jobs.Bench.fingerprint`). The record is made from the results of all jobs.
"""

from __future__ import annotations

import platform
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pydantic import ValidationError

from usummary.errors import DeviceError
from usummary.files import written_beside
from usummary.processes import use_threads, worker_processes
from usummary.progress import Clock, Progress, Report
from usummary.research.config import Experiment
from usummary.research.jobs import Bench, BenchJob
from usummary.research.record import (
    FILE,
    FORMAT,
    DataFacts,
    Record,
    TrainingResult,
    VideoFacts,
    save_record,
)
from usummary.research.videos import DataSet, Video

_LIBRARIES = ("usummary", "torch", "numpy", "numba", "h5py")
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Place:
    """Folders and processes of an experiment.

    Attributes:
        data: Folder that the paths in its file start from.
        out: Folder for its results; finished jobs in it are used again.
        processes: Number of trainings that run side by side, each on one core.
    """

    data: Path
    out: Path
    processes: int = 1


def run(experiment: Experiment, place: Place, progress: Report) -> Path:
    """Do the jobs that are not done yet, and write the record.

    Args:
        experiment: The experiment.
        place: Its folders and processes.
        progress: Called after every finished job and ten times a second, stage ``experiment``; may
            raise `Cancelled`. Finished jobs stay.

    Returns:
        The record's file.

    Raises:
        UsummaryError: Something does not fit, which is found before any training; or a result
            cannot be written.
    """
    progress(Progress("experiment", 0.0))
    bench = Bench(experiment, place.data)
    bench.check()
    baselines, trainings = bench.jobs()
    jobs = baselines + trainings
    kept = place.out / "jobs"
    done = {job: result for job in jobs if (result := _kept(kept / job.file, bench, job))}
    missing = [job for job in jobs if job not in done]
    if done:
        text = f"{len(done)} of {len(jobs)} results are there already."
        progress(Progress("experiment", 0.0, message=text))
    clock = _Finished(progress, len(missing))
    for job, result in _done(missing, bench, place, clock):
        with written_beside(kept / job.file) as part:
            part.write_text(result.model_dump_json(), encoding="utf-8")
        done[job] = result
        clock.finished(job, result)
    path = place.out / FILE
    save_record(
        path, _record(bench, [done[job] for job in baselines], [done[j] for j in trainings])
    )
    progress(Progress("experiment", 1.0, 0.0))
    return path


def _kept(path: Path, bench: Bench, job: BenchJob) -> TrainingResult | None:
    """The result of an earlier run, if it still fits."""
    try:
        found = TrainingResult.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None  # not there, or written by another version: done again
    return found if found.fingerprint == bench.fingerprint(job) else None


class _Finished:
    """Turns finished jobs into progress with time left."""

    def __init__(self, progress: Report, total: int) -> None:
        self._progress = progress
        self._total = total
        self._count = 0
        self._estimate = Clock()

    def finished(self, job: BenchJob, result: TrainingResult) -> None:
        self._count += 1
        self.tick(f"{job.file.removesuffix('.json')}: {result.seconds:.1f} s")

    def tick(self, message: str = "") -> None:
        fraction = self._count / max(self._total, 1)
        left = self._estimate.seconds_left(fraction)
        self._progress(Progress("experiment", min(fraction, 0.999), left, message))


def _done(
    jobs: list[BenchJob], bench: Bench, place: Place, clock: _Finished
) -> Iterator[tuple[BenchJob, TrainingResult]]:
    """Every job with its result, as they are finished."""
    if place.processes == 1 or len(jobs) < 2:
        for job in jobs:
            yield job, bench.do(job, lambda _: clock.tick())
        return
    count, given = min(place.processes, len(jobs)), (bench.experiment, bench.folder)
    with worker_processes(count, _start, given) as pool:
        pending: dict[Future[TrainingResult], BenchJob] = {
            pool.submit(_do, job): job for job in jobs
        }
        while pending:
            finished, _ = wait(pending, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
            clock.tick()
            for future in finished:
                try:
                    yield pending.pop(future), future.result()
                except BrokenProcessPool as error:
                    raise DeviceError(
                        "A training process was ended from outside, mostly because memory ran out. "
                        "Use fewer --processes; what is finished is kept."
                    ) from error


_bench: list[Bench] = []
"""The bench of a worker process: reading the data takes longer than many a job."""


def _start(experiment: Experiment, folder: Path) -> None:
    """Sets up a new process: one thread, and Ctrl-C is left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    use_threads(1)
    _bench[:] = [Bench(experiment, folder)]


def _do(job: BenchJob) -> TrainingResult:
    return _bench[0].do(job, lambda _: None)


def _record(bench: Bench, baselines: list[TrainingResult], results: list[TrainingResult]) -> Record:
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    tested = set(bench.tested())
    return Record(
        format=FORMAT,
        experiment=bench.experiment,
        versions=versions | {"python": platform.python_version()},
        data={kind: _facts(data, tested) for kind, data in bench.data.items()},
        others=[_facts(data, set()) for data in bench.others],
        splits={
            setting: [(list(split.train), list(split.test)) for split, _ in splits]
            for setting, splits in bench.splits.items()
        },
        baselines=baselines,
        results=results,
    )


def _facts(data: DataSet, names: set[str]) -> DataFacts:
    return DataFacts(
        file=data.path.name,
        title=data.title,
        sha256=data.sha256,
        notices=list(data.notices),
        videos={video.name: _video_facts(video) for video in data if video.name in names},
    )


def _video_facts(video: Video) -> VideoFacts:
    assert video.importance is not None
    return VideoFacts(
        title=video.title,
        frames=video.frame_count,
        fps=video.fps,
        chosen=[round(float(share), 6) for share in video.users.mean(axis=1)],
        picks=video.picks.tolist(),
        shots=[(int(start), int(end)) for start, end in video.shots],
        importance=[round(float(value), 4) for value in video.importance],
    )
