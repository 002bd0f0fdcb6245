"""Several workers as one SessionWorker: one child for each GPU; no sockets, no processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from draggan_wire.errors import EngineFailed
from draggan_wire.messages import Drag, ModelInfo, Open, Save, Seek

from .bell import Bell
from .worker import (
    Coding,
    Event,
    SessionWorker,
    Snapshot,
    WorkerHealth,
    WorkerLost,
    no_session,
)


class WorkerPool(SessionWorker):
    """A session goes to the worker with the fewest, of several such to one where its model has been
    used already, and to none whose process does not run if there is another.

    `make` gets the bell that all workers have to ring. It belongs to the pool, as they do.
    """

    def __init__(self, make: Callable[[Bell], Sequence[SessionWorker]]) -> None:
        self._bell = Bell()
        self._workers = tuple(make(self._bell))
        self._places: dict[str, SessionWorker] = {}
        self._models: dict[SessionWorker, set[str]] = {worker: set() for worker in self._workers}

    def models(self) -> tuple[ModelInfo, ...]:
        return self._workers[0].models()

    def device(self) -> str:
        """Such as "2 x NVIDIA H200"."""
        names = sorted(worker.device() for worker in self._workers)
        counted = ((name, len(list(same))) for name, same in groupby(names))
        return ", ".join(name if n == 1 else f"{n} x {name}" for name, n in counted)

    def health(self) -> tuple[WorkerHealth, ...]:
        return tuple(health for worker in self._workers for health in worker.health())

    def open(self, session: str, request: Open, re: int | None) -> None:
        ranked = self._ranked(request.model)
        for worker in ranked:
            try:
                worker.open(session, request, re)
            except EngineFailed:  # its process cannot be started
                if worker is ranked[-1]:
                    raise
            else:
                self._settle(session, worker, request.model)
                return

    def restore(self, session: str, snapshot: Snapshot, re: int | None) -> None:
        worker = self._ranked(snapshot.model)[0]
        worker.restore(session, snapshot, re)
        self._settle(session, worker, snapshot.model)

    def drag(self, request: Drag, re: int | None) -> None:
        self._place(request.session).drag(request, re)

    def seek(self, request: Seek, re: int | None) -> None:
        self._place(request.session).seek(request, re)

    def save(self, request: Save, re: int | None) -> None:
        self._place(request.session).save(request, re)

    def code(self, session: str, coding: Coding) -> None:
        if (worker := self._places.get(session)) is not None:
            worker.code(session, coding)

    def stop(self, session: str) -> bool:
        worker = self._places.get(session)
        return worker is not None and worker.stop(session)

    def credit(self, session: str, previews: int) -> None:
        if (worker := self._places.get(session)) is not None:
            worker.credit(session, previews)

    def withdraw_credit(self, session: str) -> None:
        if (worker := self._places.get(session)) is not None:
            worker.withdraw_credit(session)

    def close(self, session: str) -> None:
        if (worker := self._places.pop(session, None)) is not None:
            worker.close(session)

    def events(self) -> list[Event | WorkerLost]:
        self._bell.heard()
        found: list[Event | WorkerLost] = []
        for worker in self._workers:
            found += (said := worker.events())
            if any(isinstance(event, WorkerLost) for event in said):
                self._models[worker].clear()
        for event in found:
            if isinstance(event, Event) and event.ends_session:
                self._places.pop(event.session, None)
        return found

    def fileno(self) -> int:
        return self._bell.fileno()

    def end(self) -> None:
        for worker in self._workers:
            worker.end()

    def ended(self) -> bool:
        return all(worker.ended() for worker in self._workers)

    def release(self) -> None:
        for worker in self._workers:
            worker.release()
        self._bell.close()

    def _place(self, session: str) -> SessionWorker:
        try:
            return self._places[session]
        except KeyError:
            raise no_session(session) from None

    def _ranked(self, model: str) -> list[SessionWorker]:
        """The workers, best first."""

        def cost(worker: SessionWorker) -> tuple[bool, int, bool]:
            found = worker.health()
            down = all(h.state == "starting" and h.pid is None and h.restarts for h in found)
            return down, sum(h.sessions for h in found), model not in self._models[worker]

        return sorted(self._workers, key=cost)

    def _settle(self, session: str, worker: SessionWorker, model: str) -> None:
        before = self._places.get(session)
        if before is not None and before is not worker:
            before.close(session)
        self._places[session] = worker
        self._models[worker].add(model)
