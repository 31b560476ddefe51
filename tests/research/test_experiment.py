"""Experiments: configuration, running, going on, the record, statistics, tables and figures."""

import csv
import json
import re

import numpy as np
import pytest

from tests.research.made import write_benchmark
from usummary.comparing.figure import save_figure
from usummary.errors import InputError, SettingsError, UnreadableFile
from usummary.progress import Cancelled, silent
from usummary.research import statistics
from usummary.research.config import Experiment, load_experiment, shipped
from usummary.research.experiment import Place, run
from usummary.research.figure_timelines import figure_8
from usummary.research.jobs import Bench
from usummary.research.methods import known
from usummary.research.paper_figures import figure_5, figure_7
from usummary.research.paper_numbers import paper_table, published_tables
from usummary.research.record import load_record
from usummary.research.tables import comparison_table, results_table

CONFIG = """
name = "made"
benchmark = "SumMe"
data = "set.h5"
lengths = ["15%", "25%", "P"]
seeds = [1, 2]
draws = 3
splits = { count = 2, test_share = 0.4, seed = 0 }

[[methods]]
name = "ridge"
method = "ridge"

[[methods]]
name = "noise"
label = "Noise"
method = "noise.py"
options = { scale = 2.0 }
"""
NOISE = """
import numpy as np
from pydantic import BaseModel

class Options(BaseModel, frozen=True, extra="forbid"):
    scale: float = 1.0

def train(learn, validation, options, seed, tell):
    assert not set(learn) & set(validation)
    tell(f"{len(learn)} learnt, {len(validation)} held")
    rng = np.random.default_rng(seed)
    return lambda features: options.scale * rng.random(len(features))
"""


