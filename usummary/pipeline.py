"""The order of the work: the only place where the stages meet.

open_exam -> find_region -> features -> scores -> shots -> select
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from usummary import metrics, readers
from usummary.analysis import feature_cache, freeze_frames
from usummary.analysis import features as features_stage
from usummary.analysis import scores as scores_stage
from usummary.analysis import shots as shots_stage
from usummary.analysis.features import Extraction, Grown, InputSpec
from usummary.analysis.planes import plane_track
from usummary.analysis.preview import Previews, Show
from usummary.analysis.sector import find_region
from usummary.errors import InputError
from usummary.networks import runtime, weights
from usummary.networks.weights import Model
from usummary.progress import Progress, Report, silent
from usummary.scrubbing import Plain
from usummary.selection import choose as summary_stage
from usummary.selection import edits as edits_stage
from usummary.selection.edits import UNEDITED, Edits
from usummary.settings import DEFAULTS, Settings
from usummary.types import Analysis, Exam, Features, Provenance, Region, Scores, Shot, Summary

logger = logging.getLogger(__name__)
RECALL_TOLERANCE_S = 1.0
"""A freeze-frame counts as shown if a key shot is at most this far away."""

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
    with readers.open_exam(Path(path), freeze_frames=settings.freeze_frames) as exam:
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
        preview: Given provisional scores of the exam's beginning while features are computed (see
            `usummary.analysis.preview`). It costs a little time; the result is the same without it.

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
        hashes, regions = _look_through(exam, progress)
    with watch.stage("features"), _previews(summariser, settings, preview) as grown:
        how = settings, progress, grown
        features, device = _features(exam, regions, hashes, backbone, how)
    with watch.stage("scoring"):
        scores, met = _scores(features, summariser, settings, progress)
    with watch.stage("selecting"):
        progress(Progress("selecting", 0.0))
        shots = shots_stage.make_shots(exam, features, scores, settings)
        progress(Progress("selecting", 1.0, 0.0))
    logger.info("The run is done on %s; seconds: %s", Plain(device), Plain(watch.seconds))
    return Analysis(
        path=exam.path,
        duration_s=exam.duration_s,
        frame_count=exam.frame_count,
        regions=regions,
        scores=scores,
        shots=shots,
        freeze_frames=freeze_frames.merged(exam.freeze_frames, freeze_frames.find_frozen(features)),
        provenance=Provenance(
            versions={name: metadata.version(name) for name in _LIBRARIES},
            models=(_named(backbone), _named(summariser)),
            device=device,
            settings=settings.model_dump(mode="json"),
            input_sha256=hashes,
            timings_s=watch.seconds,
            notices=_notices(exam, (*features.notices, *met)),
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
    """The features of an exam alone, kept and found again like those of a full run.

    Raises:
        ModelError, DeviceError: As for `analyse`.
    """
    hashes, regions = _look_through(exam, progress)
    return _features(exam, regions, hashes, backbone, (settings, progress, None))[0]


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
        edits: What a person changed; the summary's own analysis has these changes made.
        cover_s: Seconds of every recognised plane that are kept first (`Settings.covering_s`).

    Raises:
        SettingsError: The length cannot be read, or is ``P`` without freeze-frames; planes are to
            be covered in benchmark mode; or the edits belong to another recording.
    """
    analysis = edits_stage.apply(analysis, edits)
    reference = freeze_frames.reference_shots(analysis.freeze_frames, analysis.shots)
    chosen = summary_stage.select(analysis, length, mode, reference, cover_s=cover_s)
    matched = freeze_frames.matched(analysis.freeze_frames, chosen.shots)
    return replace(
        chosen,
        freeze_frames=matched,
        metrics=_metrics(chosen, reference),
        coverage=metrics.coverage(chosen.key_shots, matched),
        edits=edits_stage.counts(edits, analysis.shots),
    )


