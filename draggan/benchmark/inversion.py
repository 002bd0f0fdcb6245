"""How well, and how fast, pictures are found in a generator: `draggan bench inversion`; torch.

Every method finds the same pictures (see `trials`) and then makes the same drag on what it found;
the judge of `fit`, who sees nothing but the model's picture after the drag, says how far the
landmarks are from where they should be. A method that only repaints the picture fails there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from draggan.benchmark import baselines
from draggan.benchmark.baselines import Inverted
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
from draggan.benchmark.tasks import TASKS, USUAL, make_cases
from draggan.benchmark.trials import KINDS, Trial, make_trial, photographs
from draggan.checkpoint import load_generator
from draggan.contact_sheet import ContactSheet
from draggan.drag import drag
from draggan.editor import DragEditor
from draggan.errors import BadInput
from draggan.generator import Generator
from draggan.likeness import likeness_score
from draggan.losses import ms_ssim, psnr
from draggan.pictures import save_png
from draggan.writing import check_folder

SEED = 31_415
WITNESSES = range(7000, 7004)  # seeds whose pictures tuning should leave alone
QUALITIES = ("fast", "balanced", "best")


@dataclass(frozen=True)
class Found:
    """What a method made of one picture. Pictures (1, 3, S, S) in [-1, 1]."""

    before: Tensor  # the model's picture
    after: Tensor | None  # after the drag
    generator: Generator
    seconds: float  # to find it, by the wall clock
    cpu_seconds: float
    likeness: float | None = None  # what the program says before the drag
    first: float | None = None  # CPU-seconds until it could be dragged


@dataclass(frozen=True)
class Result:
    """One method on one picture."""

    kind: str
    method: str
    task: str
    psnr: float  # dB
    ms_ssim: float
    shapes: float  # likeness of the finished picture, see likeness.py
    likeness: float | None  # what is said before the drag
    landmark: float | None  # mean distance of the dragged landmarks from their targets, px
    start: float | None  # the same before the drag
    locality: float  # PSNR in dB of other seeds' pictures
    seconds: float
    cpu_seconds: float
    first: float | None


Method = Callable[[Generator, Trial], Found]
METHODS = ("no drag", "true latent", *QUALITIES, "W", "W+", "PTI")
USUAL_METHODS = ("fast", "balanced", "W", "W+", "PTI")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="critters", help="id or .safetensors file")
    parser.add_argument("--pictures", type=int, default=4, help="of each kind (default: 4)")
    parser.add_argument(
        "--method",
        action="append",
        choices=METHODS,
        help="may be given several times (default: fast, balanced and three published recipes)",
    )
    parser.add_argument(
        "--kind", action="append", choices=list(KINDS), help="may be given several times"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="draws other pictures")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, ... (default: cpu)")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="also write the pictures side by side, as PNG"
    )
    add_json_argument(parser)


def run_command(args: argparse.Namespace) -> int:
    check_json_argument(args.json)
    if args.sheet is not None:
        check_folder(args.sheet.parent)
    if args.pictures < 1:
        raise BadInput("The benchmark needs at least one picture.", hint="Use --pictures 1.")
    generator = load_generator(args.model, device=args.device)
    trials = make_trials(generator, args.kind or tuple(KINDS), args.pictures, seed=args.seed)
    methods = tuple(args.method or USUAL_METHODS)
    outcome = run(generator, trials, methods, listener=lambda line: print(line, file=sys.stderr))
    if args.sheet is not None:
        save_png(args.sheet, sheet(outcome))
    whole = Report(
        "inversion",
        plain_arguments(args),
        {"rows": table(outcome)},
        details={"results": [asdict(result) for result in outcome.results]},
        device=args.device,
    )
    present(whole, args.json)
    return 0


@dataclass(frozen=True)
class Outcome:
    model: str
    threads: int
    trials: tuple[Trial, ...]
    methods: tuple[str, ...]
    found: Mapping[tuple[int, str], Found] = field(repr=False)
    results: tuple[Result, ...] = ()


def make_trials(
    generator: Generator, kinds: Sequence[str], pictures: int, *, seed: int
) -> tuple[Trial, ...]:
    """`pictures` of each kind, the tasks in turn, and the photographs that are to be had."""
    critter_mapping(generator)
    cases = make_cases(pictures, TASKS[:USUAL], size=generator.width, seed=seed)
    chosen = [cases[USUAL * k + k % USUAL] for k in range(pictures)]
    trials = [make_trial(kind, case, generator.width) for kind in kinds for case in chosen]
    return (*trials, *(photographs(generator.width) if len(kinds) == len(KINDS) else ()))


def run(
    generator: Generator,
    trials: Sequence[Trial],
    methods: Sequence[str],
    *,
    listener: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Find, drag and judge. `listener` hears a line for each picture."""
    found: dict[tuple[int, str], Found] = {}
    results = []
    for k, trial in enumerate(trials):
        listener(f"{trial.kind}: picture {k + 1} of {len(trials)}")
        of_one = {m: f for m in methods if (f := _find(m, generator, trial)) is not None}
        found.update({(k, m): f for m, f in of_one.items()})
        landmarks = _judged(trial, of_one)
        results += [_result(generator, trial, m, f, landmarks.get(m)) for m, f in of_one.items()]
    threads = torch.get_num_threads()
    return Outcome(generator.name, threads, tuple(trials), tuple(methods), found, tuple(results))


