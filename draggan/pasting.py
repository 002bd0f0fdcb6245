"""Paste-back: an edit of the model's picture becomes one of the picture; no networks.

It starts from the picture: where nothing moved, every sample stays what it was, bit for bit. Where
content moved, the picture's own pixels move with it, and the model adds what changed about them;
only what was hidden before is drawn by the model, in the light of its surroundings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .borders import rim
from .change import Change, feather, find_change, ramp, spread, trimmed
from .frame import Box, Frame, cell_centres, sample
from .matting import uncovered_alpha
from .pixels import alpha_of, rgb_of, with_alpha, with_rgb
from .viewing import View, fill

if TYPE_CHECKING:
    from .correspondence import Correspondence
    from .generator import Features

BLOCK_PIXELS = 1 << 18  # of the picture, worked on at a time: bounds memory
LEAST = 1 / 1024  # a smaller share of the edit is none
REST = (0.1, 0.3)  # [model px]: content that moved less is not resampled; from there on all is
MISSED = (0.1, 0.25)  # (white = 1): what the moved content may lack before it is drawn anew
TRUSTED = (0.25, 0.6)  # confidence below which the model draws; from there on detail is carried
LED = 1  # [model px] beyond its outline that content is led
LEEWAY = 0.02  # (white = 1): by so much worse may the faster motion explain what is seen
WIDE = 6  # [model px] over which the light may be another than the model's
ORPHANS = 4  # [model px] around what moved in which nothing may be left behind
TORN = (0.7, 1.5)  # [model px] by which a shift is off the line between its neighbours
APART = 0.6  # [model px] from which a shift between two others is neither
LACKING = (0.015, 0.05)  # (white = 1): smaller errors of the model's are no orphans


@dataclass(frozen=True)
class PasteOptions:
    """`what`: all that the model sees, or what moved; `detail`: carry the picture's own along;
    `seam`: improve the border first, by steps on the model's features (see `seam`); `goes_on`: of
    "left", "top", "right", "bottom", where the picture is itself a part of a larger one."""

    what: Literal["moved", "all"] = "moved"
    detail: bool = True
    seam: bool = False
    goes_on: tuple[str, ...] = ()


MOVED = PasteOptions()


@dataclass(frozen=True)
class ModelEdit:
    """An edit as the model sees it; pictures (1, 3, H, W) in [-1, 1]."""

    seen: View  # the picture
    before: Tensor  # the model's own picture of it
    after: Tensor
    correspondence: Correspondence  # from each place after to where it was before
    features: tuple[Features, Features] | None = None  # before, after; they know what is opaque


@dataclass(frozen=True)
class Layers:
    """What is added to the picture and where from, on the model's grid; colours in [0, 1] units.

    result = content(place + shift) * kept + change * (its alpha) + drawn * (alpha of `drawn`).
    """

    shown: Tensor  # (1, 1, H, W): the edit's share
    kept: Tensor  # (1, 1, H, W): how much of it is the picture's own content
    shift: Tensor  # (1, 2, H, W): to where that content is, in model pixels
    change: Tensor  # (1, 3, H, W): how its colours change, times `kept`
    drawn: Tensor  # (1, 3, H, W): what the model draws, times 1 - kept
    opacity: Tensor  # (1, 1, H, W): alpha of what the model draws
    effect: Tensor  # (1, 1, H, W): by how much what moves changes the picture, borders apart

    @property
    def planes(self) -> Tensor:
        parts = (self.shown, self.kept, self.shift, self.change, self.drawn, self.opacity)
        return torch.cat(parts, 1)


def paste_back(
    native: NDArray,
    frame: Frame,
    edit: ModelEdit,
    *,
    mask: NDArray | None = None,
    options: PasteOptions = MOVED,
) -> NDArray:
    """The picture (h, w, C) with the edit in it: own size, own sample type; alpha moves along.

    `mask` (h, w) in [0, 1] is what may change: where it is 0, and where nothing moved, the
    result's samples are the picture's own.
    """
    layers = edit_layers(native, frame, edit, mask=mask, options=options)
    return paste_layers(native, frame, layers, mask=mask)


def paste_layers(
    native: NDArray, frame: Frame, layers: Layers, *, mask: NDArray | None = None
) -> NDArray:
    """What has been decided of an edit of this picture, pasted back as `paste_back` does it."""
    result = native.copy()
    left, top, right, bottom = _touched(layers.shown, frame)
    rows = max(1, BLOCK_PIXELS // max(1, right - left))
    for first in range(top, bottom, rows):
        box = (left, first, right, min(first + rows, bottom))
        _paste_block(result, native, frame, layers, box, mask)
    return result


def edit_layers(
    native: NDArray,
    frame: Frame,
    edit: ModelEdit,
    *,
    mask: NDArray | None,
    options: PasteOptions,
) -> Layers:
    """Decide, on the model's grid, what is shown, what is carried and what is drawn."""
    seen, before, after = (
        (t.float().cpu() + 1) / 2 for t in (edit.seen.image, edit.before, edit.after)
    )
    size = (before.shape[-2], before.shape[-1])
    places = cell_centres(size[1], size[0])
    shift, trust = _motion(edit.correspondence, places)
    covered = frame.covered()
    trust = trust * sample(covered, places + _last(shift), smooth=False)
    change = find_change(before, after, shift, trust)
    shift, trust = _led_over_edges(shift, trust, before, after, places)
    shift = shift * ramp(_length(shift), *REST)
    source = places + _last(shift)
    missing = seen - before
    rest = 1 - change.moved
    kept = torch.maximum(rest, trust) if options.detail else rest
    orphaned = _orphaned(missing, change.moved, shift)
    change = Change(torch.maximum(change.shown, feather(spread(orphaned, 1), 1)), change.moved)
    kept = kept * (1 - orphaned)
    opaque = _opaque(native, frame, size)
    kept = kept * (1 - _torn(shift) * _inner(opaque, source))
    altered = after - sample(before, source)
    lost = ramp(_local(altered, kept).abs().amax(1, keepdim=True), *MISSED)
    kept = kept * (1 - lost * change.moved)
    altered = _local(altered, kept)
    around = -spread(-kept, 1)  # beside what is drawn an outline's error may show
    drawn = after + fill(sample(missing, source), around * covered)
    if options.what == "all":
        change = Change(torch.ones_like(kept), change.moved)
    else:
        # What neither moved nor visibly changed stays as it was, in spite of the model's unrest.
        altered = altered * torch.maximum(change.moved, ramp(_length(shift), *REST))
    result = kept * (sample(seen, source) + altered) + (1 - kept) * drawn
    effect = (result - seen).abs().amax(1, keepdim=True)
    if options.what != "all":
        change = trimmed(change, effect, _length(shift))
    shown, effect = change.shown * rim(frame, size, options.goes_on), effect * change.moved
    if mask is not None:
        inside = frame.mask_to_model(mask)[None, None]
        share = torch.minimum(feather(inside, 1) * 1.6, torch.ones(1))
        shown, effect = shown * share, effect * share
    opacity = _opacity(edit, opaque, source, trust)
    lent, added = _lent(shift, kept), kept * altered
    return Layers(shown, kept, lent, added, (1 - kept) * drawn, opacity, effect)


