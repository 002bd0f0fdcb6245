"""What files hold that are no StyleGAN2 networks, in a sentence each; the readers' values only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from ..errors import BadCheckpoint
from .contents import READABLE, Contents, Source
from .pickles import Record

_MAX_NAMES = 1000
_LATENT = "Give the model that the latent is for; PTI saves it beside it as model_....pt."
_NOT_OURS = ", not StyleGAN2"
_NO_WAY = "This program works with StyleGAN2 networks only."

# (parts of tensor names that only this family has, what it is); the first that matches names it.
_FAMILIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("mapping.embed_proj.",), "a StyleGAN-XL network"),
    (("synthesis.input.freqs", "synthesis.input.affine."), "a StyleGAN3 network"),
    (
        (
            "progression.0.",
            "g_synthesis.blocks.",
            "g_mapping.dense",
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
    what = _stored_module(contents) or _other_weights(contents) or _plain(value, contents)
    if isinstance(value, np.ndarray):
        return source.refusal(f"holds {what}.", hint=_LATENT)
    foreign = what.endswith(_NOT_OURS)
    return source.refusal(f"holds {what}.", hint=f"{_NO_WAY} {READABLE}" if foreign else READABLE)


def _stored_module(contents: Contents) -> str | None:
    """What the stored modules are, by their names and parts."""
    for record in contents.records.values():
        names = set(itertools.islice(_class_names(record, 0), _MAX_NAMES))
        for name, what in _CLASSES.items():
            if name in names:
                return what + _NOT_OURS
    stored = list(contents.records.values())
    for record in stored:
        synthesis = _submodules(record).get("synthesis")
        if synthesis is not None and "input" in _submodules(synthesis):
            return "a StyleGAN3 network" + _NOT_OURS
        if synthesis is not None:
            return f"a generator {record.class_name[:100]!r} of another kind than StyleGAN2"
    if any("b4" in _submodules(record) for record in stored):
        return "a discriminator alone, without the generator that is needed"
    return f"a module {stored[0].class_name[:100]!r} and no generator" if stored else None


def _class_names(record: Record, depth: int) -> Iterator[str]:
    yield record.class_name
    if depth < 3:
        for child in _submodules(record).values():
            yield from _class_names(child, depth + 1)


def _submodules(record: Record) -> dict[str, Record]:
    modules = record.state.get("_modules")
    if not isinstance(modules, Mapping):
        return {}
    return {str(name): child for name, child in modules.items() if isinstance(child, Record)}


def _other_weights(contents: Contents) -> str | None:
    names = list(contents.tensors)
    for parts, what in _FAMILIES:
        if any(part in name for name in names for part in parts):
            return what + _NOT_OURS
    if any(name.endswith("b4.fc.weight") for name in names):
        return "a discriminator alone, without the generator that is needed"
    if any(name.endswith("final_linear.0.weight") for name in names):
        return "a discriminator alone, without the generator that is needed"
    if any(name.endswith("b4.const") for name in names):
        return "a synthesis network without its mapping network; both are needed"
    if any(name.startswith("encoder.") or ".encoder." in name for name in names):
        return "an encoder without a StyleGAN2 generator"
    return None


def _plain(value: object, contents: Contents) -> str:
    if isinstance(value, np.ndarray):
        shape = " x ".join(map(str, value.shape)) or "one number"
        return f"a single tensor ({shape}) such as a latent, and no network"
    if isinstance(value, Mapping):
        if "param_groups" in value and "state" in value:
            return "an optimizer's state and no network"
        if contents.tensors:
            example = min(contents.tensors, key=len)[:100]
            return f"weights of another network (such as {example!r}), not StyleGAN2's"
        return "no network, only other values"
    return f"no network, only a value of type {type(value).__name__}"
