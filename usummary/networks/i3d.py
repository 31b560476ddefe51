"""Inflated 3-D convolutional networks (I3D): 2-D networks with kernels that also span time.

Sources: J. Carreira and A. Zisserman, "Quo Vadis, Action Recognition?" (CVPR 2017), for inflation;
C. F. Baumgartner et al., "SonoNet" (IEEE TMI 2017, arXiv 1612.05601), for the ultrasound network;
K. He et al., "Deep Residual Learning" (CVPR 2016), for ResNet-50.

There are two ways to inflate a kernel: to repeat it along time and divide it by its length, or to
put it at the middle of a time axis of zeros (central frame; A. Arnab et al., "ViViT", ICCV 2021).
Either way the inflated network's output for a clip of one repeated picture is exactly the 2-D
network's output for the picture. Until it is trained, a centred network also sees single, sharp
frames in a moving clip instead of their mean. Time is padded by repeating the border frames: with
zeros the first and last places would be too weak.

Every backbone takes uint8 grey clips (N, T, H, W) and gives, with s places left of T:

* maps (N, C, h, w): last features, mean over time,
* steps (N, s, C): last features, mean over space,
* planes (N, K): class probabilities; K = 0 where a backbone has no plane head.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from usummary.errors import ModelError

SONONET_CLASSES: tuple[str, ...] = (
    "3VV",
    "4CH",
    "Abdominal",
    "Background",
    "Brain (Cb.)",
    "Brain (Tv.)",
    "Femur",
    "Kidneys",
    "Lips",
    "LVOT",
    "Profile",
    "RVOT",
    "Spine (cor.)",
    "Spine (sag.)",
)
"""Order of SonoNet's 14 outputs."""

_SONONET_GROUPS = ((16, 16), (32, 32), (64, 64, 64), (128, 128, 128), (128, 128, 128))
_ADAPTATION = 64
_SAME_IN_3D = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Tanh, nn.Identity)


# --- Inflation ------------------------------------------------------------------------------------


class InflatedConv3d(nn.Conv3d):
    """A 3-D convolution that pads time by repeating the border frames, and space with zeros.

    With a time stride of s it gives T / s places in time, for any T divisible by s.
    """

    @classmethod
    def of(
        cls, conv: nn.Conv2d, kernel: int, stride: int, *, centred: bool = False
    ) -> InflatedConv3d:
        """`conv` inflated over `kernel` frames with a time stride; `centred`: see the module."""
        padding = conv.padding
        if conv.padding_mode != "zeros" or isinstance(padding, str):
            raise ModelError(f"A convolution with padding {padding!r} cannot be inflated.")
        inflated = cls(
            conv.in_channels,
            conv.out_channels,
            kernel_size=(kernel, *_pair(conv.kernel_size)),
            stride=(stride, *_pair(conv.stride)),
            padding=(0, *_pair(padding)),
            dilation=(1, *_pair(conv.dilation)),
            groups=conv.groups,
            bias=conv.bias is not None,
        )
        with torch.no_grad():
            # (O, I, kh, kw) -> (O, I, kernel, kh, kw)
            if centred:
                inflated.weight.zero_()
                inflated.weight[:, :, middle(kernel)] = conv.weight
            else:
                inflated.weight.copy_(conv.weight[:, :, None].expand_as(inflated.weight) / kernel)
            if conv.bias is not None and inflated.bias is not None:
                inflated.bias.copy_(conv.bias)
        return inflated

    def forward(self, x: Tensor) -> Tensor:
        missing = self.kernel_size[0] - self.stride[0]
        if missing > 0:
            before, after = missing // 2, missing - missing // 2
            first, last = x[:, :, :1], x[:, :, -1:]
            x = torch.cat([first] * before + [x] + [last] * after, dim=2)  # (N, C, T+missing, H, W)
        return super().forward(x)


def middle(kernel: int) -> int:
    """Place of the middle frame under a kernel of this length; of two, the earlier one."""
    return (kernel - 1) // 2