def _motion(found: Correspondence, places: Tensor) -> tuple[Tensor, Tensor]:
    """Shifts (1, 2, H, W) and trust (1, 1, H, W) for each of the model's pixels."""
    size = (places.shape[0], places.shape[1])
    source, confidence = found.source.float().cpu(), found.confidence.float().cpu()
    cells = cell_centres(source.shape[-1], source.shape[-2])
    cells = cells * cells.new_tensor([size[1] / source.shape[-1], size[0] / source.shape[-2]])
    shift = source - cells.permute(2, 0, 1)[None]
    if shift.shape[-2:] != size:
        shift, confidence = (
            F.interpolate(t, size, mode="bilinear", align_corners=False)
            for t in (shift, confidence)
        )
    return shift, ramp(confidence, *TRUSTED)


def _led_over_edges(
    shift: Tensor, trust: Tensor, before: Tensor, after: Tensor, places: Tensor
) -> tuple[Tensor, Tensor]:
    """Let content move with a neighbour's shift wherever that explains what is seen as well.

    What moves is led a little beyond its own outline: the outline then comes from the picture in
    its full sharpness, and two motions meet where there is nothing to see.
    """
    best, cost = shift, _cost(shift, before, after, places) + (1 - trust)
    found = trust
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        led, sure = (torch.roll(t, (LED * y, LED * x), (2, 3)) for t in (shift, trust))
        differs = ((led - shift).square().sum(1, keepdim=True) > 0.25) & (sure > 0.5)
        price = _cost(led, before, after, places) + (1 - sure)
        better = differs & (price < cost + LEEWAY * ramp(_length(led) - _length(best), 0.0, 1.0))
        better &= price < MISSED[0]
        cost, found = torch.where(better, price, cost), torch.where(better, sure, found)
        best = torch.where(better, led, best)
    return best, found


