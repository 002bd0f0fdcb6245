"""One step run again and again without waiting for the device, as a CUDA graph where there is CUDA.

A step of a drag is hundreds of small operations; starting each costs a GPU more time than doing
it. A graph starts all of them at once. Torch only; nothing here knows what a step does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Step = Callable[[], Sequence[Tensor]]
_log = logging.getLogger(__name__)


class Replay:
    """Runs `step`, which changes its state in place and returns what is to be recorded.

    The step must have run several times before, so that everything it keeps is allocated, must
    work on the same memory each time, and must not look at any value. Where no graph can be made
    of it, it is called; `reason` says why.
    """

    def __init__(self, step: Step, device: torch.device) -> None:
        self.step = step
        self.graph: torch.cuda.CUDAGraph | None = None
        self.recorded: Sequence[Tensor] = ()
        self.reason = "graphs need CUDA"
        if device.type == "cuda":
            self._capture()

    def run(self, count: int) -> list[list[Tensor]]:
        """Take `count` steps: for each what it recorded, still on the device."""
        return [[value.clone() for value in self._once()] for _ in range(count)]

    def _once(self) -> Sequence[Tensor]:
        if self.graph is None:
            return self.step()
        self.graph.replay()
        return self.recorded

    def _capture(self) -> None:
        graph = torch.cuda.CUDAGraph()
        try:
            torch.cuda.synchronize()
            with torch.cuda.graph(graph):  # records, runs nothing
                self.recorded = self.step()
        except RuntimeError as error:
            self.reason = str(error).splitlines()[0]
            _log.warning("steps run one by one: no CUDA graph could be made (%s)", self.reason)
            return
        self.graph, self.reason = graph, ""


def why_no_graphs(device: torch.device) -> str:
    """Why steps cannot be recorded as a graph on `device`; empty where they can."""
    x = torch.zeros(8, 8, device=device)
    return Replay(lambda: [x.add_(1)], device).reason
