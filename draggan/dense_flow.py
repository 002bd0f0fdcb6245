"""Dense displacement between two maps of one size, at one level of detail; imports torch only.

A flow (B, 2, h, w) says in cells how far away, in the *other* map, the content of each cell of the
*one* map lies: one(y) ~ other(y + flow(y)). Both directions are computed at once, as a batch of
two, so `other` is `one` with its batch reversed wherever a function takes a pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

UNRELATED = 4.0  # distance of what lies outside: more than any two normalised features have
MOST_CHANNELS = 128  # whose principal components are taken: that cost grows with their cube
LEAST = 1e-3  # of the strongest component's variance: what is weaker is not amplified


@dataclass(frozen=True)
class Refinement:
    """How a flow is improved: by `warps` linearisations of `sweeps` relaxation sweeps each.

    `smoothness` weighs differences of neighbouring displacements against those of the maps, and
    falls where displacements differ by more than `tear` cells or where the guide has an `edge`.
    """

    smoothness: float = 0.1
    tear: float = 0.3
    edge: float = 0.5
    anchor: float = 3.0  # how firmly what stands still is held
    warps: int = 2
    sweeps: int = 10


def normalised(maps: Tensor) -> Tensor:
    """Maps (B, C, h, w) -> their cells (B, n, C) with channels of mean 0 and spread 1 in each map,
    and then length 1: latents scale channels, and that is no motion."""
    values = maps.permute(0, 2, 3, 1).flatten(1, 2).float()
    values = values - values.mean(1, keepdim=True)
    spread = values.square().mean(1, keepdim=True).sqrt()
    values = values / spread.clamp_min(1e-6)
    return values / values.square().sum(2, keepdim=True).sqrt().clamp_min(1e-6)


def condensed(values: Tensor, size: tuple[int, int], count: int) -> Tensor:
    """Cells (B, n, C) of a grid of `size` (h, w) -> maps (B, count or fewer, h, w) of their first
    principal components, half whitened."""
    some = values.flatten(0, 1)
    if some.shape[1] > MOST_CHANNELS:
        some = some @ _projection(some.shape[1]).to(some)
    if some.shape[1] > count:
        variance, axes = torch.linalg.eigh(some.t() @ some)
        variance, axes = variance[-count:], axes[:, -count:]
        some = some @ (axes * (variance / variance[-1]).clamp_min(LEAST).pow(-0.25))
    return some.t().reshape(-1, len(values), *size).transpose(0, 1).contiguous()


def _projection(channels: int) -> Tensor:
    """A random one (channels, MOST_CHANNELS), always the same, that nearly keeps distances."""
    random = torch.Generator().manual_seed(0)
    return torch.randn(channels, MOST_CHANNELS, generator=random) / MOST_CHANNELS**0.5


def warped(maps: Tensor, flow: Tensor) -> Tensor:
    """The values (B, C, h, w) of `maps` at cells displaced by `flow`; clamped at the border."""
    height, width = flow.shape[-2:]
    at = cells(height, width, like=flow) + flow
    grid = torch.stack((at[:, 0] * (2 / width) - 1, at[:, 1] * (2 / height) - 1), -1)
    return F.grid_sample(maps, grid.to(maps.dtype), padding_mode="border", align_corners=False)


def cells(height: int, width: int, *, like: Tensor) -> Tensor:
    """The cells' centres (1, 2, h, w) as x, y in cells."""
    y, x = torch.meshgrid(
        torch.arange(height, device=like.device) + 0.5,
        torch.arange(width, device=like.device) + 0.5,
        indexing="ij",
    )
    return torch.stack((x, y))[None].float()


def resized(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """A flow on a grid of `size` (h, w) cells, in that grid's cells."""
    height, width = flow.shape[-2:]
    scale = flow.new_tensor([size[1] / width, size[0] / height]).view(1, 2, 1, 1)
    return F.interpolate(flow, size=size, mode="bilinear", align_corners=False) * scale


def searched(one: Tensor, flow: Tensor, *, radius: int, penalty: float) -> Tensor:
    """The best whole-cell displacement within `radius` cells of `flow`, for both directions.

    `one` (2, C, h, w) holds the two maps. `penalty` is added to a candidate's squared distance for
    each squared cell between it and `flow`.
    """
    height, width = one.shape[-2:]
    offsets = _square(radius, one.device)  # (K, 2)
    start = flow.round().long()
    base = cells(height, width, like=flow).long() + start  # (2, 2, h, w)
    x, y = (base[:, k : k + 1] + offsets[:, k].view(1, -1, 1, 1) for k in (0, 1))
    outside = (x < 0) | (x >= width) | (y < 0) | (y >= height)
    index = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)  # (2, K, h, w)
    cost = _distances(one, index) + UNRELATED * outside
    cost = _blurred(cost) + penalty * offsets.square().sum(1).view(1, -1, 1, 1)
    return (start + offsets[cost.argmin(1)].permute(0, 3, 1, 2)).float()


