"""Held-out figures, against worked cases and brute force."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.values import shots_between
from usummary import pipeline
from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.networks.i3d import SONONET_CLASSES, SonoNet2D
from usummary.networks.st3d import ST3D, ST3DConfig
from usummary.training.composing.pictures import THORAX, Source
from usummary.training.composing.script import LabelledRange
from usummary.training.judging.measures import (
    LENGTHS,
    calibration_error,
    clip_namer,
    measure,
    named_while_held,
    network_scores,
    picture_namer,
    plane_scores,
    random_scores,
    recognition,
    uniform_shots,
)

BRAIN = ("Brain (Cb.)", "Brain (Tv.)")


def one_hot(plane, sure=1.0):
    planes = np.full(14, (1 - sure) / 13)
    planes[SONONET_CLASSES.index(plane)] = sure
    return planes


def source(name, planes, value, frames=1):
    return Source(name, np.full((frames, 60, 80), value, np.uint8), planes)


SAID = {10: "Abdominal", 20: "Background", 30: "Brain (Tv.)"}


def namer(pictures):
    """Goes by brightness; a row for each picture."""
    return np.stack([one_hot(SAID[int(picture[0, 0])]) for picture in pictures])


def test_recognition_by_group_and_of_brains():
    found = recognition(
        namer,
        [
            source("fetal_planes/a", ("Abdominal",), 10),
            source("fetal_planes/b", ("Abdominal",), 20),
            source("lung_clips/c", ("Background",), 20, frames=2),
            source("lung_clips/d", ("Background",), 30),
            source("hc18/e", BRAIN, 30),
            source("hc18/f", BRAIN, 10),
            source("fetal_planes/g", (), 10),
        ],
    )
    assert found.right == {
        "fetal_planes: Abdominal": 1,
        "lung_clips: Background": 2,
        "hc18: Brain (Cb.) or Brain (Tv.)": 1,
    }
    assert [*found.count.values()] == [2, 3, 2]
    # one of two brains, four of five others
    assert found.brain == pytest.approx((1 / 2 + 4 / 5) / 2)
    # always sure, right in four of seven cases
    assert found.calibration == pytest.approx(3 / 7)


def test_recognition_by_machine_and_of_thorax_stills():
    grey = np.zeros((1, 4, 4), np.uint8)
    found = recognition(
        lambda _: one_hot("4CH")[None],
        [
            Source("fetal_planes/a", grey, ("Femur",), machine="Aloka"),
            Source("fetal_planes/b", grey, ("4CH",), machine="Aloka"),
            Source("fetal_planes/c", grey, (), THORAX, "Aloka"),
            Source("fetal_planes/d", grey, (), "", "Aloka"),
        ],
    )
    assert found.count == {
        "fetal_planes: Femur": 1,
        "fetal_planes, Aloka": 2,
        "fetal_planes: 4CH": 1,
        "fetal_planes: thorax, 4CH": 1,
    }
    assert found.right == {**found.count, "fetal_planes: Femur": 0, "fetal_planes, Aloka": 1}
    assert found.calibration == pytest.approx(0.5)  # a thorax may show anything: not counted


def test_brains_alone_tell_nothing_about_brain_against_not_brain():
    assert recognition(namer, [source("hc18/e", BRAIN, 30)]).brain is None


def test_the_two_brain_planes_are_one_where_sureness_counts():
    def halves(_):
        return (one_hot(BRAIN[0])[None] + one_hot(BRAIN[1])[None]) / 2

    sources = [source("hc18/a", BRAIN, 0), source("lung_clips/b", ("Background",), 0)]
    assert recognition(halves, sources).calibration == pytest.approx(0.5)
    assert recognition(halves, [sources[0], sources[0], sources[1]]).calibration < 0.4


def test_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55, 1.0])
    right = np.array([True, True, True, False, True, False, True])
    # five in the last bin: mean .96, right .8; two in the sixth: .55 and .5
    wanted = (5 * abs(0.96 - 0.8) + 2 * abs(0.55 - 0.5)) / 7
    assert calibration_error(confidence, right) == pytest.approx(wanted)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0


def test_namers_give_a_row_for_each_clip_or_picture():
    torch.manual_seed(0)
    backbone = ST3D(ST3DConfig(height=32, width=48, widths=(4, 4, 8))).eval()
    pictures = np.random.default_rng(0).integers(0, 255, (40, 60, 80)).astype(np.uint8)
    assert clip_namer(backbone)(pictures).shape == (2, 14)
    assert clip_namer(backbone)(pictures[:1]).shape == (1, 14)
    single = picture_namer(SonoNet2D().eval())(pictures)
    assert single.shape == (3, 14)  # frames 0, 16, 32
    np.testing.assert_allclose(single.sum(axis=1), 1, atol=1e-5)


# --- Summaries ------------------------------------------------------------------------------------


def test_scores_that_mark_the_reference_reach_the_bound(exam):
    found = measure(exam, exam.wanted(), "application").lengths
    assert {*found} == {*LENGTHS}
    as_frozen = found["P"]
    assert as_frozen.f1 == as_frozen.bound == 1
    assert as_frozen.recall == as_frozen.saved_planes == 1
    assert as_frozen.tau == pytest.approx(1)
    assert as_frozen.rho == pytest.approx(1)
    opposite = measure(exam, 1 - exam.wanted(), "application", lengths=("P",)).lengths["P"]
    assert opposite.f1 < 0.5
    assert opposite.tau == pytest.approx(-1)


def test_constant_scores_have_no_rank(exam):
    found = measure(exam, np.full(exam.wanted().shape, 0.5, np.float32), "benchmark")
    assert {(one.tau, one.rho) for one in found.lengths.values()} == {(None, None)}


def test_a_selection_of_ones_own_is_measured(exam):
    asked = []

    def choose(analysis, length, mode):
        asked.append((length, mode))
        return pipeline.select(analysis, "100%", mode)

    found = measure(exam, random_scores(exam, 1), "application", lengths=("15%",), choose=choose)
    assert asked == [("15%", "application")]
    assert found.lengths["15%"].recall == 1


# --- Simple summarisers ---------------------------------------------------------------------------


def test_random_scores_differ_by_seed_alone(exam):
    one, two, other = (random_scores(exam, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    assert one.shape == exam.wanted().shape
    assert one.min() >= 0
    assert one.max() <= 1


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5])
def test_uniform_shots_are_about_that_share_at_even_distances(exam, share):
    frames = exam.features.samples.frames
    count = 60
    edges = np.linspace(0, exam.analyses["application"].frame_count, count + 1).astype(int)
    rate = exam.analyses["application"].frame_count / exam.analyses["application"].duration_s
    shots = shots_between([*itertools.pairwise(edges.tolist())], rate, np.zeros(count))
    even = replace(
        exam, analyses={"application": replace(exam.analyses["application"], shots=shots)}
    )
    values = uniform_shots(even, "application", share).reshape(frames.shape)
    assert {*np.unique(values)} == {0, 1}
    chosen = [
        number
        for number, shot in enumerate(shots)
        if values[(frames >= shot.start_frame) & (frames < shot.end_frame)].max(initial=0) == 1
    ]
    assert len(chosen) == pytest.approx(share * count, abs=1)
    gaps = np.diff(chosen)
    assert np.ptp(gaps) <= 1


@pytest.mark.parametrize("mode", ["application", "benchmark"])
def test_uniform_shots_are_chosen_whole(exam, mode):
    values = uniform_shots(exam, mode, 0.15)
    analysis = exam.scored(values, mode)
    scores = [round(shot.score, 6) for shot in analysis.shots]
    assert {*scores} <= {0, 1}
    assert 1 in scores


def test_plane_scores_are_held_over_each_clip(exam):
    scores = plane_scores(exam).reshape(exam.features.samples.frames.shape)
    np.testing.assert_allclose(scores, np.repeat(exam.plane_confidence()[:, None], 16, axis=1))


def test_network_scores_are_those_of_the_network(exam):
    torch.manual_seed(0)
    net = BiLSTM(BiLSTMConfig(channels=8, samples=16, hidden=4)).train()
    scores = network_scores(net, exam)
    assert scores.shape == exam.wanted().shape
    assert not net.training
    with torch.no_grad():
        wanted = net(torch.from_numpy(exam.features.maps)[None])[0]
    np.testing.assert_allclose(scores, wanted.numpy(), atol=1e-6)


def test_planes_are_counted_where_they_are_held(exam):
    """The truth is made to hold one plane in two known clips, of which one is named so."""
    clips = len(exam.features.samples.frames)
    count = exam.truth.frame_count
    plane = exam.features.classes[0]
    frames = exam.features.samples.frames
    first, last = (int(frames[2, 0]), int(frames[3, -1]) + 1)
    truth = replace(
        exam.truth,
        visits=(LabelledRange("", 0, first), LabelledRange(plane, first, count)),
        held=((first, last), (last + 1, last + 2)),
    )
    planes = np.zeros((clips, len(exam.features.classes)), np.float32)
    planes[:, 1] = 0.5
    planes[3, 0] = 0.9
    changed = replace(exam, truth=truth, features=replace(exam.features, planes=planes))
    assert named_while_held([changed]) == {plane: (1, 2)}
    assert named_while_held([changed, changed]) == {plane: (2, 4)}
    assert named_while_held([replace(changed, truth=replace(truth, held=()))]) == {}