def inflate(
    net: nn.Module,
    *,
    kernel: int = 3,
    kernels: Mapping[str, int] | None = None,
    strides: Mapping[str, int] | None = None,
    centred: bool = False,
) -> nn.Module:
    """A 3-D copy of a 2-D network; `net` stays as it is.

    Convolutions, batch norms, pools and element-wise layers can be inflated, however they are
    nested. Linear and flatten layers mix all positions; they belong to a head, to be removed first.

    Args:
        net: The 2-D network.
        kernel: Length in time of every convolution that is larger than 1x1 in space.
        kernels: Length in time of single convolutions, by their name in ``net.named_modules()``.
        strides: Stride in time of single convolutions and pools, by name; 1 for all others.
        centred: Kernels look at the middle frame, not at the mean of all.

    Raises:
        ModelError: A layer of another kind, or a name that no layer has.
    """
    kernels, strides = dict(kernels or {}), dict(strides or {})
    unknown = (kernels.keys() | strides.keys()) - dict(net.named_modules()).keys()
    if unknown:
        raise ModelError(f"The network has no layer {', '.join(sorted(unknown))} to inflate.")

    def visit(layer: nn.Module, name: str) -> nn.Module:
        if not _has_children(layer):
            default = kernel if isinstance(layer, nn.Conv2d) and max(layer.kernel_size) > 1 else 1
            if isinstance(layer, nn.Conv2d):
                length, stride = kernels.get(name, default), strides.get(name, 1)
                return InflatedConv3d.of(layer, length, stride, centred=centred)
            return _inflate_layer(layer, name, strides.get(name, 1))
        for child_name, child in layer.named_children():
            setattr(layer, child_name, visit(child, f"{name}.{child_name}".lstrip(".")))
        return layer

    return visit(copy.deepcopy(net), "").train(net.training)


def _has_children(layer: nn.Module) -> bool:
    return next(layer.children(), None) is not None


def _inflate_layer(layer: nn.Module, name: str, stride: int) -> nn.Module:
    """A layer other than a convolution."""
    if isinstance(layer, nn.BatchNorm2d):
        norm = nn.BatchNorm3d(
            layer.num_features,
            eps=layer.eps,
            momentum=layer.momentum,
            affine=layer.affine,
            track_running_stats=layer.track_running_stats,
        )
        norm.load_state_dict(layer.state_dict())
        return norm
    if isinstance(layer, nn.MaxPool2d):
        return nn.MaxPool3d(
            (stride, *_pair(layer.kernel_size)),
            (stride, *_pair(layer.stride)),
            (0, *_pair(layer.padding)),
            (1, *_pair(layer.dilation)),
            ceil_mode=layer.ceil_mode,
        )
    if isinstance(layer, nn.AvgPool2d):
        return nn.AvgPool3d(
            (stride, *_pair(layer.kernel_size)),
            (stride, *_pair(layer.stride)),
            (0, *_pair(layer.padding)),
            ceil_mode=layer.ceil_mode,
            count_include_pad=layer.count_include_pad,
        )
    if isinstance(layer, (nn.Dropout, nn.Dropout2d)):
        return nn.Dropout3d(layer.p) if isinstance(layer, nn.Dropout2d) else layer
    if isinstance(layer, _SAME_IN_3D):
        return layer
    raise ModelError(
        f"The layer {name or '(whole network)'} of type {type(layer).__name__} cannot be inflated. "
        "Take the classification head off first; other layers need a rule in `inflate`."
    )


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def standardise(frames: Tensor) -> Tensor:
    """``255 * (x - mean) / std`` of every picture, as SonoNet was trained; (..., H, W) any type.

    A std below one grey level counts as 1, so that black frames become zeros, not enlarged noise.
    """
    x = frames.float()
    x = x - x.mean(dim=(-2, -1), keepdim=True)
    spread = x.square().mean(dim=(-2, -1), keepdim=True).sqrt()
    return x * (255.0 / spread.clamp(min=1.0))


