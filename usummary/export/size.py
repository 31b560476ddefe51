"""Estimates the size of an export, from measured figures and without decoding anything.

How well pictures compress is only known once they are compressed. The best hint is how many bits
the recording itself takes. How wrong the estimate can be: docs/decisions/export.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2

from usummary.export.canvas import sector_mask
from usummary.export.options import ExportOptions
from usummary.export.shots import THUMBNAIL
from usummary.types import Box, RecordingInfo, Region, Shot, Summary

_FILM_BITS, _MOST_FILM_BITS = 0.70, 0.55
"""Bits per visible pixel of a film: this factor times the root of the recording's own; the most."""
_STILL_BYTES, _MOST_STILL_BYTES = 4.5, 0.95
"""Bytes per visible pixel of a still: this factor times the recording's bits; the most."""
_SHEET_PICTURE, _SHEET_PAGES = 1.3, 10_000
_REPORT, _REPORT_PICTURE, _REPORT_MOST = 60_000, 1.1, 12
_RECORD, _RECORD_SHOT, _RECORD_SAMPLE = 6_500, 300, 22
_TABLE_SHOT, _TABLE_FREEZE_FRAME, _TABLE_SAMPLE = 210, 110, 88


@dataclass(frozen=True, slots=True)
class SizeEstimate:
    """The approximate size of an export in bytes.

    Attributes:
        parts: Bytes of each artefact, wanted or not, by the name of its `ExportOptions`; the run
            record, which is always written, is ``record``.
        wanted: The parts that the options ask for.
    """

    parts: dict[str, int]
    wanted: frozenset[str] = field(default_factory=frozenset)

    @property
    def total(self) -> int:
        """Bytes of the wanted parts together."""
        return sum(self.parts[name] for name in self.wanted)


@dataclass(frozen=True, slots=True)
class _Compressibility:
    """How a recording's pictures compress.

    Attributes:
        film: Bytes of a picture in a film.
        still: Bytes of a still.
        small: Bytes of a thumbnail as PNG.
    """

    film: float
    still: float
    small: float


def estimate(
    summary: Summary, infos: Sequence[RecordingInfo], options: ExportOptions
) -> SizeEstimate:
    """The approximate size of an export of `summary`.

    Args:
        summary: The result; its regions say how much of a picture stays visible.
        infos: The exam's recordings, in exam order.
        options: What is wanted.
    """
    shots = summary.key_shots
    regions = summary.analysis.regions
    looks = {
        which: _look(infos[which], regions[which], masked=options.mask)
        for which in {shot.recording for shot in shots}
    }
    films = round(sum(_frames(shot) * looks[shot.recording].film for shot in shots))
    small = [looks[shot.recording].small for shot in shots]
    in_report = sum(small) * min(1.0, _REPORT_MOST / max(len(small), 1))
    samples = len(summary.analysis.scores.times_s)
    parts = {
        "reel": films,
        "clips": films,
        "stills": round(sum(looks[shot.recording].still for shot in shots)),
        "contact_sheet": round(sum(small) * _SHEET_PICTURE) + _SHEET_PAGES * len(shots),
        "report": _REPORT + round(in_report * _REPORT_PICTURE),
        "csv": _TABLE_SHOT * len(summary.shots)
        + _TABLE_FREEZE_FRAME * len(summary.freeze_frames)
        + _TABLE_SAMPLE * samples,
        "record": _RECORD + _RECORD_SHOT * len(summary.shots) + _RECORD_SAMPLE * samples,
    }
    wanted = {name for name in parts if name == "record" or getattr(options, name)}
    return SizeEstimate(parts, frozenset(wanted))


def _frames(shot: Shot) -> int:
    return shot.end_frame - shot.start_frame


def _look(info: RecordingInfo, region: Region, *, masked: bool) -> _Compressibility:
    box = region.box if masked else Box(0, 0, info.width, info.height)
    visible = info.width * info.height
    if masked:
        visible = max(cv2.countNonZero(sector_mask(region, info.width, info.height)), 1)
    bits = _bytes(info) * 8 / max(info.frame_count, 1) / visible
    film = min(_FILM_BITS * bits**0.5, _MOST_FILM_BITS) / 8
    still = min(_STILL_BYTES * bits, _MOST_STILL_BYTES)
    scale = min(THUMBNAIL[0] / box.width, THUMBNAIL[1] / box.height, 1.0)
    return _Compressibility(film * visible, still * visible, still * visible * scale * scale)


def _bytes(info: RecordingInfo) -> int:
    """Size of the recording's file; 0 if it is gone: then the export itself raises the error."""
    try:
        return info.path.stat().st_size
    except OSError:
        return 0
