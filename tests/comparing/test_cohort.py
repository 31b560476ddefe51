"""A cohort measured from files: means, differences, who is left out and why."""

import shutil

import numpy as np
import pytest

from tests.builders import write_study, write_video
from usummary import metrics
from usummary.comparing.cohort import (
    Against,
    Cohort,
    LeftOut,
    MeasuredExam,
    Plan,
    Row,
    Values,
    command,
)
from usummary.comparing.cohort import measure_all as measure_cohort
from usummary.errors import ModelError
from usummary.paths import names_of
from usummary.phantom import Recorder, render
from usummary.progress import Cancelled
from usummary.readers.find_exams import exams_at

MODEL = "3dst-unet-rl"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two exams, one without freeze-frames, and a damaged one."""
    made = tmp_path_factory.mktemp("cohort")
    recorder = Recorder(width=320, height=240, fps=20, bit_rate=400_000)
    for seed in (1, 2):
        render(made / f"exam {seed}.mp4", minutes=0.3, seed=seed, recorder=recorder)
    write_video(made / "no saves.mp4", n=60)
    (made / "broken.mp4").write_bytes((made / "exam 1.mp4").read_bytes()[:2000])
    return made


@pytest.fixture(scope="module")
def cohort(folder):
    told = []
    plan = Plan((MODEL,), ("random scores",), ("15%", "P"), seeds=2)
    paths = exams_at(folder)
    return measure_cohort([*paths, paths[1]], plan, told.append), told


def test_every_exam_is_measured_or_named(cohort) -> None:
    made, told = cohort
    assert [exam.path.name for exam in made.exams] == ["exam 1.mp4", "exam 2.mp4"]
    reasons = {one.path.name: one.reason for one in made.left_out}
    assert reasons.keys() == {"broken.mp4", "no saves.mp4"}
    assert "no freeze-frames" in reasons["no saves.mp4"]
    assert "broken.mp4 is no video" in reasons["broken.mp4"]
    assert made.rows == tuple(
        Row(who, length) for who in (MODEL, "random scores") for length in ("15%", "P")
    )
    fractions = [step.fraction for step in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    said = [step.message for step in told if step.message.startswith("1 of 4")]
    assert said == ["1 of 4: broken.mp4"]


def test_random_scores_are_the_mean_of_their_draws(folder, cohort) -> None:
    made, _ = cohort
    exam = made.exams[0]
    means = exam.values[Row("random scores", "P")]
    single = Plan((MODEL,), ("random scores",), ("P",), seeds=1)
    alone = measure_cohort([exam.path], single).exams[0].values[Row("random scores", "P")]
    assert alone.tau != means.tau
    assert alone.bound == means.bound == 1


def test_a_model_that_is_not_there_stops_everything(folder) -> None:
    with pytest.raises(ModelError, match="no such thing"):
        measure_cohort(exams_at(folder), Plan(("no such thing",)))


def test_cancelling_keeps_what_was_found(folder) -> None:
    found = []

    def report(_) -> None:
        if found:
            raise Cancelled

    with pytest.raises(Cancelled):
        measure_cohort(exams_at(folder), Plan((MODEL,)), report, found.append)
    assert len(found) == 1


def made_up(tmp_path, **values) -> Cohort:
    """Exams with a value of F1 for each row."""
    count = len(next(iter(values.values())))
    exams = []
    for number in range(count):
        rows = {
            Row(who, "15%"): Values(
                Row(who, "15%"), "model", f1[number], None, None, None, None, None
            )
            for who, f1 in values.items()
        }
        exams.append(MeasuredExam(tmp_path / f"{number}.mp4", rows))
    return Cohort(Plan(tuple(values), (), ("15%",)), tuple(exams))


def test_differences_are_taken_on_each_exam(tmp_path) -> None:
    """Two ways that differ by 0.1 on every exam are told apart, however exams differ."""
    easy = [0.1, 0.5, 0.9, None]
    cohort = made_up(tmp_path, one=easy, other=[0.2, 0.6, 1.0, 0.5])
    plain = cohort.mean(Row("other", "15%"), "f1")
    assert plain.count == 4
    assert plain.low < cohort.mean(Row("one", "15%"), "f1").mean
    paired = cohort.mean(Row("other", "15%"), "f1", Against("one"))
    assert paired.count == 3
    assert (paired.mean, paired.low, paired.high) == pytest.approx((0.1, 0.1, 0.1))
    assert cohort.mean(Row("other", "15%"), "tau") is None
    assert cohort.mean(Row("other", "15%"), "f1", Against("one", "P")) is None


def test_a_command_names_no_folder_that_all_exams_share(tmp_path) -> None:
    cohort = made_up(tmp_path, one=[0.1, 0.2])
    words = command(cohort, Against("one", "15%"))
    assert words[:4] == ("usummary", "evaluate", "0.mp4", "1.mp4")
    assert words[-2:] == ("--against", "one 15%")
    assert words[words.index("--baseline") :][:2] == ("--baseline", "none")
    assert str(tmp_path) not in " ".join(words)
    left = LeftOut(tmp_path / "b" / "2.mp4", "")
    assert names_of([left.path, tmp_path / "a.mp4"])[left.path] in ("b/2.mp4", "b\\2.mp4")


def test_a_folder_is_a_study_or_holds_exams(tmp_path) -> None:
    study = tmp_path / "study"
    write_study(study, cines=2, stills=1)
    assert exams_at(study) == [study]
    assert exams_at(tmp_path) == [study]
    shutil.copytree(study, tmp_path / "two")
    write_study(tmp_path / "other", cines=1, stills=0)
    shutil.copy(next((tmp_path / "other").glob("*.dcm")), tmp_path / "two" / "another.dcm")
    assert exams_at(tmp_path / "study" / "x.dcm") == [tmp_path / "study" / "x.dcm"]


def test_tau_of_two_values_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, 80).astype(float)
    wanted = rng.integers(0, 2, 80)
    pairs = np.sign(scores[:, None] - scores) * np.sign(wanted[:, None] - wanted)
    untied = np.count_nonzero(scores[:, None] != scores) * np.count_nonzero(
        wanted[:, None] != wanted
    )
    assert metrics.kendall_tau(scores, wanted) == pytest.approx(pairs.sum() / np.sqrt(untied))
