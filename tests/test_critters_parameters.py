"""Critter parameters: ranges, kinds, and the ways between units, values and latents."""

from __future__ import annotations

import pytest
import torch

from draggan import critters
from draggan.errors import BadInput


def test_there_are_31_parameters_and_8_of_them_only_tint() -> None:
    assert len(critters.PARAMETERS) == 31
    tints = {critters.NAMES[i] for i in critters.columns_of("colour")}
    assert tints == {
        "fur_hue",
        "fur_light",
        "muz_light",
        "iris_hue",
        "cloth_hue",
        "bg_hue",
        "bg_light",
        "light_x",
    }
    assert sorted(critters.columns_of("colour") + critters.columns_of("shape")) == list(range(31))


def test_tints_do_not_move_any_landmark() -> None:
    parameters = critters.sample_parameters(2, seed=0)
    columns = critters.columns_of("colour")
    parameters[1] = parameters[0]
    parameters[1, columns] = critters.sample_parameters(1, seed=1)[0, columns]
    scene = critters.render(parameters, 32)
    assert torch.equal(scene.landmarks[0], scene.landmarks[1])
    assert (scene.image[0] - scene.image[1]).abs().mean() > 0.05


def test_samples_fill_their_ranges() -> None:
    unit = critters.to_unit(critters.sample_parameters(500, seed=0))
    assert unit.min() >= -1e-6 and unit.max() <= 1 + 1e-6
    assert (unit.amin(0) < 0.05).all() and (unit.amax(0) > 0.95).all()


def test_units_and_values_are_two_forms_of_the_same() -> None:
    unit = torch.rand(5, 31)
    torch.testing.assert_close(critters.to_unit(critters.from_unit(unit)), unit)
    low = critters.from_unit(torch.zeros(31))
    assert low[critters.parameter_index("yaw")] == pytest.approx(-0.6)


def test_units_of_normal_latents_are_uniform() -> None:
    z = torch.randn(4000, critters.LATENT_DIM, generator=torch.Generator().manual_seed(0))
    unit = critters.unit_from_latent(z)
    assert unit.shape == (4000, 31)
    assert (unit.mean(0) - 0.5).abs().max() < 0.03
    assert (unit.std(0) - 12**-0.5).abs().max() < 0.02


def test_latents_of_another_length_describe_the_same_animal() -> None:
    z = torch.randn(3, critters.LATENT_DIM)
    torch.testing.assert_close(critters.unit_from_latent(z), critters.unit_from_latent(3 * z))


def test_a_latent_made_from_units_gives_them_back() -> None:
    unit = critters.to_unit(critters.sample_parameters(200, seed=9))
    z = critters.latent_from_unit(unit)
    assert z.shape == (200, critters.LATENT_DIM)
    back = critters.unit_from_latent(z)
    assert (back - unit).abs().mean() < 0.03
    roomy = 0.3 + 0.4 * unit  # short enough that the last component can fill the length
    torch.testing.assert_close(
        critters.unit_from_latent(critters.latent_from_unit(roomy)), roomy, atol=1e-4, rtol=0
    )


def test_an_unknown_name_is_refused_with_the_list_of_names() -> None:
    with pytest.raises(BadInput) as parameter:
        critters.parameter_index("tail")
    assert "tail" in parameter.value.sentence and "yaw" in parameter.value.hint
    with pytest.raises(BadInput) as landmark:
        critters.landmark_index("tail")
    assert "nose" in landmark.value.hint
