"""How well content is found again after a change: `draggan bench correspondence`; torch only.

The truth is the renderer's. It asks for more than a picture shows: on fur without any mark no
method can see a motion, and light and shade stay where they are when a head turns.
"""

from __future__ import annotations

import argparse
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from draggan.benchmark.dense_truth import DenseTruth, dense_truth
from draggan.benchmark.faces import critter_mapping
from draggan.benchmark.fit import fit
from draggan.benchmark.table import (
    Column,
    Report,
    Table,
    add_json_argument,
    check_json_argument,
    plain_arguments,
    present,
)
from draggan.benchmark.tasks import Case, find_tasks, make_cases
from draggan.checkpoint import load_generator
from draggan.correspondence import PICTURE, Correspondence, correspondence
from draggan.critters import latent_from_unit, to_unit
from draggan.dense_flow import cells, normalised, refined, resized
from draggan.drag import drag
from draggan.drag_options import PRESETS
from draggan.generator import Features, Generator

SEED = 31_415
WRONG = 2.0  # pixels
WINDOW = 24  # pixels: how far the plain search looks
LEVELS = (16, 32, 64)  # px of the colours' pyramid, below the picture itself


@dataclass(frozen=True)
class Pair:
    """A model's state before and after a change, and the truth of what its pictures show."""

    name: str
    before: Features
    after: Features
    pictures: tuple[Tensor, Tensor]
    truth: DenseTruth


@dataclass(frozen=True)
class Found:
    """What one method made of one pair; lengths in pixels, counts in pixels of the picture."""

    errors: Tensor  # of what moved and is held for certain
    moved: int
    wrong: int  # certain, but far off or newly visible
    certain: int
    hidden: int
    unseen: int  # newly visible and known to be
    still: int
    exact: int  # stood still and is said to, exactly
    seconds: float  # of one thread


Method = Callable[[Pair], Correspondence]


@torch.no_grad()
def task_pair(generator: Generator, case: Case) -> Pair:
    """The model's own pictures of a case's two ends."""
    goal = latent_from_unit(to_unit(case.goal))
    ends = [critter_mapping(generator)(z.to(generator.device)) for z in (case.z, goal)]
    truth = dense_truth(case.source, case.goal, generator.width)
    return _pair(generator, case.task.name, ends, truth)


def drag_pair(generator: Generator, case: Case) -> Pair:
    """Before and after a real drag, whose end the judge has read."""
    with torch.no_grad():
        start = critter_mapping(generator)(case.z.to(generator.device))
    steps = drag(generator, start, case.handles, case.targets, options=PRESETS["default"])
    (last,) = deque(steps, maxlen=1)
    with torch.no_grad():
        seen = generator.render(last.ws).float().cpu()
    after = fit(seen, [case.source, case.goal]).parameters
    truth = dense_truth(case.source, after, generator.width)
    return _pair(generator, f"drag: {case.task.name}", [start, last.ws], truth)


@torch.no_grad()
def _pair(generator: Generator, name: str, ends: Sequence[Tensor], truth: DenseTruth) -> Pair:
    before, after = (generator.features(ws, generator.drag_block()) for ws in ends)
    first, second = (
        generator.render_from(features, ws)
        for features, ws in zip((before, after), ends, strict=True)
    )
    return Pair(name, before, after, (first, second), truth)


def measure(method: Method, pair: Pair) -> Found:
    """Run `method` and hold it against the truth."""
    began = time.process_time()
    result = method(pair)
    seconds = time.process_time() - began
    truth, size = pair.truth, len(pair.truth.moved)
    found = result.at((size, size))
    source, certain = found.source.cpu(), found.confidence.cpu()[0, 0] > 0.5
    error = (source - truth.source).norm(dim=1)[0]
    sure = certain & truth.moved
    exact = (source == _here(size)).all(1)[0] & (found.confidence.cpu()[0, 0] == 1)
    return Found(
        errors=error[sure],
        moved=_count(truth.moved),
        wrong=_count(sure & (error > WRONG)) + _count(certain & truth.hidden),
        certain=_count(sure) + _count(certain & truth.hidden),
        hidden=_count(truth.hidden),
        unseen=_count(truth.hidden & ~certain),
        still=_count(truth.still),
        exact=_count(truth.still & exact),
        seconds=seconds,
    )


def ours(pair: Pair) -> Correspondence:
    return correspondence(pair.before, pair.after, pictures=pair.pictures)


def nothing_moved(pair: Pair) -> Correspondence:
    size = len(pair.truth.moved)
    return Correspondence.identity((size, size), (size, size))


