"""How well an edit sits in a large picture: `draggan bench paste`; torch and numpy.

The truth is the edited scene drawn at full size. The original is the scene before; the model draws
both at its own size, from their latents, so its own error is in every row. *plain* is its picture
enlarged (bicubic) within what truly moved. Rows with fur have detail that the model cannot draw.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from draggan.benchmark.paste_scene import PasteScene, paste_scene
from draggan.benchmark.table import (
    Column,
    Report,
    Row,
    Table,
    add_json_argument,
    check_json_argument,
    plain_arguments,
    present,
)
from draggan.benchmark.tasks import Case, find_tasks, make_cases, movable
from draggan.checkpoint import load_generator
from draggan.correspondence import correspondence
from draggan.errors import BadInput
from draggan.frame import Frame
from draggan.generator import Generator
from draggan.pasting import ModelEdit, PasteOptions, paste_back
from draggan.viewing import view

SEED = 27_182
RING = 0.012  # width of the seam's ring, as a share of the picture's side
TOUCHED = 1  # samples (8 bit) beyond which a pixel counts as touched
LAYER = (6000, 4000)  # of the timing rows
CROP = 512

Paste = Callable[[NDArray, Frame, ModelEdit], NDArray]


@dataclass(frozen=True)
class Pasted:
    """One result against the truth; dB of PSNR, colour levels of 255."""

    scene: str
    method: str
    inside: float  # dB where the truth moved
    whole: float  # dB everywhere
    seam: float  # levels a pixel: error of the gradient about the border of what moved
    touched: float  # share of what did not move that was visibly changed
    outside: int  # samples changed outside the selection
    seconds: float
    cpu_seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="critters", help="id or .safetensors file")
    parser.add_argument("--faces", type=int, default=1, help="animals (default: 1)")
    parser.add_argument("--tasks", default="", help="parts of tasks' names, with commas between")
    parser.add_argument("--size", type=int, default=2048, help="of the picture (default: 2048)")
    parser.add_argument("--seed", type=int, default=SEED, help="draws other animals")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, ... (default: cpu)")
    add_json_argument(parser)
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="write a contact sheet")


def run_command(args: argparse.Namespace) -> int:
    check_json_argument(args.json)
    if not 64 <= args.size <= 2048:
        raise BadInput("Pictures are drawn from 64 to 2048 pixels a side.", hint="Use --size 1024.")
    generator = load_generator(args.model, device=args.device)
    names = [name.strip() for name in args.tasks.split(",") if name.strip()]
    cases = make_cases(args.faces, find_tasks(names), size=generator.width, seed=args.seed)
    results: list[Pasted] = []
    strips: list[list[NDArray]] = []
    for case in cases:
        for fur in (False, True):
            found, pictures = measure(case, generator, args.size, fur=fur)
            results += found
            strips.append(pictures)
    tables = {"rows": table(results), "timing": timing(cases[0], generator)}
    details = {"results": [asdict(result) for result in results]}
    present(Report("paste", plain_arguments(args), tables, details, args.device), args.json)
    if args.sheet:
        _write_sheet(args.sheet, strips)
    return 0


@torch.no_grad()
def measure(
    case: Case, generator: Generator, size: int, *, fur: bool
) -> tuple[list[Pasted], list[NDArray]]:
    """All methods on one scene, and their pictures: original, truth, then one for each."""
    scene = paste_scene(case, generator, size, fur=fur)
    original, truth = (np.rint(p * 255).astype(np.uint8) for p in (scene.original, scene.truth))
    frame = Frame((size, size), (generator.width, generator.height))
    edit, oracle = _edits(scene, generator, original, frame)
    allowed = F.interpolate(movable(case, generator.width)[None, None], (size, size))[0, 0].numpy()
    methods: tuple[tuple[str, ModelEdit, Paste], ...] = (
        ("plain", edit, lambda n, f, e: _plain(n, f, e, scene.moved)),
        ("ours, no detail", edit, _ours(PasteOptions(detail=False))),
        ("ours", edit, _ours(PasteOptions())),
        ("ours, true motion", oracle, _ours(PasteOptions())),
        ("ours, all", edit, _ours(PasteOptions(what="all"))),
        ("ours, selection", edit, lambda n, f, e: paste_back(n, f, e, mask=allowed)),
    )
    found, pictures = [], [original, truth]
    for name, what, paste in methods:
        start, cpu = time.perf_counter(), time.process_time()
        result = paste(original, frame, what)
        spent = time.perf_counter() - start, time.process_time() - cpu
        beyond = int((result != original)[allowed == 0].sum())
        found.append(
            Pasted(
                scene.name, name, *_quality(result, original, truth, scene.moved), beyond, *spent
            )
        )
        pictures.append(result)
    return found, pictures


def _edits(
    scene: PasteScene, generator: Generator, original: NDArray, frame: Frame
) -> tuple[ModelEdit, ModelEdit]:
    """As the model sees it, and as the renderer knows that it moved."""
    block = generator.drag_block()
    features = [generator.features(ws, block) for ws in scene.latents]
    before, after = (
        generator.render_from(f, ws) for f, ws in zip(features, scene.latents, strict=True)
    )
    seen = view(original, frame)
    found = correspondence(*features, pictures=(before, after))
    ours = ModelEdit(seen, before, after, found, (features[0], features[1]))
    return ours, replace(ours, correspondence=scene.oracle)


def _ours(options: PasteOptions) -> Paste:
    return lambda native, frame, edit: paste_back(native, frame, edit, options=options)


def _plain(native: NDArray, frame: Frame, edit: ModelEdit, moved: NDArray) -> NDArray:
    large = frame.part_to_picture((edit.after.cpu() + 1) / 2, (0, 0, *frame.picture))
    pixels = (large[0].clamp(0, 1) * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
    return np.where(moved[..., None], pixels, native)


def _quality(
    result: NDArray, original: NDArray, truth: NDArray, moved: NDArray
) -> tuple[float, float, float, float]:
    error = result.astype(np.float32) - truth
    squared = np.square(error).mean(2)
    ring = _ring(moved)
    slopes = [np.abs(np.diff(error, axis=k)).mean(2) for k in (0, 1)]
    seam = float(slopes[0][ring[1:]].mean() + slopes[1][ring[:, 1:]].mean()) / 2
    still = ~moved & ~ring
    changed = np.abs(result.astype(int) - original).max(2) > TOUCHED
    return _decibels(squared[moved]), _decibels(squared), seam, float(changed[still].mean())


def _ring(moved: NDArray) -> NDArray:
    width = max(1, round(RING * max(moved.shape)))
    mask = torch.from_numpy(moved).float()[None, None]
    outer, inner = (F.max_pool2d(m, 2 * width + 1, 1, width)[0, 0] > 0 for m in (mask, 1 - mask))
    return (outer & inner).numpy()


def _decibels(squared: NDArray) -> float:
    return float(-10 * np.log10(max(float(squared.mean()), 1e-9) / 255**2))


COLUMNS = (
    Column("scene", "scene"),
    Column("method", "pasted"),
    Column("inside", "inside", ".2f", "PSNR in dB where the truth moved"),
    Column("whole", "whole", ".2f", "PSNR in dB of the whole picture"),
    Column("seam", "seam", ".2f", "error of the gradient about the border, levels a pixel"),
    Column("touched", "touched", ".2%", "of what did not move, visibly changed"),
    Column("outside", "outside", "d", "samples changed outside what may move"),
    Column("seconds", "s", ".2f", "by the wall clock"),
    Column("cpu_seconds", "CPU-s", ".2f", "CPU-seconds of all threads"),
)


def table(results: Sequence[Pasted]) -> Table:
    """Every result, then the mean of each method without and with fur."""
    rows: list[Row] = [asdict(result) for result in results]
    for kind in ("smooth", "fur"):
        chosen = [r for r in results if r.scene.endswith(", fur") == (kind == "fur")]
        for method in dict.fromkeys(r.method for r in chosen):
            same = [asdict(r) for r in chosen if r.method == method]
            keys = [c.key for c in COLUMNS[2:] if c.key != "outside"]
            mean = {key: sum(r[key] for r in same) / len(same) for key in keys}
            total = sum(r["outside"] for r in same)
            rows.append({"scene": f"mean, {kind}", "method": method, **mean, "outside": total})
    return Table(COLUMNS, tuple(rows))


@torch.no_grad()
def timing(case: Case, generator: Generator) -> Table:
    """What a large layer costs: a small crop of it edited, and the whole of it."""
    scene = paste_scene(case, generator, 256, fur=False)
    layer = np.full((LAYER[1], LAYER[0], 4), 128, np.uint8)
    model = generator.width, generator.height
    left, top = (side // 2 - CROP // 2 for side in LAYER)
    crop = Frame.around(LAYER, model, (left, top, left + CROP, top + CROP))
    rows: list[Row] = []
    for name, frame in (
        (f"{CROP} px of 24 megapixels", crop),
        ("24 megapixels", Frame(LAYER, model)),
    ):
        edit, _ = _edits(scene, generator, layer, frame)
        start, cpu = time.perf_counter(), time.process_time()
        paste_back(layer, frame, edit)
        spent = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
        rows.append({"scene": name, **spent})
    return Table((COLUMNS[0], *COLUMNS[-2:]), tuple(rows))


def _write_sheet(path: Path, strips: Sequence[Sequence[NDArray]]) -> None:
    from draggan.contact_sheet import ContactSheet
    from draggan.pictures import save_png

    names = ("original", "truth", "plain", "no detail", "ours", "true motion", "all", "selection")
    sheet = ContactSheet(len(names), len(strips), (384, 384))
    for row, pictures in enumerate(strips):
        for column, (name, picture) in enumerate(zip(names, pictures, strict=True)):
            sheet.put(column, row, picture, caption=name)
    save_png(path, sheet.array)
