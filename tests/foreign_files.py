"""StyleGAN2 networks as foreign code bases store them, with tensors made up here.

`draggan` is not used: names, shapes and attributes are written down once more, so that the readers
are tested against something else than themselves. `persistence_standins` puts them into files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .persistence_standins import Persistent, module_state

Tensors = dict[str, Tensor]
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0])
FILTER = torch.outer(TAPS, TAPS) / 64
BUFFERS = ("noise_const", "resample_filter", "w_avg")


@dataclass(frozen=True)
class Plan:
    """What a generator and its discriminator are to be like."""

    channels: tuple[int, ...] = (6, 5, 4)
    z_dim: int = 7
    w_dim: int = 6
    c_dim: int = 0
    kind: str = "skip"
    layers: int = 2
    width: int = 6
    embed: int = 6
    lr: float = 0.01
    clamp: float | None = None
    noise: bool = True
    colours: int = 3
    const: tuple[int, int] = (4, 4)  # height, width
    discriminator: str = "resnet"
    group: int | None = 4
    group_maps: int = 1

    @property
    def resolution(self) -> int:
        return 2 ** (len(self.channels) + 1)


class _Random:
    """Tensors of a standard normal distribution, the same ones for the same plan."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> Tensor:
        return torch.randn(shape, generator=self.generator) * scale + mean


def generator_tensors(plan: Plan, seed: int = 0) -> Tensors:
    """All parameters and buffers under NVIDIA's names; none is at its initial value."""
    random = _Random(seed)
    tensors: Tensors = {}
    _mapping(tensors, random, plan, plan.z_dim, plan.w_dim)
    tensors["mapping.w_avg"] = random(plan.w_dim)
    tensors["synthesis.b4.const"] = random(plan.channels[0], *plan.const)
    for index, outputs in enumerate(plan.channels):
        block = f"synthesis.b{4 * 2**index}"
        inputs = plan.channels[index - 1] if index else 0
        tensors[f"{block}.resample_filter"] = FILTER.clone()
        size = [side * 2**index for side in plan.const]
        if index:
            _layer(tensors, random, plan, f"{block}.conv0", inputs, outputs, size)
        _layer(tensors, random, plan, f"{block}.conv1", outputs, outputs, size)
        if plan.kind == "skip" or index == len(plan.channels) - 1:
            _affine(tensors, random, plan, f"{block}.torgb", outputs)
            tensors[f"{block}.torgb.weight"] = random(plan.colours, outputs, 1, 1)
            tensors[f"{block}.torgb.bias"] = random(plan.colours)
        if plan.kind == "resnet" and index:
            tensors[f"{block}.skip.weight"] = random(outputs, inputs, 1, 1)
            tensors[f"{block}.skip.resample_filter"] = FILTER.clone()
    return tensors


def _mapping(tensors: Tensors, random: _Random, plan: Plan, inputs: int, outputs: int) -> None:
    if plan.c_dim:
        tensors["mapping.embed.weight"] = random(plan.embed, plan.c_dim)
        tensors["mapping.embed.bias"] = random(plan.embed)
        inputs += plan.embed
    for i in range(plan.layers):
        last = outputs if i == plan.layers - 1 else plan.width
        tensors[f"mapping.fc{i}.weight"] = random(last, inputs, scale=1 / plan.lr)
        tensors[f"mapping.fc{i}.bias"] = random(last, scale=0.3 / plan.lr)
        inputs = last


def _affine(tensors: Tensors, random: _Random, plan: Plan, name: str, inputs: int) -> None:
    tensors[f"{name}.affine.weight"] = random(inputs, plan.w_dim)
    tensors[f"{name}.affine.bias"] = random(inputs, scale=0.3, mean=1)


def _layer(
    tensors: Tensors,
    random: _Random,
    plan: Plan,
    name: str,
    inputs: int,
    outputs: int,
    size: list[int],
) -> None:
    _affine(tensors, random, plan, name, inputs)
    tensors[f"{name}.weight"] = random(outputs, inputs, 3, 3)
    tensors[f"{name}.bias"] = random(outputs, scale=0.5)
    tensors[f"{name}.resample_filter"] = FILTER.clone()
    if plan.noise:
        tensors[f"{name}.noise_const"] = random(*size)
        tensors[f"{name}.noise_strength"] = random()


