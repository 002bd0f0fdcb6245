"""What a drag step costs: the released code, its stand-in and ours side by side; `bench speed`.

Every row has a process of its own, and so its own peak memory; all of a setting's rows take turns,
there and back again, so that whatever else the machine does hits all of them alike. Each turn
begins the drag anew from the same latent with the same handles, targets and mask, 40 % of the
picture away from each other: too far to arrive while the clock runs. A drag that ends all the same
(its points are lost) begins again, and that is not timed.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from draggan.benchmark.counting import Peaks, Work
from draggan.benchmark.machine import machine_line
from draggan.benchmark.released_code import check_checkout
from draggan.benchmark.speed_child import Child, ChildFailed, measure_peaks
from draggan.benchmark.speed_figures import add_ratios, described, distance, figures, yes
from draggan.benchmark.speed_rows import (
    NUDGE,
    OURS_SAME,
    SAME,
    Contender,
    find_contenders,
)
from draggan.benchmark.speed_scene import Setting, check_points
from draggan.benchmark.speed_tables import preview_table, same_table, step_table
from draggan.benchmark.speed_worker import Job
from draggan.benchmark.table import (
    Report,
    add_json_argument,
    check_json_argument,
    plain_arguments,
    present,
)
from draggan.errors import BadInput

MODEL = "random-512"
FULL = ("random-256", "random-512", "random-1024")
WALKERS = {name for pair in OURS_SAME for name in pair[:2]}
Listener = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long to look."""

    steps: int = 3  # timed in each turn
    rounds: int = 2
    warm_up: int = 1  # steps before the timed ones, in each turn
    seconds: float = 1.0  # a turn of quick steps takes more of them, until these are over
    previews: tuple[int, ...] = (1, 5, 10)  # a preview every so many steps
    walk: int = 50  # steps after which our own latents are compared


@dataclass(frozen=True)
class Place:
    """Where everything runs."""

    device: str = "cpu"
    threads: int = 1
    reference: Path | None = None


def run(
    settings: Sequence[Setting],
    contenders: Sequence[Contender],
    plan: Plan,
    place: Place,
    *,
    listener: Listener = lambda line: None,
) -> dict[str, Any]:
    """Rows, latents that should agree, the machine's peaks, and remarks; plain values.

    Raises BadInput, from the rows' own processes too.
    """
    listener("measuring the machine itself")
    peaks = measure_peaks(place.device, place.threads)
    rows, same, notes = [], [], []
    for k, setting in enumerate(settings):
        listener(f"{setting.model}, {setting.points} points, mask {yes(setting.mask)}")
        with _Setting(setting, contenders, plan, place, listener) as its:
            its.take_turns()
            first = all(setting.model != s.model for s in settings[:k])
            same += its.same(walk=plan.walk if first else 0)
            rows += its.rows(peaks)
            notes += its.notes
    return {"rows": rows, "same": same, "peaks": peaks, "notes": list(dict.fromkeys(notes))}


