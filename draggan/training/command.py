"""`draggan train`: run a recipe, save often, end with a model file; the only printer in here."""

from __future__ import annotations

import argparse
import math
import time
from itertools import pairwise
from pathlib import Path

import torch

from draggan.checkpoint import save_network
from draggan.errors import BadInput, CannotWrite

from .adversarial import finish
from .lessons import draw_lesson
from .loss import psnr
from .recipe import Recipe, Stage
from .regression import Progress, Regression, draw
from .saved import resume_run, save_run

SAVE_EVERY = 60.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `draggan train`."""
    parser.add_argument("--out", type=Path, default=Path("draggan-train"), help="folder to fill")
    parser.add_argument(
        "--stages",
        nargs="+",
        metavar="RES:MINUTES[:BATCH[:LR]]",
        help="regression stages; default: 32:9 64:17 128:44, an hour and ten minutes",
    )
    parser.add_argument(
        "--adversarial-minutes",
        type=float,
        default=0.0,
        help="finish against a discriminator for this long, keeping the regression loss",
    )
    parser.add_argument("--resume", type=Path, help="go on from this run.safetensors")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--channel-base", type=int, default=Recipe.channel_base)
    parser.add_argument("--channel-max", type=int, default=Recipe.channel_max)


def run_command(args: argparse.Namespace) -> int:
    """Train; Ctrl+C saves and ends. Returns the exit code."""
    recipe, device = _recipe(args), _device(args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    run = _start(recipe, args.resume, device)
    _make(args.out)
    saved_as = args.out / "run.safetensors"
    print(f"Training {recipe.resolution} px on {device}; the run is saved in {saved_as}.")
    try:
        _train(run, saved_as)
    except KeyboardInterrupt:
        save_run(run, saved_as)
        print(f"Stopped and saved. Go on with: draggan train --resume {saved_as}")
        return 130
    save_run(run, saved_as)
    _finish(run, args.out)
    return 0


def _train(run: Regression, saved_as: Path) -> None:
    last, images = time.monotonic(), run.progress.images
    for progress in run.run():
        now = time.monotonic()
        if now - last > SAVE_EVERY:
            rate = (progress.images - images) / (now - last)
            _report(run, progress, rate)
            save_run(run, saved_as)
            last, images = time.monotonic(), progress.images
    for line in finish(run):
        print(line, flush=True)


def _report(run: Regression, progress: Progress, rate: float) -> None:
    stage = run.recipe.stages[progress.stage]
    print(
        f"{stage.resolution:4d} px  {progress.seconds / 60:6.1f} of {stage.minutes:g} min  "
        f"{progress.images / 1000:8.1f} thousand pictures  {rate:6.1f}/s  "
        f"loss {progress.loss:.4f}  held out {held_out_psnr(run):.2f} dB",
        flush=True,
    )


@torch.no_grad()
def held_out_psnr(run: Regression, count: int = 48) -> float:
    """Mean PSNR of the averaged weights on fixed lessons at the stage's resolution."""
    stage = run.recipe.stages[min(run.progress.stage, len(run.recipe.stages) - 1)]
    generator = torch.Generator().manual_seed(20_000)
    values = []
    for _ in range(math.ceil(count / 16)):
        lesson = draw_lesson(
            16,
            stage.resolution,
            z_dim=run.recipe.z_dim,
            mixing=0.5,
            generator=generator,
            device=run.device,
        )
        values.append(psnr(draw(run.average, lesson)[0], lesson.scene.image))
    return float(torch.cat(values).mean())


def _finish(run: Regression, out: Path) -> None:
    path = out / "critters.safetensors"
    card = {
        "title": "Critters",
        "family": "stylegan2",
        "licence": "Apache-2.0",
        "summary": f"Cartoon animal heads, {run.recipe.resolution} px",
        "pictures": str(run.progress.images),
        "held_out_psnr": f"{held_out_psnr(run, 192):.2f}",
    }
    save_network(run.average, path, metadata=card, dtype=torch.float16)
    print(f"Wrote {path}. Measure it with: draggan bench model --model {path}")


def _start(recipe: Recipe, resume: Path | None, device: torch.device) -> Regression:
    return (
        resume_run(recipe, resume, device=device) if resume else Regression(recipe, device=device)
    )


def _recipe(args: argparse.Namespace) -> Recipe:
    stages = tuple(map(Stage.parse, args.stages)) if args.stages else Recipe.stages
    if any(b.resolution < a.resolution for a, b in pairwise(stages)):
        raise BadInput("The stages' resolutions must not fall.", hint="Put the largest one last.")
    return Recipe(
        stages=stages,
        adversarial_minutes=args.adversarial_minutes,
        channel_base=args.channel_base,
        channel_max=args.channel_max,
        seed=args.seed,
    )


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda") or (name == "cuda" and not torch.cuda.is_available()):
        raise BadInput(f"There is no device '{name}' here.", hint="Use --device cpu.")
    return torch.device(name)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"The folder {folder} cannot be made ({error.strerror}).", hint="Choose another --out."
        ) from None