@torch.no_grad()
def nearest_features(pair: Pair) -> Correspondence:
    """Each cell's nearest feature at the drag's block, within a window; no doubts."""
    first, second = (normalised(f.map)[0].cpu() for f in (pair.before, pair.after))
    size, side = len(pair.truth.moved), pair.after.map.shape[-1]
    scale = size / side
    places = cells(side, side, like=first)[0].flatten(1).t()
    window = torch.cdist(places, places, p=float("inf")) * scale > WINDOW
    best = torch.cdist(second, first).masked_fill(window, torch.inf).argmin(1)
    source = places[best].t().reshape(1, 2, side, side) * scale
    return Correspondence(source, torch.ones_like(source[:, :1]), (size, size))


@torch.no_grad()
def colours_alone(pair: Pair) -> Correspondence:
    """Lucas-Kanade coarse to fine on the two pictures, smoothed as ours; no features, no doubts."""
    first, second = (picture.float().clamp(-1, 1).cpu() for picture in pair.pictures)
    size = len(pair.truth.moved)
    flow = torch.zeros(1, 2, LEVELS[0], LEVELS[0])
    for side in (*LEVELS, size):
        one, other = (F.adaptive_avg_pool2d(picture, side) for picture in (second, first))
        flow = resized(flow, (side, side))
        flow = refined(one, other, flow, PICTURE, still=torch.zeros(1, 1, side, side))
    return Correspondence(_here(size) + flow, torch.ones_like(flow[:, :1]), (size, size))


METHODS: Mapping[str, Method] = {
    "nothing moved": nothing_moved,
    "nearest features": nearest_features,
    "colours alone": colours_alone,
    "ours": ours,
}

COLUMNS = (
    Column("method", "method"),
    Column("pairs", "pair"),
    Column("median", "median", ".2f", "error of certain moved pixels, median, pixels"),
    Column("mean", "mean", ".2f", "the same, mean"),
    Column("p90", "90 %", ".2f", "the same, 90th percentile"),
    Column("certain", "certain", ".0%", "moved pixels that are held for certain"),
    Column("wrong", "wrong", ".0%", "of those, off by over 2 px, or not to be seen before"),
    Column("unseen", "unseen", ".0%", "newly visible pixels that are known to be"),
    Column("exact", "exact", ".1%", "of what stands still, exactly there and certain"),
    Column("ms", "CPU-ms", ".0f", "of one call"),
)


def table(found: Mapping[tuple[str, str], Sequence[Found]], *, heading: str) -> Table:
    """One line per method and kind of pair, then one for all of a method's pairs."""
    rows = []
    for method in dict.fromkeys(method for method, _ in found):
        own = {pair: some for (name, pair), some in found.items() if name == method}
        rows += [_row(method, pair, some) for pair, some in own.items()]
        rows.append(_row(method, "all", [one for some in own.values() for one in some]))
    return Table(COLUMNS, tuple(rows), heading=(heading,))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="critters", help="id or .safetensors file")
    parser.add_argument("--faces", type=int, default=8, help="held-out faces (default: 8)")
    parser.add_argument("--drags", type=int, default=2, help="faces to drag as well (default: 2)")
    parser.add_argument("--tasks", default="", metavar="NAMES", help="tasks, with commas between")
    parser.add_argument("--seed", type=int, default=SEED, help="draws other faces")
    add_json_argument(parser)


def run_command(args: argparse.Namespace) -> int:
    check_json_argument(args.json)
    generator = load_generator(args.model)
    tasks = find_tasks([name.strip() for name in args.tasks.split(",") if name.strip()])
    cases = make_cases(args.faces, tasks, size=generator.width, seed=args.seed)
    found: dict[tuple[str, str], list[Found]] = {}
    pairs = [task_pair(generator, case) for case in cases]
    pairs += [drag_pair(generator, case) for case in cases if case.face < args.drags]
    for name, method in METHODS.items():
        for pair in pairs:
            found.setdefault((name, pair.name), []).append(measure(method, pair))
    threads = torch.get_num_threads()
    heading = f"{generator.name}, {generator.width} px, {args.faces} faces, {threads} threads"
    main = table(found, heading=heading)
    present(Report("correspondence", plain_arguments(args), {"rows": main}), args.json)
    return 0


def _row(method: str, pair: str, found: Sequence[Found]) -> dict[str, object]:
    errors = torch.cat([one.errors for one in found])
    some = len(errors) > 0
    return {
        "method": method,
        "pairs": pair,
        "median": errors.median().item() if some else None,
        "mean": errors.mean().item() if some else None,
        "p90": errors.quantile(0.9).item() if some else None,
        "certain": len(errors) / max(1, sum(one.moved for one in found)),
        "wrong": sum(one.wrong for one in found) / max(1, sum(one.certain for one in found)),
        "unseen": sum(one.unseen for one in found) / max(1, sum(one.hidden for one in found)),
        "exact": sum(one.exact for one in found) / max(1, sum(one.still for one in found)),
        "ms": 1000 * sum(one.seconds for one in found) / len(found),
    }


def _here(size: int) -> Tensor:
    return cells(size, size, like=torch.empty(0))


def _count(mask: Tensor) -> int:
    return int(mask.sum())
