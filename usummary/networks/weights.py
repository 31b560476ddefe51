"""Models on disk: a folder with ``model.toml`` and ``weights.safetensors``.

Weights travel with their preprocessing, their classes and the names of what they were trained on.
Nothing here imports torch until a network is built or saved, so listing and checking are quick.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from usummary import paths
from usummary.errors import ModelError
from usummary.files import beside

if TYPE_CHECKING:
    from torch import nn

CARD = "model.toml"
WEIGHTS = "weights.safetensors"
UNSURE = 0.5
"""Least probability of a recognised plane, for models whose card does not say."""

Role = Literal["backbone", "summariser"]
Network = Literal["sononet-i3d", "resnet50-i3d", "st3d", "3dst-unet", "bilstm", "sum-fcn"]

ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "sononet-i3d": "backbone",
        "resnet50-i3d": "backbone",
        "st3d": "backbone",
        "3dst-unet": "summariser",
        "bilstm": "summariser",
        "sum-fcn": "summariser",
    }
)
"""The role of each kind of network."""

_SHA256 = r"^[0-9a-f]{64}$"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _Card(BaseModel):
    """The schema of ``model.toml``; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: Network
    sha256: str = Field(pattern=_SHA256)
    config: dict[str, int | float | bool | str | tuple[int, ...]]
    classes: tuple[str, ...] = ()
    unsure: float = Field(default=UNSURE, gt=0, le=1)
    backbone: str = ""
    backbone_sha256: str = Field(default="", pattern=rf"^$|{_SHA256}")
    training_data: str
    licence: str


@dataclass(frozen=True)
class Model:
    """A model folder whose files have been checked; the weights themselves are not loaded.

    Attributes:
        name: Its folder's name.
        role: ``backbone`` or ``summariser``.
        network: Kind of network, a key of `ROLES`.
        config: Fields of the network's config dataclass.
        sha256: Hash of the weights file.
        folder: The model's folder.
        classes: Names of the plane columns (backbones with a plane head).
        unsure: Below this probability a plane counts as not recognised.
        backbone: Name of the backbone whose features it was trained on (summarisers).
        backbone_sha256: Hash of that backbone's weights.
        training_data: What it was trained on, with authors, as text for people.
        licence: Licence of the weights, as text for people.
    """

    name: str
    role: Role
    network: Network
    config: Mapping[str, Any]
    sha256: str
    folder: Path
    classes: tuple[str, ...] = ()
    unsure: float = UNSURE
    backbone: str = ""
    backbone_sha256: str = ""
    training_data: str = ""
    licence: str = ""

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS

    @property
    def clip_length(self) -> int:
        """n: sampled frames of a clip, taken by a backbone, scored by a summariser."""
        return int(self.config["clip_length" if self.role == "backbone" else "samples"])

    @property
    def height(self) -> int:
        """Input height of a backbone, pixels."""
        return int(self.config["height"])

    @property
    def width(self) -> int:
        """Input width of a backbone, pixels."""
        return int(self.config["width"])


@dataclass(frozen=True, slots=True)
class Training:
    """What a model's card says beside the network itself.

    Attributes:
        data: What it was trained on, with authors, as text for people.
        licence: Licence of the weights, as text for people.
        classes: Names of the plane columns, for a backbone with a plane head.
        unsure: Below this probability a plane counts as not recognised.
        backbone: For a summariser, the backbone that made its features.
    """

    data: str
    licence: str = "Apache-2.0"
    classes: tuple[str, ...] = ()
    unsure: float = UNSURE
    backbone: Model | None = None


def list_models(folder: Path | None = None) -> tuple[Model, ...]:
    """The models of a folder (default: the shipped ones), checked, by name.

    Raises:
        ModelError: One of them is damaged.
    """
    folder = folder or paths.models_dir()
    folders = sorted(card.parent for card in folder.glob(f"*/{CARD}"))
    return tuple(_read(path) for path in folders)


