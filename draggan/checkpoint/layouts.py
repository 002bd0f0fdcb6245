"""Our networks as the state dictionaries of other code bases; torch and our networks only.

"nvidia": stylegan2-ada-pytorch and the StyleGAN2 of stylegan3; "rosinality": stylegan2-pytorch.
What a layout cannot express is refused; what its constructors must be told comes as sentences.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..discriminator import Discriminator, DiscriminatorArchitecture
from ..errors import BadInput
from ..stylegan2 import Architecture, StyleGAN2
from . import rosinality

LAYOUTS = ("nvidia", "rosinality")
_PUBLISHED_LR = 0.01  # the mapping's learning-rate multiplier that their constructors assume
_USE_NVIDIA = "Export it in the nvidia layout."


def state_dict_in(
    layout: str, network: StyleGAN2, discriminator: Discriminator | None = None
) -> dict[str, object]:
    """What `torch.save` gets: {"G_ema", "D"} of NVIDIA's names, or {"g_ema", "latent_avg", "d"}.

    The original classes, built as `remarks` says, load it strictly. A discriminator that the layout
    cannot express is left out. Raises `BadInput` for unknown layouts and for generators that the
    layout cannot express.
    """
    _check_layout(layout)
    if layout == "nvidia":
        saved: dict[str, object] = {"G_ema": _nvidia(network, network.architecture.mapping_lr)}
        if discriminator is not None:
            saved["D"] = _nvidia(discriminator, discriminator.architecture.mapping_lr)
        return saved
    _check_rosinality(network.architecture)
    saved = {
        "g_ema": _rosinality_generator(network),
        "latent_avg": _copied(network.mapping.w_avg),
    }
    if discriminator is not None and _fits_rosinality(discriminator.architecture):
        entries = rosinality.discriminator_entries(len(discriminator.sizes))
        saved["d"] = _renamed(discriminator.state_dict(), entries)
    return saved


def remarks(
    layout: str, network: StyleGAN2, discriminator: Discriminator | None = None
) -> tuple[str, ...]:
    """How the original classes must be built to load the export, and what it leaves out.

    A plain sentence each. Raises `BadInput` for unknown layouts.
    """
    _check_layout(layout)
    a = network.architecture
    if layout == "nvidia":
        return _nvidia_remarks(a, discriminator)
    said = [f"Build it with Generator({_rosinality_arguments(a)})."]
    if channel_multiplier(a) is None:
        widths = ", ".join(f"{r} px: {c}" for r, c in zip(a.blocks, a.channels, strict=True))
        said.append(f"The Generator's table of channels must be changed to {widths}.")
    if a.conv_clamp is not None:
        said.append(f"This layout has no clamp; the original clamps layers at {a.conv_clamp:g}.")
    if discriminator is not None and not _fits_rosinality(discriminator.architecture):
        said.append("The discriminator is of a kind that this layout does not have: left out.")
    return tuple(said)


def channel_base(channels: tuple[int, ...]) -> int | None:
    """NVIDIA's `channel_base` of these widths, with `channel_max` their maximum; None if none is.

    min(channel_base // r, channel_max) for the blocks r = 4, 8, ...
    """
    sizes = [2**k for k in range(2, len(channels) + 2)]
    base = max(c * r for c, r in zip(channels, sizes, strict=True))
    fits = all(min(base // r, max(channels)) == c for c, r in zip(channels, sizes, strict=True))
    return base if fits else None


def channel_multiplier(a: Architecture) -> int | None:
    """rosinality's `channel_multiplier`; None if the widths are not of its table."""
    for multiplier in (2, 1, 4, 3):
        wide = tuple(512 if r <= 32 else 16384 * multiplier // r for r in a.blocks)
        if wide == a.channels:
            return multiplier
    return None


def _nvidia(network: StyleGAN2 | Discriminator, mapping_lr: float) -> dict[str, Tensor]:
    """Our names are NVIDIA's; only the mapping is stored for the published multiplier."""
    return {
        name: _copied(tensor * (mapping_lr / _PUBLISHED_LR))
        if name.startswith("mapping.fc") and mapping_lr != _PUBLISHED_LR
        else _copied(tensor)
        for name, tensor in network.state_dict().items()
    }


def _nvidia_remarks(a: Architecture, discriminator: Discriminator | None) -> tuple[str, ...]:
    base = channel_base(a.channels)
    synthesis = {
        "channel_base": base,
        "channel_max": max(a.channels),
        "architecture": a.kind,
        "conv_clamp": a.conv_clamp,
        "use_noise": a.use_noise,
    }
    mapping = {
        "num_layers": a.mapping_layers,
        "layer_features": a.mapping_width,
        "embed_features": a.embed_width,
    }
    said = [
        f"Build it with Generator(z_dim={a.z_dim}, c_dim={a.c_dim}, w_dim={a.w_dim}, "
        f"img_resolution={a.resolution}, img_channels=3, mapping_kwargs={mapping}, "
        f"synthesis_kwargs={synthesis}); the stylegan3 code takes the latter flat."
    ]
    if base is None:
        said.append(f"Its channels, {a.channels}, follow no channel_base: set them in the class.")
    if a.const_size != (4, 4):
        width, height = a.const_size
        said.append(f"It starts from {width} x {height} px: use the class of StyleGAN-Human.")
    if discriminator is not None:
        d = discriminator.architecture
        said.append(
            f"The discriminator's architecture is {d.kind!r}, its conv_clamp {d.conv_clamp}, its "
            f"mbstd_group_size {d.group_size} and mbstd_num_channels {d.group_maps}."
        )
    return tuple(said)


def _check_layout(layout: str) -> None:
    if layout not in LAYOUTS:
        known = " and ".join(LAYOUTS)
        raise BadInput(f"There is no layout {layout!r}.", hint=f"Known layouts: {known}.")


def _check_rosinality(a: Architecture) -> None:
    """Raises `BadInput` for what rosinality's class has no place for."""
    reason = None
    if a.kind != "skip":
        reason = f"networks of the {a.kind} kind"
    elif a.c_dim:
        reason = "networks with classes"
    elif a.const_size != (4, 4):
        reason = "oblong pictures"
    elif a.z_dim != a.w_dim or a.mapping_width not in (None, a.w_dim):
        reason = "latents of different widths"
    if reason is not None:
        raise BadInput(f"The rosinality layout has no place for {reason}.", hint=_USE_NVIDIA)


def _fits_rosinality(d: DiscriminatorArchitecture) -> bool:
    grouped = d.group_size == 4 and d.group_maps == 1
    return d.kind == "resnet" and not d.c_dim and grouped and d.end_size == (4, 4)


def _rosinality_arguments(a: Architecture) -> str:
    multiplier = channel_multiplier(a) or 2
    return (
        f"size={a.resolution}, style_dim={a.w_dim}, n_mlp={a.mapping_layers}, "
        f"channel_multiplier={multiplier}"
    )


def _rosinality_generator(network: StyleGAN2) -> dict[str, Tensor]:
    a = network.architecture
    tensors: dict[str, Tensor] = dict(_nvidia(network, a.mapping_lr))
    if not a.use_noise:
        for size in a.blocks:
            width, height = a.size(size)
            for layer in ("conv1",) if size == 4 else ("conv0", "conv1"):
                tensors[f"synthesis.b{size}.{layer}.noise_strength"] = torch.zeros([])
                tensors[f"synthesis.b{size}.{layer}.noise_const"] = torch.zeros(height, width)
    return _renamed(tensors, rosinality.generator_entries(len(a.blocks), a.mapping_layers))


def _renamed(tensors: dict[str, Tensor], entries: Iterable[rosinality.Entry]) -> dict[str, Tensor]:
    return {
        entry.theirs: torch.from_numpy(entry.there(_copied(tensors[entry.ours]).numpy()))
        for entry in entries
    }


def _copied(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", torch.float32, copy=True).contiguous()
