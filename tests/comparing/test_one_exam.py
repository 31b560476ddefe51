"""One exam compared: the same terms for all, baselines that are what they say, honest blanks."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from tests.values import make_analysis, shots_between
from usummary import pipeline
from usummary.comparing import one_exam
from usummary.comparing.one_exam import BASELINES, Terms, by_baseline, by_model, command, even_shots
from usummary.selection.edits import Edits, ShotSpan
from usummary.settings import DEFAULTS
from usummary.types import FreezeFrame, PlaneTrack

RATE = 10.0
SPANS = [(at, at + 50) for at in range(0, 1000, 50)]  # twenty shots of 5 s
SCORES = np.linspace(0.1, 0.9, 20)
PLANES = [None, "Femur", *[None] * 17, "4CH"]


def make(*, freezes: tuple[FreezeFrame, ...] = (), planes=PLANES):
    shots = shots_between(SPANS, RATE, SCORES, planes=planes)
    made = make_analysis(1000, RATE, shots=shots, freeze_frames=freezes)
    clips = np.arange(0, 1000, 100)
    track = PlaneTrack(
        np.zeros(10, np.int64), clips, np.zeros(10, np.int64),
        np.array([0.1] * 9 + [0.9], np.float32),
    )  # fmt: skip
    models = ({"role": "backbone", "name": "b", "sha256": ""},
              {"role": "summariser", "name": "own model", "sha256": ""})  # fmt: skip
    provenance = replace(made.provenance, models=models)
    return replace(made, planes=track, provenance=provenance)


def frozen_at(*times: float) -> tuple[FreezeFrame, ...]:
    return tuple(
        FreezeFrame(time, 0, round(time * RATE), "listed", "Femur", end_s=time) for time in times
    )


def test_a_lane_is_what_a_run_of_that_length_chooses() -> None:
    analysis = make(freezes=frozen_at(7.0, 97.0))
    lanes = list(by_model(analysis, Terms()))
    assert [lane.length for lane in lanes] == ["15%", "20%", "25%", "P"]
    for lane in lanes:
        alone = pipeline.select(analysis, lane.length)
        assert lane.who == "own model"
        assert lane.summary.key_shots == alone.key_shots
        assert (lane.f1, lane.recall) == (
            alone.metrics["f1"], alone.metrics["freeze_frame_recall"],
        )  # fmt: skip
        assert lane.used_s == pytest.approx(sum(shot.duration_s for shot in alone.key_shots))
    # P is the two shots that hold a freeze-frame, 10 s: of these the best two hold one.
    assert lanes[-1].used_s == pytest.approx(10.0)
    assert lanes[-1].f1 == 0.5
    assert lanes[-1].recall == 0.5


def test_without_freeze_frames_nothing_is_measured_and_there_is_no_p() -> None:
    lanes = list(by_model(make(), Terms()))
    assert [lane.length for lane in lanes] == ["15%", "20%", "25%"]
    assert [(lane.f1, lane.recall, lane.planes_shown) for lane in lanes] == [(None, None, None)] * 3


def test_decisions_do_not_count_and_freeze_frames_of_the_person_do() -> None:
    own = FreezeFrame(1.0, 0, 10, "added", "Femur", end_s=1.0)
    edits = Edits(kept=frozenset({ShotSpan(0, 0, 50)}), added_freezes=(own,))
    terms = Terms(edits=one_exam.freeze_edits(edits), lengths=("15%", "P"))
    share, as_frozen = by_model(make(), terms)
    assert [shot.start_s for shot in share.summary.key_shots] == [85.0, 90.0, 95.0]
    assert share.recall == 0.0
    assert as_frozen.used_s == pytest.approx(5.0)


def test_random_scores_are_the_same_every_time_and_not_the_models() -> None:
    analysis = make(freezes=frozen_at(7.0))
    first = [lane.summary.key_shots for lane in by_baseline("random scores", analysis, Terms())]
    again = [lane.summary.key_shots for lane in by_baseline("random scores", analysis, Terms())]
    assert first == again
    model = [lane.summary.key_shots for lane in by_model(analysis, Terms())]
    starts = [[shot.start_s for shot in shots] for shots in first]
    assert starts != [[shot.start_s for shot in shots] for shots in model]
    # Only the scores differ: the analysis that was given still has its own.
    assert [shot.score for shot in analysis.shots] == pytest.approx(SCORES)


def test_even_distances_spread_over_the_exam() -> None:
    analysis = make()
    assert even_shots(analysis, 0.2) == [2, 7, 12, 17]
    (lane,) = by_baseline("even distances", analysis, Terms(lengths=("20%",)))
    assert [shot.start_s for shot in lane.summary.key_shots] == [10.0, 35.0, 60.0, 85.0]


def test_plane_confidence_takes_the_surest_clips_and_needs_their_record() -> None:
    analysis = make()
    terms = Terms(lengths=("10%",))
    (lane,) = by_baseline("plane confidence", analysis, terms)
    assert [shot.start_s for shot in lane.summary.key_shots] == [90.0, 95.0]
    assert list(by_baseline("plane confidence", replace(analysis, planes=None), terms)) == []


def test_planes_are_the_share_of_the_frozen_ones() -> None:
    analysis = make(freezes=frozen_at(7.0))
    shown = [lane.planes_shown for lane in by_model(analysis, Terms(lengths=("15%", "100%")))]
    assert shown == [0.0, 1.0]


def test_a_command_names_the_recording_without_its_folder() -> None:
    analysis = make()
    settings = {"sample_rate": "all", "freeze_frames": "/secret/list of saves.csv"}
    provenance = replace(analysis.provenance, settings=settings)
    path = analysis.path.with_name("scan of today.mp4")
    analysis = replace(analysis, path="/secret" / path, provenance=provenance)
    (lane,) = by_model(analysis, Terms(cover_s=3.0, lengths=("20%",)))
    words = command(lane)
    assert words[:3] == ("usummary", "summarize", "scan of today.mp4")
    assert words[3:7] == ("--length", "20%", "--model", "own model")
    assert {"--cover-planes", "all", "list of saves.csv"} <= set(words)
    assert not any("secret" in word for word in words)


def test_a_baselines_command_names_its_row() -> None:
    (lane,) = by_baseline("random scores", make(), Terms(lengths=("20%",)))
    assert command(lane) == (
        "usummary", "evaluate", lane.summary.analysis.path.name, "--model", "own model",
        "--baseline", "random scores", "--seeds", "1", "--length", "20%", "--no-cover-planes",
        "--mode", "application",
    )  # fmt: skip


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_keeps_to_the_length(name) -> None:
    for lane in by_baseline(name, make(freezes=frozen_at(7.0, 50.0)), Terms()):
        assert 0 < lane.used_s <= lane.summary.budget_s + 1e-6
        assert lane.kind == "baseline"


def uneven(*lengths: int):
    """Shots of those numbers of frames, ten a second."""
    borders = [0, *np.cumsum(lengths).tolist()]
    spans = list(itertools.pairwise(borders))
    shots = shots_between(spans, RATE, [0.5] * len(spans))
    return make_analysis(borders[-1], RATE, shots=shots)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, [10]), (0.05, [10]), (0.1, [5, 15]), (0.149, [5, 15]), (0.15, [3, 10, 16])],
)
def test_as_many_even_shots_as_the_length_allows_and_one_at_least(share, expected) -> None:
    """Twenty shots of 5 s: in the middle of each of as many equal parts of the exam."""
    assert even_shots(make(), share) == expected


def test_even_shots_of_uneven_lengths_are_counted_by_their_mean() -> None:
    """Shots of 1, 1 and 8 s last 3.3 s on average: 70 % of 10 s are two of them."""
    analysis = uneven(10, 10, 80)
    assert even_shots(analysis, 0.7) == [2]  # 2.5 s and 7.5 s, both in the last
    assert even_shots(analysis, 1.0) == [1, 2]  # 1.7, 5 and 8.3 s


def test_even_distances_score_the_frames_of_their_shots_alone() -> None:
    (lane,) = by_baseline("even distances", make(), Terms(lengths=("20%",)))
    scores = [shot.score for shot in lane.summary.analysis.shots]
    assert scores == [float(number in (2, 7, 12, 17)) for number in range(20)]


def test_even_distances_at_p_take_the_share_of_the_frozen_shots() -> None:
    analysis = make(freezes=frozen_at(7.0, 50.0, 97.0))
    (lane,) = by_baseline("even distances", analysis, Terms(lengths=("P",)))
    assert [shot.start_s for shot in lane.summary.key_shots] == [15.0, 50.0, 80.0]


def test_even_distances_of_two_recordings_keep_apart() -> None:
    analysis = make()
    second = np.arange(1000) >= 500
    scores = replace(
        analysis.scores,
        recordings=second.astype(np.int64),
        frames=np.where(second, np.arange(1000) - 500, np.arange(1000)),
    )
    shots = tuple(
        shot
        if shot.start_frame < 500
        else replace(
            shot, recording=1, start_frame=shot.start_frame - 500, end_frame=shot.end_frame - 500
        )
        for shot in analysis.shots
    )
    values = one_exam._even_scores(replace(analysis, scores=scores, shots=shots), [1, 12])
    assert np.flatnonzero(values).tolist() == [*range(50, 100), *range(600, 650)]
    assert set(values) == {0.0, 1.0}


def test_plane_confidence_is_that_of_the_clip_a_frame_lies_in() -> None:
    analysis = make()
    values = one_exam._plane_confidence(analysis)
    assert values[:900] == pytest.approx(0.1)
    assert values[900:] == pytest.approx(0.9)
    none = replace(analysis.planes, frames=np.zeros(0, np.int64))
    assert one_exam._plane_confidence(replace(analysis, planes=none)) is None


def test_each_draw_of_random_scores_is_another() -> None:
    terms = Terms(lengths=("15%",))
    draws = {
        seed: next(by_baseline("random scores", make(), terms, seed=seed)).summary.analysis
        for seed in (1, 2)
    }
    first, second = (analysis.scores.values for analysis in draws.values())
    assert not np.array_equal(first, second)
    assert first == pytest.approx(np.random.default_rng(1).random(1000), rel=1e-6)
    plain = next(by_baseline("random scores", make(), terms)).summary.analysis
    assert np.array_equal(plain.scores.values, first)
    assert one_exam.RANDOM_SEED == 1


def test_a_model_is_named_by_its_last_summariser() -> None:
    analysis = make()
    assert one_exam.model_of(analysis) == "own model"
    nameless = replace(analysis.provenance, models=analysis.provenance.models[:1])
    assert one_exam.model_of(replace(analysis, provenance=nameless)) == DEFAULTS.model
    lane = next(by_model(analysis, Terms()))
    assert lane.kind == one_exam.kind_of("own model") == "model"
    assert one_exam.kind_of("even distances") == "baseline"


def test_the_measures_of_a_lane_are_those_of_its_summary() -> None:
    analysis = make(freezes=frozen_at(7.0, 97.0))
    lane = next(by_model(analysis, Terms(lengths=("10%",))))
    assert (lane.f1, lane.recall, lane.planes_shown, lane.saved_planes) == (0.5, 0.5, 0.0, 1.0)
    assert (lane.length, lane.used_s) == ("10%", 10.0)


def test_a_command_says_what_differs_from_the_defaults_and_no_more() -> None:
    analysis = make()
    (lane,) = by_model(analysis, Terms(lengths=("20%",)))
    plain = command(lane)
    name = analysis.path.name
    assert plain == (
        "usummary", "summarize", name, "--length", "20%", "--model", "own model",
        "--no-cover-planes", "--out", "exam own model 20",
    )  # fmt: skip
    (lane,) = by_model(analysis, Terms(mode="benchmark", lengths=("20%",)))
    assert command(lane)[7:9] == ("--mode", "benchmark")
    assert "--no-cover-planes" not in command(lane)
    settings = {"sample_rate": 7.5}
    slower = replace(analysis, provenance=replace(analysis.provenance, settings=settings))
    (lane,) = by_model(slower, Terms(cover_s=3.0, lengths=("20%",)))
    assert command(lane)[7:10] == ("--sample-rate", "7.5", "--cover-planes")
    (lane,) = by_baseline("even distances", analysis, Terms(mode="benchmark", lengths=("20%",)))
    words = command(lane)
    assert words.count("--mode") == 1
    assert words[-2:] == ("--mode", "benchmark")
