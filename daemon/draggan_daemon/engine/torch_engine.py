"""TorchEngine, what a worker computes with; loads no torch before the first session needs it.

Its jobs stand in `jobs`. Each leaves records from which another process can go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from draggan_wire.messages import Drag, ModelInfo, Open, Save, Seek
from draggan_wire.pixels import MAX_BUFFER

from ..models import InstalledModels
from ..worker import Coding, Job, Snapshot
from .loaded_models import IdleTimes, LoadedModels

if TYPE_CHECKING:
    from .jobs import Jobs


INVERSION_BYTES = 256 << 20


class TorchEngine:
    """Opens pictures, seeds and saved edits, drags, seeks, saves: the `Engine` of `worker.py`.

    `device`: "auto", "cpu", "cuda" or "cuda:N"; `threads`: 0 leaves the number to torch. Saved data
    is at most `max_bytes`, since a client could not send more back; records keep tuned weights up
    to that size. What is found of pictures may take `inversion_bytes` on disk; 0: none is kept.
    """

    def __init__(
        self,
        *,
        device: str,
        threads: int,
        max_bytes: int = MAX_BUFFER,
        inversion_bytes: int = INVERSION_BYTES,
        idle: IdleTimes | None = None,
    ) -> None:
        from draggan.threads import share_the_cores

        share_the_cores()
        self._max_bytes, self._inversion_bytes = max_bytes, inversion_bytes
        self._installed = InstalledModels()
        self._models = LoadedModels(wanted=device, threads=threads, idle=idle or IdleTimes())
        self._jobs: Jobs | None = None

    def warm_up(self) -> None:
        """Bring torch into memory before the first session asks for it; takes seconds."""
        self._at_hand()

    def models(self) -> tuple[ModelInfo, ...]:
        return self._installed()

    def device(self) -> str:
        return self._models.device()

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        return self._job(lambda jobs: jobs.open(session, request, stop))

    def restore(self, session: str, snapshot: Snapshot, stop: threading.Event) -> Job:
        """Says nothing but what a drag in flight still has to say."""
        return self._job(lambda jobs: jobs.restore(session, snapshot, stop))

    def drag(self, request: Drag, stop: threading.Event) -> Job:
        return self._job(lambda jobs: jobs.drag(request, stop))

    def seek(self, request: Seek) -> Job:
        return self._job(lambda jobs: jobs.seek(request))

    def save(self, request: Save) -> Job:
        return self._job(lambda jobs: jobs.save(request))

    def code(self, session: str, coding: Coding) -> None:
        self._at_hand().code(session, coding)

    def close(self, session: str) -> None:
        if self._jobs is not None:
            self._jobs.close(session)

    def idle(self, now: float) -> None:
        if self._jobs is not None:
            self._jobs.idle(now)

    def _job(self, start: Callable[[Jobs], Job]) -> Job:
        return (yield from start(self._at_hand()))

    def _at_hand(self) -> Jobs:
        from draggan.inversion_cache import InversionCache

        from .jobs import Jobs

        if self._jobs is None:
            kept = InversionCache(limit=self._inversion_bytes) if self._inversion_bytes else None
            self._jobs = Jobs(self._models, max_bytes=self._max_bytes, inversions=kept)
        return self._jobs
