"""``usummary compose``, ``train`` and ``evaluate``, as a new user types them."""

import csv
import json
import shutil

import pytest
import torch

from tests.builders import write_video
from usummary.networks.i3d import SONONET_CLASSES, ResNet50
from usummary.networks.weights import build, load_model
from usummary.training import train_shipped
from usummary.training.composing.pictures import load_sources


@pytest.fixture
def models(backbone, tmp_path):
    """A folder of models with the tiny backbone."""
    shutil.copytree(backbone.folder, tmp_path / "models" / "eye")
    return tmp_path / "models"


@pytest.fixture
def train(run, composed, models, tmp_path):
    """Runs ``train summariser`` on the composed recordings; options replace the usual ones."""

    def run_it(*flags, **options):
        usual = {
            "exams": composed["train"],
            "validation": composed["test"],
            "out": models / "mine",
            "backbone": models / "eye",
            "epochs": 2,
            "threads": 1,
            "work": tmp_path / "work",
        }
        pairs = ((f"--{name}", value) for name, value in (usual | options).items())
        return run("train", "summariser", *(part for pair in pairs for part in pair), *flags)

    return run_it


# --- compose --------------------------------------------------------------------------------------


def test_recordings_are_composed_and_used_again(run, made_data, tmp_path):
    folder = tmp_path / "exams"
    command = (
        "compose",
        "--data",
        made_data,
        "--out",
        folder,
        "--minutes",
        "0.02",
        "--work",
        tmp_path,
    )
    code, out, err = run(*command, "--freezes", "show")
    assert code == 0, err
    assert out.splitlines()[0] == str(folder)
    assert "composed, not real" in out
    assert "composed test-operator1-0.mp4" in err
    assert sorted(path.suffix for path in folder.iterdir()) == [".csv", ".json", ".mp4"]
    truth = json.loads((folder / "test-operator1-0.truth.json").read_text())
    assert (truth["freezes"], truth["frame_count"]) == ("show", 18)
    code, _, err = run(*command, "--casts", "2")
    assert code == 0
    assert err.splitlines() == ["composed test-operator1-1.mp4"]


def test_several_processes_compose_the_same(run, made_data, tmp_path):
    command = ("compose", "--data", made_data, "--minutes", "0.02", "--casts", "2", "--out")
    assert run(*command, tmp_path / "one")[0] == 0
    assert run(*command, tmp_path / "two", "--workers", "2")[0] == 0
    made = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("one", "two")]
    assert made[0] == made[1]
    assert len(made[0]) == 6
    for name in made[0]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_wrong_data_folder_is_named(run, tmp_path):
    command = ("compose", "--data", tmp_path / "none", "--out", tmp_path / "exams", "--part")
    for part, wanted in (("test", 3), ("train", 3)):
        code, _, err = run(*command, part)
        assert code == wanted
        assert str(tmp_path / "none") in err
        assert "Traceback" not in err


@pytest.mark.parametrize(
    "options", [["--minutes", "0"], ["--casts", "0"], ["--seed", "-1"], ["--workers", "0"]]
)
def test_impossible_numbers_are_refused(run, tmp_path, options):
    code, _, err = run("compose", "--data", tmp_path, "--out", tmp_path / "exams", *options)
    assert code == 2
    assert options[0] in err


# --- train ----------------------------------------------------------------------------------------


def test_train_then_evaluate(run, train, models, composed, tmp_path):
    code, out, err = train("--supervised", "--data-note", "Made up.")
    assert code == 0, err
    assert out.strip() == str(models / "mine")
    told = [line for line in err.splitlines() if line.startswith("epoch")]
    assert [line.split(":")[0] for line in told] == ["epoch 0", "epoch 1"]
    model = load_model(str(models / "mine"), "summariser")
    assert (model.backbone, model.training_data) == ("eye", "Made up.")
    (curve,) = (tmp_path / "work").glob("*.csv")
    assert len(curve.read_text().splitlines()) == 3

    numbers = tmp_path / "numbers.csv"
    code, out, err = run(
        "evaluate",
        composed["test"],
        "--model",
        models / "mine",
        "--seeds",
        "2",
        "--device",
        "cpu",
        "--out",
        numbers,
    )
    assert code == 0, err
    first, second = out.split("benchmark mode")
    for text in (first, second):
        for method in ("mine", "random scores", "even distances", "plane confidence"):
            assert method in text
        assert "95 % interval" in text
    assert "not for diagnosis" in second
    rows = list(csv.DictReader(numbers.read_text(encoding="utf-8").splitlines()))
    bounds = {row["bound"] for row in rows if (row["mode"], row["length"]) == ("application", "P")}
    assert bounds == {"1"}
    assert {row["exam"] for row in rows} == {"test-operator1-0.mp4"}
    assert len(rows) == 2 * 4 * 4