def load_model(name: str, role: Role | None = None, *, folder: Path | None = None) -> Model:
    """The model of that name, or in the folder that `name` is the path of; its files are checked.

    Args:
        name: Name of a model, or a path to a model folder (it has a separator, or is absolute).
        role: The role that it must have; None: any.
        folder: Folder of named models; default: the shipped ones.

    Raises:
        ModelError: No such model, a damaged or altered file, a wrong role, or a summariser whose
            backbone is not the one it was trained on.
    """
    model = _read(_locate(name, folder or paths.models_dir()))
    if role is not None and model.role != role:
        raise ModelError(
            f'The model "{model.name}" in {model.folder} is a {model.role}; a {role} is needed. '
            "Choose another model."
        )
    if model.role == "summariser":
        backbone_of(model)
    return model


def backbone_of(summariser: Model) -> Model:
    """The backbone whose features a summariser was trained on; its files are checked.

    It is looked for beside the summariser, then among the shipped models. Another version of the
    backbone will not do: its channels mean something else, and the scores would be nonsense.

    Raises:
        ModelError: It is missing, damaged, or not the one the summariser was trained on.
    """
    near = summariser.folder.parent
    home = near if (near / summariser.backbone / CARD).is_file() else paths.models_dir()
    backbone = load_model(summariser.backbone, "backbone", folder=home)
    if backbone.sha256 != summariser.backbone_sha256:
        raise ModelError(
            f'The summariser "{summariser.name}" was trained on another version of the backbone '
            f'"{backbone.name}": expected weights {summariser.backbone_sha256[:12]}…, '
            f"{backbone.weights} has {backbone.sha256[:12]}…. "
            "Install the two models that belong together."
        )
    return backbone


def build(model: Model) -> nn.Module:
    """The network in evaluation mode, on the CPU, with its weights. Imports torch.

    Raises:
        ModelError: Config or weights do not fit the network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    config_type, network_type = _network(model.network)
    try:
        net = network_type(config_type(**model.config))
        net.load_state_dict(load_file(model.weights))
    except (TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f'The model "{model.name}" in {model.folder} does not fit this program: {error} '
            "Install the model again, or the program version it was made with."
        ) from error
    return net.eval()


def save_model(folder: Path, module: nn.Module, training: Training) -> Model:
    """Write a trained network as a model folder; files that were there are replaced.

    The weights are written first, then the card with their hash. If the program is stopped between
    the two, the hash does not fit, and loading the model raises an error that says so.

    Args:
        folder: Its last part becomes the model's name.
        module: One of the networks of this package, with its ``config``.
        training: Where the weights come from.

    Raises:
        ModelError: The folder's name or the network's kind cannot be used.
        OSError: A file cannot be written.
    """
    from safetensors.torch import save

    network = _kind_of(module)
    check_name(folder.name)
    if (ROLES[network] == "summariser") != (training.backbone is not None):
        raise ModelError(f'"{folder.name}": a summariser names its backbone, a backbone none.')
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}
    with beside(folder / WEIGHTS) as part:
        part.write_bytes(save(state))  # `save_file` would make a file that only its owner reads
        sha256 = _hash(part)
    card = _Card(
        network=network,
        sha256=sha256,
        config=asdict(module.config),  # type: ignore[call-overload]
        classes=training.classes,
        unsure=training.unsure,
        backbone=training.backbone.name if training.backbone else "",
        backbone_sha256=training.backbone.sha256 if training.backbone else "",
        training_data=training.data,
        licence=training.licence,
    )
    with beside(folder / CARD) as part:
        part.write_text(_toml(card), encoding="utf-8")
    return _read(folder)


# --- Reading --------------------------------------------------------------------------------------


def _locate(name: str, home: Path) -> Path:
    if "/" in name or os.sep in name or Path(name).is_absolute():
        folder = Path(name)
    else:
        check_name(name)
        folder = home / name
    if not (folder / CARD).is_file():
        known = ", ".join(sorted(card.parent.name for card in home.glob(f"*/{CARD}"))) or "none"
        raise ModelError(
            f"There is no model {name}: {folder / CARD} does not exist. "
            f"Choose one of {known}, or give the path of a model folder."
        )
    return folder


def check_name(name: str) -> None:
    """Checks a model's name: it is also a folder's name, on any system.

    Raises:
        ModelError: `name` cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(
            f'"{name}" is no model name. A name has letters, digits, dots, dashes and underscores, '
            "and starts with a letter or digit."
        )


