"""Scripts: what a made timeline becomes."""

import itertools

import numpy as np
import pytest

from tests.training.made_data import LABELS, SAVED, made_timeline
from usummary.training.composing.pictures import TIMELINE_RATE, RealCourse
from usummary.training.composing.script import LabelledRange, write_script

FPS = 15


def script_of(labels=LABELS, saved=(), seed=1, **how):
    marked = np.zeros(len(labels), bool)
    marked[list(saved)] = True
    timeline = RealCourse("9", tuple(labels), marked, np.zeros(len(labels), bool))
    return write_script(timeline, np.random.default_rng(seed), fps=FPS, **how)


def labels_of(script):
    """The label of every frame, from the visits."""
    return [visit.label for visit in script.visits for _ in range(visit.start, visit.end)]


def test_visits_cover_all_frames():
    script = write_script(made_timeline(), np.random.default_rng(1), fps=FPS)
    assert script.frame_count == len(LABELS) / TIMELINE_RATE * FPS
    assert script.visits[0].start == 0
    assert script.visits[-1].end == script.frame_count
    for before, after in itertools.pairwise(script.visits):
        assert before.end == after.start
        assert before.label != after.label
    assert script.hold.shape == script.doppler.shape == (script.frame_count,)
    assert (np.flatnonzero(script.doppler)[[0, -1]] == [17 * FPS, 18 * FPS - 1]).all()


@pytest.mark.parametrize("fps", [7, 10, 25, 30])
def test_visits_cover_all_frames_at_any_rate(fps):
    script = write_script(made_timeline(), np.random.default_rng(1), fps=fps)
    edges = [0, *(visit.end for visit in script.visits)]
    assert [visit.start for visit in script.visits] == edges[:-1]
    assert edges[-1] == script.frame_count == 30 * fps
    assert all(0 <= save.frame < script.frame_count for save in script.saves)


def test_without_saves_the_captions_stand_as_they_are():
    visits = script_of().visits
    scale = FPS / TIMELINE_RATE
    edges = [0, 30, 70, 160, 220, 240, 300]
    labels = ("", "Other", "Abdominal", "Brain (Tv.)", "", "Femur")
    assert visits == tuple(
        LabelledRange(label, round(start * scale), round(end * scale))
        for label, (start, end) in zip(labels, itertools.pairwise(edges), strict=True)
    )


def test_a_caption_that_blinks_is_one_visit():
    labels = [""] * 20 + ["Lips"] * 30 + [""] * 10 + ["Lips"] * 30
    assert [v.label for v in script_of(labels).visits] == ["", "Lips"]
    longer = [""] * 20 + ["Lips"] * 30 + [""] * 11 + ["Lips"] * 30
    assert [v.label for v in script_of(longer).visits] == ["", "Lips", "", "Lips"]


def test_a_caption_too_short_to_be_looked_at_is_no_visit():
    labels = ["Lips"] * 30 + ["Femur"] * 4 + ["Profile"] * 30
    assert [v.label for v in script_of(labels).visits] == ["Lips", "Profile"]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_saved_was_in_view_before(seed):
    """A caption that comes with its save alone: the view has been there for two seconds."""
    labels = [""] * 100 + ["Lips"] * 3 + [""] * 100
    script = script_of(labels, [101], seed)
    (save,) = script.saves
    assert (save.frame, save.label) == (round(101 * FPS / TIMELINE_RATE), "Lips")
    _, visit, _ = script.visits
    assert visit.label == "Lips"
    assert save.frame - visit.start >= 2.4 * FPS
    assert visit.end - save.frame <= 1.3 * FPS


def test_saves_are_those_of_the_timeline():
    script = write_script(made_timeline(), np.random.default_rng(1), fps=FPS)
    assert [(s.frame, s.label) for s in script.saves] == [
        (round(110 * 1.5), "Abdominal"),
        (round(215 * 1.5), "Brain (Tv.)"),
    ]
    shown = labels_of(script)
    assert all(shown[save.frame] == save.label for save in script.saves)


def test_the_probe_is_held_at_saves_and_not_while_searching():
    at_saves, searching, shown = [], [], []
    for seed in range(12):
        script = script_of(LABELS, SAVED, seed)
        labels = np.array(labels_of(script))
        at_saves += [script.hold[save.frame] for save in script.saves]
        searching += script.hold[labels == ""].tolist()
        shown += script.hold[labels == "Femur"].tolist()
    assert min(at_saves) > 0.8
    assert np.mean(searching) < 0.1
    assert max(searching) < 0.75
    assert 0.3 < np.mean(shown) < 0.8
    # holding still alone gives no save away: it happens without one, too
    assert np.mean(np.array(shown) > 0.75) > 0.05


def test_hold_is_a_smooth_curve_from_nought_to_one():
    hold = script_of(LABELS, SAVED).hold
    assert hold.dtype == np.float32
    assert hold.min() >= 0
    assert hold.max() <= 1
    assert np.abs(np.diff(hold)).max() < 0.4


def test_same_seed_same_script():
    one, two, other = (script_of(LABELS, SAVED, seed) for seed in (1, 1, 2))
    assert one.visits == two.visits
    assert np.array_equal(one.hold, two.hold)
    assert not np.array_equal(one.hold, other.hold)


def test_a_stretch_of_a_timeline():
    script = script_of(LABELS, SAVED, start_s=10.0, minutes=0.2)
    assert script.frame_count == 12 * FPS
    # the save at 11.0 s, the one at 21.5 s; Doppler and labels are those of 10 to 22 s
    assert [s.frame for s in script.saves] == [FPS, round(11.5 * FPS)]
    assert {v.label for v in script.visits} == {"Abdominal", "Brain (Tv.)"}
    timeline = made_timeline()
    part = write_script(timeline, np.random.default_rng(1), fps=FPS, start_s=17.5, minutes=0.1)
    assert np.flatnonzero(part.doppler).tolist() == list(range(round(0.5 * FPS)))


def test_a_stretch_ends_with_its_timeline():
    assert script_of(LABELS, start_s=25.0, minutes=3.0).frame_count == 5 * FPS
