"""What files hold that are no StyleGAN2 networks, in a sentence each; the readers' values only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import BadCheckpoint
from .contents import READABLE, Contents, Source
from .pickles import Record

_NO_WAY = "This program works with StyleGAN2 networks only."

# (parts of tensor names that only this family has, what it is); the first that matches names it.
_FAMILIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("synthesis.input.freqs", "synthesis.input.affine."), "a StyleGAN3 network"),
    (
        (
            "progression.0.conv1.conv.",
            "g_synthesis.blocks.",
            "g_mapping.dense",
            "generator.progression.",
            "gen.blocks.",
        ),
        "a StyleGAN1 network",
    ),
    (
        (
            "model.diffusion_model.",
            "down_blocks.0.resnets.",
            "down_blocks.0.attentions.",
            "time_embed.0.",
            "time_embedding.linear_1.",
            "double_blocks.0.",
            "lora_unet_",
            "lora_A.weight",
            "transformer_blocks.0.attn",
            "joint_blocks.0.",
        ),
        "a diffusion model",
    ),
    (("quantize.embedding.", "quant_conv.", "post_quant_conv."), "an image codec (VQGAN or VAE)"),
    (("stylegan_decoder.",), "a face restoration network"),
)
_CLASSES: Mapping[str, str] = {
    "SuperresGenerator": "a StyleGAN-XL network",
    "ProjectedDiscriminator": "a StyleGAN-XL or Projected GAN network",
    "TriPlaneGenerator": "an EG3D network",
    "FastganSynthesis": "a Projected GAN network",
}


def refusal_of(value: object, contents: Contents, source: Source) -> BadCheckpoint:
    """Why a file without a StyleGAN2 generator cannot be used."""
    for what in (_stored_module(contents), _other_weights(contents), _plain(value, contents)):
        if what:
            return source.refusal(f"holds {what}.", hint=f"{_NO_WAY} {READABLE}")
    return source.refusal("holds no StyleGAN2 generator.")


def _stored_module(contents: Contents) -> str | None:
    """What the stored modules are, by their parts; modules deeper down first say more."""
    for record in contents.records.values():
        names = set(_class_names(record, 0))
        for name, what in _CLASSES.items():
            if name in names:
                return f"{what}, not StyleGAN2"
    for record in contents.records.values():
        synthesis = _submodules(record).get("synthesis")
        if synthesis is not None and "input" in _submodules(synthesis):
            return "a StyleGAN3 network, not StyleGAN2"
    for record in contents.records.values():
        if "b4" in _submodules(record):
            return "a discriminator alone, without the generator that is needed"
        return f"a module {record.class_name[:100]}, which is no StyleGAN2 generator"
    return None


def _class_names(record: Record, depth: int) -> list[str]:
    names = [record.class_name]
    if depth < 3:
        for child in _submodules(record).values():
            names += _class_names(child, depth + 1)
    return names


def _submodules(record: Record) -> dict[str, Record]:
    modules = record.state.get("_modules")
    if not isinstance(modules, Mapping):
        return {}
    return {str(name): child for name, child in modules.items() if isinstance(child, Record)}


def _other_weights(contents: Contents) -> str | None:
    names = list(contents.tensors)
    for parts, what in _FAMILIES:
        if any(part in name for name in names for part in parts):
            return f"{what}, not StyleGAN2"
    if any(name.endswith("b4.fc.weight") for name in names):
        return "a discriminator alone, without the generator that is needed"
    if any(name.endswith("final_linear.0.weight") for name in names):
        return "a discriminator alone, without the generator that is needed"
    if any(name.endswith("b4.const") for name in names):
        return "a synthesis network without its mapping network; both are needed"
    if any(name.startswith("encoder.") or ".encoder." in name for name in names):
        return "an encoder without a StyleGAN2 generator"
    return None


def _plain(value: object, contents: Contents) -> str | None:
    if isinstance(value, np.ndarray):
        shape = " x ".join(map(str, value.shape)) or "one number"
        return f"a single tensor ({shape}), perhaps a saved latent, and no network"
    if isinstance(value, Mapping):
        if "param_groups" in value and "state" in value:
            return "an optimizer's state and no network"
        if contents.tensors:
            example = min(contents.tensors, key=len)[:100]
            return f"weights of another network (such as {example!r}), not StyleGAN2's"
        return "no network, only other values"
    return f"no network, only a value of type {type(value).__name__}"
