"""The estimate of an export's size: near enough to decide by, and honest about what is left out."""

from dataclasses import replace

import pytest

from tests.export.exams import make_summary, shot
from tests.shared_data import SHARED, needs_shared
from usummary.analysis.sector import find_region
from usummary.export import ExportOptions, estimate, export_summary
from usummary.phantom import Recorder, render
from usummary.readers import open_exam

CLIPS = SHARED / "ultrasound" / "lung_clips"
EVERYTHING = ExportOptions(csv=True)
PARTS = {
    "reel": "summary.mp4",
    "clips": "clips/*",
    "stills": "keyframes/*",
    "contact_sheet": "contact_sheet.*",
    "report": "report.pdf",
    "csv": "*.csv",
    "record": "summary.json",
}


def wrong_by(path, folder):
    """By what factor each part of the estimate is wrong, at least 1."""
    with open_exam(path) as exam:
        recording = exam.recordings[0]
        count = recording.info.frame_count
        spans = [(at, at + count // 10) for at in range(0, count - count // 10, count // 5)]
        shots = [shot(exam, *span) for span in spans]
        summary = make_summary(exam, shots, [find_region(recording)])
        guess = estimate(summary, [recording.info], EVERYTHING)
        export_summary(exam, summary, folder, EVERYTHING)
    factors = {}
    for name, pattern in PARTS.items():
        size = sum(file.stat().st_size for file in folder.glob(pattern))
        factors[name] = max(guess.parts[name] / size, size / guess.parts[name])
    return factors


def test_a_phantom_is_estimated_within_a_factor_of_two(tmp_path):
    recorder = Recorder(width=640, height=480, fps=20)
    path = render(tmp_path / "exam.mp4", minutes=0.3, seed=3, recorder=recorder)
    factors = wrong_by(path, tmp_path / "out")
    assert max(factors.values()) < 2, factors


@needs_shared
@pytest.mark.parametrize(
    "name", ["Reg_pat1Image_133043.mpeg", "Cov_convex_volpecelli_sonographic_v2.mov"]
)
def test_a_real_clip_is_estimated_within_a_factor_of_two(name, tmp_path):
    factors = wrong_by(CLIPS / name, tmp_path / "out")
    assert max(factors.values()) < 2, factors


def test_the_total_is_of_what_is_wanted(tmp_path):
    path = render(tmp_path / "e.mp4", minutes=0.1, seed=3, recorder=Recorder(320, 240, 20))
    with open_exam(path) as exam:
        info = exam.recordings[0].info
        region = find_region(exam.recordings[0])
        summary = make_summary(exam, [shot(exam, 0, 20), shot(exam, 40, 80)], [region])
    everything = estimate(summary, [info], EVERYTHING)
    assert everything.total == sum(everything.parts.values())
    films = estimate(summary, [info], replace(EVERYTHING, stills=False, report=False, csv=False))
    left_out = sum(everything.parts[name] for name in ("stills", "report", "csv"))
    assert films.total == everything.total - left_out
    shorter = replace(summary, shots=summary.shots[:1])
    assert estimate(shorter, [info], EVERYTHING).parts["reel"] < films.parts["reel"]
    gone = replace(info, path=tmp_path / "gone.mp4")
    assert estimate(summary, [gone], EVERYTHING).total > 0
