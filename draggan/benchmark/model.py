"""How well a model draws held-out critters, next to the renderer; torch, pictures at the edge.

`draggan bench model`. Every other animal is style-mixed: shapes of one latent, colours of another.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from draggan.benchmark.faces import critter_mapping, held_out_latents
from draggan.benchmark.table import (
    Column,
    Report,
    Table,
    add_json_argument,
    check_json_argument,
    plain_arguments,
    present,
)
from draggan.checkpoint import load_generator
from draggan.critters import render
from draggan.errors import BadInput
from draggan.generator import Generator
from draggan.training.lessons import mixed_parameters, mixed_ws
from draggan.training.loss import psnr

SEED = 31_415
BATCH = 20


@dataclass(frozen=True)
class Figures:
    """Of the clamped pictures against the renderer's, both in [-1, 1]."""

    count: int
    psnr: float  # mean over pictures, dB
    psnr_lowest: float
    mae: float


@dataclass(frozen=True)
class ModelReport:
    model: str
    size: int
    all: Figures
    pure: Figures  # one latent for shape and colour
    mixed: Figures


@dataclass(frozen=True)
class Pairs:
    """Pictures (N, 3, S, S) in [-1, 1] that should be equal."""

    drawn: Tensor  # by the generator, not clamped
    truth: Tensor  # by the renderer


def draw_pairs(generator: Generator, count: int, *, seed: int = SEED) -> Pairs:
    """`count` held-out animals, those with odd numbers style-mixed. Raises BadInput."""
    if count < 2:
        raise BadInput(
            "Figures need at least two animals: a pure and a mixed one.",
            hint="Use --count 2 or more.",
        )
    mapping = critter_mapping(generator)
    z_shape = held_out_latents(count, seed=seed)
    mixed = (torch.arange(count) % 2).bool()[:, None]
    z_colour = torch.where(mixed, held_out_latents(count, seed=seed + 1), z_shape)
    drawn, truth = [], []
    with torch.no_grad():
        for one, two in zip(z_shape.split(BATCH), z_colour.split(BATCH), strict=True):
            one, two = one.to(generator.device), two.to(generator.device)
            w = [mapping.to_w(z.to(generator.dtype)) for z in (one, two)]
            drawn.append(generator.render(mixed_ws(w[0], w[1], generator.num_ws)).float())
            truth.append(render(mixed_parameters(one, two), generator.width).image)
    return Pairs(torch.cat(drawn), torch.cat(truth))


def report_on(pairs: Pairs, *, name: str) -> ModelReport:
    """The figures of pairs from `draw_pairs`."""
    decibels = psnr(pairs.drawn, pairs.truth)
    errors = (pairs.drawn.clamp(-1, 1) - pairs.truth).abs().mean((1, 2, 3))
    return ModelReport(
        model=name,
        size=pairs.truth.shape[-1],
        all=_figures(decibels, errors),
        pure=_figures(decibels[0::2], errors[0::2]),
        mixed=_figures(decibels[1::2], errors[1::2]),
    )


def contact_sheet(pairs: Pairs, *, columns: int = 4, rows: int = 6) -> Tensor:
    """Generator left, renderer right, pair by pair: uint8 (H, W, 3)."""
    shown = min(len(pairs.drawn) // columns * columns or len(pairs.drawn), columns * rows)
    columns = min(columns, shown)
    both = torch.cat([pairs.drawn[:shown], pairs.truth[:shown]], -1).clamp(-1, 1)  # (N, 3, S, 2S)
    rows_ = [torch.cat(list(row), -1) for row in both.split(columns)]
    sheet = torch.cat(rows_, -2).permute(1, 2, 0)
    return ((sheet + 1) * 127.5).round().byte().cpu()


COLUMNS = (
    Column("kind", "animals", about="pure: one latent for shape and colour; mixed: two"),
    Column("count", "count", "d", "held-out animals"),
    Column("psnr", "PSNR dB", ".2f", "mean over pictures, clamped to [-1, 1]"),
    Column("psnr_lowest", "lowest", ".2f", "the worst picture's PSNR in dB"),
    Column("mae", "MAE", ".4f", "mean absolute error of pictures in [-1, 1]"),
)


def table(report: ModelReport) -> Table:
    """One line for each kind of animals."""
    kinds = {"pure": report.pure, "mixed": report.mixed, "all": report.all}
    title = f"{report.model}, {report.size} px, held-out critters against the renderer"
    rows = tuple({"kind": kind, **asdict(figures)} for kind, figures in kinds.items())
    return Table(COLUMNS, rows, heading=(title,))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="critters", help="id or .safetensors file")
    parser.add_argument("--count", type=int, default=200, help="held-out animals (default: 200)")
    parser.add_argument("--seed", type=int, default=SEED, help="draws other animals")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, ... (default: cpu)")
    add_json_argument(parser)
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="write a contact sheet")


def run_command(args: argparse.Namespace) -> int:
    check_json_argument(args.json)
    generator = load_generator(args.model, device=args.device)
    pairs = draw_pairs(generator, args.count, seed=args.seed)
    report = report_on(pairs, name=generator.name)
    whole = Report(
        "model",
        plain_arguments(args),
        {"rows": table(report)},
        details={"model": report.model, "size": report.size},
        device=args.device,
    )
    present(whole, args.json)
    if args.sheet:
        from draggan.pictures import save_png

        save_png(args.sheet, contact_sheet(pairs).numpy())
    return 0


def _figures(decibels: Tensor, errors: Tensor) -> Figures:
    return Figures(
        count=len(decibels),
        psnr=decibels.mean().item(),
        psnr_lowest=decibels.min().item(),
        mae=errors.mean().item(),
    )
