"""The figure of lanes: saved with its data, and naming no file."""

import csv

import pytest
from matplotlib.colors import to_rgb

from tests.comparing.test_one_exam import frozen_at, make
from usummary.comparing.exam_figure import figure_of_lanes
from usummary.comparing.figure import COLOURS, ORANGE, save_figure
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


def test_lanes_are_drawn_where_their_shots_are() -> None:
    """The shots at 90 and 95 s of an exam of 100 s, drawn over minutes; three lanes by two."""
    analysis = make(freezes=frozen_at(7.0, 97.0))
    terms = Terms(lengths=("10%", "5%"))
    lanes = [*by_model(analysis, terms), *by_baseline("random scores", analysis, terms)][:3]
    (axes,) = figure_of_lanes(lanes).canvas.axes
    first, second, third = axes.collections
    corners = [path.vertices for path in first.get_paths()]
    assert [(c[:, 0].min(), c[:, 0].max()) for c in corners] == [
        pytest.approx((90 / 60, 95 / 60)), pytest.approx((95 / 60, 100 / 60))
    ]  # fmt: skip
    middles = [one.get_paths()[0].vertices[:4, 1].mean() for one in (first, second, third)]
    assert middles == pytest.approx([1, 2, 3])
    heights = corners[0][:, 1]
    assert heights.max() - heights.min() == pytest.approx(0.72)
    colours = [tuple(one.get_facecolor()[0][:3]) for one in (first, second, third)]
    assert colours[0] == colours[1] == to_rgb(COLOURS[0]) != colours[2]
    assert to_rgb(ORANGE) not in colours
    *lines, diamonds = axes.lines
    assert [line.get_xdata()[0] for line in lines] == pytest.approx([7 / 60, 97 / 60])
    assert list(diamonds.get_xdata()) == pytest.approx([7 / 60, 97 / 60])
    assert list(diamonds.get_ydata()) == [0, 0]
    assert axes.get_xlim() == pytest.approx((0, 100 / 60))
    assert axes.get_ylim() == pytest.approx((3.6, -0.6))
    assert list(axes.get_yticks()) == [0, 1, 2, 3]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["freeze-frames", "own model   10%", "5%", "random scores   10%"]
    texts = {text.get_position()[1]: text.get_text() for text in axes.texts}
    assert list(texts) == [0, 1, 2, 3]
    assert texts[0] == "F1, recall"
    assert texts[1] == "0.50, 0.50"  # of two shots and two saves one goes together
    assert {text.get_position()[0] for text in axes.texts} == {1.01}


def test_every_row_of_the_data_by_hand() -> None:
    analysis = make(freezes=frozen_at(7.0, 97.0))
    figure = figure_of_lanes(list(by_model(analysis, Terms(lengths=("10%",)))))
    assert figure.columns[:4] == ("what", "summarised by", "length", "f1")
    nothing = ("",) * 5
    assert figure.rows == (
        ("lane", "own model", "10%", 0.5, 0.5, 0.0, 1.0, 10.0, "", "", ""),
        ("key shot", "own model", "10%", *nothing, 90.0, 95.0, ""),
        ("key shot", "own model", "10%", *nothing, 95.0, 100.0, "4CH"),
        ("freeze-frame", "", "", *nothing, 7.0, 7.0, "Femur"),
        ("freeze-frame", "", "", *nothing, 97.0, 97.0, "Femur"),
    )


def test_what_is_undefined_is_written_beside_its_lane() -> None:
    (axes,) = figure_of_lanes(list(by_model(make(), Terms(lengths=("10%",))))).canvas.axes
    assert [text.get_text() for text in axes.texts] == ["F1, recall", "undefined"]