@pytest.fixture
def folder(tmp_path):
    write_benchmark(tmp_path / "set.h5", count=5)
    (tmp_path / "noise.py").write_text(NOISE, encoding="utf-8")
    (tmp_path / "made.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def run_in(folder, progress=silent, processes=1):
    wanted = load_experiment(folder / "made.toml")
    return load_record(run(wanted, Place(folder, folder / "out", processes), progress))


@pytest.fixture
def record(folder):
    return run_in(folder)


def test_a_record_holds_every_number_and_its_origin(record):
    assert [(r.method, r.split, r.seed) for r in record.results] == [
        (method, split, seed)
        for seed in (1, 2)
        for split in (0, 1)
        for method in ("ridge", "noise")
    ]
    assert [result.method for result in record.baselines] == ["random", "uniform", "human", "bound"]
    one = record.results[1]
    assert one.curve == ["2 learnt, 1 held"]
    assert len(one.videos) == 2
    for name, video in one.videos.items():
        facts = record.data["features"].videos[name]
        assert len(video.scores) == len(facts.picks)
        assert set(video.lengths) == {"15%", "25%", "P"}
    assert record.versions["usummary"]
    assert re.fullmatch("[0-9a-f]{64}", record.data["features"].sha256)


def test_a_second_run_does_nothing_and_a_changed_one_only_what_changed(folder, record):
    calls = []
    again = run_in(folder, lambda step: calls.append(step.message))
    assert again == record
    assert calls[1] == "12 of 12 results are there already."
    text = CONFIG.replace("scale = 2.0", "scale = 3.0")
    (folder / "made.toml").write_text(text, encoding="utf-8")
    calls.clear()
    run_in(folder, lambda step: calls.append(step.message))
    assert calls[1] == "8 of 12 results are there already."
    assert sum("noise" in call for call in calls) == 4


def test_a_cancelled_run_goes_on_where_it_was(folder):
    class Stop(Cancelled):
        pass

    def stop(step):
        if "ridge-1-1" in step.message:
            raise Stop

    with pytest.raises(Stop):
        run_in(folder, stop)
    assert not (folder / "out" / "results.json").exists()
    calls = []
    run_in(folder, lambda step: calls.append(step.message))
    assert calls[1] == "7 of 12 results are there already."
    assert list((folder / "out").rglob("*.part")) == []


@pytest.mark.slow
def test_several_processes_find_the_same(folder, record):
    other = folder / "other"
    wanted = load_experiment(folder / "made.toml")
    steps = []
    found = load_record(run(wanted, Place(folder, other, 2), steps.append))
    assert [step.fraction for step in steps] == sorted(step.fraction for step in steps)

    def numbers(results):
        return [(r.method, r.split, r.seed, r.videos) for r in results]

    assert numbers(found.results) == numbers(record.results)
    assert numbers(found.baselines) == numbers(record.baselines)


def test_other_data_sets_train_in_augmented_and_transfer(folder):
    for kind in ("tvsum", "ovp", "youtube"):
        write_benchmark(folder / f"{kind}.h5", kind=kind, count=3)
    text = CONFIG.replace(
        "seeds = [1, 2]",
        'seeds = [1]\nothers = ["tvsum.h5", "ovp.h5",'
        ' "youtube.h5"]\nsettings = ["canonical", "augmented", "transfer"]',
    )
    (folder / "made.toml").write_text(text, encoding="utf-8")
    record = run_in(folder)
    curves = {(r.setting, r.split): r.curve[0] for r in record.results if r.method == "noise"}
    assert curves == {
        ("canonical", 0): "2 learnt, 1 held",
        ("canonical", 1): "2 learnt, 1 held",
        ("augmented", 0): "10 learnt, 2 held",
        ("augmented", 1): "10 learnt, 2 held",
        ("transfer", 0): "7 learnt, 2 held",
    }
    assert [len(test) for _, test in record.splits["transfer"]] == [5]
    assert len(record.others) == 3
    table = paper_table("VI", [record])
    assert table.columns == ("Method", "C", "C here", "A", "A here", "T", "T here")
    rows = {row[0]: row for row in table.rows}
    assert all(re.fullmatch(r"\d+\.\d", cell) for cell in rows["random"][2::2])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("draws = 3", "drawz = 3"), "drawz"),
        (('"15%"', '"150%"'), "at most 100 %"),
        (('name = "noise"', 'name = "ridge"'), "the same name"),
        (("seeds = [1, 2]", 'settings = ["transfer"]'), "need others"),
        (("seeds = [1, 2]", "seeds = []"), "must not be empty"),
        (("draws = 3", "draws ="), "no valid TOML"),
    ],
)
def test_a_wrong_experiment_is_refused_by_key(folder, change, words):
    (folder / "made.toml").write_text(CONFIG.replace(*change), encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(words)):
        load_experiment(folder / "made.toml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('method = "ridge"', 'method = "bridge"'), 'no method "bridge". Choose one of'),
        (('method = "noise.py"', 'method = "none.py"'), "no method file"),
        (("scale = 2.0", "skale = 2.0"), 'Options of "noise": skale'),
    ],
)
def test_wrong_methods_are_found_before_anything_is_trained(folder, change, words):
    (folder / "made.toml").write_text(CONFIG.replace(*change), encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(words)):
        run_in(folder)
    assert not (folder / "out").exists()


def test_videos_without_annotators_cannot_be_tested(folder):
    write_benchmark(folder / "set.h5", kind="ovp", count=5)
    with pytest.raises(InputError, match="would be tested but has no user_summary"):
        run_in(folder)


def test_data_sets_that_do_not_fit_each_other(folder):
    write_benchmark(folder / "other.h5", count=3, channels=4)
    wanted = load_experiment(folder / "made.toml")
    with pytest.raises(InputError, match="do not hold the same videos"):
        Bench(wanted.model_copy(update={"data": {"a": "set.h5", "b": "other.h5"}}), folder).check()
    update = {"settings": ("transfer",), "others": ("other.h5",)}
    with pytest.raises(InputError, match="cannot be trained on together"):
        Bench(wanted.model_copy(update=update), folder).check()


