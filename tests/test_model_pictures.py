"""The model's pictures of an edit: of start and state alone, and with what the latent lacks."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from draggan import model_pictures
from draggan.correspondence import Correspondence, correspondence
from draggan.generator import Generator, Windows
from draggan.model_pictures import ModelPictures, Moved
from draggan.residual import FeatureResidual, added, carried

BLOCK = 16


def latents(generator: Generator, count: int = 3) -> list[torch.Tensor]:
    """A start, and states a little away from it."""
    start = generator.sample([3])
    way = generator.sample([4]) - start
    return [start + way * k / 8 for k in range(count)]


@pytest.fixture
def residual() -> FeatureResidual:
    """A patch of features in the middle of the map."""
    random = torch.Generator().manual_seed(0)
    maps = torch.zeros(2, BLOCK, BLOCK)
    maps[:, 6:10, 5:9] = torch.randn(2, 4, 4, generator=random)
    channels = torch.randn(12, 2, generator=random)
    return FeatureResidual(BLOCK, channels.half(), maps.half())


def same(a: Moved, b: Moved) -> bool:
    return torch.equal(a.picture, b.picture) and torch.equal(
        a.correspondence.source, b.correspondence.source
    )


def test_a_picture_depends_on_start_and_state_not_on_the_way(
    tiny_generator: Any, residual: FeatureResidual
) -> None:
    start, near, far = latents(tiny_generator)
    direct = ModelPictures(tiny_generator, start, residual).moved(far)
    long_way = ModelPictures(tiny_generator, start, residual)
    for ws in (near, start, near):
        long_way.moved(ws)
    assert same(long_way.moved(far), direct)
    assert not same(long_way.moved(near), direct)


@pytest.mark.parametrize("with_residual", [False, True])
def test_where_nothing_moved_it_is_the_starts_picture_bit_for_bit(
    tiny_generator: Any, residual: FeatureResidual, with_residual: bool
) -> None:
    start = latents(tiny_generator)[0]
    pictures = ModelPictures(tiny_generator, start, residual if with_residual else None)
    moved = pictures.moved(start.clone())
    assert torch.equal(moved.picture, pictures.start)


def test_without_a_residual_it_is_what_the_generator_draws(tiny_generator: Any) -> None:
    start, near, _ = latents(tiny_generator)
    moved = ModelPictures(tiny_generator, start, None).moved(near)
    with torch.no_grad():
        assert torch.equal(moved.picture, tiny_generator.render(near))
    assert moved.residual is None


def test_the_residual_is_in_the_starts_picture_and_only_there_where_it_lies(
    tiny_generator: Any, residual: FeatureResidual
) -> None:
    start = latents(tiny_generator)[0]
    with_it = ModelPictures(tiny_generator, start, residual).start
    change = (with_it - ModelPictures(tiny_generator, start, None).start).abs().amax(1)[0]
    assert change[12:20, 10:18].min() >= 0 and change[12:20, 10:18].max() > 0
    change[7:25, 5:23] = 0  # as far as the convolutions after it reach
    assert change.max() == 0


def test_the_residual_is_carried_along_with_what_it_belongs_to(
    tiny_generator: Any, residual: FeatureResidual, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_the_right(*pictures: Any, **how: Any) -> Correspondence:
        """All has moved by two cells, or four pixels."""
        found = correspondence(*pictures, **how)
        still = Correspondence.identity(found.source.shape[-2:], found.picture)
        shift = still.source.new_tensor([4.0, 0.0])[None, :, None, None]
        return Correspondence(still.source - shift, still.confidence, still.picture)

    monkeypatch.setattr(model_pictures, "correspondence", to_the_right)
    start, near, _ = latents(tiny_generator)
    moved = ModelPictures(tiny_generator, start, residual).moved(near)
    own = residual.map(moved.features.map)
    assert moved.residual is not None
    torch.testing.assert_close(moved.residual, own.roll(2, -1), rtol=1e-4, atol=1e-5)
    full = added(moved.features, moved.residual)
    with torch.no_grad():
        assert torch.equal(moved.picture, tiny_generator.render_from(full, near))


def test_the_motion_is_the_latents_own(tiny_generator: Any, residual: FeatureResidual) -> None:
    """What was added to the features takes no part in where they are found again."""
    start, near, _ = latents(tiny_generator)
    plain = ModelPictures(tiny_generator, start, None).moved(near)
    moved = ModelPictures(tiny_generator, start, residual).moved(near)
    assert torch.equal(moved.correspondence.source, plain.correspondence.source)
    assert moved.residual is not None
    assert torch.equal(moved.residual, carried(residual, plain.correspondence))


def test_a_draft_may_go_on_from_a_steps_windows(
    tiny_generator: Any, residual: FeatureResidual
) -> None:
    start, near, _ = latents(tiny_generator)
    pictures = ModelPictures(tiny_generator, start, residual)
    wanted = Windows(count=1, reach=1.0, always=True)
    rows = tiny_generator.rows(BLOCK)
    path = tiny_generator.prepare(near, BLOCK, rows=rows).narrowed(wanted)
    fresh = path.features(near, torch.tensor([[16.0, 16.0]]))
    assert fresh.corners is not None
    draft, exact = pictures.moved(near, draft=True, fresh=fresh), pictures.moved(near)
    assert (draft.picture - exact.picture).abs().mean() < 0.02