def _cost(shift: Tensor, before: Tensor, after: Tensor, places: Tensor) -> Tensor:
    moved = sample(before, places + _last(shift), smooth=False)
    return F.avg_pool2d((after - moved).abs().mean(1, keepdim=True), 3, 1, 1)


def _orphaned(missing: Tensor, moved: Tensor, shift: Tensor) -> Tensor:
    """Where something that the model lacked would be left behind by what it belonged to.

    Fine grain stays, which averages out over the few pixels looked at here, and so does another
    light, which is the same over many.
    """
    lacking = (_local(missing, torch.ones_like(moved)) - feather(missing, WIDE)).abs()
    lacking = lacking.amax(1, keepdim=True)
    still = 1 - ramp(_length(shift), *REST)
    return feather(spread(moved, ORPHANS), 1) * spread(ramp(lacking, *LACKING), 1) * still


def _torn(shift: Tensor) -> Tensor:
    """Where two motions meet: there the model draws, since neither's own content fits."""
    wide = F.pad(shift, (1, 1, 1, 1), mode="replicate")
    middle = 2 * shift
    across = wide[..., 1:-1, 2:] + wide[..., 1:-1, :-2] - middle
    down = wide[..., 2:, 1:-1] + wide[..., :-2, 1:-1] - middle
    jump = torch.maximum(across.abs(), down.abs()).amax(1, keepdim=True)
    return feather(spread(ramp(jump, *TORN), 1), 1)


def _lent(shift: Tensor, kept: Tensor) -> Tensor:
    """Beside what is kept its shift goes on, lest something else shine in between two pixels."""
    sure = (kept > 0.5).float()
    around, mass = (F.avg_pool2d(t, 3, 1, 1) for t in (shift * sure, sure))
    return torch.where((sure == 0) & (mass > 0), around / mass.clamp_min(0.1), shift)


def _length(shift: Tensor) -> Tensor:
    return shift.square().sum(1, keepdim=True).sqrt()


def _last(shift: Tensor) -> Tensor:
    """(1, 2, H, W) -> (H, W, 2)."""
    return shift[0].permute(1, 2, 0)


def _local(values: Tensor, weight: Tensor) -> Tensor:
    """A weighted mean over 5 x 5 pixels: what is finer than that is the picture's own."""
    mass = feather(weight, 1).clamp_min(1e-4)
    return feather(values * weight, 1) / mass


def _opaque(native: NDArray, frame: Frame, size: tuple[int, int]) -> Tensor:
    """The picture's alpha as the model sees it, (1, 1, H, W)."""
    if native.shape[2] not in (2, 4):
        return torch.ones(1, 1, *size)
    return frame.from_picture(native, lambda part: _alpha(part)[..., None]).clamp(0, 1)


def _inner(opaque: Tensor, source: Tensor) -> Tensor:
    """0 about an outline against transparency, before and after: it stays the picture's own."""
    clear = torch.maximum(1 - opaque, 1 - sample(opaque, source, smooth=False))
    return 1 - spread(clear, 3).clamp(0, 1)


def _opacity(edit: ModelEdit, opaque: Tensor, source: Tensor, trust: Tensor) -> Tensor:
    """Alpha of what the model draws: carried along where it was seen before. What was not is
    empty, but where the features say something else."""
    if float(opaque.min()) == 1:
        return opaque
    hidden = (trust < 0.5).float()
    new = torch.zeros_like(opaque)
    if edit.features is not None:
        new = uncovered_alpha(*edit.features, opaque, hidden)
    return torch.where(hidden > 0, new, sample(opaque, source, smooth=False))


def _alpha(native: NDArray) -> NDArray:
    alpha = alpha_of(native)
    return np.ones(native.shape[:2], np.float32) if alpha is None else alpha


def _touched(shown: Tensor, frame: Frame) -> Box:
    """The picture's pixels that are shown something, interpolation included."""
    found = (shown[0, 0] != 0).nonzero()
    if not len(found):
        return 0, 0, 0, 0
    (top, left), (bottom, right) = (found.amin(0) - 3).tolist(), (found.amax(0) + 4).tolist()
    return frame.box((left, top, right, bottom))


