"""Seeds, loops and style mixes: numbers as typed, latents and pictures as elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from draggan.errors import BadInput
from draggan.gallery.drawing import Artist, Manner, as_pixels
from draggan.gallery.mixing import mixed, parse_rows
from draggan.gallery.number_lists import MAX_SEED, MAX_SEEDS, parse_seeds
from draggan.gallery.spline import closed_spline
from draggan.stylegan2 import Architecture
from draggan.stylegan2_generator import StyleGAN2Generator

from .conftest import random_stylegan2


def conditional() -> StyleGAN2Generator:
    architecture = Architecture(channels=(6, 6, 5), z_dim=8, w_dim=7, c_dim=3, mapping_layers=2)
    return StyleGAN2Generator(random_stylegan2(architecture))


# Numbers as they are typed.


def test_seeds_are_numbers_and_ranges_in_the_order_typed() -> None:
    assert parse_seeds("4-6, 1,40 - 41") == (4, 5, 6, 1, 40, 41)
    assert parse_seeds(f"{MAX_SEED}") == (MAX_SEED,)


def test_a_seed_that_is_named_twice_counts_once() -> None:
    assert parse_seeds("3,1-4") == (3, 1, 2, 4)


@pytest.mark.parametrize(
    "text", ["", "a", "1,,2", "1-", "-3", "1.5", "1-2-3", "٣", "9" * 5000, "0x10", "1e3"]
)
def test_what_is_no_list_of_seeds_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not a list of numbers") as refused:
        parse_seeds(text)
    assert "0-15" in refused.value.hint and len(refused.value.sentence) < 120


def test_seeds_too_large_too_many_or_backwards_are_refused() -> None:
    for text, reason in (
        (f"{MAX_SEED + 1}", "too large"),
        (f"0-{MAX_SEEDS}", "too many"),
        (f"0-{MAX_SEED}", "too many"),
        ("5-2", "backwards"),
    ):
        with pytest.raises(BadInput, match=reason) as refused:
            parse_seeds(text)
        assert refused.value.hint


def test_rows_have_names_and_numbers() -> None:
    assert parse_rows("coarse", 14) == (0, 1, 2, 3)
    assert parse_rows("middle", 14) == (4, 5, 6, 7)
    assert parse_rows("fine", 14) == tuple(range(8, 14))
    assert parse_rows("5,0-2,1", 14) == (0, 1, 2, 5)


@pytest.mark.parametrize(("text", "num_ws"), [("14", 14), ("rough", 14), ("fine", 8), ("0-99", 6)])
def test_rows_that_a_model_lacks_are_refused(text: str, num_ws: int) -> None:
    with pytest.raises(BadInput) as refused:
        parse_rows(text, num_ws)
    assert refused.value.hint


# The curve.


def test_the_curve_passes_every_key_and_is_closed() -> None:
    keys = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    points = torch.cat(list(closed_spline(keys, 20)))
    assert points.shape == (20, 2, 3)
    torch.testing.assert_close(points[::4], keys)


def test_the_curve_has_no_corner_anywhere_not_even_where_it_closes() -> None:
    keys = torch.randn(4, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    points = torch.cat(list(closed_spline(keys, 4000)))[:, 0]
    speed = (points.roll(-1) - points) * 1000  # per key
    bend = (speed.roll(-1) - speed) * 1000
    assert (speed.roll(-1) - speed).abs().max() < 0.02 * speed.abs().max()
    assert (bend.roll(-1) - bend).abs().max() < 0.02 * bend.abs().max()


def test_keys_on_a_circle_give_nearly_a_circle() -> None:
    angles = torch.arange(12) * (2 * math.pi / 12)
    points = torch.cat(list(closed_spline(torch.stack([angles.cos(), angles.sin()], 1), 120)))
    torch.testing.assert_close(points.norm(dim=1), torch.ones(120), atol=1e-3, rtol=0)


@pytest.mark.parametrize("count", [1, 2])
def test_one_key_or_two_are_enough(count: int) -> None:
    keys = torch.arange(count).float()[:, None]
    points = torch.cat(list(closed_spline(keys, 8)))
    assert torch.isfinite(points).all()
    assert points.max() == keys.max() and points.min() == keys.min()


# Pictures.


def test_a_picture_is_what_other_programs_make_of_that_seed(
    tiny_generator: StyleGAN2Generator,
) -> None:
    network = tiny_generator.network
    z = torch.from_numpy(np.random.RandomState(7).randn(1, 16)).float()
    with torch.no_grad():
        w = network.mapping.to_w(z)
        ws = network.mapping.w_avg.lerp(w, 0.7)[:, None].repeat(1, 8, 1)
        expected = network.synthesis(ws, noise="none")
    artist = Artist(tiny_generator, Manner(psi=0.7, noise="none"))
    picture = artist.draw(artist.latent(7), seed=7)
    assert picture.dtype == torch.float32 and torch.equal(picture, expected)
    levels = (expected.permute(0, 2, 3, 1) * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    assert np.array_equal(as_pixels(picture), levels[0].numpy())


def test_levels_beyond_black_and_white_are_cut_off() -> None:
    picture = torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0]).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    assert as_pixels(picture)[0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_random_noise_belongs_to_the_seed(tiny_generator: StyleGAN2Generator) -> None:
    artist = Artist(tiny_generator, Manner(noise="random"))
    ws, state = artist.latent(1), torch.get_rng_state()
    once, again, other = (artist.draw(ws, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(once, again) and not torch.equal(once, other)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("space", ["w", "z"])
def test_a_loop_begins_with_the_first_seed_and_passes_the_others(
    tiny_generator: StyleGAN2Generator, space: str
) -> None:
    artist = Artist(tiny_generator, Manner(psi=0.8))
    pictures = list(artist.loop((3, 9), 6, space=space))  # type: ignore[arg-type]
    assert len(pictures) == 6
    for index, seed in ((0, 3), (3, 9)):
        expected = artist.draw(artist.latent(seed), seed=seed)
        torch.testing.assert_close(pictures[index], expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(pictures[0], pictures[1])


def test_mixing_takes_the_rows_from_the_other_and_leaves_both_alone() -> None:
    ws, styles = torch.zeros(1, 6, 4), torch.ones(1, 6, 4)
    assert mixed(ws, styles, (1, 4))[0, :, 0].tolist() == [0, 1, 0, 0, 1, 0]
    assert not ws.any() and styles.all()


def test_a_model_with_classes_needs_one_of_them() -> None:
    artist = Artist(conditional(), Manner(label=2))
    assert not torch.equal(artist.latent(1), Artist(conditional(), Manner(label=1)).latent(1))
    for label in (None, 3, -1):
        with pytest.raises(BadInput) as refused:
            Artist(conditional(), Manner(label=label))
        assert "2" in refused.value.hint


def test_a_model_without_classes_takes_none(tiny_generator: StyleGAN2Generator) -> None:
    with pytest.raises(BadInput, match="no classes"):
        Artist(tiny_generator, Manner(label=0))