def test_training_goes_on_and_another_method_begins_anew(train):
    assert train()[0] == 0
    code, _, err = train("--overwrite", epochs=3)
    assert code == 0, err
    assert [line[:7] for line in err.splitlines() if line.startswith("epoch")] == ["epoch 2"]
    code, _, err = train("--overwrite", "--supervised", epochs=1)
    assert code == 0, err
    assert [line[:7] for line in err.splitlines() if line.startswith("epoch")] == ["epoch 0"]


def test_any_method_can_be_trained_by_name(train, models):
    code, _, err = train(method="dr-dsn", epochs=1)
    assert code == 0, err
    assert load_model(str(models / "mine")).network == "bilstm"


def test_the_same_folder_twice_is_refused(train, composed):
    for validation in (composed["train"], composed["test"] / ".." / "train"):
        code, _, err = train(validation=validation)
        assert code == 3
        assert "named twice" in err


def test_recordings_without_freeze_frames_are_named(train, run, models, tmp_path):
    folder = tmp_path / "bare"
    folder.mkdir()
    write_video(folder / "no saves.mp4", n=60)
    for code, _, err in (train(exams=folder), train(validation=folder)):
        assert code == 3
        assert "no saves.mp4" in err
        assert ".freeze.csv" in err
    assert not (models / "mine").exists()


