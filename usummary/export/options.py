"""What a person can choose about an export, and the words on every artefact."""

from __future__ import annotations

from dataclasses import dataclass

RESEARCH_USE = "Research use only, not for diagnosis"
"""These words are in or on every artefact."""

SIMULATED = "SIMULATED"
"""Added to them if a notice of the exam says that the recording is simulated."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Which artefacts are written; `summary.json` always is.

    Attributes:
        reel: `summary.mp4`, all key shots in order.
        clips: `clips/`, one file for each key shot.
        stills: `keyframes/`, one PNG for each key shot.
        contact_sheet: `contact_sheet.png` and `.pdf`.
        report: `report.pdf`.
        csv: `shots.csv`, `freeze_frames.csv` and `scores.csv`: the tables of `summary.json`
            again, for spreadsheets.
        captions: Put the caption strip below the pictures of reel and clips.
        notice: Put the words of research use into that strip; the files' comment always has them.
        mask: Black out everything outside the sector.
        overwrite: Replace an earlier export in the same folder.
    """

    reel: bool = True
    clips: bool = True
    stills: bool = True
    contact_sheet: bool = True
    report: bool = True
    csv: bool = False
    captions: bool = True
    notice: bool = True
    mask: bool = True
    overwrite: bool = False
