"""All shipped models from scratch, on a tiny data folder with hardly any training."""

import json
from dataclasses import replace

import pytest

from usummary.networks.weights import load_model
from usummary.training import train_everything, train_shipped
from usummary.training.backbone import pretrain
from usummary.training.backbone.pretrain import calibrate
from usummary.training.composing.pictures import load_sources
from usummary.training.judging import table
from usummary.training.summariser import recipes
from usummary.training.summariser.recipes import METHODS

KINDS = {"i3d": (*train_everything.SHIPPED,), "2d": ("3dst-unet-supervised",)}
PICTURES = 6
STEPS = {"frame_steps": 1, "clip_steps": 1, "frame_batch": 2, "clip_batch": 1, "bf16": False}


@pytest.fixture
def hurried(monkeypatch):
    """Networks take a step or two; ST3D, which takes no other way, is left out."""
    monkeypatch.setattr(train_shipped, "BackboneRecipe", lambda: pretrain.BackboneRecipe(**STEPS))
    monkeypatch.setattr(train_everything, "COMPARED", KINDS)
    monkeypatch.setattr(
        train_everything, "BACKBONES", {kind: train_shipped.BACKBONES[kind] for kind in KINDS}
    )
    monkeypatch.setattr(train_everything, "load_sources", lambda *at: load_sources(*at)[:PICTURES])
    monkeypatch.setattr(
        train_shipped, "calibrate", lambda net, held: calibrate(net, held[:PICTURES])
    )
    monkeypatch.setattr(train_shipped, "unsure_below", lambda *_: 0.5)
    monkeypatch.setattr(train_shipped, "CASTS", dict.fromkeys(train_shipped.CASTS, 1))
    fast = {
        name: replace(one, recipe=replace(one.recipe, epochs=2, episodes=2))
        for name, one in METHODS.items()
    }
    monkeypatch.setattr(recipes, "METHODS", fast)


@pytest.mark.slow
def test_everything_in_one_go_and_once_more(run, made_data, tmp_path, hurried):
    work = tmp_path / "work"
    for part in ("train", "validation"):  # searched for at length elsewhere
        (work / f"standins-{part}").mkdir(parents=True)
        (work / f"standins-{part}" / "complete").touch()
    command = ("train", "everything", "--data", made_data, "--work", work, "--seeds", "2")
    code, out, err = run(*command, "--workers", "1", "--threads", "1")
    assert code == 0, err
    assert "SonoNet16 teacher | us-i3d-sononet16 | us-2d-sononet16 |" in out
    for title in (
        "i3d, application mode",
        "2d, benchmark mode",
        "| 3DST-UNet, supervised | 2 |",
        "| 3DST-UNet, supervised, planes covered | 2 |",
        f"| {table.TRUTH} | 1 |",
        "| 3DST-UNet, supervised, less | exams | F1 15% |",
        "| clips named right | us-i3d-sononet16 | us-2d-sononet16 |",
        "| mean over planes |",
    ):
        assert title in out
    written = json.loads((work / "comparison-i3d.json").read_text("utf-8"))["measured"]
    assert {one["exam"] for one in written} == {"test-operator1-0.mp4"}
    assert all(0 <= one["measures"]["seen"]["15%"] <= 1 for one in written)
    assert (work / "score-curves.png").stat().st_size > 10_000
    models = {path.name for path in (work / "shipped").iterdir()}
    assert models == {*train_everything.SHIPPED.values(), "us-i3d-sononet16", "us-2d-sononet16"}
    best = load_model(str(work / "shipped" / "3dst-unet-rl"), "summariser")
    curves = {
        seed: work / "models" / f"3dst-unet-supervised-us-i3d-sononet16-{seed}.csv"
        for seed in (1, 2)
    }
    judged = {
        seed: max(train_shipped.read_curve(curve, "validation")) for seed, curve in curves.items()
    }
    chosen = max(judged, key=judged.get)
    assert best.sha256 == load_model(str(curves[chosen].with_suffix(""))).sha256

    # what stands there is used again: nothing is composed or trained
    changed = {path: path.stat().st_mtime_ns for path in (work / "models").rglob("*.safetensors")}
    code, again, err = run(*command, "--workers", "1", "--threads", "1")
    assert code == 0, err
    assert again == out
    assert "composed" not in err
    assert changed == {path: path.stat().st_mtime_ns for path in changed}