def test_damaged_results_are_told(tmp_path):
    with pytest.raises(UnreadableFile, match="experiment run"):
        load_record(tmp_path / "none.json")
    (tmp_path / "results.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="no record of an experiment"):
        load_record(tmp_path)


# --- Statistics ---------------------------------------------------------------------------------


def test_estimates_follow_their_definition(record):
    measure = statistics.f_score("best", "15%")
    splits = statistics.tests_of(record, "canonical")
    results = statistics.rows_of(record, "canonical", "features")["noise"]
    by_seed = [
        np.mean(
            [
                np.mean([v.lengths["15%"].best for v in r.videos.values()])
                for r in results
                if r.seed == seed
            ]
        )
        for seed in (1, 2)
    ]
    found = statistics.estimate(results, splits, measure)
    assert found.mean == pytest.approx(np.mean(by_seed))
    assert found.spread == pytest.approx(np.std(by_seed, ddof=1))
    human = next(result for result in record.baselines if result.method == "human")
    expected = np.mean(
        [np.mean([human.videos[name].lengths["15%"].best for name in names]) for names in splits]
    )
    assert statistics.estimate([human], splits, measure).mean == pytest.approx(expected)


def test_sign_flips_are_counted():
    assert statistics.sign_flip([1.0, 2.0, 3.0]) == 2 / 8
    assert statistics.sign_flip([1.0, -1.0]) == 1.0
    assert statistics.sign_flip([1.0] * 20) < 0.001
    low, high = statistics.bootstrap_interval([1.0, 2.0, 3.0, 4.0])
    assert 1 <= low < 2.5 < high <= 4


# --- Tables and figures -------------------------------------------------------------------------


def test_tables_have_every_row_in_every_form(record):
    table = results_table(record)
    assert [row[0] for row in table.rows] == [
        "ridge",
        "Noise",
        "random",
        "uniform",
        "human",
        "bound",
    ]
    assert table.columns == ("Method", "F1 15%", "F1 25%", "F1 P", "tau", "rho")
    rows = list(csv.reader(table.render("csv").splitlines()))
    assert tuple(rows[2]) == table.rows[1]
    latex = table.render("latex")
    assert r"15\%" in latex
    assert r"$\pm$" in latex
    assert "Noise" in table.render("text")


def test_comparison_is_against_a_named_row(record):
    table = comparison_table(record, "random")
    assert [row[0] for row in table.rows][:2] == ["ridge", "Noise"]
    assert "- random" in table.columns
    with pytest.raises(SettingsError, match='no row "nobody"'):
        comparison_table(record, "nobody")


def test_published_tables_are_those_of_the_paper():
    tables = published_tables()
    assert list(tables) == ["I", "II", "III", "IV", "V", "VI"]
    for table in tables.values():
        assert {len(row.printed) for row in table.rows} == {len(table.columns)}
    last = tables["VI"].rows[-1]
    assert (last.label, last.printed) == ("3DST-UNet sup (ours)", (47.4, 49.9, 47.9))


def test_a_table_without_its_experiment_says_what_it_needs(record):
    with pytest.raises(SettingsError, match="needs experiments on TVSum"):
        paper_table("V", [record])
    with pytest.raises(SettingsError, match="I, II, III, IV, V, VI"):
        paper_table("VII", [record])


def test_figures_are_written_with_their_data(record, tmp_path):
    for name, figure in {
        "five": figure_5([record]),
        "seven": figure_7([record], ["ridge", "noise"]),
        "eight": figure_8(record, ["ridge", "noise"], _tested(record), "15%"),
    }.items():
        for ending in (".svg", ".png"):
            picture, data = save_figure(tmp_path / f"{name}{ending}", figure)
            assert picture.stat().st_size > 1000
        with data.open(encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert tuple(rows[0]) == figure.columns
        assert len(rows) == len(figure.rows) + 1
    with pytest.raises(SettingsError, match="ends in"):
        save_figure(tmp_path / "x.gif", figure_5([record]))


def _tested(record):
    """A video that both methods were tested on."""
    return next(iter(record.results[0].videos))


def test_what_figure_8_marks_is_what_was_scored(record):
    name = _tested(record)
    figure = figure_8(record, ["ridge"], name, "15%")
    facts = record.data["features"].videos[name]
    kept = sum(row[2] - row[1] for row in figure.rows if row[5])
    share = record.results[0].videos[name].lengths["15%"].share
    assert kept / facts.frames == pytest.approx(share, abs=0.1)
    with pytest.raises(SettingsError, match="No video"):
        figure_8(record, ["ridge"], "nothing", "15%")


def test_shipped_experiments_are_valid():
    found = shipped()
    assert "summe" in found
    for path in found.values():
        wanted = load_experiment(path)
        for entry in wanted.methods:
            assert entry.method in known()


def test_experiments_survive_json():
    wanted = Experiment.model_validate({"name": "n", "benchmark": "b", "data": "d.h5"})
    assert Experiment.model_validate(json.loads(wanted.model_dump_json())) == wanted