def _three_outputs(features: Tensor, planes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    # (N, C, s, h, w) -> maps (N, C, h, w), steps (N, s, C)
    return features.mean(dim=2), features.mean(dim=(3, 4)).transpose(1, 2), planes


# --- SonoNet --------------------------------------------------------------------------------------


class SonoNet2D(nn.Module):
    """SonoNet16 for single pictures, exactly as published: the teacher, and the net to inflate.

    Input (N, 1, H, W) grey values 0 to 255, published for 224x288. Output (N, 14) probabilities.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for number, group in enumerate(_SONONET_GROUPS):
            if number:
                layers.append(nn.MaxPool2d(2))
            for width in group:
                layers += _conv_norm(channels, width, 3)
                layers.append(nn.ReLU(inplace=True))
                channels = width
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            *_conv_norm(channels, _ADAPTATION, 1),
            nn.ReLU(inplace=True),
            *_conv_norm(_ADAPTATION, len(SONONET_CLASSES), 1),
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float32]]) -> SonoNet2D:
        """SonoNet with published weights: ``arr_0`` to ``arr_74``, five per layer.

        The five are kernel, beta, gamma, mean and inverse standard deviation of the batch norm.

        Raises:
            ModelError: The arrays are not those of SonoNet16.
        """
        net = cls()
        convs = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
        norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
        names = [f"arr_{number}" for number in range(5 * len(convs))]
        if set(arrays) != set(names):
            raise ModelError(f"SonoNet16 weights hold arr_0 to {names[-1]}; this file does not.")
        with torch.no_grad():
            for number, (conv, norm) in enumerate(zip(convs, norms, strict=True)):
                assert norm.running_mean is not None
                assert norm.running_var is not None
                kernel, beta, gamma, mean, inverse_std = (
                    torch.from_numpy(np.asarray(arrays[name], dtype=np.float32))
                    for name in names[5 * number : 5 * number + 5]
                )
                if kernel.shape != conv.weight.shape:
                    raise ModelError(f"Layer {number} of these weights is not SonoNet16's.")
                conv.weight.copy_(kernel)
                norm.bias.copy_(beta)
                norm.weight.copy_(gamma)
                norm.running_mean.copy_(mean)
                norm.running_var.copy_(inverse_std.double() ** -2 - norm.eps)
        return net.eval()

    def logits(self, pictures: Tensor) -> Tensor:
        """Class scores (N, 14) before the softmax."""
        logits: Tensor = self.head(self.features(standardise(pictures)))
        return logits.mean(dim=(-2, -1))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.logits(pictures).softmax(dim=1)


def _conv_norm(channels: int, width: int, size: int) -> list[nn.Module]:
    conv = nn.Conv2d(channels, width, size, padding=size // 2, bias=False)
    return [conv, nn.BatchNorm2d(width, eps=1e-4)]


@dataclass(frozen=True, slots=True)
class SonoNetI3DConfig:
    """Time axis and input of the inflated SonoNet.

    Attributes:
        clip_length: Frames of a clip.
        height, width: Input size in pixels; divisible by 16.
        stem_kernel, stem_stride: Length and stride in time of the very first convolution.
        kernels: Length in time of the other convolutions of each of the five groups.
        pools: Stride in time of the four pools between the groups.
        map_pool: The maps are pooled to means over squares of this side; smaller at the rim.
        evidence: The maps have the plane head's class scores at every place as further channels, so
            that the summariser knows which plane is where.
        motion: Channels of the motion stream; 0: the net has none. With a stream the maps have its
            channels too, and one more that says where the view is held.
    """

    clip_length: int = 16
    height: int = 112
    width: int = 144
    stem_kernel: int = 3
    stem_stride: int = 1
    kernels: tuple[int, ...] = (1, 3, 3, 3, 3)
    pools: tuple[int, ...] = (2, 2, 1, 1)
    map_pool: int = 1
    evidence: bool = False
    motion: int = 0


class MotionStream(nn.Module):
    """How a clip moves: (N, T, H, W) -> (N, motion + 1, H / 16, W / 16).

    A second stream beside the pictures, as in two-stream I3D, which gives it optical flow. Here it
    is given the differences of frames `MOTION_LAGS` apart: flow of speckle is costly and wrong. The
    first layer is a motion energy model (E. H. Adelson and J. R. Bergen, "Spatiotemporal energy
    models for the perception of motion", JOSA A 1985): filters in space and time, squared, summed
    over a neighbourhood. The logarithm makes the same motion in a bright and in a dark picture a
    shift. The last channel is a score (logit) for "held here".
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.energy = nn.Conv3d(len(MOTION_LAGS), _ENERGIES, 3, stride=2, padding=1, bias=False)
        self.scale = nn.Parameter(torch.ones(_ENERGIES))
        self.shift = nn.Parameter(torch.zeros(_ENERGIES))
        self.mix = nn.Conv3d(_ENERGIES, channels, 3, stride=(2, 1, 1), padding=1)
        self.held = nn.Conv2d(channels, 1, 1)

    def forward(self, clips: Tensor) -> Tensor:
        small = standardise(functional.avg_pool2d(clips.float(), 2)) / 255  # (N, T, H / 2, W / 2)
        moved = torch.stack([_since(small, lag) for lag in MOTION_LAGS], dim=1)
        energy = self.energy(moved).square()  # (N, E, T / 2, H / 4, W / 4)
        energy = functional.avg_pool3d(energy, (1, 4, 4)).div(_QUIET).log1p()  # 0: nothing moves
        energy = energy * _of_channels(self.scale) + _of_channels(self.shift)
        motion: Tensor = functional.relu(self.mix(energy)).mean(dim=2)  # (N, motion, H / 16, ...)
        return torch.cat([motion, self.held(motion)], dim=1)


MOTION_LAGS = (1, 3)
"""Distances, in sampled frames, of the frames whose difference the motion stream sees."""
_ENERGIES = 12
_QUIET = 1e-4
"""Energy of a difference that is not seen: a hundredth of the pictures' spread, squared."""


def _since(frames: Tensor, lag: int) -> Tensor:
    """Each frame less the one `lag` before it, the first ones less the first; (N, T, H, W)."""
    earlier = torch.cat([frames[:, :1].expand(-1, lag, -1, -1), frames[:, :-lag]], dim=1)
    return frames - earlier


def _of_channels(values: Tensor) -> Tensor:
    return values[:, None, None, None]


class SonoNetI3D(nn.Module):
    """The ultrasound backbone: SonoNet16 inflated, C = 128, a plane head, and a motion stream.

    Evidence adds 14 channels to the maps, a motion stream one more than its own.

    By default (N, 16, 112, 144) -> maps (N, 128, 7, 9), steps (N, 4, 128), planes (N, 14).
    """

    temperature: Tensor

    def __init__(
        self, config: SonoNetI3DConfig, net: SonoNet2D | None = None, *, centred: bool = False
    ) -> None:
        super().__init__()
        self.config = config
        net = net or SonoNet2D()
        kernels, strides = _sononet_time(net.features, config)
        self.features = inflate(net.features, kernels=kernels, strides=strides, centred=centred)
        self.head = inflate(net.head)
        self.motion = MotionStream(config.motion) if config.motion else None
        self.register_buffer("temperature", torch.ones(()))

    @classmethod
    def from_sononet(
        cls,
        arrays: Mapping[str, NDArray[np.float32]],
        config: SonoNetI3DConfig | None = None,
    ) -> SonoNetI3D:
        """The published 2-D weights, inflated (see `SonoNet2D.from_arrays`)."""
        return cls(config or SonoNetI3DConfig(), SonoNet2D.from_arrays(arrays)).eval()

    def last_features(self, clips: Tensor) -> Tensor:
        """Features (N, 128, s, h, w) of uint8 clips (N, T, H, W)."""
        features: Tensor = self.features(standardise(clips)[:, None])  # (N, 1, T, H, W) inside
        return features

    def head_logits(self, features: Tensor) -> Tensor:
        """Class scores (N, 14) of `last_features`, before temperature and softmax."""
        logits: Tensor = self.head(features)
        return logits.mean(dim=(2, 3, 4))

    def logits(self, clips: Tensor) -> Tensor:
        """Class scores (N, 14) of clips; the training loss is computed on these."""
        return self.head_logits(self.last_features(clips))

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.last_features(clips)
        scores = self.head(features)  # (N, 14, s, h, w)
        planes = (scores.mean(dim=(2, 3, 4)) / self.temperature).softmax(dim=1)
        maps, steps, planes = _three_outputs(features, planes)
        if self.config.evidence:
            maps = torch.cat([maps, scores.mean(dim=2)], dim=1)
        if self.motion is not None:
            maps = torch.cat([maps, self.motion(clips)], dim=1)
        return functional.avg_pool2d(maps, self.config.map_pool, ceil_mode=True), steps, planes


def _sononet_time(
    features: nn.Module, config: SonoNetI3DConfig
) -> tuple[dict[str, int], dict[str, int]]:
    """Kernels and strides in time of SonoNet's layers, by name, for `inflate`."""
    kernels: dict[str, int] = {}
    strides: dict[str, int] = {}
    group = 0
    for name, layer in features.named_children():
        if isinstance(layer, nn.MaxPool2d):
            strides[name] = config.pools[group]
            group += 1
        elif isinstance(layer, nn.Conv2d):
            kernels[name] = config.kernels[group]
            if layer.in_channels == 1:
                kernels[name] = config.stem_kernel
                strides[name] = config.stem_stride
    return kernels, strides


# --- ResNet-50 ------------------------------------------------------------------------------------

_RESNET50_BLOCKS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Width, number of blocks and first stride of layer1 to layer4."""
_EXPANSION = 4
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class _Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut; the stride sits on the 3x3 ("v1.5"), in space only."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = width * _EXPANSION
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = (
            nn.Identity()
            if stride == 1 and channels == out
            else nn.Sequential(
                nn.Conv2d(channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        result: Tensor = self.relu(self.bn3(self.conv3(y)) + self.downsample(x))
        return result


class ResNet50(nn.Module):
    """2-D ResNet-50 without its classifier: (N, 3, H, W) -> (N, 2048, H/32, W/32).

    Its parameters carry the names that public ResNet-50 weights use (``conv1.weight``,
    ``layer1.0.downsample.0.weight``, ...), so such a state dict fits as it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels = 64
        for number, (width, count, stride) in enumerate(_RESNET50_BLOCKS, start=1):
            blocks: list[nn.Module] = []
            for block in range(count):
                blocks.append(_Bottleneck(channels, width, stride if block == 0 else 1))
                channels = width * _EXPANSION
            self.add_module(f"layer{number}", nn.Sequential(*blocks))

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> ResNet50:
        """The network with public 2-D weights; the classifier ``fc`` is left out.

        Raises:
            ModelError: Other layers than ResNet-50's, or other shapes.
        """
        net = cls()
        body = {name: value for name, value in state.items() if not name.startswith("fc.")}
        try:
            net.load_state_dict(body)
        except RuntimeError as error:
            raise ModelError(f"These are no 2-D ResNet-50 weights. {error}") from error
        return net.eval()

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for number in range(1, len(_RESNET50_BLOCKS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x


@dataclass(frozen=True, slots=True)
class ResNet50I3DConfig:
    """Time axis and input of the inflated ResNet-50.

    Attributes:
        clip_length: Frames of a clip.
        height, width: Input size in pixels.
        stem_kernel, stem_stride: Length and stride in time of the first convolution.
        pool_stride: Stride in time of the pool after it.
    """

    clip_length: int = 16
    height: int = 112
    width: int = 112
    stem_kernel: int = 5
    stem_stride: int = 2
    pool_stride: int = 2


class ResNet50I3D(nn.Module):
    """The paper's backbone: ResNet-50 inflated, C = 2048, no plane head.

    By default (N, 16, 112, 112) -> maps (N, 2048, 4, 4), steps (N, 4, 2048), planes (N, 0).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: ResNet50I3DConfig, net: ResNet50 | None = None) -> None:
        super().__init__()
        self.config = config
        self.features = inflate(
            net or ResNet50(),
            kernels={"conv1": config.stem_kernel},
            strides={"conv1": config.stem_stride, "maxpool": config.pool_stride},
        )
        for name, values in (("mean", _IMAGENET_MEAN), ("std", _IMAGENET_STD)):
            buffer = torch.tensor(values).view(1, 3, 1, 1, 1)
            self.register_buffer(name, buffer, persistent=False)

    @classmethod
    def from_resnet(
        cls, state: Mapping[str, Tensor], config: ResNet50I3DConfig | None = None
    ) -> ResNet50I3D:
        """Public 2-D weights, inflated (see `ResNet50.from_state`)."""
        return cls(config or ResNet50I3DConfig(), ResNet50.from_state(state)).eval()

    def last_features(self, clips: Tensor) -> Tensor:
        """Features (N, 2048, s, h, w) of uint8 clips (N, T, H, W)."""
        grey = (clips.float() / 255.0)[:, None]  # (N, 1, T, H, W), against mean (1, 3, 1, 1, 1)
        features: Tensor = self.features((grey - self.mean) / self.std)
        return features

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.last_features(clips)
        # (N, C, s, h, w) -> (N, 0): no plane head
        return _three_outputs(features, features.mean(dim=(2, 3, 4))[:, :0])
