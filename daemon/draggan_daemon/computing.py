"""The worker that the settings ask for; torch only where it computes in this very process."""

from __future__ import annotations

import logging
import os

from .bell import Bell
from .child import ChildWorker, engine_command
from .config import Config
from .devices import devices
from .in_process import InProcessWorker
from .keeper import Patience
from .models import InstalledModels
from .pool import WorkerPool
from .worker import SessionWorker

log = logging.getLogger("draggand")


def make_worker(config: Config) -> SessionWorker:
    """One process for each device; a thread of this one if the settings say so."""
    found = devices(config.device, os.environ)
    if config.worker.isolation == "thread":
        return _thread(config, found[0])
    models = InstalledModels()
    if len(found) == 1:
        return _process(config, found[0], models)
    log.info("a worker for each of %s", ", ".join(found))
    return WorkerPool(lambda bell: [_process(config, name, models, bell) for name in found])


def _thread(config: Config, device: str) -> SessionWorker:
    from .engine import TorchEngine
    from .engine.loaded_models import IdleTimes

    engine = TorchEngine(
        device=device,
        threads=config.threads,
        max_bytes=config.limits.max_bytes,
        inversion_bytes=config.inversions.max_bytes,
        idle=IdleTimes(memory=config.worker.unload_after),
    )
    return InProcessWorker(engine)


def _process(
    config: Config, device: str, models: InstalledModels, bell: Bell | None = None
) -> ChildWorker:
    settings = config.worker
    command = engine_command(
        device=device,
        threads=config.threads,
        max_bytes=config.limits.max_bytes,
        inversion_bytes=config.inversions.max_bytes,
        unload_after=settings.unload_after,
    )
    return ChildWorker(
        command,
        name=device,
        models=models,
        patience=Patience(
            hang_after=settings.hang_after,
            longest_turn=settings.longest_turn,
            end_after=settings.end_after,
        ),
        bell=bell,
    )
