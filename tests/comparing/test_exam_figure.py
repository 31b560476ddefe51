"""The figure of lanes: saved with its data, and naming no file."""

import csv

from tests.comparing.test_one_exam import frozen_at, make
from usummary.comparing.exam_figure import figure_of_lanes
from usummary.comparing.figure import save_figure
from usummary.comparing.one_exam import Terms, by_baseline, by_model


def test_a_figure_says_what_its_data_say(tmp_path) -> None:
    analysis = make(freezes=frozen_at(7.0, 97.0))
    lanes = [*by_model(analysis, Terms()), *by_baseline("random scores", analysis, Terms())]
    picture, data = save_figure(tmp_path / "lanes.svg", figure_of_lanes(lanes))
    drawn = picture.read_text(encoding="utf-8")
    assert analysis.path.stem not in drawn
    for text in ("own model", "random scores", "freeze-frames", "not for diagnosis"):
        assert text in drawn
    rows = list(csv.DictReader(data.read_text(encoding="utf-8").splitlines()))
    of = {what: [row for row in rows if row["what"] == what] for what in
          ("lane", "key shot", "freeze-frame")}  # fmt: skip
    assert [float(row["f1"]) for row in of["lane"]] == [round(lane.f1, 6) for lane in lanes]
    assert len(of["key shot"]) == sum(len(lane.summary.key_shots) for lane in lanes)
    assert [float(row["start_s"]) for row in of["freeze-frame"]] == [7.0, 97.0]


def test_what_is_undefined_is_said_so(tmp_path) -> None:
    _, data = save_figure(tmp_path / "a.svg", figure_of_lanes(list(by_model(make(), Terms()))))
    rows = [
        row
        for row in csv.DictReader(data.read_text(encoding="utf-8").splitlines())
        if row["what"] == "lane"
    ]
    assert {row["f1"] for row in rows} == {"undefined"}