def _find(method: str, generator: Generator, trial: Trial) -> Found | None:
    """None where the method does not apply."""
    if method in QUALITIES:
        return _edited(generator, trial, method)
    if method == "no drag":
        return Found(trial.image, trial.image, generator, 0.0, 0.0)
    start, cpu = time.perf_counter(), time.process_time()
    inverted = _inverted(method, generator, trial)
    if inverted is None:
        return None
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    with torch.no_grad():
        before = inverted.generator.render(inverted.ws).clamp(-1, 1).float().cpu()
    after = None if trial.case is None else _dragged(inverted, trial)
    return Found(before, after, inverted.generator, seconds, cpu_seconds)


def _inverted(method: str, generator: Generator, trial: Trial) -> Inverted | None:
    image = trial.image.to(generator.device, generator.dtype)
    if method == "W":
        return baselines.w_only(generator, image)
    if method == "W+":
        return baselines.wplus_only(generator, image)
    if method == "PTI":
        return baselines.pivotal_tuning(generator, image)
    if trial.case is None or trial.kind != "held-out":
        return None
    with torch.no_grad():
        ws = critter_mapping(generator)(trial.case.z.to(generator.device, generator.dtype))
    return Inverted(ws, generator)


def _dragged(inverted: Inverted, trial: Trial) -> Tensor:
    handles, targets = _points(trial)
    (last,) = deque(drag(inverted.generator, inverted.ws, handles, targets), maxlen=1)
    with torch.no_grad():
        return inverted.generator.render(last.ws).clamp(-1, 1).float().cpu()


def _edited(generator: Generator, trial: Trial, quality: str) -> Found:
    """The way that users go, all of it, without a cache."""
    editor = DragEditor(generator)
    native = ((trial.image[0].permute(1, 2, 0) + 1) / 2).float().numpy()
    start, cpu, first = time.perf_counter(), time.process_time(), None
    for step in editor.set_image(native, quality=quality):
        if step.ready and first is None:
            first = time.process_time() - cpu
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    before, after = _model_picture(editor), None
    if trial.case is not None:
        handles, targets = _points(trial)
        deque(editor.drag(handles, targets), maxlen=0)
        after = _model_picture(editor)
    said = None if editor.likeness is None else editor.likeness.score
    return Found(before, after, editor.generator, seconds, cpu_seconds, said, first)


def _model_picture(editor: DragEditor) -> Tensor:
    """(1, 3, S, S) in [-1, 1]."""
    array = np.ascontiguousarray(editor.reconstruction())
    return torch.from_numpy(array).permute(2, 0, 1)[None] * 2 - 1


def _points(trial: Trial) -> tuple[Tensor, Tensor]:
    assert trial.case is not None
    return trial.placed(trial.case.handles), trial.placed(trial.case.targets)


def _judged(trial: Trial, found: Mapping[str, Found]) -> dict[str, float]:
    """Mean distance of the landmarks from their targets, in pixels, by method."""
    afters = {method: f.after for method, f in found.items() if f.after is not None}
    if trial.case is None or trial.weight is None or not afters:
        return {}
    case, count = trial.case, len(afters)
    pictures = torch.cat([trial.upright(picture) for picture in afters.values()])
    starts = [end.repeat(count, 1) for end in (case.source, case.goal)]
    seen = fit(pictures, starts, weight=trial.weight.repeat(count, 1, 1, 1))
    away = (seen.landmarks[:, case.rows] - case.targets).norm(dim=-1).mean(1)
    return dict(zip(afters, away.tolist(), strict=True))


