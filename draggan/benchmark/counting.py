"""Counting what a step computes and moves, and measuring what this machine could; torch only.

`count` runs a piece of work once and adds up the arithmetic of its matrix products and convolutions
(forward and backward) and the bytes that its operators read and write. `machine_peaks` measures the
fastest product and the fastest copy that PyTorch reaches here; the two together say how long the
work would take at least.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
COPIED = 64 * 2**20  # numbers, far more than any cache holds


@dataclass(frozen=True)
class Work:
    """What one step does."""

    gflop: float  # a multiplication and an addition are two
    gigabytes: float  # read and written by operators, as if there were no caches
    operators: int  # dispatched, views not counted


@dataclass(frozen=True)
class Peaks:
    """The best that was measured here: per CPU-second on a CPU, per second on a GPU."""

    gflops: dict[str, float]  # by precision
    gigabytes: float

    def least(self, work: Work, precision: str) -> tuple[float, float]:
        """Seconds that the arithmetic of `work` takes at least, and those of its traffic."""
        return work.gflop / self.gflops[precision], work.gigabytes / self.gigabytes


class _Traffic(TorchDispatchMode):
    """Bytes of the operands and results of every operator that is more than a view."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.operators = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not func.is_view and func.namespace in ("aten", "mkldnn"):
            operands = {id(t): t for t in (*_tensors(args), *_tensors(result))}
            self.bytes += sum(t.numel() * t.element_size() for t in operands.values())
            self.operators += 1
        return result


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from _tensors(value)


def count(work: Callable[[], object]) -> Work:
    """Runs `work` once, far more slowly than usual."""
    flops = FlopCounterMode(display=False, custom_mapping=_packed_convolutions())
    with flops, _Traffic() as traffic:
        work()
    return Work(flops.get_total_flops() / 1e9, traffic.bytes / 1e9, traffic.operators)


def _packed_convolutions() -> dict[Any, Callable[..., int]]:
    """Formulas for the convolutions of packed weights, which torch's counter does not know."""

    def forth(x: Sequence[int], w: Sequence[int], *_: Any, out_shape: Sequence[int]) -> int:
        return 2 * math.prod(out_shape) * x[1] * math.prod(w[2:])

    def transposed(x: Sequence[int], w: Sequence[int], *_: Any, out_shape: Sequence[int]) -> int:
        return 2 * math.prod(x) * out_shape[1] * math.prod(w[2:])

    formulas = {
        "_convolution_pointwise": forth,
        "_convolution_transpose_pointwise": transposed,
    }
    ops = torch.ops.mkldnn
    return {getattr(ops, name): f for name, f in formulas.items() if hasattr(ops, name)}


def machine_peaks(device: torch.device) -> Peaks:
    """Large products, a large convolution and a large copy, for some seconds. On a GPU each
    precision, on a CPU float32 and bfloat16."""
    names = list(PRECISIONS) if device.type == "cuda" else ["float32", "bfloat16"]
    gflops = {name: _peak_gflops(device, PRECISIONS[name]) for name in names}
    source = torch.zeros(COPIED, device=device)
    target = torch.zeros(COPIED, device=device)
    seconds = _fastest(lambda: target.copy_(source), device)
    return Peaks(gflops, 2 * COPIED * source.element_size() / 1e9 / seconds)


@torch.no_grad()
def _peak_gflops(device: torch.device, dtype: torch.dtype) -> float:
    """The faster of a matrix product and of a convolution as StyleGAN2 has them."""
    n = 8192 if device.type == "cuda" else 1536
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    product = 2 * n**3 / _fastest(lambda: a @ b, device)
    size, channels = (128 if device.type == "cuda" else 48), 512
    x = torch.randn(1, channels, size, size, device=device).to(dtype)
    x = x.to(memory_format=torch.channels_last)
    w = torch.randn(channels, channels, 3, 3, device=device).to(dtype)
    w = w.to(memory_format=torch.channels_last)
    convolved = 2 * 9 * channels**2 * size**2 / _fastest(lambda: F.conv2d(x, w, padding=1), device)
    return max(product, convolved) / 1e9


def _fastest(work: Callable[[], object], device: torch.device, *, times: int = 5) -> float:
    """Seconds (CPU-seconds on a CPU) of the fastest of some runs."""
    clock = Clock(device)
    work()
    return min(clock.time(work).busy for _ in range(times))


@dataclass(frozen=True)
class Seconds:
    """How long something took."""

    cpu: float  # of all threads of this process
    kernel: float  # those of them that the kernel took, mostly to hand out fresh pages
    wall: float
    busy: float  # what ratios are made of: cpu on a CPU, wall on a GPU


class Clock:
    """Times work on one device; a GPU is waited for before and after."""

    def __init__(self, device: torch.device) -> None:
        self.cuda = device.type == "cuda"

    def time(self, work: Callable[[], object]) -> Seconds:
        self._wait()
        cpu, kernel, wall = time.process_time(), os.times().system, time.perf_counter()
        work()
        self._wait()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return Seconds(cpu, os.times().system - kernel, wall, wall if self.cuda else cpu)

    def _wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()
