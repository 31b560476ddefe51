"""Writes the result: reel, clips, stills, contact sheet, report and run record."""

from __future__ import annotations

import datetime
import logging
from pathlib import Path

from usummary.export.check import CHECK_UNITS, FilmCheck, check_pages, check_still
from usummary.export.folder import RECORD, check_folder, staged
from usummary.export.meter import Meter, run_reporting
from usummary.export.names import is_simulated
from usummary.export.options import ExportOptions
from usummary.export.record import (
    all_notices,
    build_record,
    describe_file,
    hide_names,
    write_record,
)
from usummary.export.sheet import PDF, PNG, write_sheet
from usummary.export.shots import REEL, ShotWriter, ShownShot
from usummary.export.size import SizeEstimate, estimate
from usummary.export.tables import write_tables
from usummary.progress import Report, silent
from usummary.types import Exam, Summary

logger = logging.getLogger(__name__)
__all__ = ["ExportOptions", "SizeEstimate", "check_folder", "estimate", "export_summary"]

_DEFAULT = ExportOptions()
# Work besides encoding, as the number of encoded frames that take as long.
_SHEET, _REPORT = 20.0, 120.0


def export_summary(
    exam: Exam,
    summary: Summary,
    folder: Path,
    options: ExportOptions = _DEFAULT,
    progress: Report = silent,
) -> tuple[Path, ...]:
    """Write a summary into `folder`, all of it or nothing.

    Everything is written under a hidden name beside the folder, opened again and checked, and then
    renamed. If something fails or `progress` raises, nothing is left behind and an earlier export
    in the folder stays as it was. Files that no export wrote are never touched.

    Returns:
        Every file written, `summary.json` last.

    Raises:
        ExportError: The folder is in use and `options.overwrite` is off, it cannot be written, or
            a written file does not read back as it should.
    """
    with staged(folder, overwrite=options.overwrite) as stage:
        names = run_reporting(
            lambda meter: _write(exam, summary, stage, options, meter),
            _work(summary, options),
            progress,
        )
    logger.info("Exported %d files", len(names))
    return tuple(folder / name for name in names)


def _write(
    exam: Exam, summary: Summary, stage: Path, options: ExportOptions, meter: Meter
) -> list[str]:
    writer = ShotWriter(exam, summary, stage, options)
    shown = writer.write(meter)
    _check_shots(writer, shown, stage, meter)
    artefacts = [REEL] if writer.has_reel else []
    artefacts += _write_pages(exam, summary, stage, options, shown, meter)
    artefacts += [entry.clip for entry in shown if entry.clip]
    artefacts += [entry.still for entry in shown if entry.still]
    if options.csv:
        artefacts += write_tables(summary, shown, stage, simulated=writer.simulated)
    described = []
    for name in artefacts:
        described.append(describe_file(stage / name, stage))
        meter.step(0)
    write_record(build_record(exam, summary, options, shown, described), stage / RECORD)
    return [*artefacts, RECORD]


def _work(summary: Summary, options: ExportOptions) -> float:
    """Expected work, in encoded frames."""
    shots = summary.key_shots
    films = int(options.reel) + int(options.clips)
    frames = sum(shot.end_frame - shot.start_frame for shot in shots) if films else len(shots)
    pages = options.contact_sheet * _SHEET + options.report * _REPORT
    return frames + films * len(shots) * CHECK_UNITS / 2 + pages


def _write_pages(
    exam: Exam,
    summary: Summary,
    stage: Path,
    options: ExportOptions,
    shown: tuple[ShownShot, ...],
    meter: Meter,
) -> list[str]:
    """Write and check contact sheet and report, if they are wanted; returns their names."""
    names = []
    simulated = is_simulated(exam)
    if options.contact_sheet and shown:
        size, pages = write_sheet(shown, stage, simulated=simulated, step=meter.step)
        check_still(stage / PNG, size, None)
        check_pages(stage / PDF, pages)
        names += [PNG, PDF]
        meter.step(_SHEET)
    if options.report:
        # Imported here, because matplotlib is slow to import and the window imports this module.
        from usummary.export.report import REPORT, ReportTexts, write_report

        notices = tuple(hide_names(text, exam) for text in all_notices(exam, summary, options))
        texts = ReportTexts(simulated, f"{datetime.datetime.now():%Y-%m-%d %H:%M}", notices)
        write_report(summary, shown, stage / REPORT, texts, step=lambda: meter.step(_REPORT / 4))
        check_pages(stage / REPORT, 1)
        names.append(REPORT)
    return names


def _check_shots(
    writer: ShotWriter, shown: tuple[ShownShot, ...], stage: Path, meter: Meter
) -> None:
    """Open reel, clips and stills again and compare them with the frames they were made from."""
    if writer.canvas and writer.has_film:
        check = FilmCheck(writer.sectors(), (writer.canvas.width, writer.canvas.height), meter)
        if writer.has_reel:
            check(stage / REEL, shown)
        for entry in shown:
            if entry.clip:
                check(stage / entry.clip, [entry])
    for entry in shown:
        if entry.still:
            check_still(stage / entry.still, *writer.still_truth(entry.shot.recording))
            meter.step(0.0)