def discriminator_tensors(plan: Plan, seed: int = 1) -> Tensors:
    """The same for a discriminator; its label's mapping is as wide as its 4 px block."""
    random = _Random(seed)
    tensors: Tensors = {}
    end = plan.channels[0]
    for index in range(len(plan.channels) - 1, 0, -1):
        block, inputs = f"b{4 * 2**index}", plan.channels[index]
        outputs = plan.channels[index - 1]
        tensors[f"{block}.resample_filter"] = FILTER.clone()
        if index == len(plan.channels) - 1 or plan.discriminator == "skip":
            _plain(tensors, random, f"{block}.fromrgb", plan.colours, inputs, 1)
        _plain(tensors, random, f"{block}.conv0", inputs, inputs, 3)
        _plain(tensors, random, f"{block}.conv1", inputs, outputs, 3)
        if plan.discriminator == "resnet":
            tensors[f"{block}.skip.weight"] = random(outputs, inputs, 1, 1)
            tensors[f"{block}.skip.resample_filter"] = FILTER.clone()
    if plan.c_dim:
        _mapping(tensors, random, plan, 0, end)
    if plan.discriminator == "skip":
        _plain(tensors, random, "b4.fromrgb", plan.colours, end, 1)
    _plain(tensors, random, "b4.conv", end + plan.group_maps, end, 3)
    tensors["b4.fc.weight"] = random(end, end * plan.const[0] * plan.const[1])
    tensors["b4.fc.bias"] = random(end)
    tensors["b4.out.weight"] = random(end if plan.c_dim else 1, end)
    tensors["b4.out.bias"] = random(end if plan.c_dim else 1)
    return tensors


def _plain(
    tensors: Tensors, random: _Random, name: str, inputs: int, outputs: int, size: int
) -> None:
    tensors[f"{name}.weight"] = random(outputs, inputs, size, size)
    tensors[f"{name}.bias"] = random(outputs, scale=0.5)
    tensors[f"{name}.resample_filter"] = FILTER.clone()


