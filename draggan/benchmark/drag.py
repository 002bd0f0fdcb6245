"""RenderDrag: do points arrive where they should? torch, pictures at the edge.

`draggan bench drag`. Held-out critters are dragged towards a pose whose picture the renderer knows;
a judge that sees nothing but the result tells where each landmark has come to (see `fit`). How the
start poses are drawn is `tasks.SAMPLING`; it is printed with every table.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from draggan.benchmark.faces import critter_mapping
from draggan.benchmark.table import (
    Column,
    Report,
    Table,
    add_json_argument,
    check_json_argument,
    plain_arguments,
    present,
)
from draggan.benchmark.tasks import SAMPLING, Case, find_tasks, make_cases, movable
from draggan.benchmark.verdict import Dragged, NoiseFloor, Verdict, judge, noise_floor
from draggan.checkpoint import load_generator
from draggan.drag import PRESETS, DragOptions, drag
from draggan.errors import BadInput
from draggan.generator import Generator

SEED = 27_182
Listener = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """Averages over the drags of one task with one set of options, in pixels."""

    options: str
    task: str
    drags: int
    start: float  # from handle to target
    fitted: float  # from the landmark to its target, by the judge
    fitted_median: float
    within: float  # share of the drags all of whose landmarks end within 3 px (at 128 px)
    tracked: float  # from handle to target, by the drag's own tracker
    claimed: float  # share of the drags all of whose handles claim to have reached
    false_claims: float  # share of those claims that the judge refutes
    moved: float  # change of the task's parameter, 1 = as wanted
    colour_drift: float  # of the eight colour parameters, 1 = from end to end of their ranges
    picture_drift: float  # of the mean colour beyond the truth's change, 1 = black to white
    outside: float | None  # change where the mask lets nothing move, 1 = black to white
    unreadable: float  # share of results that the judge no longer recognises as a critter
    steps: float
    ms_per_step: float


@dataclass(frozen=True)
class DragReport:
    model: str
    size: int
    faces: int
    sampling: str
    floor: NoiseFloor
    rows: tuple[Row, ...]
    drags: tuple[Dragged, ...]
    verdicts: tuple[Verdict, ...]


def run(
    generator: Generator,
    *,
    faces: int = 100,
    tasks: Sequence[str] = (),
    options: Mapping[str, DragOptions] | None = None,
    masked: bool = False,
    seed: int = SEED,
    listener: Listener = lambda line: None,
) -> DragReport:
    """Drag and judge. `options`: sets by name, the default one where None; all get the same faces.
    `masked`: only what differs between the truth's two pictures may move.

    `tasks` picks tasks by (parts of) their names, see `find_tasks`. Raises BadInput.
    """
    options = options or {"default": PRESETS["default"]}
    critter_mapping(generator)
    cases = make_cases(faces, find_tasks(tasks), size=generator.width, seed=seed)
    drags = []
    for name, chosen in options.items():
        for k, case in enumerate(cases):
            drags.append(drag_case(generator, case, chosen, name=name, masked=masked))
            if (k + 1) % 10 == 0 or k + 1 == len(cases):
                listener(f"{name}: {k + 1} of {len(cases)} drags")
    listener("judging")
    verdicts = judge(drags)
    return DragReport(
        model=generator.name,
        size=generator.width,
        faces=faces,
        sampling=SAMPLING,
        floor=noise_floor(drags, verdicts),
        rows=_rows(drags, verdicts),
        drags=tuple(drags),
        verdicts=tuple(verdicts),
    )


def drag_case(
    generator: Generator, case: Case, options: DragOptions, *, name: str, masked: bool = False
) -> Dragged:
    """Make one drag to its end."""
    mask = movable(case, generator.width) if masked else None
    z = case.z.to(generator.device, generator.dtype)
    with torch.no_grad():
        ws = critter_mapping(generator)(z)
        before = generator.render(ws).float().cpu()
    began = time.perf_counter()
    handles, targets = torch.cat([case.handles, case.pins]), torch.cat([case.targets, case.pins])
    steps = drag(generator, ws, handles, targets, mask=mask, options=options)
    (last,) = deque(steps, maxlen=1)
    seconds = time.perf_counter() - began
    with torch.no_grad():
        after = generator.render(last.ws).float().cpu()
    count = len(case.handles)  # the pins come after them
    return Dragged(
        case=case,
        options=name,
        before=before,
        after=after,
        points=last.points[:count].cpu(),
        tracked=last.distances[:count],
        statuses=last.statuses[:count],
        steps=last.index,
        seconds=seconds,
        mask=mask,
    )


COLUMNS = (
    Column("options", "options"),
    Column("task", "task"),
    Column("drags", "n", "d", "drags"),
    Column("start", "start", ".1f", "pixels from handle to target, mean"),
    Column("fitted", "end", ".1f", "pixels from the landmark to its target, by the judge, mean"),
    Column("fitted_median", "median", ".1f", "the same, median"),
    Column("within", "<=3px", ".0%", "drags all of whose landmarks end within 3 px (at 128 px)"),
    Column("tracked", "tracked", ".1f", "pixels from handle to target by the drag's own tracker"),
    Column("claimed", "claimed", ".0%", "drags all of whose handles claim to have reached"),
    Column("false_claims", "untrue", ".0%", "of those claims, what the judge refutes"),
    Column("moved", "moved", ".2f", "change of the task's parameter, 1 = as wanted"),
    Column("colour_drift", "colour", ".3f", "of the eight colour parameters, 1 = their range"),
    Column(
        "picture_drift", "mean", ".3f", "of the mean colour beyond the truth's, 1 = black-white"
    ),
    Column("outside", "outside", ".4f", "change outside of the mask, 1 = black to white"),
    Column("unreadable", "unread", ".0%", "results that the judge no longer takes for a critter"),
    Column("steps", "steps", ".0f", "steps of a drag, mean"),
    Column("ms_per_step", "ms/step", ".1f", "milliseconds by the wall clock"),
)


def table(report: DragReport) -> Table:
    """One line per set of options and task, then one for all tasks together."""
    floor = report.floor
    return Table(
        columns=COLUMNS,
        rows=tuple(asdict(row) for row in report.rows),
        heading=(
            f"RenderDrag: {report.model}, {report.size} px, {report.faces} held-out faces",
            f"Start poses: {report.sampling}.",
            f"The judge's own error: {floor.renders:.2f} px on renders (95 %: "
            f"{floor.renders_p95:.2f} px), {floor.generator:.2f} px on the model's pictures before "
            "the drag.",
        ),
    )


def details(report: DragReport) -> dict[str, object]:
    """What the table does not show: the setting, and every single verdict; no pictures."""
    return {
        "model": report.model,
        "size": report.size,
        "faces": report.faces,
        "sampling": report.sampling,
        "noise_floor": asdict(report.floor),
        "drags": [
            {
                "face": d.case.face,
                "task": d.case.task.name,
                "options": d.options,
                "steps": d.steps,
                "seconds": d.seconds,
                "statuses": d.statuses,
                **asdict(v),
            }
            for d, v in zip(report.drags, report.verdicts, strict=True)
        ],
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="critters", help="id or .safetensors file")
    parser.add_argument("--faces", type=int, default=100, help="held-out faces (default: 100)")
    parser.add_argument(
        "--options",
        default="default",
        metavar="NAMES",
        help=f"sets of drag options, with commas between: {', '.join(PRESETS)}",
    )
    parser.add_argument(
        "--tasks", default="", metavar="NAMES", help="tasks, with commas between (yaw,jaw,pitch...)"
    )
    parser.add_argument(
        "--mask", action="store_true", help="let only that move which differs in the truth"
    )
    parser.add_argument(
        "--mask-block",
        type=int,
        nargs="+",
        default=[],
        metavar="N",
        help="with --mask: hold the rest by the features of these blocks, one after another",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="draws other faces")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, ... (default: cpu)")
    add_json_argument(parser)
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="write a contact sheet")


def run_command(args: argparse.Namespace) -> int:
    check_json_argument(args.json)
    if args.mask_block and not args.mask:
        raise BadInput("--mask-block says how a mask is held.", hint="Give --mask as well.")
    report = run(
        load_generator(args.model, device=args.device),
        faces=args.faces,
        tasks=[name.strip() for name in args.tasks.split(",") if name.strip()],
        options=_options(args.options, args.mask_block),
        masked=args.mask,
        seed=args.seed,
        listener=lambda line: print(line, file=sys.stderr),
    )
    tables = {"rows": table(report)}
    whole = Report(
        "drag", plain_arguments(args), tables, details=details(report), device=args.device
    )
    present(whole, args.json)
    if args.sheet:
        from draggan.benchmark.sheet import drag_sheet
        from draggan.pictures import save_png

        save_png(args.sheet, drag_sheet(report.drags, report.verdicts))
    return 0


def _options(names: str, mask_blocks: Sequence[int]) -> dict[str, DragOptions]:
    """The presets of these names, each with each block to hold the masked region by, if given."""
    presets = _presets(names)
    if not mask_blocks:
        return presets
    return {
        f"{name}/{block}": replace(preset, mask_block=block)
        for name, preset in presets.items()
        for block in mask_blocks
    }


def _presets(names: str) -> dict[str, DragOptions]:
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    for name in chosen:
        if name not in PRESETS:
            raise BadInput(
                f"There are no drag options called '{name}'.",
                hint=f"Choose from {', '.join(PRESETS)}.",
            )
    return {name: PRESETS[name] for name in chosen}


def _rows(drags: Sequence[Dragged], verdicts: Sequence[Verdict]) -> tuple[Row, ...]:
    pairs = list(zip(drags, verdicts, strict=True))
    rows = []
    for options in dict.fromkeys(d.options for d in drags):
        own = [(d, v) for d, v in pairs if d.options == options]
        for task in dict.fromkeys(d.case.task.name for d, _ in own):
            rows.append(_row(options, task, [p for p in own if p[0].case.task.name == task]))
        rows.append(_row(options, "all", own))
    return tuple(rows)


def _row(options: str, task: str, pairs: Sequence[tuple[Dragged, Verdict]]) -> Row:
    verdicts = [v for _, v in pairs]
    ends = [_mean(v.fitted) for v in verdicts]
    claims = [v for v in verdicts if all(v.reached)]
    steps = sum(d.steps for d, _ in pairs)
    outside = [v.outside for v in verdicts if v.outside is not None]
    return Row(
        options=options,
        task=task,
        drags=len(pairs),
        start=_mean([_mean(v.start) for v in verdicts]),
        fitted=_mean(ends),
        fitted_median=torch.tensor(ends).median().item(),
        within=_mean([all(v.there) for v in verdicts]),
        tracked=_mean([_mean(v.tracked) for v in verdicts]),
        claimed=len(claims) / len(verdicts),
        false_claims=_mean([not all(v.there) for v in claims]),
        moved=_mean([v.moved for v in verdicts]),
        colour_drift=_mean([v.colour_drift for v in verdicts]),
        picture_drift=_mean([v.picture_drift for v in verdicts]),
        outside=_mean(outside) if outside else None,
        unreadable=_mean([not v.readable for v in verdicts]),
        steps=steps / len(pairs),
        ms_per_step=1000 * sum(d.seconds for d, _ in pairs) / max(1, steps),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
