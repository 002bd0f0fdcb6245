"""The models in memory: loaded at their first use, let go of step by step when nobody uses them.

Imports torch and draggan when the first model is asked for and not before, so that a daemon starts
at once. A model that nobody uses leaves the GPU first, since others want that, and memory later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draggan.generator import Generator

log = logging.getLogger("draggand.engine")


@dataclass(frozen=True)
class IdleTimes:
    """Seconds without a session after which a model leaves the GPU, and then memory."""

    gpu: float = 600.0
    memory: float = 1800.0


@dataclass
class Model:
    """A generator in memory, and the file that it came from."""

    name: str
    generator: Generator
    file_state: tuple[int, ...]
    fingerprint: str
    used: float | None = None  # when it last had a session; None: since then nobody has looked


class LoadedModels:
    """Models by name, on one device. `wanted`: "auto", "cpu", "cuda" or "cuda:N"."""

    def __init__(self, *, wanted: str, threads: int, idle: IdleTimes) -> None:
        self._wanted, self._threads, self._idle = wanted, threads, idle
        self._device = ""  # torch's name, once torch is there
        self._models: dict[str, Model] = {}

    def device(self) -> str:
        """What computes, in words."""
        if not self._device:
            undecided = "CUDA if there is one, else the CPU"
            return undecided if self._wanted == "auto" else self._wanted.upper()
        import torch

        if self._device.startswith("cuda"):
            return torch.cuda.get_device_name(self._device)
        count = torch.get_num_threads()
        return "CPU, 1 thread" if count == 1 else f"CPU, {count} threads"

    def get(self, name: str) -> Model:
        """The model, loaded anew when its file has been replaced.

        Sessions that are open keep the generator that they began with. Raises the library's errors,
        EngineFailed without the device that is wanted.
        """
        from draggan.checkpoint.registry import file_state
        from draggan.errors import DragganError

        try:
            state = file_state(name)
        except DragganError:
            self._models.pop(name, None)  # the file is gone
            raise
        known = self._models.get(name)
        if known is None or known.file_state != state:
            known = self._models[name] = self._load(name, state)
        self._bring_back(known)
        return known

    def rest(self, now: float, in_use: Collection[Generator]) -> None:
        """Let go of what nobody has used for long enough; `now` in seconds, from any clock."""
        for model in list(self._models.values()):
            if model.used is None or model.generator in in_use:
                model.used = now
            elif now - model.used >= self._idle.memory:
                del self._models[model.name]
                log.info("%s has left memory: nobody has used it for a while", model.name)
            elif now - model.used >= self._idle.gpu:
                self._leave_gpu(model)

    def put_aside(self, in_use: Collection[Generator]) -> None:
        """Make room on the device at once."""
        for model in self._models.values():
            if model.generator not in in_use:
                self._leave_gpu(model)

    def _leave_gpu(self, model: Model) -> None:
        if model.generator.device.type == "cpu":
            return
        model.generator = model.generator.to(device="cpu")
        log.info("%s has left the GPU: nobody is using it", model.name)
        free_cache()

    def _bring_back(self, model: Model) -> None:
        import torch

        model.used = None
        if model.generator.device.type != torch.device(self._device).type:
            model.generator = model.generator.to(device=self._device)
            log.info("%s is back on the GPU", model.name)

    def _load(self, name: str, state: tuple[int, ...]) -> Model:
        from draggan.checkpoint import load_generator
        from draggan.checkpoint.registry import model_file
        from draggan.saved import fingerprint

        if not self._device:
            self._device = self._chosen_device()
        begin = time.perf_counter()
        generator = load_generator(name, device=self._device)
        found = Model(name, generator, state, fingerprint(model_file(name)))
        log.info("loaded %s on %s in %.2f s", name, self._device, time.perf_counter() - begin)
        return found

    def _chosen_device(self) -> str:
        import torch

        from .failures import no_device

        if self._threads:
            torch.set_num_threads(self._threads)
        if self._wanted == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        if self._wanted.startswith("cuda") and not torch.cuda.is_available():
            raise no_device("There is no CUDA device for torch on this computer.")
        return self._wanted


def free_cache() -> None:
    """Give back to the device what torch keeps of it for later."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