def refined(
    one: Tensor, other: Tensor, flow: Tensor, options: Refinement, *, still: Tensor
) -> Tensor:
    """`flow` (B, 2, h, w) brought to a fraction of a cell, smooth but for its tears.

    `one` and `other` (B, C, h, w) hold values around 1. `still` (1, 1, h, w) in [0, 1] is how sure
    it is that nothing moves there. Gauss-Newton on the differences of the maps,
    Jacobi's relaxation on the smoothness term.
    """
    slope = _slopes(one)
    edges = _edge_weights(one, options.edge)
    for _ in range(options.warps):
        data = _data_term(one, slope, warped(other, flow))
        links = _links(flow, edges, options)
        change = _relaxed(flow, data, links, options.anchor * still, options.sweeps) - flow
        flow = flow + change.clamp(-1, 1)  # the linearisation holds no farther
    return flow


def _distances(one: Tensor, index: Tensor) -> Tensor:
    """Squared distances (2, K, h, w) of each cell to those of the other map that `index` names."""
    first, second = one.flatten(2).transpose(1, 2)
    table = torch.addmm(second.square().sum(1)[None], first, second.t(), alpha=-2)
    table += first.square().sum(1)[:, None]  # (n, n): its transpose is the other way's
    count = len(table)
    here = torch.arange(count, device=one.device).view(index.shape[2:])
    there, back = here * count + index[0], index[1] * count + here
    return table.flatten()[torch.stack((there, back))]


def _square(radius: int, device: torch.device) -> Tensor:
    line = torch.arange(-radius, radius + 1, device=device)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack((x, y), -1).view(-1, 2)


def _blurred(maps: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), 3, 1)


def _slopes(maps: Tensor) -> tuple[Tensor, Tensor]:
    p = F.pad(maps, (1, 1, 1, 1), mode="replicate")
    return (p[:, :, 1:-1, 2:] - p[:, :, 1:-1, :-2]) / 2, (
        p[:, :, 2:, 1:-1] - p[:, :, :-2, 1:-1]
    ) / 2


def _steps(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Squared differences of neighbours: (B, 1, h, w - 1) along x, (B, 1, h - 1, w) along y."""
    along_x = (maps[:, :, :, 1:] - maps[:, :, :, :-1]).square().sum(1, keepdim=True)
    along_y = (maps[:, :, 1:] - maps[:, :, :-1]).square().sum(1, keepdim=True)
    return along_x, along_y


def _edge_weights(guide: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """Near 1 inside of smooth parts, small across the guide's edges."""
    x, y = _steps(guide)
    usual = (x.mean((2, 3), keepdim=True) + y.mean((2, 3), keepdim=True)) / 2 + 1e-8
    return 1 / (1 + strength * x / usual), 1 / (1 + strength * y / usual)


def _data_term(one: Tensor, slope: tuple[Tensor, Tensor], found: Tensor) -> tuple[Tensor, ...]:
    """Of a neighbourhood: the slopes' products xx, xy, yy, and their products with what differs.

    The slope is the mean of both maps' (which doubles the reach), the norm a robust one.
    """
    x, y = (theirs.add_(mine).mul_(0.5) for mine, theirs in zip(slope, _slopes(found), strict=True))
    rest = found - one
    spare = torch.empty_like(rest)  # fresh memory for each product would take most of the time
    weight = (torch.mul(rest, rest, out=spare).sum(1) + 0.01).rsqrt()
    pairs = ((x, x), (x, y), (y, y), (x, rest), (y, rest))
    products = [torch.mul(a, b, out=spare).sum(1) * weight for a, b in pairs]
    return _blurred(torch.stack(products, 1)).split(1, 1)


def _links(
    flow: Tensor, edges: tuple[Tensor, Tensor], options: Refinement
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """How strongly each cell is tied to its neighbour at the right, left, below and above."""
    x, y = (
        edge * options.smoothness * (step + options.tear**2).rsqrt()
        for edge, step in zip(edges, _steps(flow), strict=True)
    )
    return F.pad(x, (0, 1)), F.pad(x, (1, 0)), F.pad(y, (0, 0, 0, 1)), F.pad(y, (0, 0, 1, 0))


def _relaxed(
    flow: Tensor,
    data: tuple[Tensor, ...],
    links: tuple[Tensor, Tensor, Tensor, Tensor],
    anchor: Tensor,
    sweeps: int,
) -> Tensor:
    xx, xy, yy, x, y = data
    right, left, below, above = links
    u, v = flow.split(1, 1)
    wanted = torch.cat((xx * u + xy * v - x, xy * u + yy * v - y), 1)
    total = right + left + below + above + anchor + 1e-6
    a, c = xx + total, yy + total
    scale = (a * c - xy * xy).reciprocal()
    own, cross = torch.cat((c, a), 1) * scale, xy * -scale
    p = F.pad(flow, (1, 1, 1, 1))
    inner = p[:, :, 1:-1, 1:-1]
    for _ in range(sweeps):
        near = torch.addcmul(wanted, right, p[:, :, 1:-1, 2:])
        near.addcmul_(left, p[:, :, 1:-1, :-2])
        near.addcmul_(below, p[:, :, 2:, 1:-1]).addcmul_(above, p[:, :, :-2, 1:-1])
        torch.add(own * near, cross * near.flip(1), out=inner)
    return inner
