"""The commands of the research bench."""

import pytest

from tests.builders import write_video
from tests.research.made import write_benchmark
from tests.research.test_experiment import CONFIG, NOISE


@pytest.fixture(autouse=True)
def in_its_folder(monkeypatch, tmp_path):
    """Commands write to `out/` where they are run."""
    monkeypatch.chdir(tmp_path)


def test_from_an_experiment_to_tables_and_figures(run, tmp_path):
    write_benchmark(tmp_path / "set.h5", count=5)
    (tmp_path / "noise.py").write_text(NOISE, encoding="utf-8")
    (tmp_path / "made.toml").write_text(CONFIG, encoding="utf-8")
    code, out, err = run("experiment", "run", "made.toml")
    assert code == 0, err
    assert "made: F1 in % (best annotator)" in out
    assert "out/made/results.json" in out.replace("\\", "/")
    code, out, _ = run("experiment", "table", "VI", "out/made")
    assert code == 0
    assert "3DST-UNet sup (ours)" in out
    code, out, _ = run("experiment", "table", "results", "out/made", "--format", "csv",
                       "--out", "t.csv")  # fmt: skip
    assert (code, out.strip()) == (0, "t.csv")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").startswith("Method,F1 15%")
    code, out, _ = run("experiment", "plot", "5", "out/made", "--out", "five.svg")
    assert (code, out.split()) == (0, ["five.svg", "five.csv"])
    code, _, err = run("experiment", "plot", "8", "out/made", "--out", "x.svg", "--video", "none")
    assert code == 2
    assert 'No video "none"' in err


def test_a_data_set_from_recordings_gets_annotations(run, tmp_path):
    for name in ("first", "second"):
        write_video(tmp_path / f"{name}.mp4", n=60)
    code, out, err = run("features", "first.mp4", "second.mp4", "--out", "made.h5", "--whole")
    assert code == 0, err
    assert "none: training only" in out
    code, _, err = run("features", "first.mp4", "--out", "made.h5")
    assert code == 5
    assert "--overwrite" in err
    lines = [f"first\tX\t{','.join(['1', '5'] * 30)}\n" for _ in range(3)]
    (tmp_path / "a.tsv").write_text("".join(lines), encoding="utf-8")
    code, out, err = run("dataset", "import", "made.h5", "a.tsv", "--out", "annotated.h5")
    assert code == 0, err
    assert "second has no annotation" in out


def test_faults_are_told_in_a_line(run, tmp_path):
    code, _, err = run("dataset", "show", "none.h5")
    assert (code, err.strip()) == (3, "usummary: There is no data set none.h5.")
    code, _, err = run("experiment", "run", "none.toml")
    assert code == 2
    assert "one of" in err
    code, _, err = run("features", "x.mp4", "--out", "x.h5", "--kind", "st3d")
    assert code == 2
    assert "No ST3D network comes with the program" in err
    code, _, err = run("features", "x.mp4", "--out", "x.h5", "--sample-rate", "fast")
    assert code == 2
    assert list(tmp_path.iterdir()) == []


def test_shipped_experiments_are_listed(run):
    code, out, _ = run("experiment", "list")
    assert code == 0
    assert "summe" in out
    assert "ridge" in out