class _Setting:
    """All rows of one setting, each with its process."""

    def __init__(
        self,
        setting: Setting,
        contenders: Sequence[Contender],
        plan: Plan,
        place: Place,
        listener: Listener,
    ) -> None:
        self.setting, self.plan, self.listener = setting, plan, listener
        self.notes: list[str] = []
        self.turns: dict[str, list[dict[str, Any]]] = {}
        self.contenders = contenders
        reference = None if place.reference is None else str(place.reference)
        self.jobs = {
            c.name: Job(c.name, setting, place.device, place.threads, reference)
            for c in self.contenders
        }
        self.children: dict[str, Child] = {}

    def __enter__(self) -> _Setting:
        try:
            for c in self.contenders:
                with self._tolerated(c):
                    child = self.children[c.name] = Child(self.jobs[c.name])
                    self.notes += [f"{c.title} without {s}" for s in child.ready["stand_ins"]]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.children.values():
            child.close()

    def take_turns(self) -> None:
        p = self.plan
        for turn in range(p.rounds):
            for c in self.contenders if turn % 2 == 0 else self.contenders[::-1]:
                self.listener(f"  turn {turn + 1} of {p.rounds}: {c.title}")
                taken = self._ask(
                    c,
                    do="time",
                    steps=p.steps,
                    seconds=p.seconds,
                    warm_up=p.warm_up,
                    previews=2 if p.previews else 0,
                )
                if taken is not None:
                    self.turns.setdefault(c.name, []).append(taken)

    def rows(self, peaks: Peaks) -> list[dict[str, Any]]:
        """One for each contender that came through, with the ratio to the first baseline."""
        rows = []
        for c in self.contenders:
            turns = self.turns.get(c.name, [])
            work = self._ask(c, do="count") if turns else None
            if work is not None:
                ready = self.children[c.name].ready
                rows.append(figures(c, self.setting, ready, turns, Work(**work), peaks))
        add_ratios(rows, self.plan.previews)
        return rows

    def same(self, *, walk: int) -> list[dict[str, Any]]:
        """How far latents that should be equal are apart, as shares of the way that they went."""
        ends = {name: t[0] for name, t in self.turns.items() if t[0]["latent"]}
        found = [*self._compared(SAME, ends)]
        return [*found, *self._compared(OURS_SAME, self._walked(walk))] if walk else found

    def _walked(self, steps: int) -> dict[str, dict[str, Any]]:
        """Where each of ours gets to, and `nudged` from a start that is not quite the same."""
        ends = {}
        for c in self.contenders:
            if c.name in WALKERS and c.name in self.turns:
                self.listener(f"  {steps} small steps: {c.title}")
                ends[c.name] = self._ask(c, do="walk", steps=steps)
                if c.name == "auto":
                    ends["nudged"] = self._ask(c, do="walk", steps=steps, nudge=NUDGE)
        return {name: end for name, end in ends.items() if end is not None}

    def _compared(
        self, pairs: Sequence[tuple[str, str, str]], ends: Mapping[str, dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        titles = {c.name: c.title for c in self.contenders} | {"nudged": "another start"}
        for one, other, reason in pairs:
            if one in ends and other in ends and ends[one]["updates"] == ends[other]["updates"]:
                start = self.children[one].ready["start"]
                a, b = ends[one]["latent"], ends[other]["latent"]
                yield {
                    **described(self.setting, self.children[one].ready),
                    "one": titles[one],
                    "other": titles[other],
                    "updates": ends[one]["updates"],
                    "way": distance(a, start),
                    "difference": distance(a, b) / max(distance(a, start), 1e-12),
                    "reason": reason,
                }

    def _ask(self, contender: Contender, **command: Any) -> dict[str, Any] | None:
        """None, and a note, where the row's process cannot go on."""
        child = self.children.get(contender.name)
        answer = None
        if child is not None:
            with self._tolerated(contender):
                answer = child.ask(command)
        return answer

    def _tolerated(self, contender: Contender) -> _Tolerated:
        return _Tolerated(self, contender)


class _Tolerated:
    """A row that fails leaves the table with a note; the others stay."""

    def __init__(self, setting: _Setting, contender: Contender) -> None:
        self.setting, self.contender = setting, contender

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, ChildFailed):
            return False
        its, c = self.setting, self.contender
        its.notes.append(f"{c.title}, {its.setting.model}: {error}")
        its.turns.pop(c.name, None)
        if c.name in its.children:
            its.children.pop(c.name).close()
        return True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", nargs="+", metavar="ID", help=f"random-N, ids or files (default: {MODEL})")
    add("--full", action="store_true", help=f"the models {', '.join(FULL)}")
    add(
        "--reference",
        type=Path,
        metavar="FOLDER",
        help="a checkout of XingangPan/DragGAN, to time the released code itself; it is run",
    )
    add("--rows", nargs="+", default=[], metavar="ROW", help="these rows only")
    add("--points", nargs="+", type=int, default=[1, 5], metavar="N", help="1 to 5 (default: 1 5)")
    add("--mask", choices=("no", "yes", "both"), default="both", help="(default: both)")
    add(
        "--preview",
        nargs="*",
        type=int,
        default=list(Plan.previews),
        metavar="N",
        help="costs with a preview every N steps (default: 1 5 10); without N: none",
    )
    add("--steps", type=int, help="timed in each turn (default: 3; on a GPU 5 times 40)")
    add("--rounds", type=int, default=Plan.rounds, help=f"turns (default: {Plan.rounds})")
    add(
        "--walk",
        type=int,
        default=Plan.walk,
        help="compare our latents after so many steps (default: 50)",
    )
    add("--device", default="cpu", help="cpu or cuda (default: cpu)")
    add("--threads", type=int, default=1, help="of the processor (default: 1)")
    add_json_argument(parser)


def run_command(args: argparse.Namespace) -> int:
    """Everything that can be refused is refused before the first second of work."""
    check_json_argument(args.json)
    _check_device(args.device)
    reference = None if args.reference is None else check_checkout(args.reference)
    place = Place(args.device, args.threads, reference)
    contenders = find_contenders(args.rows, reference=reference is not None)
    settings, plan = _settings(args), _plan(args)

    def listener(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    found = run(settings, contenders, plan, place, listener=listener)
    if not found["rows"]:
        raise BadInput("No row could be timed.", hint=" ".join(found["notes"]) or "Ask for others.")
    present(_report(found, args), args.json)
    return 0


def _check_device(name: str) -> None:
    import torch

    if name != "cpu" and not (name.startswith("cuda") and torch.cuda.is_available()):
        raise BadInput(f"There is no device '{name}' here.", hint="Use --device cpu, or cuda.")


def _report(found: Mapping[str, Any], args: argparse.Namespace) -> Report:
    tables = {
        "rows": step_table(found["rows"], found["peaks"], machine_line(args.device), args.device),
        "with_previews": preview_table(found["rows"], args.device),
        "same": same_table(found["same"], found["notes"]),
    }
    return Report(
        benchmark="speed",
        arguments=plain_arguments(args),
        tables={name: table for name, table in tables.items() if table.rows},
        details={"peaks": vars(found["peaks"]), "remarks": found["notes"]},
        device=args.device,
    )


def _settings(args: argparse.Namespace) -> list[Setting]:
    models = args.model or (FULL if args.full else (MODEL,))
    masks = {"no": (False,), "yes": (True,), "both": (False, True)}[args.mask]
    points = [check_points(count) for count in args.points]
    return [Setting(*choice) for choice in itertools.product(models, points, masks)]


def _plan(args: argparse.Namespace) -> Plan:
    gpu = args.device.startswith("cuda")
    steps = args.steps if args.steps is not None else 5 if gpu else Plan.steps
    if min(steps, args.rounds, args.threads, *args.preview, 1) < 1 or args.walk < 0:
        raise BadInput(
            "Steps, rounds, threads and previews are counted from 1.", hint="Leave them out."
        )
    return Plan(
        steps=steps,
        rounds=args.rounds,
        warm_up=20 if gpu else Plan.warm_up,
        previews=tuple(args.preview),
        walk=args.walk,
    )
