"""The order of the work: the only place where the stages meet.

open_exam -> find_region -> features -> scores -> shots -> select
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

from usummary import agreement, readers
from usummary.analysis import feature_cache, freeze_frames
from usummary.analysis import features as features_stage
from usummary.analysis import scores as scores_stage
from usummary.analysis import shots as shots_stage
from usummary.analysis.features import Extraction, InputSpec, OnPart
from usummary.analysis.planes import plane_track
from usummary.analysis.preview import Previews, Show
from usummary.analysis.sector import find_region
from usummary.errors import InputError
from usummary.networks import runtime, weights
from usummary.networks.weights import Model
from usummary.progress import Clock, Progress, Report, silent
from usummary.scrubbing import Plain
from usummary.selection import choose as summary_stage
from usummary.selection import edits as edits_stage
from usummary.selection.edits import UNEDITED, Edits
from usummary.settings import DEFAULTS, Settings
from usummary.types import (
    Analysis,
    Exam,
    Features,
    Provenance,
    Recording,
    Region,
    Scores,
    Summary,
)

logger = logging.getLogger(__name__)

_LIBRARIES = ("usummary", "torch", "openvino", "av", "pydicom", "numpy", "opencv-python-headless")


def summarize(
    path: Path | str,
    settings: Settings = DEFAULTS,
    progress: Report = silent,
    preview: Show | None = None,
) -> Summary:
    """Open a recording or a study folder, analyse it and choose a summary.

    Args:
        path: A video file, a DICOM cine, or the folder of a DICOM study.
        settings: What to use and how long the summary may be.
        progress: Told of every step; may raise `Cancelled`.
        preview: See `analyse`.

    Raises:
        UsummaryError: See `usummary.errors`; the text says what to do.
    """
    with readers.open_exam(
        Path(path), freeze_frames=settings.freeze_frames, stream=settings.video_stream
    ) as exam:
        analysis = analyse(exam, settings, progress, preview)
    return select(analysis, settings.length, settings.mode, cover_s=settings.covering_s)


def models() -> tuple[Model, ...]:
    """The models that are installed with the program."""
    return weights.list_models()


def analyse(
    exam: Exam,
    settings: Settings = DEFAULTS,
    progress: Report = silent,
    preview: Show | None = None,
) -> Analysis:
    """Everything up to the choice of a length: features, scores, shots, freeze-frames.

    Args:
        exam: Opened exam.
        settings: What to use.
        progress: Told of every step; may raise `Cancelled`.
        preview: Called with provisional scores of the exam's beginning while features are computed
            (see `usummary.analysis.preview`). It takes a little time and never changes the result.

    Raises:
        InputError: The exam holds a single picture.
        ModelError: A model is missing, damaged or does not fit.
        DeviceError: The device that was asked for cannot be used.
    """
    if exam.frame_count < 2:
        raise InputError(
            f"{exam.path.name} holds a single picture. A summary needs a recording of at least two."
        )
    summariser = weights.load_model(settings.model, role="summariser")
    backbone = weights.backbone_of(summariser)
    logger.info("A run begins")
    watch = _Stopwatch()
    with watch.stage("reading"):
        inspected = _inspect(exam, progress)
    with watch.stage("features"), _previews(summariser, settings, preview) as on_part:
        features, device = _features(exam, inspected, backbone, settings, progress, on_part)
    with watch.stage("scoring"):
        scores, fallbacks = _scores(features, summariser, settings, progress)
    with watch.stage("selecting"):
        progress(Progress("selecting", 0.0))
        shots = shots_stage.make_shots(exam, features, scores, settings)
        progress(Progress("selecting", 1.0, 0.0))
    logger.info("The run is done on %s; seconds: %s", Plain(device), Plain(watch.seconds))
    return Analysis(
        path=exam.path,
        duration_s=exam.duration_s,
        frame_count=exam.frame_count,
        regions=inspected.regions,
        scores=scores,
        shots=shots,
        freeze_frames=freeze_frames.merged(exam.freeze_frames, freeze_frames.find_frozen(features)),
        provenance=Provenance(
            versions={name: metadata.version(name) for name in _LIBRARIES},
            models=(_named(backbone), _named(summariser)),
            device=device,
            settings=settings.model_dump(mode="json"),
            input_sha256=inspected.hashes,
            timings_s=watch.seconds,
            notices=_notices(exam, (*features.notices, *fallbacks)),
        ),
        frame_times_s=tuple(
            recording.times_s + offset
            for recording, offset in zip(exam.recordings, exam.offsets_s, strict=True)
        ),
        planes=plane_track(features),
    )


def features_of(
    exam: Exam, backbone: Model, settings: Settings = DEFAULTS, progress: Report = silent
) -> Features:
    """The features of an exam and nothing else, with the same cache as a full run.

    Raises:
        ModelError, DeviceError: As for `analyse`.
    """
    inspected = _inspect(exam, progress)
    return _features(exam, inspected, backbone, settings, progress)[0]


def select(
    analysis: Analysis,
    length: str = "15%",
    mode: Literal["application", "benchmark"] = "application",
    edits: Edits = UNEDITED,
    *,
    cover_s: float = 0.0,
) -> Summary:
    """Choose key shots of a finished analysis and compare them with the freeze-frames.

    Takes milliseconds, so a window can call it whenever the length or an edit changes.

    Args:
        analysis: As it was computed, without edits.
        length: ``15%``, ``0.18`` or ``P``.
        mode: See `usummary.selection.choose`.
        edits: What a person changed; `Summary.analysis` is the analysis with these changes made.
        cover_s: Seconds of every recognised plane that are kept first (`Settings.covering_s`).

    Raises:
        SettingsError: The length cannot be read, or is ``P`` without freeze-frames; planes are to
            be covered in benchmark mode; or the edits belong to another recording.
    """
    analysis = edits_stage.apply(analysis, edits)
    reference = freeze_frames.reference_shots(analysis.freeze_frames, analysis.shots)
    chosen = summary_stage.select(analysis, length, mode, reference, cover_s=cover_s)
    counts = edits_stage.counts(edits, analysis.shots)
    return replace(agreement.compared(chosen, reference), edits=counts)


@dataclass(frozen=True, slots=True)
class _InspectedFiles:
    """What is known of an exam's files before features are computed.

    Attributes:
        hashes: Content hash of every file, stills too, by its name in the exam.
        recordings: Content hash of each recording's file, in exam order, with the number of its
            stream where the file holds several.
        regions: Sector of each recording.
    """

    hashes: dict[str, str]
    recordings: tuple[str, ...]
    regions: tuple[Region, ...]


def _inspect(exam: Exam, progress: Report) -> _InspectedFiles:
    """Hash the files, find the sectors, and have the frame times read."""
    clock = Clock()

    def report(fraction: float) -> None:
        progress(Progress("reading", fraction, clock.seconds_left(fraction)))

    report(0.0)
    files = {recording.info.path for recording in exam.recordings}
    files |= {still.path for still in exam.freeze_frames if still.path is not None}
    total = sum(file.stat().st_size for file in files) or 1
    done = 0

    def checkpoint() -> None:
        nonlocal done
        done += feature_cache.BLOCK
        report(min(done / total, 1.0) * 0.5)

    folder = exam.path if exam.path.is_dir() else exam.path.parent
    hashes = {file: feature_cache.content_hash(file, checkpoint) for file in sorted(files)}
    regions = []
    for number, recording in enumerate(exam.recordings, start=1):
        regions.append(find_region(recording))
        _ = recording.times_s  # can take seconds on first use: here the person sees progress
        report(0.5 + 0.5 * number / len(exam.recordings))
    return _InspectedFiles(
        hashes={os.path.relpath(file, folder): digest for file, digest in hashes.items()},
        recordings=tuple(
            f"{hashes[recording.info.path]}{_stream_mark(recording)}"
            for recording in exam.recordings
        ),
        regions=tuple(regions),
    )


def _stream_mark(recording: Recording) -> str:
    streams = recording.info.streams
    return f"#{streams.shown}" if streams is not None else ""


def _features(
    exam: Exam,
    inspected: _InspectedFiles,
    backbone: Model,
    settings: Settings,
    progress: Report,
    on_part: OnPart | None = None,
) -> tuple[Features, str]:
    """Features of the exam, and the name of the device and precision that computed them."""
    progress(Progress("features", 0.0))
    rate = None if settings.sample_rate == "all" else float(settings.sample_rate)
    size = (backbone.height, backbone.width)
    spec = InputSpec(backbone.clip_length, size, backbone.classes, backbone.unsure)
    with runtime.open_runner(backbone, settings.device) as runner:
        kept = None
        if settings.use_cache:
            root = feature_cache.root()
            feature_cache.prune(root)
            key = features_stage.key_of(
                backbone, inspected.recordings, inspected.regions, rate, runner.device
            )
            kept = feature_cache.FeatureCache(root, key)
        extraction = Extraction(runner, spec, rate, kept)
        report = _naming_device(progress, runner)
        report(Progress("features", 0.0))
        features = features_stage.compute(exam, inspected.regions, extraction, report, on_part)
        report(Progress("features", 1.0, 0.0))
        return replace(features, notices=(*features.notices, *runner.notices)), runner.device


@contextmanager
def _previews(summariser: Model, settings: Settings, show: Show | None) -> Iterator[OnPart | None]:
    """The callable that shows previews, for `features.compute`; None if nobody wants any.

    Previews use a summariser runner of their own, so a fallback during a preview cannot change the
    device or the notices of the result. The first preview opens it; it is closed before the exam
    is scored.
    """
    if show is None:
        yield None
        return
    with ExitStack() as opened:
        runner: runtime.Runner | None = None

        def score(features: Features) -> Scores:
            nonlocal runner
            if runner is None:
                runner = opened.enter_context(runtime.open_runner(summariser, settings.device))
            return scores_stage.score(features, runner)

        yield Previews(score, show)


def _naming_device(progress: Report, runner: runtime.Runner) -> Report:
    """Calls `progress` with the runner's device added, and with each of its fallbacks once."""
    reported = 0

    def report(step: Progress) -> None:
        nonlocal reported
        new = runner.notices[reported:]
        reported += len(new)
        if new:
            logger.warning("A fallback: %s", " ".join(new))
        progress(replace(step, device=runner.device, message=" ".join(new)))

    return report


def _scores(
    features: Features, summariser: Model, settings: Settings, progress: Report
) -> tuple[Scores, tuple[str, ...]]:
    """Scores of the exam, with the notices of the runner."""
    progress(Progress("scoring", 0.0))
    with runtime.open_runner(summariser, settings.device) as runner:
        scores = scores_stage.score(features, runner)
        notices = runner.notices
    progress(Progress("scoring", 1.0, 0.0))
    return scores, notices


def _notices(exam: Exam, fallbacks: tuple[str, ...]) -> tuple[str, ...]:
    """All notices for the person, each once.

    To be called after the features: readers find damaged frames only while they decode.
    """
    damage = [notice for recording in exam.recordings for notice in recording.info.notices]
    notices = tuple(dict.fromkeys([*exam.notices, *damage, *fallbacks]))
    if notices:
        logger.info("Notices: %s", " ".join(notices))
    return notices


def _named(model: Model) -> dict[str, str]:
    return {"role": model.role, "name": model.name, "sha256": model.sha256}


class _Stopwatch:
    """Wall-clock seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)
