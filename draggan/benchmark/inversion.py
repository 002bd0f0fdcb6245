"""How well, and how fast, pictures are found in a generator: `draggan bench inversion`; torch.

Two kinds of pictures: held-out renders, which the generator was taught to draw, and demo pictures,
renders with a foreign background, vignette and grain, which it was not. *Locality* is the PSNR of
the tuned generator's pictures of other seeds against the frozen one's: what tuning spoils.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Generator as Steps
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from draggan import inversion, tuning
from draggan.benchmark.demo_picture import draw_demo_picture
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
from draggan.critters import render, sample_parameters
from draggan.errors import BadInput
from draggan.frame import Frame
from draggan.generator import Generator
from draggan.losses import psnr
from draggan.samples import SampleBank, bank
from draggan.viewing import view

SEED = 31_415
WITNESSES = range(7000, 7008)  # seeds whose pictures tuning should leave alone


@dataclass(frozen=True)
class Result:
    """One picture's way: PSNR in dB after each stage, and what the whole of it cost."""

    kind: str  # "held-out" or "foreign"
    start: float
    w: float
    wplus: float
    tuned: float
    locality: float
    seconds: float  # by the wall clock, without the sample bank
    cpu_seconds: float


@dataclass(frozen=True)
class Outcome:
    model: str
    quality: str
    threads: int
    bank_seconds: float
    bank_cpu_seconds: float
    results: tuple[Result, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="critters", help="id or .safetensors file")
    parser.add_argument("--pictures", type=int, default=8, help="of each kind (default: 8)")
    parser.add_argument(
        "--quality",
        default="balanced",
        choices=list(inversion.QUALITIES),
        help="how long to look (default: balanced)",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="draws other pictures")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, ... (default: cpu)")
    add_json_argument(parser)


def run_command(args: argparse.Namespace) -> int:
    check_json_argument(args.json)
    if args.pictures < 1:
        raise BadInput("The benchmark needs at least one picture.", hint="Use --pictures 1.")
    generator = load_generator(args.model, device=args.device)
    found = run(generator, pictures=args.pictures, quality=args.quality, seed=args.seed)
    tables = {"rows": table(found)}
    whole = Report(
        "inversion", plain_arguments(args), tables, details=asdict(found), device=args.device
    )
    present(whole, args.json)
    return 0


def run(generator: Generator, *, pictures: int, quality: str, seed: int = SEED) -> Outcome:
    """Invert and tune `pictures` of each kind, on the bank that the cache holds or is given."""
    start, cpu = time.perf_counter(), time.process_time()
    samples = _drained(bank(generator, count=inversion.QUALITIES[quality].samples))
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    results = []
    for kind, draw in (("held-out", _held_out), ("foreign", _foreign)):
        for k in range(pictures):
            image = draw(generator, seed + k)
            results.append(_measure(generator, kind, image, samples, quality))
    return Outcome(
        generator.name, quality, torch.get_num_threads(), seconds, cpu_seconds, tuple(results)
    )


def _measure(
    generator: Generator, kind: str, image: Tensor, samples: SampleBank, quality: str
) -> Result:
    start, cpu = time.perf_counter(), time.process_time()
    reached: dict[str, float] = {}
    for step in inversion.invert(
        generator, image, options=inversion.QUALITIES[quality], samples=samples
    ):
        reached.setdefault("first", step.psnr)
        reached[step.stage] = step.psnr
    (*_, tuned) = tuning.tune(generator, step.ws, image, options=tuning.QUALITIES[quality])
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    locality = _locality(generator, generator.with_weights(tuned.delta))
    return Result(
        kind,
        reached["first"],
        reached["w"],
        reached["done"],
        tuned.psnr,
        locality,
        seconds,
        cpu_seconds,
    )


@torch.no_grad()
def _locality(frozen: Generator, tuned: Generator) -> float:
    values = []
    for seed in WITNESSES:
        ws = frozen.sample([seed])
        values.append(float(psnr(tuned.render(ws), frozen.render(ws).clamp(-1, 1))))
    return sum(values) / len(values)


def _held_out(generator: Generator, seed: int) -> Tensor:
    return render(sample_parameters(1, seed=seed), generator.width).image


def _foreign(generator: Generator, seed: int) -> Tensor:
    array = draw_demo_picture(seed=seed).array.numpy()
    frame = Frame((array.shape[1], array.shape[0]), (generator.width, generator.height))
    return view(array, frame).image


def _drained(steps: Steps[tuple[int, int], None, SampleBank]) -> SampleBank:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


COLUMNS = (
    Column("pictures", "pictures"),
    Column("start", "start", ".1f", "PSNR in dB of the first guess"),
    Column("w", "W", ".1f", "PSNR in dB with one w for all layers"),
    Column("wplus", "W+", ".1f", "PSNR in dB with a row for each layer"),
    Column("tuned", "tuned", ".1f", "PSNR in dB with tuned weights"),
    Column("locality", "local", ".1f", "PSNR in dB of other seeds' pictures, tuned against frozen"),
    Column("seconds", "s", ".1f", "by the wall clock, without the sample bank"),
    Column("cpu_seconds", "CPU-s", ".1f", "CPU-seconds of all threads, without the sample bank"),
)
COSTS = ("seconds", "cpu_seconds")


def table(report: Outcome) -> Table:
    """Mean and worst of each kind; the worst in each column on its own."""
    rows = []
    for kind in dict.fromkeys(result.kind for result in report.results):
        results = [asdict(r) for r in report.results if r.kind == kind]
        values = {c.key: [r[c.key] for r in results] for c in COLUMNS[1:]}
        mean = {key: sum(v) / len(v) for key, v in values.items()}
        worst = {key: max(v) if key in COSTS else min(v) for key, v in values.items()}
        rows += [{"pictures": f"{kind}, mean", **mean}, {"pictures": f"{kind}, worst", **worst}]
    title = (
        f"{report.model}, quality {report.quality}, {report.threads} threads; sample bank "
        f"{report.bank_seconds:.1f} s ({report.bank_cpu_seconds:.1f} CPU-s)"
    )
    return Table(COLUMNS, tuple(rows), heading=(title,))
