"""Selection, scores of one video, baselines and splits."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.research.made import write_benchmark
from tests.shared_data import SHARED, needs_shared
from usummary.errors import InputError, UnreadableFile
from usummary.research import baselines
from usummary.research.benchmark_choice import budget_of, choose
from usummary.research.datasets import read_dataset
from usummary.research.missing import oracle
from usummary.research.protocol import assess
from usummary.research.splits import (
    Split,
    of_setting,
    random_splits,
    read_splits,
    validation_part,
)
from usummary.research.videos import Video


def video(frames, picks, shots, users, ratings=None):
    return Video(
        name="v",
        title="v",
        features=np.zeros((len(picks), 1, 1, 1), np.float32),
        picks=np.array(picks),
        frame_count=frames,
        shots=np.array(shots),
        users=np.array(users, bool),
        ratings=None if ratings is None else np.array(ratings, float),
    )


@pytest.fixture
def data(tmp_path):
    return read_dataset(write_benchmark(tmp_path / "set.h5"))


def frames_of(chosen):
    return np.flatnonzero(chosen).tolist()


def test_the_worked_case_of_selection():
    made = video(40, [0, 15, 30], [(0, 15), (15, 34), (34, 40)], [[1] * 40])
    assert frames_of(choose(made, [0.1, 0.2, 0.9], 6)) == list(range(34, 40))


def test_a_gap_between_shots_shifts_nothing():
    made = video(100, [0, 10, 20, 30], [(0, 10), (20, 30), (30, 100)], [[1] * 100])
    chosen = choose(made, [0.1, 0.1, 0.9, 0.1], 15)
    assert len(chosen) == 100
    assert frames_of(chosen) == list(range(20, 30))


def test_scores_that_do_not_fit_are_refused():
    made = video(40, [0, 15, 30], [(0, 40)], [[1] * 40])
    for scores in ([0.1, 0.2], [0.1, np.nan, 0.3]):
        with pytest.raises(InputError, match=r"^v: "):
            choose(made, scores, 10)


def test_budgets_are_exact():
    made = video(100, [0], [(0, 100)], np.arange(200).reshape(2, 100) % 100 < [[30], [15]])
    assert budget_of(made, "29%") == 29  # int(100 * 0.29) is 28
    assert budget_of(made, "P") == 22  # 30 and 15 chosen
    with pytest.raises(InputError, match="no length P"):
        budget_of(replace(made, users=np.zeros((0, 100), bool)), "P")


def test_a_video_is_scored_at_every_length_and_by_its_scores():
    users = np.zeros((2, 20), bool)
    users[0, :4] = users[1, 2:6] = True
    made = video(20, [0, 2, 4, 6], [(0, 4), (4, 20)], users)
    found = assess(made, [0.9, 0.8, 0.2, 0.1], ["20%", "10%"])
    assert found.lengths["20%"].best == 1.0
    assert found.lengths["20%"].mean == (1.0 + 0.5) / 2
    assert found.lengths["20%"].share == 0.2
    assert found.lengths["10%"].best == 0.0  # nothing fits
    # picks 0, 2, 4, 6 of the two users: 1 1 0 0 and 0 1 1 0
    assert found.tau == pytest.approx((4 / 24**0.5 + 0) / 2)


def test_constant_scores_have_no_correlation():
    made = video(20, [0, 10], [(0, 20)], [[1] * 5 + [0] * 15])
    assert assess(made, [0.5, 0.5], ["50%"]).tau is None


def test_ratings_are_what_correlation_compares_with():
    users = [[1] * 5 + [0] * 15]
    made = video(20, [0, 5, 10], [(0, 20)], users, ratings=[[1, 2, 3]])
    assert assess(made, [0.1, 0.2, 0.3], ["50%"]).rho == pytest.approx(1)
    assert assess(replace(made, ratings=None), [0.1, 0.2, 0.3], ["50%"]).rho < 0


def test_a_video_without_annotators_tests_nothing():
    made = video(20, [0, 10], [(0, 20)], np.zeros((0, 20)))
    with pytest.raises(InputError, match="training only"):
        assess(made, [0.5, 0.4], ["50%"])


def test_the_oracle_agrees_with_all_annotators_best():
    users = np.zeros((3, 12), bool)
    users[:2, 4:8] = users[2, 0:4] = True
    made = video(12, [0, 2, 4, 6, 8, 10], [(0, 12)], users)
    assert oracle(made).tolist() == [False, False, True, True, False, False]


def test_uniform_holds_exactly_the_budget(data):
    for one in data:
        found = baselines.uniform(one, ["15%"]).lengths["15%"]
        assert found.share == budget_of(one, "15%") / one.frame_count


def test_one_annotator_alone_cannot_be_left_out(data):
    alone = replace(data.videos[0], users=data.videos[0].users[:1])
    assert baselines.human(alone, ["15%"]).lengths == {}


def test_random_scores_are_the_same_every_time(data):
    first = [baselines.random_scores(v, ["15%"], draws=3, seed=1) for v in data]
    again = [baselines.random_scores(v, ["15%"], draws=3, seed=1) for v in data]
    assert first == again


@needs_shared
@pytest.mark.slow
def test_published_figures_of_summe_are_reproduced():
    """Otani et al. (CVPR 2019): people .31 and .54, correlation .205 and .213; random with KTS."""
    data = read_dataset(SHARED / "summe" / "summe_captions25.h5")
    people = [baselines.human(one, ["15%"]) for one in data]
    assert np.mean([one.lengths["15%"].mean for one in people]) == pytest.approx(0.311, abs=0.001)
    assert np.mean([one.lengths["15%"].best for one in people]) == pytest.approx(0.543, abs=0.001)
    assert np.mean([one.tau for one in people]) == pytest.approx(0.205, abs=0.003)
    assert np.mean([one.rho for one in people]) == pytest.approx(0.213, abs=0.003)
    chance = [baselines.random_scores(one, ["15%"], draws=20, seed=0) for one in data]
    assert np.mean([one.lengths["15%"].mean for one in chance]) == pytest.approx(0.18, abs=0.01)
    assert np.mean([one.lengths["15%"].best for one in chance]) == pytest.approx(0.40, abs=0.01)


# --- Splits -------------------------------------------------------------------------------------


def write_json(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_splits_of_both_forms_are_read(tmp_path, data):
    expected = Split(("video_2", "video_3"), ("video_1",))
    plain = [{"train_keys": ["video_2", "video_3"], "test_keys": ["video_1"]}]
    longer = {"0": {"test_keys": ["d/set.h5/video_1"], "train_keys": ["video_2", "x/video_3"]}}
    for number, form in enumerate((plain, plain[0], longer)):
        path = write_json(tmp_path / f"{number}.json", form)
        assert read_splits(path, data) == (expected,)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "no splits"),
        ([{"train": []}], "train_keys and test_keys"),
        ([{"train_keys": ["video_1"], "test_keys": ["video_9"]}], "no video video_9"),
        ([{"train_keys": ["video_1"], "test_keys": ["video_1"]}], "trained on and tested"),
        ([{"train_keys": [], "test_keys": ["video_1"]}], "empty"),
    ],
)
def test_splits_that_cannot_be_used_are_refused(tmp_path, data, value, words):
    with pytest.raises(InputError, match=words):
        read_splits(write_json(tmp_path / "s.json", value), data)


def test_a_file_that_is_no_splits_file(tmp_path, data):
    (tmp_path / "s.json").write_text("{", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="no JSON"):
        read_splits(tmp_path / "s.json", data)


@needs_shared
@pytest.mark.parametrize(("name", "tested"), [("msva_random_non_overlap", 25), ("pglsum", 18)])
def test_the_real_splits_are_read(name, tested):
    data = read_dataset(SHARED / "summe" / "summe_captions25.h5")
    splits = read_splits(SHARED / "summe" / "splits" / f"{name}.json", data)
    assert [len(split.test) for split in splits] == [5] * 5
    assert len({video for split in splits for video in split.test}) == tested


def test_random_splits_are_parted_and_repeatable(data):
    splits = random_splits(data, count=5, test_share=0.2, seed=3)
    assert splits == random_splits(data, count=5, test_share=0.2, seed=3)
    assert len({split.test for split in splits}) > 1
    for split in splits:
        assert len(split.test) == 1
        assert {*split.test, *split.train} == {one.name for one in data}


def test_settings(data):
    splits = random_splits(data, count=2, test_share=0.3, seed=0)
    assert of_setting("canonical", splits, data) == tuple((split, False) for split in splits)
    assert of_setting("augmented", splits, data) == tuple((split, True) for split in splits)
    ((transfer, others),) = of_setting("transfer", splits, data)
    assert (transfer.train, len(transfer.test), others) == ((), len(data), True)


def test_validation_comes_out_of_the_training_videos(data):
    learn, validation = validation_part(data.videos, share=0.2, seed=0)
    assert len(validation) == 1
    assert {v.name for v in learn}.isdisjoint({v.name for v in validation})
    assert len(learn) + len(validation) == len(data)
    assert validation_part(data.videos[:1], share=0.2, seed=0) == ([data.videos[0]],) * 2
