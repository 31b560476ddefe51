"""Provisional scores come early, cost little, and change nothing."""

import numpy as np
import pytest

from tests.analysis.test_features import MeanBackbone, exam_of, moving, run
from tests.e2e.inputs import make_video, speckle
from usummary import summarize
from usummary.analysis.features import PART_CLIPS, compute
from usummary.analysis.preview import GROWTH, SHARE, Previews
from usummary.progress import Cancelled, silent
from usummary.settings import Settings
from usummary.types import Scores


class Work:
    """A run on a clock of its own: every clip takes a second, scoring `cost_s` seconds a clip."""

    def __init__(self, cost_s: float) -> None:
        self.cost_s = cost_s
        self.now_s = self.spent_s = 0.0
        self.shown: list[int] = []
        self.asked = 0
        self.previews = Previews(self.score, self.shown.append, lambda: self.now_s)

    def get(self, features):
        self.asked += 1
        return features

    def score(self, features) -> int:
        taken = self.cost_s * len(features.maps)
        self.now_s += taken
        self.spent_s += taken
        return len(features.maps)

    def go_through(self, parts: int) -> None:
        features = run(exam_of(moving(4)), MeanBackbone())
        for number in range(1, parts + 1):
            self.now_s += PART_CLIPS
            maps = np.zeros((number * PART_CLIPS, 1, 1, 1), np.float16)
            so_far = type(features)(**{**fields(features), "maps": maps})
            self.previews(len(maps), lambda so_far=so_far: self.get(so_far))


def fields(value) -> dict:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def test_cheap_previews_come_whenever_the_exam_has_grown_enough() -> None:
    work = Work(cost_s=1e-4)
    work.go_through(40)
    assert work.shown[:4] == [PART_CLIPS * parts for parts in (1, 2, 3, 4)]
    assert work.shown[4:6] == [PART_CLIPS * parts for parts in (5, 7)]
    assert all(b >= GROWTH * a for a, b in zip(work.shown, work.shown[1:], strict=False))
    assert work.shown[-1] > 30 * PART_CLIPS


@pytest.mark.parametrize("cost_s", [0.03, 0.5])
def test_dear_previews_come_less_often(cost_s) -> None:
    work = Work(cost_s)
    work.go_through(60)
    assert work.shown[0] == PART_CLIPS
    later_s = work.spent_s - cost_s * PART_CLIPS
    assert later_s <= SHARE * work.now_s
    assert len(work.shown) < 14
    assert work.asked == len(work.shown)


def test_features_so_far_are_the_beginning_of_all() -> None:
    exam = exam_of(moving(4 * (PART_CLIPS + 30)), moving(4 * PART_CLIPS, seed=1), moving(9, seed=2))
    so_far = []
    whole = run(exam, MeanBackbone())
    counts = []

    def grown(clips, get_features) -> None:
        counts.append(clips)
        so_far.append(get_features())

    how = run_with(exam, grown)
    assert counts == [64, 94, 158]
    assert [len(features.maps) for features in so_far] == [64, 94, 158]
    for features in so_far:
        count = len(features.maps)
        assert np.array_equal(features.maps, whole.maps[:count])
        assert np.array_equal(features.samples.times_s, whole.samples.times_s[:count])
    assert np.array_equal(how.maps, whole.maps)


def run_with(exam, grown):
    from tests.analysis.test_features import SPEC, WHOLE
    from usummary.analysis.features import Extraction

    regions = tuple(WHOLE for _ in exam.recordings)
    return compute(exam, regions, Extraction(MeanBackbone(), SPEC, 15.0, None), silent, grown)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Three parts of features, quick to go through because the picture stands still."""
    folder = tmp_path_factory.mktemp("preview")
    return make_video(folder / "exam.mp4", speckle(96, 72, 120), 15 * 150)


def test_the_result_is_the_same_with_and_without_preview(video) -> None:
    shown: list[Scores] = []
    settings = Settings(use_cache=False, device="cpu")
    told = []
    with_it = summarize(video, settings, told.append, shown.append)
    without = summarize(video, settings)
    assert shown
    assert 0 < len(shown[0].values) < len(without.analysis.scores.values)
    assert np.array_equal(
        shown[0].times_s, without.analysis.scores.times_s[: len(shown[0].times_s)]
    )
    assert with_it.shots == without.shots
    assert np.array_equal(with_it.analysis.scores.values, without.analysis.scores.values)
    assert with_it.analysis.provenance.notices == without.analysis.provenance.notices
    named = {step.device for step in told if step.stage == "features" and step.device}
    assert named == {without.analysis.provenance.device}


def test_a_preview_can_cancel(video) -> None:
    def stop(_: Scores) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        summarize(video, Settings(use_cache=False, device="cpu"), silent, stop)


class ByHand:
    """Previews on a clock that only the test moves; scoring takes `cost_s`."""

    def __init__(self, cost_s: float) -> None:
        self.cost_s, self.now_s, self.shown = cost_s, 0.0, []
        self.previews = Previews(self.score, self.shown.append, lambda: self.now_s)

    def score(self, clips: int) -> int:
        self.now_s += self.cost_s
        return clips

    def at(self, now_s: float, clips: int) -> None:
        self.now_s = now_s
        self.previews(clips, lambda: clips)


def test_a_preview_comes_from_a_quarter_more_clips_on() -> None:
    work = ByHand(0.0)
    for clips in (100, 124, 125, 156, 157, 0):
        work.at(10.0, clips)
    assert work.shown == [100, 125, 157]


def test_a_preview_comes_as_soon_as_its_share_of_the_time_allows() -> None:
    """The first took 1 s; of twice the clips one takes 2 s, together 3 s: 4 % of 75 s."""
    work = ByHand(1.0)
    work.at(5.0, 100)
    work.at(74.9, 200)
    assert work.shown == [100]
    work.at(75.0, 200)
    assert work.shown == [100, 200]
    # Spent are 2 s, the last took 1 s: of twice the clips one more takes 2 s, together 4 s.
    work.at(99.9, 400)
    assert work.shown == [100, 200]
    work.at(100.0, 400)
    assert work.shown == [100, 200, 400]


def test_the_clock_of_a_preview_begins_with_the_run() -> None:
    now = [50.0]
    shown = []
    previews = Previews(lambda clips: clips, shown.append, lambda: now[0])
    previews(100, lambda: 100)
    previews(200, lambda: 200)  # costs nothing, and no time has passed: 0 s are 4 % of 0 s
    assert shown == [100, 200]
