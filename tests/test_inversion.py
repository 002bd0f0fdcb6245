"""Inversion: a picture of the generator's own is found again; bad pictures are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from draggan import inversion, sight
from draggan.alignment import Surroundings
from draggan.errors import BadInput, BadPicture
from draggan.frame import Frame
from draggan.inversion import QUALITIES, InversionOptions, InversionStep, invert
from draggan.losses import feature_distance, pyramid_loss
from draggan.stylegan2 import Architecture
from draggan.stylegan2_generator import StyleGAN2Generator
from draggan.viewing import view
from tests.conftest import random_stylegan2

QUICK = InversionOptions(samples=32, starts=3, start_steps=3, w_steps=30, wplus_steps=5)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def own_picture(generator: Any, seed: int = 999) -> torch.Tensor:
    """Not clamped: a random network's picture goes far beyond black and white."""
    with torch.no_grad():
        return generator.render(generator.sample([seed]))


def steps_of(generator: Any, image: torch.Tensor, **keywords: Any) -> list[InversionStep]:
    return list(invert(generator, image, options=QUICK, **keywords))


def test_the_generators_own_picture_is_found_again(tiny_generator: Any) -> None:
    steps = steps_of(tiny_generator, own_picture(tiny_generator))
    start = next(step for step in steps if step.stage == "starts")
    assert steps[-1].loss < 0.5 * start.loss


def test_steps_count_up_to_their_total_through_all_stages(tiny_generator: Any) -> None:
    steps = steps_of(tiny_generator, own_picture(tiny_generator))
    work = [step for step in steps if step.stage != "samples"]
    assert [step.index for step in work] == list(range(1, work[-1].total + 1))
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == ["samples", "starts", "w", "w+", "done"]


def test_the_last_latent_renders_as_well_as_it_says(tiny_generator: Any) -> None:
    from draggan.losses import psnr

    image = own_picture(tiny_generator).clamp(-1, 1)
    last = steps_of(tiny_generator, image)[-1]
    assert last.ws.shape == (1, tiny_generator.num_ws, tiny_generator.w_dim)
    with torch.no_grad():
        assert float(psnr(tiny_generator.render(last.ws), image)) == pytest.approx(last.psnr)


def test_rows_stay_near_each_other(tiny_generator: Any) -> None:
    """What a picture of another kind asks for is left to tuning: W+ stays editable."""
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    std = tiny_generator.prior().std
    apart = {}
    for offsets in (0.0, 50.0):
        options = replace(QUICK, offsets=offsets)
        ws = list(invert(tiny_generator, image, options=options))[-1].ws
        apart[offsets] = float(((ws - ws.mean(1, keepdim=True)) / std).square().mean())
    assert apart[50.0] < 0.5 * apart[0.0]


def test_what_weighs_nothing_is_not_explained(tiny_generator: Any) -> None:
    image, weight = own_picture(tiny_generator).clamp(-1, 1), torch.ones(1, 1, 32, 32)
    weight[..., 16:] = 0
    spoilt = image.clone()
    spoilt[..., 16:] = -image[..., 16:]
    seeing = steps_of(tiny_generator, spoilt, weight=weight)[-1]
    fooled = steps_of(tiny_generator, spoilt)[-1]
    assert seeing.psnr > fooled.psnr + 3


def test_leaving_early_is_allowed(tiny_generator: Any) -> None:
    stream = invert(tiny_generator, own_picture(tiny_generator), options=QUICK)
    assert next(step for step in stream if step.stage == "w").ws.isfinite().all()
    stream.close()  # type: ignore[attr-defined]


def test_the_generator_needs_no_gradients_around_it(tiny_generator: Any) -> None:
    with torch.no_grad():
        steps = steps_of(tiny_generator, own_picture(tiny_generator))
    work = [step for step in steps if step.stage != "samples"]
    assert work[-1].loss < 0.5 * work[0].loss


def test_a_picture_of_another_size_is_refused_at_once(tiny_generator: Any) -> None:
    with pytest.raises(BadInput, match="32 x 32"):
        invert(tiny_generator, torch.zeros(1, 3, 16, 16))