def _result(
    generator: Generator, trial: Trial, method: str, found: Found, landmark: float | None
) -> Result:
    case = trial.case
    start = None if case is None else float((case.handles - case.targets).norm(dim=-1).mean())
    return Result(
        kind=trial.kind,
        method=method,
        task="" if case is None else case.task.name,
        psnr=float(psnr(found.before, trial.image)),
        ms_ssim=float(ms_ssim(found.before, trial.image)),
        shapes=likeness_score(found.before, trial.image),
        likeness=found.likeness,
        landmark=landmark,
        start=start,
        locality=_locality(generator, found.generator),
        seconds=found.seconds,
        cpu_seconds=found.cpu_seconds,
        first=found.first,
    )


@torch.no_grad()
def _locality(frozen: Generator, tuned: Generator) -> float:
    if tuned is frozen:
        return float("inf")
    ws = frozen.sample(WITNESSES)
    pairs = ((tuned.render(w[None]), frozen.render(w[None]).clamp(-1, 1)) for w in ws)
    return statistics.fmean(float(psnr(after, before)) for after, before in pairs)


COLUMNS = (
    Column("kind", "pictures"),
    Column("method", "method"),
    Column("count", "n", "d", "pictures"),
    Column("psnr", "PSNR", ".1f", "dB, of the model's picture against the given one, mean"),
    Column("worst", "worst", ".1f", "dB, the worst of them"),
    Column("ms_ssim", "MS-SSIM", ".3f", "of the model's picture against the given one, mean"),
    Column("shapes", "shapes", ".2f", "correlation of gradients at 32 and 64 px, mean"),
    Column("likeness", "said", ".2f", "likeness that is said before the drag, mean"),
    Column(
        "landmark", "drag", ".1f", "px, dragged landmarks from their targets, by the judge, mean"
    ),
    Column("median", "median", ".1f", "px, the same, median"),
    Column("start", "from", ".1f", "px from handles to targets, mean"),
    Column("locality", "local", ".1f", "dB, PSNR of other seeds' pictures, tuned against frozen"),
    Column("first", "ready", ".1f", "CPU-seconds until it can be dragged, mean"),
    Column("seconds", "s", ".1f", "to find it, by the wall clock, mean"),
    Column("cpu_seconds", "CPU-s", ".1f", "CPU-seconds of all threads, mean"),
)


MEANS = (
    *("psnr", "ms_ssim", "shapes", "likeness", "start", "locality"),
    *("first", "seconds", "cpu_seconds"),
)


def table(outcome: Outcome) -> Table:
    """One line per kind and method, then one per method over all kinds with a truth."""
    kinds = dict.fromkeys(result.kind for result in outcome.results)
    rows = [
        row
        for kind in kinds
        for method in outcome.methods
        if (row := _row(kind, method, [r for r in outcome.results if r.kind == kind]))
    ]
    drawn = [r for r in outcome.results if r.landmark is not None]
    rows += [row for method in outcome.methods if (row := _row("all drawn", method, drawn))]
    return Table(
        COLUMNS,
        tuple(rows),
        heading=(f"{outcome.model}, {outcome.threads} threads, pictures of the model's own size",),
        footing=(
            "W, W+ and PTI have our loss in place of LPIPS and learning rates found on other "
            "pictures: " + str(asdict(baselines.Rates())),
        ),
    )


def _row(kind: str, method: str, results: Sequence[Result]) -> dict[str, object]:
    own = [r for r in results if r.method == method]
    if not own:
        return {}
    landmarks = [r.landmark for r in own if r.landmark is not None]
    means = {key: _mean([getattr(r, key) for r in own]) for key in MEANS}
    return {
        "kind": kind,
        "method": method,
        "count": len(own),
        **means,
        "worst": min(r.psnr for r in own),
        "landmark": _mean(landmarks),
        "median": statistics.median(landmarks) if landmarks else None,
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def sheet(outcome: Outcome) -> np.ndarray:
    """A row per picture: the picture, then what each method makes of it, before and after."""
    columns = 1 + 2 * len(outcome.methods)
    size = outcome.trials[0].image.shape[-1]
    paper = ContactSheet(columns, len(outcome.trials), (size, size))
    for row, trial in enumerate(outcome.trials):
        paper.put(0, row, _pixels(trial.image), caption=trial.kind)
        for k, method in enumerate(outcome.methods):
            found = outcome.found.get((row, method))
            if found is None:
                continue
            paper.put(1 + 2 * k, row, _pixels(found.before), caption=method)
            if found.after is not None:
                paper.put(2 + 2 * k, row, _pixels(found.after), caption=f"{method}, dragged")
    return paper.array


def _pixels(picture: Tensor) -> np.ndarray:
    array = (picture[0].clamp(-1, 1) + 1) * 127.5
    return array.round().byte().permute(1, 2, 0).cpu().numpy()
