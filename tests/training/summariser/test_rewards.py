import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from usummary.errors import InputError
from usummary.training.summariser.rewards import Rewards, diversity, representativeness

A, B = (1.0, 0.0), (0.0, 1.0)
ABA = np.array([A, B, A])


@pytest.mark.parametrize(
    ("selected", "wanted_diversity", "wanted_representativeness"),
    [
        ([1, 1, 0], 1.0, 1.0),
        ([0, 0, 0], 0.0, 0.0),
        ([0, 1, 0], 0.0, 0.263597138),
        ([1, 1, 1], 0.666666667, 1.0),
    ],
)
def test_worked_cases(selected, wanted_diversity, wanted_representativeness):
    for kind in (int, bool, float):
        chosen = np.array(selected).astype(kind)
        assert diversity(ABA, chosen) == pytest.approx(wanted_diversity, abs=1e-9)
        assert representativeness(ABA, chosen) == pytest.approx(wanted_representativeness, abs=1e-9)


def test_rewards_do_not_depend_on_the_scale_of_the_features():
    features = np.random.default_rng(0).normal(size=(9, 5))
    chosen = np.arange(9) % 3 == 0
    for scale in (1e-300, 1e-3, 1e200):
        assert diversity(features * scale, chosen) == pytest.approx(diversity(features, chosen))
        assert representativeness(features * scale, chosen) == pytest.approx(
            representativeness(features, chosen)
        )


def test_a_zero_vector_is_like_nothing():
    features = np.array([(0.0, 0.0), (0.0, 0.0), A])
    assert diversity(features, [1, 1, 0]) == 1.0
    assert representativeness(features, [1, 0, 0]) == pytest.approx(math.exp(-1 / 3))


def test_the_cut_off_counts_distant_pairs_as_different():
    features = np.tile(A, (30, 1))
    chosen = np.zeros(30)
    chosen[[0, 20, 21]] = 1
    assert diversity(features, chosen) == pytest.approx(0)
    # of the three pairs only 0-21 is more than 20 apart
    assert diversity(features, chosen, cut_off=20) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("features", "selected", "words"),
    [
        (ABA, [1, 0], "3 frames"),
        (ABA, [2, 0, 0], "only 0 and 1"),
        (ABA, [math.nan, 0, 0], "only 0 and 1"),
        ([1.0, 2.0], [1, 0], "frames x channels"),
        ([A, (math.nan, 0)], [1, 0], "frame 1"),
    ],
)
def test_unusable_values_are_refused(features, selected, words):
    with pytest.raises(InputError, match=words):
        diversity(features, selected)


def brute_force(features, chosen, cut_off=None):
    """Both rewards by the equations, pair by pair."""
    norms = [math.sqrt(sum(v * v for v in row)) for row in features]
    unit = [[v / n if n else 0.0 for v in row] for row, n in zip(features, norms, strict=True)]
    inside = [i for i, c in enumerate(chosen) if c]
    if not inside:
        return 0.0, 0.0
    nearest = [
        min(sum((a - b) ** 2 for a, b in zip(unit[t], unit[i], strict=True)) for i in inside)
        for t in range(len(unit))
    ]
    pairs = [(t, i) for t in inside for i in inside if t != i]
    apart = [
        1.0
        if cut_off is not None and abs(t - i) > cut_off
        else 1 - sum(a * b for a, b in zip(unit[t], unit[i], strict=True))
        for t, i in pairs
    ]
    return math.exp(-sum(nearest) / len(nearest)), sum(apart) / len(pairs) if pairs else 0.0


@st.composite
def exams(draw):
    length = draw(st.integers(1, 8))
    values = st.one_of(st.just(0.0), st.floats(-5, 5).filter(lambda v: abs(v) > 1e-3))
    features = draw(hnp.arrays(np.float64, (length, draw(st.integers(1, 4))), elements=values))
    episodes = draw(hnp.arrays(np.bool_, (draw(st.integers(1, 4)), length)))
    return features, episodes, draw(st.sampled_from([None, 0, 2]))


@given(exams())
def test_episodes_agree_with_brute_force(exam):
    features, episodes, cut_off = exam
    rewards = Rewards(features, cut_off=cut_off)
    wanted = np.array([brute_force(features, e, cut_off) for e in episodes])
    np.testing.assert_allclose(rewards.representativeness(episodes), wanted[:, 0], atol=1e-9)
    np.testing.assert_allclose(rewards.diversity(episodes), wanted[:, 1], atol=1e-9)


@given(exams(), st.integers(1, 3), st.randoms(use_true_random=False))
def test_held_features_are_repeated_frames(exam, hold, random):
    features, _, _ = exam
    frames = np.repeat(features, hold, axis=0)
    chosen = np.array([[random.random() < 0.5 for _ in frames]])
    held, spelt_out = Rewards(features, hold=hold), Rewards(frames)
    np.testing.assert_allclose(held.diversity(chosen), spelt_out.diversity(chosen), atol=1e-9)
    np.testing.assert_allclose(
        held.representativeness(chosen), spelt_out.representativeness(chosen), atol=1e-9
    )


@given(
    hnp.arrays(
        np.float32,
        (5, 3),
        elements=st.floats(allow_nan=False, allow_infinity=False, width=32),
    ),
    hnp.arrays(np.bool_, (3, 5)),
)
def test_never_nan_and_always_in_range(features, episodes):
    rewards = Rewards(features)
    represented, different = rewards.representativeness(episodes), rewards.diversity(episodes)
    assert ((represented >= 0) & (represented <= 1)).all()
    assert ((different >= 0) & (different <= 2 + 1e-6)).all()
