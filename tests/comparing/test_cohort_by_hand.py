"""A cohort without any file: what is asked of the pipeline, what is told, what is averaged."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.comparing.test_one_exam import frozen_at, make
from usummary.agreement import Measures
from usummary.comparing import cohort as stage
from usummary.comparing.cohort import (
    Against,
    Cohort,
    LeftOut,
    MeasuredExam,
    Plan,
    WayToChoose,
    command,
    measure_all,
)
from usummary.comparing.one_exam import Terms, by_baseline, by_model
from usummary.errors import InputError
from usummary.progress import STAGES, Progress
from usummary.settings import DEFAULTS, Settings


class Clock:
    """Says of a share that ten times as many seconds are left."""

    def seconds_left(self, fraction):
        return 10 * fraction


@pytest.fixture
def exams(monkeypatch):
    """Opening gives the path, analysing an exam by hand whose model has the asked name."""
    opened = []
    without, broken = Path("/exams/none.mp4"), Path("/exams/broken.mp4")

    def open_exam(path, *, freeze_frames):
        opened.append((path.name, freeze_frames))
        if path == broken:
            raise InputError(f"{path} is damaged.")
        return nullcontext(path)

    def analyse(path, settings, report):
        for name in STAGES[:4]:
            report(Progress(name, 1.0))
        made = make(freezes=() if path == without else frozen_at(7.0, 97.0))
        name = "same" if settings.model.startswith("copy") else settings.model
        models = ({"role": "summariser", "name": name, "sha256": ""},)
        return replace(made, provenance=replace(made.provenance, models=models))

    monkeypatch.setattr(stage.readers, "open_exam", open_exam)
    monkeypatch.setattr(stage.pipeline, "analyse", analyse)
    return opened


PATHS = [Path(f"/exams/{name}.mp4") for name in ("a", "none", "broken", "b")]


def test_every_exam_is_measured_once_or_left_out_with_a_reason(exams) -> None:
    found = []
    plan = Plan(("m",), ("even distances",), ("15%", "P"))
    made = measure_all([*PATHS, PATHS[0]], plan, found=found.append)
    assert [name for name, _ in exams] == ["a.mp4", "none.mp4", "broken.mp4", "b.mp4"]
    assert [exam.path for exam in made.exams] == [PATHS[0], PATHS[3]]
    assert [one.path for one in made.left_out] == [PATHS[1], PATHS[2]]
    assert made.left_out[1].reason == "broken.mp4 is damaged."
    assert made.left_out[0].reason.startswith("none.mp4 has no freeze-frames")
    assert found == [made.exams[0], *made.left_out, made.exams[1]]
    assert made.paths == (PATHS[0], PATHS[3], PATHS[1], PATHS[2])
    assert made.rows == (
        WayToChoose("m", "15%"),
        WayToChoose("m", "P"),
        WayToChoose("even distances", "15%"),
        WayToChoose("even distances", "P"),
    )
    assert made.plan is plan


def test_a_list_of_freeze_frames_counts_where_one_exam_alone_is_measured(exams) -> None:
    plan = Plan(("m",), (), ("15%",), settings=Settings(freeze_frames=Path("mine.csv")))
    measure_all(PATHS[:1], plan)
    assert exams == [("a.mp4", Path("mine.csv"))]
    measure_all([PATHS[0], PATHS[3]], plan)
    assert exams[1:] == [("a.mp4", None), ("b.mp4", None)]
    assert measure_all([], plan).exams == ()


def test_models_of_one_name_are_told_apart_by_their_place(exams) -> None:
    made = measure_all(PATHS[:1], Plan(("copy 1", "m", "copy 2"), (), ("15%",)))
    assert [row.who for row in made.rows] == ["copy 1", "m", "copy 2"]
    made = measure_all(PATHS[:1], Plan(("copy 1", "m"), (), ("15%",)))
    assert [row.who for row in made.rows] == ["same", "m"]


def test_a_row_holds_what_its_lane_reaches(exams) -> None:
    plan = Plan(("m",), ("random scores", "even distances"), ("15%",), seeds=3)
    values = measure_all(PATHS[:1], plan).exams[0].values
    analysis = make(freezes=frozen_at(7.0, 97.0))
    terms = Terms(plan.settings.mode, plan.settings.covering_s, lengths=("15%",))
    (lane,) = by_model(analysis, terms)
    assert values[WayToChoose("m", "15%")].f1 == lane.f1
    draws = [next(by_baseline("random scores", analysis, terms, seed=n)).f1 for n in (1, 2, 3)]
    assert values[WayToChoose("random scores", "15%")].f1 == pytest.approx(np.mean(draws))


def test_progress_over_all_exams(exams, monkeypatch) -> None:
    """Two exams by two models: each run is a quarter, its stages 10, 80, 5 and 5 % of that."""
    monkeypatch.setattr(stage, "Clock", Clock)
    told = []
    plan = Plan(("m", "n"), ("even distances",), ("15%",))
    measure_all([PATHS[0], PATHS[3]], plan, told.append)
    run = [0.025, 0.225, 0.2375, 0.25]
    fractions = [
        0.0, *run, *(0.25 + part for part in run), 0.5,  # the baseline repeats it
        0.5, *(0.5 + part for part in run), *(0.75 + part for part in run), 1.0, 1.0,
    ]  # fmt: skip
    assert [step.fraction for step in told] == pytest.approx(fractions)
    assert {step.stage for step in told} == {"experiment"}
    assert [step.message for step in told if step.message] == ["1 of 2: a.mp4", "2 of 2: b.mp4"]
    assert [step.seconds_left for step in told[:5]] == pytest.approx([0, 0.25, 2.25, 2.375, 2.5])
    assert told[-1] == Progress("experiment", 1.0, 0.0)


def test_progress_never_falls_and_passes_on_what_it_is_told() -> None:
    told = []
    watch = stage._Watch(1, told.append)
    watch.begin(0, "a.mp4")
    report = watch.part(0, 1)
    report(Progress("features", 0.5, None, "A fallback.", "GPU"))
    report(Progress("reading", 0.5))
    watch.tick()
    assert [step.fraction for step in told] == pytest.approx([0, 0.5, 0.5, 0.5])
    assert [(step.message, step.device) for step in told[1:]] == [
        ("A fallback.", "GPU"), ("", ""), ("", "")
    ]  # fmt: skip


def made_up(plan, *values) -> Cohort:
    rows = [{WayToChoose("m", "15%"): Measures(f1, *[None] * 6)} for f1 in values]
    exams = tuple(MeasuredExam(Path(f"/exams/{n}.mp4"), row) for n, row in enumerate(rows))
    return Cohort(plan, exams)


def test_values_leave_out_what_is_undefined() -> None:
    made = made_up(Plan(("m",)), 0.5, None, 0.7)
    row = WayToChoose("m", "15%")
    assert made.values(row, "f1") == {Path("/exams/0.mp4"): 0.5, Path("/exams/2.mp4"): 0.7}
    assert made.values(row, "f1", Against("m")) == {
        Path("/exams/0.mp4"): 0.0, Path("/exams/2.mp4"): 0.0
    }  # fmt: skip
    assert made.values(row, "tau") == {}
    assert made.values(WayToChoose("m", "P"), "f1") == {}
    assert made.mean(WayToChoose("x", "15%"), "f1") is None


def test_a_command_repeats_the_plan() -> None:
    plan = Plan(("m", "n"), ("random scores", "even distances"), ("15%", "P"), seeds=7)
    left = (LeftOut(Path("/exams/no.mp4"), ""),)
    made = replace(made_up(plan, 0.5), left_out=left)
    assert command(made) == (
        "usummary", "evaluate", "0.mp4", "no.mp4", "--model", "m", "--model", "n",
        "--baseline", "random scores", "--baseline", "even distances",
        "--length", "15%", "--length", "P", "--seeds", "7", "--cover-planes",
        "--mode", "application",
    )  # fmt: skip
    words = command(made_up(Plan(("m",), ("even distances",)), 0.5))
    assert "--seeds" not in words
    benchmark = Settings(mode="benchmark", cover_planes=False)
    words = command(made_up(Plan(("m",), (), settings=benchmark), 0.5), Against("m"))
    assert words[-4:] == ("--mode", "benchmark", "--against", "m")
    assert words.count("--mode") == 1


def test_a_plan_measures_three_baselines_with_five_draws_at_four_lengths() -> None:
    plan = Plan(("m",))
    assert (len(plan.baselines), plan.seeds, plan.lengths) == (3, 5, ("15%", "20%", "25%", "P"))
    assert plan.terms == Terms(DEFAULTS.mode, DEFAULTS.covering_s)