def _paste_block(
    result: NDArray,
    native: NDArray,
    frame: Frame,
    layers: Layers,
    box: Box,
    mask: NDArray | None,
) -> None:
    left, top, right, bottom = box
    part = np.s_[top:bottom, left:right]
    planes = frame.part_to_picture(layers.planes, box)
    share = planes[:, :1].clamp(0, 1)
    if mask is not None:
        share = share * torch.from_numpy(mask[part].astype(np.float32))[None, None]
    where = (share > LEAST)[0, 0].numpy()
    if not where.any():
        return
    kept = planes[:, 1:2]  # not clamped: it and what is drawn beside it add up to one
    own = _content(native, frame, _untorn(planes[:, 2:4], layers.shift, frame, box), box)
    added, drawn, opacity = planes[:, 4:7], planes[:, 7:10], planes[:, 10:].clamp(0, 1)
    original = native[part]
    if native.shape[2] not in (2, 4):
        old = torch.from_numpy(rgb_of(original).copy()).permute(2, 0, 1)[None]
        mixed = old + (kept * own + added + drawn - old) * share
        result[part] = with_rgb(original, mixed[0].permute(1, 2, 0).numpy(), where)
        return
    colours = kept * own[:, :3] + added * own[:, 3:] + drawn * opacity
    alpha = kept * own[:, 3:] + (1 - kept) * opacity
    _blend(result[part], original, torch.cat([colours, alpha], 1), share, where)


def _blend(
    target: NDArray, original: NDArray, edited: Tensor, share: Tensor, where: NDArray
) -> None:
    """Premultiplied colours and alpha (1, 4, h, w) over the original, at `where` (h, w)."""
    old = torch.from_numpy(_unclipped(original)).permute(2, 0, 1)[None]
    mixed = edited * share + old * (1 - share)
    pixels = mixed[0].permute(1, 2, 0).numpy()
    opaque = pixels[..., 3:]
    opaque = np.where(opaque > 1 - 1e-4, 1, opaque)  # what was opaque stays so exactly
    rgb = np.where(opaque > 1e-4, pixels[..., :3] / np.maximum(opaque, 1e-4), rgb_of(original))
    visible = where & ((opaque[..., 0] > 1e-4) | (old[0, 3].numpy() > 0))
    target[...] = with_alpha(with_rgb(original, rgb, visible), opaque[..., 0], visible)


def _untorn(smooth: Tensor, shift: Tensor, frame: Frame, box: Box) -> Tensor:
    """Where two motions meet either one, never one between them, which leads to somewhere else."""
    left, top, right, bottom = box
    points = cell_centres(right - left, bottom - top) + torch.tensor([left, top])
    height, width = shift.shape[-2:]
    columns, rows = frame.to_model(points).floor().long().unbind(-1)
    near = shift[:, :, rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    torn = (near - smooth).abs().amax(1, keepdim=True) > APART
    return torch.where(torn, near, smooth)


def _content(native: NDArray, frame: Frame, shift: Tensor, box: Box) -> Tensor:
    """The picture's content from where the shift leads: (1, 3, h, w), or (1, 4, h, w) with its
    alpha and colours times that."""
    left, top, right, bottom = box
    points = cell_centres(right - left, bottom - top) + torch.tensor([left, top])
    moved = frame.vectors_to_picture(_last(shift))
    points = points + moved
    low = (points.amin((0, 1)).floor().int() - 3).tolist()
    high = (points.amax((0, 1)).ceil().int() + 3).tolist()
    x0, x1 = _range(low[0], high[0], native.shape[1])
    y0, y1 = _range(low[1], high[1], native.shape[0])
    pixels = torch.from_numpy(_unclipped(native[y0:y1, x0:x1]).copy()).permute(2, 0, 1)[None]
    return sample(pixels, points - points.new_tensor([x0, y0]))


def _range(low: int, high: int, length: int) -> tuple[int, int]:
    first = min(max(0, low), length - 1)
    return first, max(first + 1, min(high, length))


def _unclipped(native: NDArray) -> NDArray:
    """Colours (h, w, 3) float32, beyond white too; with alpha times that, and it as a fourth."""
    alpha = alpha_of(native)
    if alpha is None:
        return rgb_of(native)
    return np.concatenate([rgb_of(native) * alpha[..., None], alpha[..., None]], axis=2)
