"""Model folders: what was saved comes back, and whatever does not belong refuses with a reason."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from usummary.errors import ModelError
from usummary.networks import weights
from usummary.networks.bilstm import BiLSTM, BiLSTMConfig
from usummary.networks.i3d import SONONET_CLASSES, SonoNetI3D, SonoNetI3DConfig
from usummary.networks.policy import Summariser
from usummary.networks.st3d import ST3D, ST3DConfig
from usummary.networks.sumfcn import SumFCN, SumFCNConfig
from usummary.networks.unet3d import UNet3DConfig
from usummary.networks.weights import Training, load_model, save_model

TEXT = 'Composed clips, made by "somebody";\nback\\slash and é.'


def small_st3d() -> ST3D:
    return ST3D(ST3DConfig(height=32, width=48, widths=(4, 4, 8), classes=2))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A backbone and its summariser, saved once; tests that spoil them take a copy."""
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    backbone = save_model(folder / "eye", small_st3d(), Training(TEXT, "MIT", ("a", "b")))
    summariser = Summariser(UNet3DConfig(channels=8, samples=16, squeezed=8))
    save_model(folder / "judge", summariser, Training("Exams.", backbone=backbone))
    return folder


@pytest.fixture
def home(made, tmp_path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "models"))


def test_a_card_says_all_that_was_saved(made):
    eye, judge = weights.list_models(made)
    assert (eye.name, eye.role, eye.network) == ("eye", "backbone", "st3d")
    assert (eye.clip_length, eye.height, eye.width, eye.classes) == (16, 32, 48, ("a", "b"))
    assert (eye.training_data, eye.licence) == (TEXT, "MIT")
    assert dict(eye.config)["widths"] == (4, 4, 8)
    assert (judge.name, judge.role, judge.clip_length) == ("judge", "summariser", 16)
    assert weights.backbone_of(judge) == eye
    assert not list(made.rglob("*.part"))


@pytest.mark.parametrize(
    "net",
    [
        SonoNetI3D(SonoNetI3DConfig(height=32, width=32, pools=(1, 2, 2, 1))),
        small_st3d(),
        Summariser(UNet3DConfig(channels=6, samples=2, squeezed=8, gate=False)),
        BiLSTM(BiLSTMConfig(channels=6, samples=2, hidden=3)),
        SumFCN(SumFCNConfig(channels=6, samples=2, width=8, levels=2)),
    ],
    ids=lambda net: type(net).__name__,
)
def test_built_networks_are_the_saved_ones(net, made, tmp_path):
    is_backbone = isinstance(net, (SonoNetI3D, ST3D))
    backbone = None if is_backbone else load_model("eye", folder=made)
    save_model(tmp_path / "m", net, Training("x", classes=SONONET_CLASSES, backbone=backbone))
    shutil.copytree(made / "eye", tmp_path / "eye")
    built = weights.build(load_model("m", folder=tmp_path))
    assert not built.training
    assert built.config == net.config
    for name, value in net.state_dict().items():
        assert torch.equal(built.state_dict()[name], value), name


def test_saving_again_replaces(home):
    before = load_model("eye", folder=home)
    after = save_model(home / "eye", small_st3d(), Training("Other."))
    assert after.sha256 != before.sha256
    assert load_model("eye", folder=home) == after


def test_a_folder_outside_is_found_by_its_path(home, tmp_path, monkeypatch):
    assert load_model(str(home / "judge")).name == "judge"
    monkeypatch.chdir(tmp_path)
    assert load_model("models/eye").folder == (home / "eye").resolve()


@pytest.mark.parametrize("name", ["..", ".", "", ".hidden", "a b", "eye\n", "é"])
def test_names_that_leave_the_folder_are_refused(name, home):
    with pytest.raises(ModelError, match="is no model name"):
        load_model(name, folder=home)


def test_a_missing_model_lists_the_others(home):
    with pytest.raises(ModelError, match=r"no model ear: .*Choose one of eye, judge"):
        load_model("ear", folder=home)


def test_a_wrong_role_is_refused(home):
    with pytest.raises(ModelError, match="is a backbone; a summariser is needed"):
        load_model("eye", "summariser", folder=home)


@pytest.mark.parametrize("position", [0, 200, -1])
def test_one_changed_byte_refuses(position, home):
    path = home / "eye" / weights.WEIGHTS
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        ModelError, match=r"expected sha256 .*, got .*Install the model again"
    ) as info:
        load_model("eye", folder=home)
    assert str(path) in str(info.value)
    with pytest.raises(ModelError, match="expected sha256"):
        load_model("judge", folder=home)


def test_missing_weights_refuse(home):
    (home / "eye" / weights.WEIGHTS).unlink()
    with pytest.raises(ModelError, match=r"weights\.safetensors cannot be read"):
        load_model("eye", folder=home)


def test_a_summariser_refuses_another_backbone(home):
    save_model(home / "eye", small_st3d(), Training("Trained again."))
    with pytest.raises(ModelError, match=r'"judge" was trained on another version .* "eye"'):
        load_model("judge", folder=home)


def test_a_summariser_without_its_backbone_refuses(home):
    shutil.rmtree(home / "eye")
    with pytest.raises(ModelError, match="no model eye"):
        load_model("judge", folder=home)


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (r"network = .*", 'network = "vgg"', "network: "),
        (r"network = .*", 'colour = "red"', "colour: .*"),
        (r"sha256 = .*", 'sha256 = "abc"', "sha256: "),
        (r"height = 32", "height = 0", r"config\.height must be .* it is 0"),
        (r"height = 32", "height = true", r"config\.height must be .* it is True"),
        (r"height = 32\n", "", r"config\.height must be .* it is None"),
        (r"\[config\]", "[config", "no valid TOML"),
        (r"licence = .*", 'licence = "x"\nbackbone = "eye"', "only a summariser names a backbone"),
    ],
)
def test_a_wrong_card_is_explained(pattern, replacement, message, home):
    card = home / "eye" / weights.CARD
    card.write_text(re.sub(pattern, replacement, card.read_text("utf-8"), count=1), "utf-8")
    with pytest.raises(ModelError, match=message) as info:
        load_model("eye", folder=home)
    assert str(card) in str(info.value)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [(r"classes = 2", "classes = 3"), (r"classes = 2", "classes = 2\nwheels = 4")],
)
def test_a_config_that_does_not_fit_its_weights_refuses_to_build(pattern, replacement, home):
    card = home / "eye" / weights.CARD
    card.write_text(re.sub(pattern, replacement, card.read_text("utf-8")), "utf-8")
    with pytest.raises(ModelError, match="does not fit this program"):
        weights.build(load_model("eye", folder=home))


def test_saving_refuses_what_is_no_model(made, tmp_path):
    with pytest.raises(ModelError, match="Linear cannot be saved"):
        save_model(tmp_path / "m", torch.nn.Linear(1, 1), Training("x"))
    with pytest.raises(ModelError, match="a summariser names its backbone"):
        save_model(tmp_path / "m", BiLSTM(BiLSTMConfig()), Training("x"))
    with pytest.raises(ModelError, match="is no model name"):
        save_model(tmp_path / "a b", small_st3d(), Training("x"))
    assert list(tmp_path.iterdir()) == []


def test_checking_models_imports_no_torch(made):
    code = (
        "import sys; from pathlib import Path; from usummary.networks import weights, runtime\n"
        f"assert len(weights.list_models(Path({str(made)!r}))) == 2\n"
        "assert not {'torch', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_shipped_models_fit():
    for model in weights.list_models():
        assert model.training_data
        assert model.licence
        load_model(model.name)
        weights.build(model)
