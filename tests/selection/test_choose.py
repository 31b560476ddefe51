"""Selection: the method's worked cases, and what happens at its edges."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.values import make_analysis, shots_between
from usummary.analysis.frame_scores import hold, shot_means
from usummary.errors import SettingsError
from usummary.selection.choose import frame_costs_ms, price, select


def chosen(summary):
    return [(shot.start_frame, shot.end_frame) for shot in summary.key_shots]


def analysis_of(n, picks, values, shots):
    held = hold(np.array(values), np.array(picks), n)
    means = shot_means(held, [a for a, _ in shots], [b for _, b in shots])
    return make_analysis(
        n,
        25.0,
        shots=shots_between(
            shots, 25.0, means, keys=[a + int(held[a:b].argmax()) for a, b in shots]
        ),
    )


def test_worked_case_mean_of_held_scores():
    shots = [(0, 15), (15, 34), (34, 40)]
    analysis = analysis_of(40, [0, 15, 30], [0.1, 0.2, 0.9], shots)
    assert [shot.score for shot in analysis.shots] == pytest.approx([0.1, 0.347368, 0.9], abs=1e-6)
    assert chosen(select(analysis, "15%", "benchmark", None)) == [(34, 40)]


def test_worked_case_a_gap_between_shots():
    shots = [(0, 10), (20, 30), (30, 100)]
    analysis = analysis_of(100, [0, 10, 20, 30], [0.1, 0.1, 0.9, 0.1], shots)
    summary = select(analysis, "15%", "benchmark", None)
    assert chosen(summary) == [(20, 30)]
    assert summary.analysis.frame_count == 100


def test_missing_scores_are_an_error():
    with pytest.raises(ValueError, match="2 scores were given for 3 sampled frames"):
        hold(np.array([0.1, 0.2]), np.array([0, 5, 9]), 12)
    with pytest.raises(ValueError, match="not a number"):
        hold(np.array([0.1, np.nan]), np.array([0, 5]), 12)
    with pytest.raises(ValueError, match="start at frame 0"):
        hold(np.array([0.1, 0.2]), np.array([1, 5]), 12)


def test_budget_is_exact():
    """29 % of 100 frames are 29 frames, although 100 * 0.29 is 28.999..."""
    analysis = analysis_of(100, [0], [0.5], [(0, 29), (29, 100)])
    for length in ("29%", "0.29"):
        assert chosen(select(analysis, length, "benchmark", None)) == [(0, 29)]


@pytest.mark.parametrize(("longest", "expected"), [(13, [(0, 13)]), (14, [])])
def test_budget_is_the_shares_floor(longest, expected):
    """15 % of 90 frames are 13.5: a shot of 13 fits, one of 14 does not."""
    spans = [(0, longest), (longest, 90)]
    analysis = make_analysis(90, 25.0, shots=shots_between(spans, 25.0, [0.9, 0.5]))
    summary = select(analysis, "15%", "benchmark", None)
    assert chosen(summary) == expected
    assert summary.budget_s == pytest.approx(13 / 25)


def test_modes_value_shots_differently():
    """Benchmark mode prefers many cheap shots, application mode the better minutes."""
    means = [0.5, 0.5, 0.6]
    spans = [(0, 25), (25, 50), (50, 100)]
    analysis = make_analysis(100, 25.0, shots=shots_between(spans, 25.0, means))
    assert chosen(select(analysis, "50%", "benchmark", None)) == [(0, 25), (25, 50)]
    assert chosen(select(analysis, "50%", "application", None)) == [(50, 100)]


def test_nothing_fits_cuts_the_best_shot_around_its_key_frame():
    spans = [(0, 40), (40, 100)]
    analysis = make_analysis(100, 25.0, shots=shots_between(spans, 25.0, [0.2, 0.9], keys=[5, 70]))
    summary = select(analysis, "20%", "application", None)
    (shot,) = summary.key_shots
    assert shot.start_frame <= 70 < shot.end_frame
    assert shot.duration_s == pytest.approx(0.8)
    assert chosen(summary) == [
        (60, 80)
    ]  # as much before the key frame as after it, that frame included
    assert summary.notices == (
        "No shot fits the wanted length. The best one was cut to it around its key frame.",
    )
    covered = [(s.start_frame, s.end_frame) for s in summary.shots]
    assert covered[0][0] == 0
    assert covered[-1][1] == 100
    assert all(a[1] == b[0] for a, b in itertools.pairwise(covered))
    assert chosen(select(analysis, "20%", "benchmark", None)) == []


def test_a_tiny_length_keeps_the_key_frame():
    analysis = make_analysis(7, 25.0, shots=shots_between([(0, 7)], 25.0, [0.4], keys=[3]))
    summary = select(analysis, "1%", "application", None)
    assert chosen(summary) == [(3, 4)]
    assert summary.notices == (
        "The wanted length is shorter than any shot. Only the best key frame was kept.",
    )
    two = make_analysis(100, 25.0, shots=shots_between([(0, 100)], 25.0, [0.4], keys=[3]))
    summary = select(two, "2%", "application", None)
    assert chosen(summary) == [(2, 4)]
    assert summary.notices[0].startswith("No shot fits")


@pytest.mark.parametrize(("key", "expected"), [(41, (40, 60)), (98, (80, 100)), (99, (80, 100))])
def test_a_cut_shot_grows_up_to_its_own_border_and_then_the_other_way(key, expected):
    spans = [(0, 40), (40, 100)]
    analysis = make_analysis(100, 25.0, shots=shots_between(spans, 25.0, [0.2, 0.9], keys=[5, key]))
    summary = select(analysis, "20%", "application", None)
    assert chosen(summary) == [expected]
    (piece,) = summary.key_shots
    assert piece.whole == (40, 100)
    assert [s.whole for s in summary.shots if not s.selected] == [None, *[(40, 100)]]


def test_a_shot_of_one_frame_can_be_all_there_is_room_for():
    analysis = make_analysis(100, 25.0, shots=shots_between([(0, 1), (1, 100)], 25.0, [0.2, 0.9]))
    assert chosen(select(analysis, "1%", "benchmark", None)) == [(0, 1)]


def test_kept_shots_beyond_the_length_are_named_in_seconds():
    shots = shots_between([(0, 50), (50, 100)], 25.0, [0.2, 0.9])
    shots = (replace(shots[0], decision="kept"), shots[1])
    analysis = make_analysis(100, 25.0, shots=shots)
    for mode in ("application", "benchmark"):
        summary = select(analysis, "25%", mode, None)
        assert chosen(summary) == [(0, 50)]
        assert summary.notices == (
            "The shots you kept last 2.0 s, longer than the 1.0 s that the wanted length allows. "
            "All of them are in the summary.",
        )
        assert select(analysis, "50%", mode, None).notices == ()


def test_what_the_frames_of_a_shot_cost_adds_up_to_the_shot():
    """Three frames a second: milliseconds 333, 667, 1000 are borders."""
    analysis = make_analysis(9, 3.0, shots=shots_between([(0, 4), (4, 9)], 3.0, [0.2, 0.9]))
    first, second = (frame_costs_ms(analysis, shot).tolist() for shot in analysis.shots)
    assert first == [333, 334, 333, 333]
    assert second == [334, 333, 333, 334, 333]
    assert price(analysis, "application").weights.tolist() == [sum(first), sum(second)]
    assert price(analysis, "benchmark").per_second == 3.0


def test_shots_without_a_score_above_nothing_are_not_cut():
    shots = shots_between([(0, 50), (50, 100)], 25.0, [0.0, 0.0])
    summary = select(make_analysis(100, 25.0, shots=shots), "1%", "application", None)
    assert summary.notices == ("No shot has a score above 0, so the summary is empty.",)
    assert summary.shots == shots


def test_scores_of_zero_give_an_empty_summary():
    analysis = make_analysis(100, 25.0, shots=shots_between([(0, 100)], 25.0, [0.0]))
    summary = select(analysis, "15%", "application", None)
    assert summary.key_shots == []
    assert "empty" in summary.notices[0]


def test_length_p_is_the_references_share():
    spans = [(0, 25), (25, 50), (50, 100)]
    analysis = make_analysis(100, 25.0, shots=shots_between(spans, 25.0, [0.1, 0.9, 0.3]))
    assert chosen(select(analysis, "P", "application", [0])) == [(25, 50)]
    with pytest.raises(SettingsError, match="no freeze-frames"):
        select(analysis, "P", "application", None)
    assert analysis.path == Path("exam.mp4")