def _read(folder: Path) -> Model:
    folder = folder.resolve()
    card = _read_card(folder / CARD)
    role = ROLES[card.network]
    named = [bool(card.backbone), bool(card.backbone_sha256)]
    if named != [role == "summariser"] * 2:
        raise ModelError(
            f"{folder / CARD} describes a {role}; only a summariser names a backbone and its "
            "sha256, and it must. Install the model again."
        )
    model = Model(
        name=folder.name,
        role=role,
        network=card.network,
        config=MappingProxyType(dict(card.config)),
        sha256=card.sha256,
        folder=folder,
        classes=card.classes,
        unsure=card.unsure,
        backbone=card.backbone,
        backbone_sha256=card.backbone_sha256,
        training_data=card.training_data,
        licence=card.licence,
    )
    _check_config(model)
    _check_hash(model)
    return model


def _read_card(path: Path) -> _Card:
    try:
        return _Card.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(f"The model card {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(
            f"The model card {path} is no valid TOML: {error}. Install the model again."
        ) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise ModelError(
            f"The model card {path} does not fit this program. {faults}. Install the model again."
        ) from error


_SIZES: Mapping[Role, tuple[str, ...]] = MappingProxyType(
    {"backbone": ("clip_length", "height", "width"), "summariser": ("channels", "samples")}
)


def _check_config(model: Model) -> None:
    """Checks the sizes in the config that other parts of the program use.

    Raises:
        ModelError: A size is missing or is no usable number.
    """
    for key in _SIZES[model.role]:
        value = model.config.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65_536:
            raise ModelError(
                f"{model.folder / CARD}: config.{key} must be a whole number of 1 or more, it is "
                f"{value!r}. Install the model again."
            )


def _check_hash(model: Model) -> None:
    try:
        digest = _hash(model.weights)
    except OSError as error:
        raise ModelError(
            f"The weights {model.weights} cannot be read: {error.strerror}. "
            "Install the model again."
        ) from error
    if digest != model.sha256:
        raise ModelError(
            f"The weights {model.weights} were changed or damaged: expected sha256 "
            f"{model.sha256}, got {digest}. Install the model again."
        )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- Networks and files ---------------------------------------------------------------------------


def _network(kind: Network) -> tuple[Callable[..., Any], Callable[[Any], nn.Module]]:
    """Config and network class of a kind."""
    # Imported here, because torch takes seconds to import and listing models needs none of it.
    from usummary.networks import bilstm, i3d, policy, st3d, sumfcn, unet3d

    kinds: dict[str, tuple[Callable[..., Any], Callable[[Any], nn.Module]]] = {
        "sononet-i3d": (i3d.SonoNetI3DConfig, i3d.SonoNetI3D),
        "resnet50-i3d": (i3d.ResNet50I3DConfig, i3d.ResNet50I3D),
        "st3d": (st3d.ST3DConfig, st3d.ST3D),
        "3dst-unet": (unet3d.UNet3DConfig, policy.Summariser),
        "bilstm": (bilstm.BiLSTMConfig, bilstm.BiLSTM),
        "sum-fcn": (sumfcn.SumFCNConfig, sumfcn.SumFCN),
    }
    return kinds[kind]


def _kind_of(module: nn.Module) -> Network:
    for kind in ROLES:
        if _network(kind)[1] is type(module):  # type: ignore[arg-type]
            return kind  # type: ignore[return-value]
    raise ModelError(f"A network of type {type(module).__name__} cannot be saved as a model.")


def _toml(card: _Card) -> str:
    import tomli_w

    values = {key: value for key, value in card.model_dump().items() if value not in ("", ())}
    return tomli_w.dumps(values)