def _metrics(chosen: Summary, reference: Sequence[int]) -> dict[str, float]:
    """Comparison of a summary with the freeze-frames of its exam; empty without any.

    `reference` are the shots of the analysis, whole ones, that hold the freeze-frames it counts
    (`freeze_frames.reference_shots`), also where the summary holds only a part of one.
    """
    whole = chosen.analysis.shots
    times = [save.time_s for save in chosen.analysis.freeze_frames]
    recall = metrics.freeze_frame_recall(times, chosen.shots, RECALL_TOLERANCE_S)
    if recall is None:
        return {}
    selected = _by_frame(chosen.shots, [shot.selected for shot in chosen.shots])
    wanted = _by_frame(whole, np.isin(np.arange(len(whole)), reference).tolist())
    return {"f1": metrics.f_score(selected, wanted), "freeze_frame_recall": recall}


def _by_frame(shots: Sequence[Shot], marks: list[bool]) -> NDArray[np.bool_]:
    """(n_frames,) the mark of each frame's shot."""
    return np.repeat(marks, [shot.end_frame - shot.start_frame for shot in shots])


def _look_through(exam: Exam, progress: Report) -> tuple[dict[str, str], tuple[Region, ...]]:
    """Hash the files, find the sectors, and have the frame times read."""
    progress(Progress("reading", 0.0))
    files = {recording.info.path for recording in exam.recordings}
    files |= {still.path for still in exam.freeze_frames if still.path is not None}
    total = sum(file.stat().st_size for file in files) or 1
    done = 0

    def checkpoint() -> None:
        nonlocal done
        done += feature_cache.BLOCK
        progress(Progress("reading", min(done / total, 1.0) * 0.5))

    hashes = {
        os.path.relpath(file, exam.path if exam.path.is_dir() else exam.path.parent): (
            feature_cache.content_hash(file, checkpoint)
        )
        for file in sorted(files)
    }
    regions = []
    for number, recording in enumerate(exam.recordings, start=1):
        regions.append(find_region(recording))
        _ = recording.times_s
        progress(Progress("reading", 0.5 + 0.5 * number / len(exam.recordings)))
    return hashes, tuple(regions)


def _features(
    exam: Exam,
    regions: tuple[Region, ...],
    hashes: dict[str, str],
    backbone: Model,
    how: tuple[Settings, Report, Grown | None],
) -> tuple[Features, str]:
    """Features of the exam, with the text that names device and precision."""
    settings, progress, grown = how
    progress(Progress("features", 0.0))
    rate = None if settings.sample_rate == "all" else float(settings.sample_rate)
    size = (backbone.height, backbone.width)
    spec = InputSpec(backbone.clip_length, size, backbone.classes, backbone.unsure)
    with runtime.open_runner(backbone, settings.device) as runner:
        kept = None
        if settings.use_cache:
            root = feature_cache.root()
            feature_cache.prune(root)
            boxes = [str(region.box) for region in regions]
            key = feature_cache.make_key(
                features_stage.VERSION,
                sorted(hashes.values()),
                backbone.sha256,
                rate,
                boxes,
                runner.device,
            )
            kept = feature_cache.FeatureCache(root, key)
        extraction = Extraction(runner, spec, rate, kept)
        told = _naming_device(progress, runner)
        told(Progress("features", 0.0))
        features = features_stage.compute(exam, regions, extraction, told, grown)
        told(Progress("features", 1.0, 0.0))
        return replace(features, notices=(*features.notices, *runner.notices)), runner.device


@contextmanager
def _previews(summariser: Model, settings: Settings, show: Show | None) -> Iterator[Grown | None]:
    """What `features.compute` calls for previews.

    They have a runner of their own, opened by the first one and closed before the exam is scored,
    so that whatever happens to it leaves the result as it is.
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
    """`progress`, which also names the device, and says each fallback of the runner once."""
    said = 0

    def report(step: Progress) -> None:
        nonlocal said
        new = runner.notices[said:]
        said += len(new)
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
    """What a person must see, each once; readers find damage only while they read."""
    met = [notice for recording in exam.recordings for notice in recording.info.notices]
    notices = tuple(dict.fromkeys([*exam.notices, *met, *fallbacks]))
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
