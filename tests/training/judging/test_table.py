"""Comparison of summarisers: the numbers that are kept, and the table of them."""

import json
from dataclasses import asdict, replace

import pytest

from usummary.agreement import Measures
from usummary.selection.choose import MODES
from usummary.training.judging.measures import LENGTHS, ExamMeasures
from usummary.training.judging.table import (
    COLUMNS,
    COVERED,
    TRUTH,
    Measured,
    compare,
    differences,
    figure,
    known_truth,
    markdown,
    save,
    simple_summarisers,
    table,
)


def row(f1, tau=0.5):
    found = Measures(f1, 0.9, tau, tau, recall=f1, planes_shown=0.0, saved_planes=f1)
    return ExamMeasures(dict.fromkeys(LENGTHS, found), {})


MEASURED = [
    Measured("a", 1, "one.mp4", "application", row(0.2)),
    Measured("a", 2, "one.mp4", "application", row(0.4)),
    Measured("a", 1, "two.mp4", "application", row(0.5, None)),
    Measured("a", 2, "two.mp4", "application", row(0.5, 0.1)),
    Measured("b", 0, "one.mp4", "application", row(1.0, None)),
    Measured("b", 0, "one.mp4", "benchmark", row(0.1)),
]


def test_a_figure_is_the_mean_over_seeds_exam_by_exam():
    mine = [one for one in MEASURED if one.method == "a"]
    assert figure(mine, lambda r: r.lengths["15%"].f1) == pytest.approx([0.3, 0.5])
    # what is undefined is left out
    assert figure(mine, lambda r: r.lengths["15%"].tau) == pytest.approx([0.5, 0.1])
    assert figure(MEASURED[4:5], lambda r: r.lengths["15%"].tau) == []


def test_the_table_has_a_line_for_each_summariser():
    head, first, second = table(MEASURED, "application")
    assert head == ["summariser", "seeds", *COLUMNS]
    cells = dict(zip(head, first, strict=True))
    assert (cells["summariser"], cells["seeds"]) == ("a", "2")
    # 30 and 50 %: mean 40, Student's t of one degree 12.7062, spread 14.142, over the root of 2
    assert cells["F1 15%"] == "40.0 (-87.1 to 167.1)"
    assert cells["bound 15%"] == "90.0"
    assert cells["tau"] == "0.300"
    cells = dict(zip(head, second, strict=True))
    assert (cells["seeds"], cells["F1 P"]) == ("1", "100.0 (100.0 to 100.0)")
    assert cells["tau"] == "undefined"


def test_modes_have_tables_of_their_own():
    _, only = table(MEASURED, "benchmark")  # "a" was not measured there
    assert only[:3] == ["b", "1", "10.0 (10.0 to 10.0)"]


def test_differences_are_taken_exam_by_exam():
    other = [replace(one, method="c", seed=0, measures=row(0.25)) for one in MEASURED[:4]]
    head, b, c = differences([*MEASURED, *other], "a")
    assert head == ["a, less", "exams", "F1 15%"]
    assert b == ["b", "1", "-70.0 (-70.0 to -70.0)"]  # only one.mp4 has both: 30 less 100
    # 5 and 25: mean 15, Student's t of one degree 12.7062, spread 14.142, over the root of 2
    assert c == ["c", "2", "15.0 (-112.1 to 142.1)"]


def test_every_number_survives_the_disk(tmp_path):
    path = tmp_path / "numbers.json"
    save(path, MEASURED, {"backbone": "eye"})
    written = json.loads(path.read_text("utf-8"))
    assert written["about"] == {"backbone": "eye"}
    assert written["measured"] == [asdict(one) for one in MEASURED]
    assert [p.name for p in tmp_path.iterdir()] == ["numbers.json"]


def test_a_table_for_a_document():
    assert markdown([["a", "b"], ["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_simple_summarisers_are_measured_on_every_exam_and_mode(exam):
    said = []
    measured = compare(simple_summarisers([1, 2]), [exam], report=said.append)
    assert len(said) == 4
    assert [(one.method, one.seed, one.mode) for one in measured] == [
        (method, seed, mode)
        for method, seeds in (
            ("random scores", (1, 2)),
            ("uniform shots", (0,)),
            ("plane confidence", (0,)),
        )
        for seed in seeds
        for mode in MODES
    ]
    assert {one.exam for one in measured} == {exam.name}
    assert measured[0].measures != measured[2].measures
    for one in measured:
        assert 0 <= one.measures.lengths["15%"].f1 <= 1
        assert one.measures.lengths["P"].bound == 1 or one.mode == "benchmark"


def test_covering_and_truth_have_rows_of_their_own(exam):
    found = compare(known_truth(), [exam], covering=[TRUTH])
    assert [(one.method, one.mode) for one in found] == [
        (TRUTH, "application"),
        (TRUTH, "benchmark"),
        (TRUTH + COVERED, "application"),
    ]
    plain, _, covered = (one.measures for one in found)
    assert plain.lengths["P"].tau == covered.lengths["P"].tau > 0
    assert plain.seen["P"] > 0
    head, *lines = table(found, "application")
    assert head[-1] == "seen 15%"
    assert [line[0] for line in lines] == [TRUTH, TRUTH + COVERED]
