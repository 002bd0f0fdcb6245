"""One row of the speed table in a process of its own, so that its memory is its own; torch.

Started by `speed` with a job as its argument. It answers each line on standard input, a command,
with one line of JSON. Whatever else is printed, the released code's remarks among it, goes to
standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from draggan.benchmark.counting import Clock, Seconds, count, machine_peaks
from draggan.benchmark.released_code import Checkout, ReleasedWalk, released_renderer
from draggan.benchmark.released_costs import ReleasedCosts
from draggan.benchmark.speed_rows import Contender, find_contenders
from draggan.benchmark.speed_scene import SEED, TRUNCATION, Scene, Setting, make_scene, open_network
from draggan.benchmark.walks import Begin, OwnWalk, Walk
from draggan.errors import DragganError
from draggan.stylegan2_generator import StyleGAN2Generator

MOST = 10  # times as many steps as asked for, at most
GENTLE = 0.2  # of the learning rate: random networks soon lose what is dragged quickly
CHUNK = 40  # steps between two looks at the clock on a GPU, which is waited for each time


@dataclass(frozen=True)
class Job:
    """What a worker is started for; plain values, fit for JSON."""

    row: str
    setting: Setting
    device: str = "cpu"
    threads: int = 1
    reference: str | None = None  # the checkout of the released code

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        values = json.loads(text)
        return cls(**{**values, "setting": Setting(**values["setting"])})


class Session:
    """A contender on its scene, ready to drag from the start as often as it is asked to."""

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(job.threads)
        self.device = torch.device(job.device)
        self.chunk = CHUNK if self.device.type == "cuda" else 1
        self.clock = Clock(self.device)
        (contender,) = find_contenders([job.row], reference=job.reference is not None)
        generator = open_network(job.setting.model)
        if self.device.type != "cpu":
            generator = generator.to(device=self.device)
        self.size = (generator.width, generator.height)
        self.scene = make_scene(job.setting, *self.size)
        self.start = generator.sample([SEED], truncation=TRUNCATION)
        self.stand_ins: tuple[str, ...] = ()
        self.begin = self._beginning(contender, generator, job.reference)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def _beginning(
        self, contender: Contender, generator: StyleGAN2Generator, reference: str | None
    ) -> Begin:
        options, scene = contender.options, self.scene
        if options is None:
            assert reference is not None
            return self._released(Path(reference), generator, scene)
        if contender.costs:
            generator = ReleasedCosts(generator.network)
        return lambda ws, rate: OwnWalk(
            generator, ws, scene, replace(options, lr=options.lr * rate)
        )

    def _released(self, path: Path, generator: StyleGAN2Generator, scene: Scene) -> Begin:
        checkout = Checkout.opened(path, cuda=self.device.type == "cuda")
        self.stand_ins = checkout.stand_ins
        renderer = released_renderer(checkout, generator.network.cpu())
        return lambda ws, rate: ReleasedWalk(renderer, ws, scene, rate=rate)

    def ready(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "stand_ins": self.stand_ins,
            "start": self.start.flatten().tolist(),
            "threads": torch.get_num_threads(),
            "memory": peak_memory(self.device),
        }

    def time(self, steps: int, seconds: float, warm_up: int, previews: int) -> dict[str, Any]:
        """At least `steps` steps from the start, more while `seconds` are not over.

        Also the peak memory until then, the latent after `warm_up + steps` updates, and at last
        what each of `previews` previews takes.
        """
        walk = self._warmed(warm_up)
        taken: list[Seconds] = []
        latent, restarts = [], 0
        while len(taken) < steps or (
            sum(s.busy * self.chunk for s in taken) < seconds and len(taken) < MOST * steps
        ):
            if walk.ended:
                walk, restarts = self._warmed(warm_up), restarts + 1
            taken.append(self._chunk(walk.step, until=walk))
            if len(taken) == steps and not restarts:
                latent = walk.latent().flatten().tolist()
        memory = peak_memory(self.device)
        shown = [self._chunk(walk.preview) for _ in range(previews)]
        return {
            "steps": [asdict(s) for s in taken],
            "previews": [asdict(s) for s in shown],
            "latent": latent,
            "updates": warm_up + steps * self.chunk,
            "together": self.chunk,
            "restarts": restarts,
            "memory": memory,
        }

    def _warmed(self, steps: int) -> Walk:
        walk = self.begin(self.start, 1.0)
        for _ in range(steps):
            walk.step()
            if walk.ended:
                raise RuntimeError("the drag ended before the clock was started")
        return walk

    def _chunk(self, work: Callable[[], object], *, until: Walk | None = None) -> Seconds:
        """The mean over as many runs as are timed together, fewer where the walk ends."""
        runs = 0

        def often() -> None:
            nonlocal runs
            while runs < self.chunk and not (until and until.ended):
                work()
                runs += 1

        s = self.clock.time(often)
        return Seconds(s.cpu / runs, s.kernel / runs, s.wall / runs, s.busy / runs)

    def count(self) -> dict[str, Any]:
        walk = self._warmed(1)
        return asdict(count(walk.step))

    def walk(self, steps: int, nudge: float = 0.0) -> dict[str, Any]:
        """Where `steps` small updates lead, or as many as the drag took if it ended before.

        `nudge` changes the start by that share of itself.
        """
        walk = self.begin(self.start * (1 + nudge), GENTLE)
        taken = 0
        while taken < steps and not walk.ended:
            walk.step()
            taken += 1
        return {"latent": walk.latent().flatten().tolist(), "updates": taken}


def peak_memory(device: torch.device) -> int:
    """Bytes: the most that this process has held so far, or has held on the GPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):  # unlike ru_maxrss, never a parent's
                return int(line.split()[1]) * 1024
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage if sys.platform == "darwin" else usage * 1024


def answer(command: dict[str, Any], session: Session) -> dict[str, Any]:
    """One command: {"do": "time" | "count" | "walk", its arguments}."""
    arguments = {name: value for name, value in command.items() if name != "do"}
    if command["do"] == "time":
        return session.time(**arguments)
    return session.count() if command["do"] == "count" else session.walk(**arguments)


def main(words: list[str]) -> int:
    """`peaks DEVICE THREADS`, or a job as JSON."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def reply(work: Callable[[], dict[str, Any]]) -> bool:
        try:
            text = json.dumps(work())
        except DragganError as error:
            text = json.dumps({"error": error.sentence, "hint": error.hint})
        except Exception as error:  # told in the table, where the other rows go on
            first = str(error).strip().partition("\n")[0]
            text = json.dumps({"error": f"{type(error).__name__}: {first}", "hint": ""})
        replies.write(f"{text}\n")
        replies.flush()
        return '"error"' not in text[:9]

    if words[0] == "peaks":
        torch.set_num_threads(int(words[2]))
        return 0 if reply(lambda: asdict(machine_peaks(torch.device(words[1])))) else 1
    sessions: list[Session] = []

    def start() -> dict[str, Any]:
        sessions.append(Session(Job.from_json(words[0])))
        return sessions[0].ready()

    if not reply(start):
        return 1
    for line in sys.stdin:
        if not reply(lambda text=line: answer(json.loads(text), sessions[0])):  # type: ignore[misc]
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