def test_an_invisible_picture_is_refused(tiny_generator: Any) -> None:
    with pytest.raises(BadPicture, match="nothing to see"):
        invert(tiny_generator, torch.zeros(1, 3, 32, 32), weight=torch.zeros(1, 1, 32, 32))


def test_better_qualities_take_more_steps() -> None:
    steps = [q.start_steps + q.w_steps + q.wplus_steps for q in QUALITIES.values()]
    assert list(QUALITIES) == ["fast", "balanced", "best"] and steps == sorted(steps)


def turned_surroundings(generator: Any, truth: torch.Tensor) -> Surroundings:
    """The generator's picture lies in a larger one, away from where one looks first."""
    canvas = Frame((64, 64), (32, 32), scale=1.0)
    placed = Surroundings(canvas, lambda _: None).placed(truth)  # type: ignore[arg-type, return-value]
    seen = own_picture(generator).clamp(-1, 1)
    native = placed.part_to_picture((seen + 1) / 2, (0, 0, 64, 64))[0].permute(1, 2, 0)
    covered = placed.part_to_picture(torch.ones(1, 1, 32, 32), (0, 0, 64, 64))[0, 0]
    pixels = native.clamp(0, 1).numpy()
    return Surroundings(canvas, lambda frame: view(pixels, frame, covered.numpy()))


def test_the_frame_is_moved_to_where_the_model_knows_the_picture(tiny_generator: Any) -> None:
    wide = turned_surroundings(tiny_generator, torch.tensor([0.12, 0.0, 0.0, 0.0]))
    seen = wide.look(wide.frame)
    options = replace(QUICK, placed=2, start_steps=10, w_steps=60)
    run = {
        moving: list(
            invert(
                tiny_generator,
                seen.image,
                weight=seen.weight,
                options=replace(options, placed=2 if moving else 0),
                surroundings=wide,
            )
        )[-1]
        for moving in (True, False)
    }
    assert run[False].frame == wide.frame
    assert run[True].loss < run[False].loss


def test_without_surroundings_there_is_no_frame(tiny_generator: Any) -> None:
    assert steps_of(tiny_generator, own_picture(tiny_generator))[-1].frame is None


def test_a_picture_that_lies_right_is_left_there(tiny_generator: Any) -> None:
    frame = Frame((32, 32), (32, 32))
    pixels = ((own_picture(tiny_generator).clamp(-1, 1) + 1) / 2)[0].permute(1, 2, 0).numpy()
    wide = Surroundings(frame, lambda at: view(pixels, at))
    last = steps_of(tiny_generator, wide.look(frame).image, surroundings=wide)[-1]
    assert last.frame == frame


def test_whole_pictures_are_told_from_small_ones(tiny_generator: Any) -> None:
    steps = steps_of(tiny_generator, own_picture(tiny_generator))
    assert {step.stage for step in steps if step.whole} == {"w+", "done"}


def test_features_that_are_given_have_a_say(tiny_generator: Any) -> None:
    """A picture whose left half the features do not see is explained on the right."""
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1

    def right(picture: torch.Tensor) -> list[torch.Tensor]:
        return [picture[..., 16:]]

    errors = {}
    for share in (0.0, 5.0):
        options = replace(QUICK, perceptual=share, wplus_steps=30)
        last = list(invert(tiny_generator, image, options=options, features=right))[-1]
        with torch.no_grad():
            shown = tiny_generator.render(last.ws)
        errors[share] = float(feature_distance(shown, right(image), right))
    assert errors[5.0] < errors[0.0]


def test_it_begins_on_small_pictures_where_the_model_has_true_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = StyleGAN2Generator(random_stylegan2(Architecture((8,) * 5, z_dim=8, w_dim=8)))
    monkeypatch.setattr(sight, "TRUE", -100.0)
    sides = []
    with torch.no_grad():
        image = generator.render(generator.sample([999]))

    def seen(picture: torch.Tensor, *others: Any, **how: Any) -> torch.Tensor:
        sides.append(picture.shape[-1])
        return pyramid_loss(picture, *others, **how)

    monkeypatch.setattr(inversion, "pyramid_loss", seen)
    steps = list(invert(generator, image, options=QUICK))
    assert sides[0] == 32 and sides[-1] == 64
    work = [step for step in steps if step.whole]
    assert work[-1].loss < work[0].loss
