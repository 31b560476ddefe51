"""A cohort measured from files: means, differences, who is left out and why."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.builders import write_study, write_video
from usummary import agreement, metrics, open_exam, pipeline
from usummary.agreement import Measures
from usummary.comparing import one_exam
from usummary.comparing.cohort import (
    Against,
    Cohort,
    LeftOut,
    MeasuredExam,
    Plan,
    WayToChoose,
    command,
)
from usummary.comparing.cohort import measure_all as measure_cohort
from usummary.comparing.cohort_report import table_of
from usummary.comparing.one_exam import Terms, by_baseline, by_model
from usummary.errors import ModelError
from usummary.paths import names_of
from usummary.phantom import Recorder, render
from usummary.progress import Cancelled
from usummary.readers.find_exams import exams_at
from usummary.settings import Settings

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
        WayToChoose(who, length) for who in (MODEL, "random scores") for length in ("15%", "P")
    )
    fractions = [step.fraction for step in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    said = [step.message for step in told if step.message.startswith("1 of 4")]
    assert said == ["1 of 4: broken.mp4"]


def test_random_scores_are_the_mean_of_their_draws(folder, cohort) -> None:
    """The draws are 1 and 2: those that the window's comparison and the command line name."""
    made, _ = cohort
    row, plan = WayToChoose("random scores", "P"), made.plan
    with open_exam(made.exams[0].path) as exam:
        analysis = pipeline.analyse(exam, plan.settings)
    draws = [
        agreement.measure(lane.summary)
        for seed in (1, 2)
        for lane in by_baseline("random scores", analysis, plan.terms, seed=seed)
        if lane.length == "P"
    ]
    assert draws[0].tau != draws[1].tau
    assert made.exams[0].values[row] == agreement.mean(draws)


@pytest.mark.parametrize("mode", ["application", "benchmark"])
def test_a_copied_command_prints_the_numbers_it_was_copied_from(folder, run, monkeypatch, mode):
    """Each lane of the window's comparison by the command that the window copies.

    The freeze-frames are those of a list that does not lie beside the recording by its name.
    """
    monkeypatch.chdir(folder)
    listed = folder / "mine.csv"
    saves = ("1.0,Brain (Tv.)", "5.0,Brain (Cb.)", "12.0,Brain (Tv.)")
    listed.write_text("\n".join(["time_s,plane", *saves]), encoding="utf-8")
    settings = Settings(mode=mode, freeze_frames=listed)
    with open_exam("exam 1.mp4", freeze_frames=listed) as exam:
        analysis = pipeline.analyse(exam, settings)
    terms = Terms(mode, settings.covering_s, lengths=("40%", "60%", "P"))
    lanes = [*by_model(analysis, terms), *by_baseline("random scores", analysis, terms)]
    assert any(lane.planes_shown != lane.saved_planes for lane in lanes)
    for lane in lanes:
        shown = {
            "F1": lane.f1,
            "recall": lane.recall,
            "planes shown": lane.planes_shown,
            "saved planes": lane.saved_planes,
        }
        numbers = {name: f"{value:.3f}" for name, value in shown.items()}
        code, out, _ = run(*one_exam.command(lane)[1:])
        assert code == 0
        if lane.kind == "model":
            shutil.rmtree(one_exam.command(lane)[-1])
            assert ", ".join(f"{name} {text}" for name, text in numbers.items()) in out
        else:
            assert printed(out, lane.who, lane.length).items() >= numbers.items()


def test_a_copied_command_prints_the_means_it_was_copied_from(cohort, run, monkeypatch):
    """A cohort's table and the table of its command are the same, whatever they are less."""
    made, _ = cohort
    for against in (None, Against(MODEL)):
        usable = replace(made, left_out=())
        monkeypatch.chdir(made.exams[0].path.parent)
        code, out, _ = run(*command(usable, against)[1:])
        assert code == 0
        head, *rows = table_of(usable, against)
        for row in rows:
            expected = dict(zip(head, row, strict=True))
            assert printed(out, expected["chosen by"], expected["length"]) == expected


def test_a_list_of_one_exam_is_not_taken_for_several(folder, run):
    arguments = ("evaluate", folder, "--model", MODEL, "--freeze-frames", folder / "mine.csv")
    code, _, err = run(*arguments)
    assert code != 0
    assert "Name that exam alone" in err


def printed(out, who, length):
    """The cells of a row of the table that `usummary evaluate` prints, by their heads."""
    lines = [re.split(r" {2,}", line.strip()) for line in out.splitlines()]
    head = next(cells for cells in lines if cells[:2] == ["chosen by", "length"])
    row = next(cells for cells in lines if cells[:2] == [who, length])
    return dict(zip(head, row, strict=True))


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
            WayToChoose(who, "15%"): Measures(f1[number], None, None, None, None, None, None)
            for who, f1 in values.items()
        }
        exams.append(MeasuredExam(tmp_path / f"{number}.mp4", rows))
    return Cohort(Plan(tuple(values), (), ("15%",)), tuple(exams))


def test_differences_are_taken_on_each_exam(tmp_path) -> None:
    """Two ways that differ by 0.1 on every exam are told apart, however exams differ."""
    easy = [0.1, 0.5, 0.9, None]
    cohort = made_up(tmp_path, one=easy, other=[0.2, 0.6, 1.0, 0.5])
    plain = cohort.mean(WayToChoose("other", "15%"), "f1")
    assert plain.count == 4
    assert plain.low < cohort.mean(WayToChoose("one", "15%"), "f1").mean
    paired = cohort.mean(WayToChoose("other", "15%"), "f1", Against("one"))
    assert paired.count == 3
    assert (paired.mean, paired.low, paired.high) == pytest.approx((0.1, 0.1, 0.1))
    assert cohort.mean(WayToChoose("other", "15%"), "tau") is None
    assert cohort.mean(WayToChoose("other", "15%"), "f1", Against("one", "P")) is None


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
