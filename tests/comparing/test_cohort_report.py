"""A cohort on paper: every number of the table, the file of values and the figure by hand."""

import csv
from dataclasses import replace

import pytest

from usummary.agreement import MEASURES, Measures
from usummary.comparing.cohort import Against, Cohort, LeftOut, MeasuredExam, Plan, WayToChoose
from usummary.comparing.cohort_report import figure_of_cohort, save_values, table_of
from usummary.comparing.figure import COLOURS

UNDEFINED = (None,) * 6
HALF = 0.1 * 4.302653 / 3**0.5  # of the interval of three values that lie 0.1 apart


def cohort(**rows) -> Cohort:
    """Exams whose F1 is given for each row, "who length" as keywords with an underscore."""
    count = len(next(iter(rows.values())))
    exams = []
    for number in range(count):
        values = {
            WayToChoose(*name.split("_")): Measures(f1[number], *UNDEFINED)
            for name, f1 in rows.items()
            if f1[number] != "absent"
        }
        exams.append(MeasuredExam(f"/exams/{number}.mp4", values))
    return Cohort(Plan(("a",), (), ("15%", "25%")), tuple(exams))


@pytest.fixture
def three() -> Cohort:
    return cohort(**{"a_15%": [0.1, 0.2, 0.3], "b_15%": [0.5, 0.6, None], "b_25%": [0.9, 0.7, 0.8]})


def test_the_table_holds_a_mean_with_its_interval_for_each_row(three) -> None:
    head, *rows = table_of(three)
    assert head == [
        "chosen by", "length", "exams", "F1", "bound", "tau", "rho", "recall", "planes shown",
        "saved planes",
    ]  # fmt: skip
    assert rows[0] == ["a", "15%", "3", "0.200 (-0.048 to 0.448)", *["undefined"] * 6]
    # Two values 0.1 apart: t of one degree of freedom is 12.706.
    assert rows[1][:4] == ["b", "15%", "2", "0.550 (-0.085 to 1.185)"]
    assert rows[2][:4] == ["b", "25%", "3", "0.800 (0.552 to 1.048)"]


def test_differences_have_a_sign_and_one_exam_no_interval(three) -> None:
    _, *rows = table_of(three, Against("a", "15%"))
    assert rows[0][3] == "+0.000 (+0.000 to +0.000)"
    assert rows[2][3] == "+0.600 (+0.170 to +1.030)"  # 0.8, 0.5, 0.5
    (_, row) = table_of(cohort(**{"a_15%": [0.25]}))
    assert row[:4] == ["a", "15%", "1", "0.250"]
    (_, row) = table_of(cohort(**{"a_15%": [0.25]}), Against("a"))
    assert row[3] == "+0.000"


def read(path) -> list[list[str]]:
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def test_the_file_of_values_has_a_line_for_each_exam_and_row(tmp_path) -> None:
    one = replace(
        cohort(**{"a_15%": [1 / 3, None], "random scores_15%": [0.5, "absent"]}),
        left_out=(LeftOut("/exams/no.mp4", "It is damaged."),),
    )
    paths = [tmp_path / name for name in ("0.mp4", "1.mp4", "no.mp4")]
    exams = tuple(replace(exam, path=path) for exam, path in zip(one.exams, paths, strict=False))
    one = replace(one, exams=exams, left_out=(LeftOut(paths[2], "It is damaged."),))
    saved = save_values(tmp_path / "values.csv", [one, one])
    assert saved == tmp_path / "values.csv"
    head, *lines = read(saved)
    assert head == [
        "mode", "exam", "chosen by", "kind", "length", *MEASURES, "left out because"
    ]  # fmt: skip
    nothing = ["undefined"] * 6
    expected = [
        ["application", "0.mp4", "a", "model", "15%", "0.333333", *nothing, ""],
        ["application", "0.mp4", "random scores", "baseline", "15%", "0.5", *nothing, ""],
        ["application", "1.mp4", "a", "model", "15%", "undefined", *nothing, ""],
        ["application", "no.mp4", *[""] * 10, "It is damaged."],
    ]
    assert lines == expected * 2


def test_the_figure_shows_a_dot_and_its_interval_for_each_row(three) -> None:
    figure = figure_of_cohort(three, "f1")
    assert figure.columns == ("chosen by", "length", "measure", "mean", "low", "high", "exams")
    who = [row[:3] for row in figure.rows]
    assert who == [("a", "15%", "F1"), ("b", "15%", "F1"), ("b", "25%", "F1")]
    assert figure.rows[0][3:] == pytest.approx((0.2, 0.2 - HALF, 0.2 + HALF, 3))
    (axes,) = figure.canvas.axes
    dots = [container.lines[0] for container in axes.containers]
    assert [dot.get_xdata() for dot in dots] == [
        pytest.approx([-1 / 6]), pytest.approx([1 / 6, 7 / 6])
    ]  # fmt: skip
    assert [dot.get_ydata() for dot in dots] == [
        pytest.approx([0.2]), pytest.approx([0.55, 0.8])
    ]  # fmt: skip
    assert [dot.get_marker() for dot in dots] == ["o", "s"]
    assert [dot.get_color() for dot in dots] == list(COLOURS[:2])
    bars = axes.containers[0].lines[2][0].get_segments()
    assert [point[1] for point in bars[0]] == pytest.approx([0.2 - HALF, 0.2 + HALF])
    assert [axes.get_xlim(), list(axes.get_xticks())] == [(-0.5, 1.5), [0, 1]]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["15%", "25%"]
    assert axes.get_ylabel() == "F1"
    assert axes.get_xlabel().startswith("length; mean of 3 exams and its 95 % interval\nResearch")
    assert len(axes.lines) == 2 + 4  # dots and caps: no line at 0


def test_the_figure_of_differences_has_a_line_at_nothing(three) -> None:
    (axes,) = figure_of_cohort(three, "f1", Against("a", "15%")).canvas.axes
    assert axes.get_ylabel() == "F1 less that of a 15%"
    assert [list(line.get_ydata()) for line in axes.lines if list(line.get_xdata()) == [0, 1]] == [
        [0, 0]
    ]
    (axes,) = figure_of_cohort(three, "f1", Against("a")).canvas.axes
    assert axes.get_ylabel() == "F1 less that of a"


def test_one_row_stands_in_the_middle_and_marks_begin_again() -> None:
    (axes,) = figure_of_cohort(cohort(**{"a_15%": [0.1, 0.2]}), "f1").canvas.axes
    assert list(axes.containers[0].lines[0].get_xdata()) == [0]
    many = cohort(**{f"{number}_15%": [0.1, 0.2] for number in range(9)})
    (axes,) = figure_of_cohort(many, "f1").canvas.axes
    dots = [container.lines[0] for container in axes.containers]
    assert dots[7].get_marker() == dots[0].get_marker() != dots[8].get_marker()
    assert dots[7].get_color() == COLOURS[0]
    assert dots[8].get_color() == COLOURS[1]
