"""A client that drags without end and checks every picture that comes; used by the fault tests.

A picture's first bytes say which step it shows and the state that all steps before have led to, so
that a step which was lost, made twice or restored wrongly is seen.
"""

from __future__ import annotations

import time

from draggan_daemon.bench.measure import Visitor
from draggan_daemon.bench.painting import mark_of
from draggan_daemon.bench.scene import first_state, next_state, read_label
from draggan_wire.messages import Credit, Done, Drag, DragSettings, Frame, Open, Stop

KEPT = 5  # every so many steps are kept frames, which must all come
STEPS = 100_000


class Follower:
    """Drags without end; every picture has to be its own, of the right state, no kept one lost."""

    def __init__(
        self, visitor: Visitor, seed: int, model: str = "fast", *, label: int | None = None
    ) -> None:
        self.visitor, self.seed = visitor, seed
        visitor.open(model, seed, label)
        visitor.on_frame = self.look_at
        self.states = [first_state(mark_of(Open(model, seed=seed)))]
        self.kept: list[int] = []
        self.newest, self.first = 0, 0
        self.number = 0

    def drag(self, *, credit: int = 4) -> None:
        visitor = self.visitor
        visitor.client.send(Credit(visitor.session, credit))
        settings = DragSettings(steps=STEPS)
        self.first, self.kept = self.newest, []
        self.number = visitor.client.send(
            Drag(
                visitor.session,
                ((100.0, 100.0),),
                ((300.0, 200.0),),
                settings=settings,
                preview_every_ms=20,
                keep_every=KEPT,
            )
        )

    def look_at(self, frame: Frame) -> None:
        mark, step, state = read_label(frame.image)
        assert frame.session == self.visitor.session
        assert mark == mark_of(Open("fast", seed=self.seed)), "somebody else's picture"
        assert step == frame.step and state == self.state_at(step), f"step {step} is another"
        if frame.kind == "kept":
            self.kept.append(step)
        self.newest = max(self.newest, step)

    def state_at(self, step: int) -> bytes:
        while len(self.states) <= step:
            index = len(self.states) - self.first  # of this drag: 1, 2, 3...
            self.states.append(next_state(self.states[-1], index))
        return self.states[step]

    def goes_on(self, *, seconds: float = 20.0) -> float:
        """Waits for a later step than any before; returns the seconds that it took."""
        begin, seen = time.monotonic(), self.newest
        while self.newest <= seen:
            assert time.monotonic() - begin < seconds, f"nothing after step {seen}"
            assert not self.visitor.troubles, self.visitor.troubles
            self.visitor.watch(0.02)
        return time.monotonic() - begin

    def finish(self) -> Done:
        """Stops the drag; every kept step must have come, once, in order."""
        self.visitor.client.send(Stop(self.visitor.session))
        done = self.visitor.answer(self.number, Done)
        last = self.first + done.steps
        wanted = [
            step for step in range(self.first + 1, last + 1) if not (step - self.first) % KEPT
        ]
        once = list(
            dict.fromkeys(self.kept)
        )  # after a crash, what was not yet receipted comes again
        assert once == wanted, f"of kept steps {sorted(set(wanted) ^ set(once))[:9]} are missing"
        return done
