"""Files are told apart by what they hold, wherever it is nested; strangers get a sentence each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from draggan.checkpoint.families import Imported, recognise
from draggan.checkpoint.pickles import Record
from draggan.errors import BadCheckpoint

from . import foreign_files as foreign
from .foreign_files import Plan
from .test_nvidia import assert_draws_like_the_reference

PLAN = Plan(channels=(3, 2), z_dim=6)
TENSORS = foreign.generator_tensors(PLAN)
OTHER = foreign.generator_tensors(PLAN, seed=9)


def arrays(tensors: foreign.Tensors, prefix: str = "") -> dict[str, np.ndarray]:
    return {prefix + name: tensor.numpy() for name, tensor in tensors.items()}


def refusal(value: object) -> BadCheckpoint:
    with pytest.raises(BadCheckpoint) as caught:
        recognise(value, name="it.bin")
    return caught.value


@pytest.mark.parametrize(
    "wrap",
    [
        lambda t: arrays(t),
        lambda t: arrays(t, "module."),
        lambda t: {"state_dict": arrays(t, "generator.")},
        lambda t: {"G": arrays(OTHER), "G_ema": arrays(t), "step": 7},
        lambda t: {"state_dict": arrays(OTHER, "g.") | arrays(t, "g_ema.")},
        lambda t: {"a": {"b": {"generator": arrays(t, "module.")}}},
    ],
)
def test_a_state_dictionary_is_found_wherever_it_is(wrap: Callable[[foreign.Tensors], Any]):
    found = recognise(wrap(TENSORS), name="x")
    assert found.origin == "NVIDIA-layout state dict"
    assert any("clamps" in note for note in found.notes)
    assert_draws_like_the_reference(found, PLAN, TENSORS)


@pytest.mark.parametrize("prefix", ["", "g_ema.", "module.", "decoder."])
def test_so_is_one_in_rosinalitys_layout(prefix: str):
    weights = foreign.rosinality_generator(TENSORS)
    value = arrays(weights, prefix) | {"latent_avg": TENSORS["mapping.w_avg"].numpy()}
    assert_draws_like_the_reference(recognise(value, name="x"), PLAN, TENSORS)


def test_half_precision_arrays_become_single_precision_networks():
    halves = {name: array.astype(np.float16) for name, array in arrays(TENSORS).items()}
    network = recognise(halves, name="x").network
    assert {t.dtype for t in network.state_dict().values()} == {torch.float32}


def test_read_only_arrays_are_copied_and_never_written():
    frozen = arrays({name: t.clone() for name, t in TENSORS.items()})
    for array in frozen.values():
        array.flags.writeable = False
    network = recognise(frozen, name="x").network
    with torch.no_grad():
        network.synthesis.block(4).const.zero_()
    assert frozen["synthesis.b4.const"].any()


def test_the_discriminator_is_found_beside_the_generator():
    critic = foreign.discriminator_tensors(PLAN)
    found = recognise({"G_ema": arrays(TENSORS), "D": arrays(critic)}, name="x")
    assert found.discriminator is not None
    torch.testing.assert_close(
        found.discriminator.state_dict()["b8.skip.weight"], critic["b8.skip.weight"]
    )


def test_a_discriminator_for_another_size_is_left_out():
    critic = foreign.discriminator_tensors(Plan(channels=(3, 2, 2)))
    found = recognise({"G_ema": arrays(TENSORS), "D": arrays(critic)}, name="x")
    assert found.discriminator is None
    assert any("another size" in note for note in found.notes)


def module(class_name: str, **modules: Record) -> Record:
    return Record(class_name, "0", 6, {"_modules": modules})


SG3 = module("Generator", mapping=module("M"), synthesis=module("S", input=module("I")))
ZERO = np.zeros(2, np.float32)
STRANGERS = [
    ({"G_ema": SG3}, "StyleGAN3"),
    ({"g_ema": {"synthesis.input.freqs": ZERO}}, "StyleGAN3"),
    ({"G_ema": module("SuperresGenerator", synthesis=SG3)}, "StyleGAN-XL"),
    ({"G_ema": module("TriPlaneGenerator", backbone=SG3)}, "EG3D"),
    ({"G": module("Generator", synthesis=module("S"))}, "generator 'Generator' of another kind"),
    ({"D": module("Discriminator", b4=module("E"))}, "discriminator alone"),
    ({"augment_pipe": module("AugmentPipe")}, "'AugmentPipe'"),
    ({"generator": {"progression.0.conv1.0.conv.weight_orig": ZERO}}, "StyleGAN1"),
    ({"g_synthesis.blocks.4x4.const": ZERO}, "StyleGAN1"),
    ({"state_dict": {"model.diffusion_model.out.2.bias": ZERO}}, "diffusion"),
    ({"down_blocks.0.resnets.0.conv1.weight": ZERO}, "diffusion"),
    ({"lora_unet_mid.lora_up.weight": ZERO}, "diffusion"),
    ({"state_dict": {"quantize.embedding.weight": ZERO}}, "VQGAN"),
    ({"params_ema": {"stylegan_decoder.style_conv1.bias": ZERO}}, "face restoration"),
    ({"state_dict": {"encoder.input_layer.0.weight": ZERO}}, "encoder without"),
    (arrays(foreign.discriminator_tensors(PLAN)), "discriminator alone"),
    (
        arrays(foreign.rosinality_discriminator(foreign.discriminator_tensors(PLAN))),
        "discriminator alone",
    ),
    ({"b4.const": ZERO}, "without its mapping"),
    ({"features.0.weight": ZERO}, "another network (such as 'features.0.weight')"),
    (np.zeros((1, 18, 512), np.float32), "single tensor (1 x 18 x 512)"),
    ({"state": {0: {"exp_avg": ZERO}}, "param_groups": []}, "optimizer"),
    ({"epoch": 3}, "no network"),
    ({}, "no network"),
    ([1, 2], "list"),
    (None, "NoneType"),
]


@pytest.mark.parametrize(("value", "said"), STRANGERS, ids=[said for _, said in STRANGERS])
def test_what_is_no_stylegan2_gets_one_sentence_that_says_what_it_is(value: object, said: str):
    error = refusal(value)
    assert said in error.sentence
    assert error.sentence.startswith("it.bin holds") and error.sentence.count("\n") == 0
    assert error.hint


def test_a_dictionary_that_contains_itself_does_no_harm():
    value: dict[str, Any] = {"epoch": 3}
    value["again"] = value
    assert "no network" in refusal(value).sentence


def test_a_dictionary_of_dictionaries_over_and_over_does_no_harm():
    value: dict[str, Any] = {"x": 1}
    for _ in range(40):
        value = dict.fromkeys("abcdefgh", value)
    assert "no network" in refusal(value).sentence


def test_more_blocks_than_any_picture_has_are_refused():
    deep = Plan(channels=(1,) * 4)
    tensors = foreign.generator_tensors(deep)
    for k in range(4, 11):
        for name in ("conv1.weight", "torgb.weight"):
            tensors[f"synthesis.b{4 * 2**k}.{name}"] = torch.zeros(3, 1, 3, 3)
    assert "cannot be built" in refusal(arrays(tensors)).sentence


def test_the_result_is_ready_for_use():
    found = recognise(arrays(TENSORS), name="x")
    assert isinstance(found, Imported) and not found.network.training
    assert found.network(torch.zeros(1, 6)).shape == (1, 3, 8, 8)
