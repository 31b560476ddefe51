"""Measures of a summary against brute force and worked cases."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.values import make_analysis, shots_between
from usummary import agreement, pipeline
from usummary.agreement import MEASURES, Measures, best_possible, saved_planes
from usummary.analysis import freeze_frames
from usummary.selection.edits import Edits, keep
from usummary.types import STANDARD_PLANES, FreezeFrame

RATE = 10.0


def analysis_of(lengths, saves, scores=None, planes=None):
    """Shots of those frame counts, and saves as frame or (frame, plane)."""
    edges = [0, *itertools.accumulate(lengths)]
    scores = np.linspace(0.1, 0.9, len(lengths)) if scores is None else scores
    given_ = [save if isinstance(save, tuple) else (save, None) for save in saves]
    listed = tuple(
        FreezeFrame(frame / RATE, 0, frame, "listed", plane, frame / RATE)
        for frame, plane in sorted(given_)
    )
    shots = shots_between([*itertools.pairwise(edges)], RATE, scores, planes=planes)
    if planes is not None:
        shots = tuple(replace(shot, plane_confidence=0.9) for shot in shots)
    return make_analysis(edges[-1], RATE, shots=shots, freeze_frames=listed)


@st.composite
def exams(draw):
    lengths = draw(st.lists(st.integers(5, 60), min_size=2, max_size=8))
    frames = st.integers(0, sum(lengths) - 1)
    saves = draw(st.lists(frames, min_size=1, max_size=4, unique=True))
    scores = draw(st.lists(st.floats(0, 1), min_size=len(lengths), max_size=len(lengths)))
    names = st.sampled_from([None, *STANDARD_PLANES[:4]])
    planes = draw(st.lists(names, min_size=len(lengths), max_size=len(lengths)))
    return analysis_of(lengths, saves, scores, planes)


def reference_of(analysis):
    return freeze_frames.reference_shots(analysis.freeze_frames, analysis.shots)


@settings(max_examples=60, deadline=None)
@given(exams(), st.sampled_from(["15%", "40%", "P"]), st.sampled_from(["application", "benchmark"]))
def test_the_bound_is_the_best_of_all_choices(analysis, length, mode):
    summary = pipeline.select(analysis, length, mode)
    lengths = np.array([shot.end_frame - shot.start_frame for shot in analysis.shots])
    wanted = np.isin(np.arange(len(lengths)), reference_of(analysis))
    best = 0.0
    for chosen in itertools.product([False, True], repeat=len(lengths)):
        kept = np.array(chosen)
        if lengths[kept].sum() / RATE <= summary.budget_s + 1e-9 and kept.any():
            shared = lengths[kept & wanted].sum()
            best = max(best, 2 * shared / (lengths[kept].sum() + lengths[wanted].sum()))
    bound = best_possible(summary)
    if len(summary.shots) == len(analysis.shots):  # no shot was cut
        assert bound == pytest.approx(best)
    assert summary.metrics["f1"] <= bound + 1e-9
    if length == "P":
        assert bound == 1


@settings(max_examples=60, deadline=None)
@given(exams(), st.sampled_from(["5%", "15%", "40%", "P"]), st.sampled_from([1.0, 3.0]))
def test_with_planes_covered_the_bound_is_what_the_budget_buys(analysis, length, cover_s):
    summary = pipeline.select(analysis, length, cover_s=cover_s)
    shots = [analysis.shots[index] for index in reference_of(analysis)]
    wanted = sum(shot.end_frame - shot.start_frame for shot in shots)
    budget_s = max(summary.budget_s, summary.used_s)  # a single key frame can be over it
    kept = min(wanted, int(budget_s * RATE + 1e-6))  # every frame lasts as long
    assert best_possible(summary) == pytest.approx(2 * kept / (kept + wanted))
    assert summary.metrics["f1"] <= best_possible(summary) + 1e-9


def test_a_covering_summary_is_not_above_its_bound():
    """No whole shot of the reference fits into 4 s, but 3 s of its plane do."""
    analysis = analysis_of([100, 100], [150], [0.1, 0.9], [None, "Femur"])
    summary = pipeline.select(analysis, "20%", cover_s=3.0)
    assert summary.metrics["f1"] == pytest.approx(2 * 30 / (30 + 100))
    assert best_possible(summary) == pytest.approx(2 * 40 / (40 + 100))


def test_the_bound_counts_what_a_person_kept():
    analysis = analysis_of([50, 50], [70])
    edits = keep(Edits(), analysis.shots[1])
    summary = pipeline.select(analysis, "10%", edits=edits)
    assert summary.metrics["f1"] == best_possible(summary) == 1


def test_without_freeze_frames_nothing_can_be_reached():
    assert best_possible(pipeline.select(analysis_of([30, 30], []), "50%")) == 0


def test_planes_of_which_a_save_is_shown():
    saves = [(5, "Lips"), (125, "Lips"), (35, "Femur"), (65, "Profile"), (70, None)]
    analysis = analysis_of([30] * 5, saves, [0.0, 0.9, 0.0, 0.0, 0.8])
    summary = pipeline.select(analysis, "40%")
    assert [shot.selected for shot in summary.shots] == [False, True, False, False, True]
    # Femur and one of the two saves of the lips
    assert saved_planes(summary) == pytest.approx(2 / 3)
    assert saved_planes(pipeline.select(analysis_of([30], [(5, None)]), "15%")) is None


def test_a_plane_that_is_shown_elsewhere_is_shown_and_not_saved():
    """The two measures of planes are two: the key shot is labelled, and holds no save."""
    analysis = analysis_of([30] * 4, [(5, "Femur")], [0.1, 0.2, 0.3, 0.9], [None] * 3 + ["Femur"])
    found = agreement.measure(pipeline.select(analysis, "25%"))
    assert (found.planes_shown, found.saved_planes) == (1.0, 0.0)
    other = agreement.measure(pipeline.select(replace(analysis, shots=analysis.shots), "100%"))
    assert (other.planes_shown, other.saved_planes) == (1.0, 1.0)


@pytest.mark.parametrize(("late_s", "recall"), [(0.9, 1.0), (1.0, 1.0), (1.1, 0.0)])
def test_a_save_a_second_from_a_key_shot_counts_as_shown(late_s, recall):
    end = 30
    analysis = analysis_of([30, 70], [end + round(late_s * RATE)], [0.9, 0.1])
    assert pipeline.select(analysis, "30%").metrics["freeze_frame_recall"] == recall


def test_the_mean_of_draws_leaves_out_what_is_undefined():
    one = Measures(0.2, 0.8, None, None, 0.0, 0.5, None)
    other = Measures(0.4, 0.8, 0.1, None, 1.0, 0.5, 1.0)
    mean = agreement.mean([one, other])
    expected = (0.3, 0.8, 0.1, None, 0.5, 0.5, 1.0)
    for name, value in zip(MEASURES, expected, strict=True):
        found = mean.value(name)
        assert found == value if value is None else found == pytest.approx(value), name
    assert mean.all == tuple(mean.value(name) for name in MEASURES)


@pytest.mark.parametrize("mode", ["application", "benchmark"])
def test_a_save_at_the_very_end_lies_in_the_last_shot(mode):
    """Listed at the exam's end, it stands at the last frame; that shot's time has run out."""
    analysis = analysis_of([40, 60], [], [0.1, 0.9])
    end = FreezeFrame(10.0, 0, 99, "listed", "Femur", end_s=10.0)
    analysis = replace(analysis, freeze_frames=(end,))
    assert reference_of(analysis) == [1]
    summary = pipeline.select(analysis, "60%", mode)
    assert [shot.selected for shot in summary.shots] == [False, True]
    assert summary.freeze_frames[0].matched_shot == 1
    found = agreement.measure(summary)
    assert (found.f1, found.recall, found.saved_planes) == (1.0, 1.0, 1.0)
    assert pipeline.select(analysis, "P", mode).used_s == pytest.approx(6.0)