def numbers(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """For the reference implementation: float64 arrays."""
    return {name: tensor.double().numpy() for name, tensor in tensors.items()}


def generator_module(plan: Plan, tensors: Tensors | None = None, *, flat: bool = False) -> Any:
    """The generator as a persistent module; `flat` as the stylegan3 code has its arguments."""
    synthesis = {"channel_base": 64, "channel_max": 512, "conv_clamp": plan.clamp}
    keywords = {
        "z_dim": plan.z_dim,
        "c_dim": plan.c_dim,
        "w_dim": plan.w_dim,
        "img_resolution": plan.resolution,
        "img_channels": plan.colours,
        "mapping_kwargs": {"num_layers": plan.layers},
        **(synthesis if flat else {"synthesis_kwargs": synthesis}),
    }
    own = {k: v for k, v in keywords.items() if isinstance(v, int)}
    tensors = generator_tensors(plan) if tensors is None else tensors
    attributes = {"": own, "synthesis": {"num_fp16_res": 4} if flat else {}}
    return persistent("Generator", tensors, plan, attributes, keywords)


def discriminator_module(plan: Plan, tensors: Tensors | None = None) -> Any:
    """The discriminator as a persistent module."""
    keywords = {"c_dim": plan.c_dim, "img_resolution": plan.resolution}
    tensors = discriminator_tensors(plan) if tensors is None else tensors
    attributes = {"b4.mbstd": {"group_size": plan.group, "num_channels": plan.group_maps}}
    return persistent("Discriminator", tensors, plan, attributes, keywords)


def persistent(
    class_name: str,
    tensors: Mapping[str, Tensor],
    plan: Plan,
    attributes: Mapping[str, Mapping[str, Any]],
    keywords: Mapping[str, Any],
) -> Persistent:
    """A tree of persistent modules that holds the tensors, each layer with its arithmetic."""
    paths = {""} | set(attributes)
    for name in tensors:
        parts = name.split(".")[:-1]
        paths |= {".".join(parts[: i + 1]) for i in range(len(parts))}

    def build(path: str) -> Persistent:
        prefix = f"{path}." if path else ""
        own = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        here = {n: t for n, t in own.items() if "." not in n}
        children = [p for p in sorted(paths) if p and p.rpartition(".")[0] == path]
        state = module_state(
            parameters={n: t for n, t in here.items() if n not in BUFFERS},
            buffers={n: t for n, t in here.items() if n in BUFFERS},
            modules={p.rpartition(".")[2]: build(p) for p in children},
            init_kwargs=keywords if not path else {},
            **_layer_attributes(path, plan),
            **attributes.get(path, {}),
        )
        return Persistent(class_name if not path else "Layer", state)

    return build("")


def _layer_attributes(path: str, plan: Plan) -> dict[str, Any]:
    leaf = path.rpartition(".")[2]
    if leaf in ("conv0", "conv1", "conv"):
        return {"conv_clamp": plan.clamp, "activation": "lrelu"}
    if leaf == "fromrgb":
        return {"conv_clamp": None if path == "b4.fromrgb" else plan.clamp, "activation": "lrelu"}
    if leaf == "torgb":
        return {"conv_clamp": plan.clamp}
    if leaf == "skip":
        return {"conv_clamp": None, "activation": "linear"}
    if path.startswith("mapping.fc"):
        return {"bias_gain": np.float64(plan.lr), "activation": "lrelu"}
    if leaf in ("affine", "embed", "out"):
        return {"bias_gain": 1.0, "activation": "linear"}
    return {}


def snapshot(plan: Plan, *, flat: bool = False) -> dict[str, Any]:
    """A whole training snapshot, as NVIDIA's training loop dumps it."""
    return {
        "training_set_kwargs": {"class_name": "training.dataset.ImageFolderDataset", "path": "x"},
        "G": generator_module(plan, generator_tensors(plan, seed=9), flat=flat),
        "D": discriminator_module(plan),
        "G_ema": generator_module(plan, flat=flat),
        "augment_pipe": persistent("AugmentPipe", {"p": torch.zeros([])}, plan, {}, {}),
    }


def rosinality_generator(tensors: Mapping[str, Tensor]) -> Tensors:
    """NVIDIA's tensors under rosinality's names and in its shapes; without the average latent."""
    theirs: Tensors = {}
    for name, tensor in tensors.items():
        if match := re.fullmatch(r"mapping\.fc(\d+)\.(weight|bias)", name):
            theirs[f"style.{int(match[1]) + 1}.{match[2]}"] = tensor
        elif name == "synthesis.b4.const":
            theirs["input.input"] = tensor[None]
        elif match := re.fullmatch(r"synthesis\.b(\d+)\.(conv0|conv1|torgb)\.(.+)", name):
            step = int(match[1]).bit_length() - 4  # 0 at 8 px
            theirs |= _rosinality_layer(step, match[2], match[3], tensor)
    return theirs


def _rosinality_layer(step: int, layer: str, leaf: str, tensor: Tensor) -> Tensors:
    first = step < 0
    number = {"conv0": 2 * step, "conv1": 2 * step + 1}.get(layer, 0)
    if layer == "torgb":
        name = "to_rgb1" if first else f"to_rgbs.{step}"
    else:
        name = "conv1" if first else f"convs.{number}"
    if leaf == "weight":
        return {f"{name}.conv.weight": tensor[None]}
    if leaf.startswith("affine."):
        return {f"{name}.conv.modulation.{leaf.removeprefix('affine.')}": tensor}
    if leaf == "bias":
        plain = {f"{name}.activate.bias": tensor}
        return {f"{name}.bias": tensor.view(1, 3, 1, 1)} if layer == "torgb" else plain
    if leaf == "noise_strength":
        return {f"{name}.noise.weight": tensor.view(1)}
    if leaf == "noise_const":
        return {f"noises.noise_{0 if first else number + 1}": tensor[None, None]}
    if layer == "conv0":
        kernels = f"{name}.conv.blur.kernel", f"to_rgbs.{step}.upsample.kernel"
        return dict.fromkeys(kernels, FILTER * 4)
    return {}


def rosinality_discriminator(tensors: Mapping[str, Tensor]) -> Tensors:
    """The same for a residual discriminator."""
    first = max(int(name.split(".")[0][1:]) for name in tensors)
    layers = {
        "fromrgb.weight": "0.0.weight",
        "fromrgb.bias": "0.1.bias",
        "conv0.weight": "conv1.0.weight",
        "conv0.bias": "conv1.1.bias",
        "conv1.resample_filter": "conv2.0.kernel",
        "conv1.weight": "conv2.1.weight",
        "conv1.bias": "conv2.2.bias",
        "skip.resample_filter": "skip.0.kernel",
        "skip.weight": "skip.1.weight",
    }
    end = {
        "conv.weight": "final_conv.0.weight",
        "conv.bias": "final_conv.1.bias",
        "fc.weight": "final_linear.0.weight",
        "fc.bias": "final_linear.0.bias",
        "out.weight": "final_linear.1.weight",
        "out.bias": "final_linear.1.bias",
    }
    theirs: Tensors = {}
    for name, tensor in tensors.items():
        block, _, leaf = name.partition(".")
        place = 1 + first.bit_length() - int(block[1:]).bit_length()
        if block == "b4":
            theirs |= {end[leaf]: tensor} if leaf in end else {}
        elif leaf.startswith("fromrgb."):
            theirs |= {f"convs.{layers[leaf]}": tensor} if leaf in layers else {}
        elif leaf in layers:
            theirs[f"convs.{place}.{layers[leaf]}"] = tensor
    return theirs