def test_a_folder_without_recordings_is_named(train, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = train(exams=tmp_path / "empty")
    assert code == 3
    assert "empty holds no recordings" in err


def test_an_existing_model_is_kept_unasked(train, models):
    (models / "mine").mkdir()
    (models / "mine" / "precious").write_text("mine")
    code, _, err = train()
    assert code == 5
    assert "--overwrite" in err
    assert [path.name for path in (models / "mine").iterdir()] == ["precious"]


def test_what_cannot_work_is_told_before_it_is_tried(train, models, tmp_path):
    """Training takes hours; none of these may be found out at its end."""
    for options, wanted, words in (
        ({"method": "abacus"}, 2, 'no method "abacus"'),
        ({"epochs": 0}, 2, "--epochs"),
        ({"out": models / "no name"}, 4, "no model name"),
        ({"out": tmp_path / "elsewhere" / "mine"}, 4, str(models)),
        ({"backbone": models / "none"}, 4, "none"),
    ):
        code, _, err = train(**options)
        assert code == wanted, err
        assert words in err.replace("\n", " ")
        assert "Traceback" not in err
        assert "epoch 0" not in err
    assert [path.name for path in models.iterdir()] == ["eye"]


def test_a_backbone_of_single_pictures_is_made(run, made_data, tmp_path, monkeypatch):
    few = {part: load_sources(made_data, part)[:4] for part in ("train", "validation")}
    monkeypatch.setattr(train_shipped, "labelled_sources", lambda _, part: few[part])
    (tmp_path / "work" / "standins-train").mkdir(parents=True)
    (tmp_path / "work" / "standins-train" / "complete").touch()
    command = ("train", "backbone", "--data", made_data, "--kind", "2d", "--threads", "1")
    places = ("--out", tmp_path / "flat", "--work", tmp_path / "work")
    code, _, err = run(*command, *places)
    assert code == 0, err
    assert "temperature" in err
    model = load_model(str(tmp_path / "flat"), "backbone")
    assert model.classes == SONONET_CLASSES
    assert model.clip_length == 16
    assert run(*command, *places)[0] == 5


def test_weights_of_something_else_are_refused(run, made_data, tmp_path):
    import numpy as np

    path = tmp_path / "ultrasound" / "sononet" / "SonoNet16.npz"
    path.parent.mkdir(parents=True)
    with np.load(made_data / "ultrasound" / "sononet" / "SonoNet16.npz") as arrays:
        np.savez(path, **{name: arrays[name] for name in arrays if name != "arr_74"})
    places = ("--out", tmp_path / "model", "--work", tmp_path / "work")
    code, _, err = run("train", "backbone", "--data", tmp_path, *places)
    assert code == 4
    assert "arr_74" in err
    path.write_bytes(b"damaged")
    code, _, err = run("train", "backbone", "--data", tmp_path, *places)
    assert code == 4
    assert "SonoNet16.npz" in err
    assert not (tmp_path / "model").exists()


# --- evaluate -------------------------------------------------------------------------------------


def test_evaluation_refuses_what_it_cannot_do(run, composed, models, tmp_path):
    exams = composed["test"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "old.csv").write_text("figures of before")
    for arguments, wanted, words in (
        ((exams, "--model", models / "eye", "--out", tmp_path / "old.csv"), 5, "--overwrite"),
        ((exams, "--model", models / "eye"), 4, "is a backbone"),
        ((exams, "--model", models / "none"), 4, "There is no model"),
        ((exams, "--model", models / "eye", "--out", tmp_path / "a" / "b.csv"), 5, "b.csv"),
        ((exams,), 2, "--model"),
    ):
        code, _, err = run("evaluate", *arguments)
        assert code == wanted, err
        assert words in err
    assert (tmp_path / "old.csv").read_text() == "figures of before"


def test_a_backbone_without_planes_is_no_hindrance(run, train, composed, models):
    from dataclasses import replace

    import torch

    from usummary.networks.st3d import ST3D, ST3DConfig
    from usummary.networks.weights import Training, save_model

    torch.manual_seed(0)
    config = replace(ST3DConfig(height=32, width=48, widths=(4, 4, 8)), classes=0)
    save_model(models / "bare", ST3D(config), Training("Nothing."))
    code, _, err = train(backbone=models / "bare", epochs=1)
    assert code == 3
    assert "plane probabilities" in err
    code, _, err = train(backbone=models / "bare", method="3dst-unet", epochs=1)
    assert code == 0, err
    code, out, err = run("evaluate", composed["test"], "--model", models / "mine", "--seeds", "1")
    assert code == 0, err
    assert "random scores" in out
    assert "plane confidence" not in out


# --- inflate --------------------------------------------------------------------------------------


def test_public_resnet_weights_become_a_backbone(run, tmp_path):
    state = dict(ResNet50().state_dict())
    state["fc.weight"] = torch.zeros(1000, 2048)
    torch.save(state, tmp_path / "resnet50.pth")
    out = tmp_path / "models" / "resnet"
    code, said, err = run("train", "inflate", tmp_path / "resnet50.pth", "--out", out)
    assert code == 0, err
    assert said.splitlines() == [str(out)]
    model = load_model(str(out), "backbone")
    assert (model.network, model.classes, model.licence) == ("resnet50-i3d", (), "unknown")
    inflated = build(model).state_dict()["features.conv1.weight"]
    assert torch.allclose(inflated.sum(dim=2), state["conv1.weight"], atol=1e-6)


def test_other_weights_are_no_resnet(run, tmp_path):
    torch.save({"layer": torch.zeros(3)}, tmp_path / "other.pth")
    torch.save([1, 2], tmp_path / "list.pt")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    for name, said in (
        ("other.pth", "no 2-D ResNet-50 weights"),
        ("list.pt", "something else"),
        ("broken.safetensors", "cannot be read"),
        ("missing.pth", "cannot be read"),
    ):
        code, _, err = run("train", "inflate", tmp_path / name, "--out", tmp_path / "model")
        assert code != 0
        assert said in err
        assert name in err or "ResNet" in err
        assert not (tmp_path / "model").exists()
