"""Prepared synthesis is exact: windows and baked styles change neither values nor gradients."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from draggan import windows
from draggan.drag import DragOptions, drag
from draggan.generator import Windows
from draggan.sampling import sample
from draggan.stylegan2 import Architecture, Kind
from draggan.stylegan2_generator import StyleGAN2Generator

from .conftest import random_stylegan2

ROWS = 6


@pytest.fixture(autouse=True)
def free_windows(monkeypatch: pytest.MonkeyPatch):
    """Small networks too begin windows as early as they can."""
    monkeypatch.setattr(windows, "_OVERHEAD", 0)


def generator_of(kind: Kind = "skip", const_size: tuple[int, int] = (4, 4)) -> StyleGAN2Generator:
    architecture = Architecture(
        channels=(8, 8, 7, 6, 5, 4),
        z_dim=8,
        w_dim=8,
        kind=kind,
        const_size=const_size,
        mapping_layers=2,
        conv_clamp=2.0,
    )
    return StyleGAN2Generator(random_stylegan2(architecture).double())


def moved(ws: Tensor) -> Tensor:
    """Another latent, different in the leading rows."""
    other = ws.clone()
    other[:, :ROWS] += 0.3 * torch.randn_like(ws[:, :ROWS])
    return other.requires_grad_()


def points_of(generator: StyleGAN2Generator) -> Tensor:
    """Corners, a border and the middle."""
    share = torch.tensor([[0, 0], [1, 1], [0.52, 0.37], [0.21, 1.0], [0.97, 0.03]]).double()
    return share * torch.tensor([generator.width, generator.height])


@pytest.mark.parametrize("const_size", [(4, 4), (2, 4)])
@pytest.mark.parametrize("kind", ["skip", "orig"])
@pytest.mark.parametrize("reach", [0.8, 2.3])
@pytest.mark.parametrize("whole", [0, 16])
def test_windows_hold_the_whole_maps_values_and_gradients(kind, const_size, reach, whole):
    generator = generator_of(kind, const_size)
    start = generator.sample([1])
    ws, points = moved(start), points_of(generator)
    wanted = Windows(len(points), reach, whole=whole, always=True)
    path = generator.prepare(start, 64, rows=ROWS).narrowed(wanted)
    features = path.features(ws, points)
    exact = generator.features(ws, 64)
    assert features.corners is not None and features.map.shape[-1] < 16
    offsets = reach * (2 * torch.rand(len(points), 30, 2).double() - 1)
    places = exact.grid.from_picture(points)[:, None] + offsets
    mine, theirs = sample(features, places), sample(exact, places)
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)
    weight = torch.randn_like(mine)
    a, b = (
        torch.autograd.grad((v * weight).sum(), ws, retain_graph=True)[0] for v in (mine, theirs)
    )
    torch.testing.assert_close(a[:, :ROWS], b[:, :ROWS], rtol=0, atol=1e-11)
    if whole:
        torch.testing.assert_close(features.whole(whole), exact.whole(whole), rtol=0, atol=1e-12)
    torch.testing.assert_close(generator.render_from(features, ws), generator.render(ws))


@pytest.mark.parametrize("const_size", [(4, 4), (2, 4)])
@pytest.mark.parametrize("kind", ["skip", "orig"])
@pytest.mark.parametrize(("block", "reach", "whole"), [(64, 0.8, 0), (64, 0.8, 32), (32, 1.0, 8)])
def test_a_map_of_which_windows_are_known_is_made_whole(kind, const_size, block, reach, whole):
    """From however deep windows begin, and under whatever block."""
    generator = generator_of(kind, const_size)
    start = generator.sample([1])
    ws, points = moved(start).detach(), points_of(generator)[:2]
    wanted = Windows(len(points), reach, whole=whole, always=True)
    path = generator.prepare(start, block, rows=generator.rows(block)).narrowed(wanted)
    windows, exact = path.features(ws, points), generator.features(ws, block)
    assert windows.corners is not None
    found = generator.whole(windows, ws)
    assert (found.corners, found.block, found.grid) == (None, block, exact.grid)
    for mine, theirs in zip((*found.below, found.map), (*exact.below, exact.map), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)
    assert generator.whole(exact, ws) is exact


@pytest.mark.parametrize("kind", ["skip", "orig", "resnet"])
def test_baked_styles_are_exact(kind: Kind):
    generator = generator_of(kind)
    start = generator.sample([1])
    ws = moved(start)
    features = generator.prepare(start, 32, rows=ROWS).features(ws, points_of(generator))
    assert features.corners is None
    torch.testing.assert_close(features.map, generator.features(ws, 32).map, rtol=0, atol=1e-12)


def test_the_residual_architecture_is_computed_whole():
    generator = generator_of("resnet")
    start, points = generator.sample([1]), points_of(generator)
    wanted = Windows(len(points), 1.0, always=True)
    path = generator.prepare(start, 64, rows=ROWS).narrowed(wanted)
    assert path.features(start, points).corners is None


def test_half_precision_stays_near_and_ends_in_single_precision():
    generator = generator_of().to(dtype=torch.float32)
    start, points = generator.sample([1]), points_of(generator).float()
    exact = generator.features(start, 64)
    for precision in (torch.bfloat16, torch.float16):
        path = generator.prepare(start, 64, rows=ROWS, precision=precision)
        found = path.features(start, points).map
        assert found.dtype == torch.float32
        error = (found - exact.map).abs().mean() / exact.map.abs().mean()
        assert 0 < error < 0.03


def test_fifty_steps_on_windows_end_at_the_latent_of_whole_maps():
    generator = generator_of()
    ws = generator.sample([3])
    handles, targets = [[20.0, 30.0], [50.0, 40.0]], [[34.0, 30.0], [50.0, 60.0]]
    options = DragOptions(steps=50, lr=0.02, space="w+", block=64, r1=16, r2=24, pull=8)
    ends = []
    for windows_ in ("never", "always"):
        steps = list(
            drag(generator, ws, handles, targets, options=replace(options, windows=windows_))
        )
        assert (steps[1].features.corners is None) == (windows_ == "never")
        ends.append(steps[-1])
    assert ends[0].index == ends[1].index > 20
    assert (ends[0].ws - ends[1].ws).abs().max() < 1e-3 * (ends[0].ws - ws).abs().max()
