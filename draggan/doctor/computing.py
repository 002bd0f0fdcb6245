"""What will compute: torch, GPUs and why they are not used, the processor; standard library."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from draggan.doctor.children import ChildFailed, answer_of
from draggan.doctor.findings import Finding, good, note, problem

GIB = 2**30
_TIGHT_GPU = 2 * GIB  # a 1024 px model with its drag
_GET_TORCH = "Install the torch that fits: https://pytorch.org/get-started/locally"
_BF16 = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Gpu:
    """A device as torch sees it; sizes in bytes, `fault` if it cannot compute, `no_graphs` if
    steps cannot be recorded on it."""

    name: str
    memory: int
    free: int
    capability: str
    fault: str = ""
    no_graphs: str = ""


@dataclass(frozen=True)
class TorchFacts:
    """What `torch_probe` tells."""

    version: str
    cuda_build: str
    threads: int
    cpu: str
    mps: bool
    why_no_cuda: str
    gpus: tuple[Gpu, ...]
    packs: bool = False  # weights for the processor's convolutions


@dataclass(frozen=True)
class NvidiaFacts:
    """What the driver tells without torch: names of the GPUs and its version, empty if none."""

    names: tuple[str, ...] = ()
    driver: str = ""


def probe_torch() -> TorchFacts:
    """Asks a process of its own. Raises ChildFailed."""
    answer = answer_of(["-m", "draggan.doctor.torch_probe"])
    gpus = answer.pop("gpus")
    assert isinstance(gpus, list)
    known = {field.name for field in fields(TorchFacts)}
    values = {name: value for name, value in answer.items() if name in known}
    return TorchFacts(**values, gpus=tuple(Gpu(**gpu) for gpu in gpus))  # type: ignore[arg-type]


def probe_nvidia() -> NvidiaFacts:
    """Asks nvidia-smi, if there is one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return NvidiaFacts()
    query = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return NvidiaFacts()
    rows = [line.rsplit(",", 1) for line in done.stdout.splitlines() if "," in line]
    if done.returncode or not rows:
        return NvidiaFacts()
    return NvidiaFacts(tuple(name.strip() for name, _ in rows), rows[0][1].strip())


def check_computing() -> Iterator[Finding]:
    try:
        torch = probe_torch()
    except ChildFailed as failed:
        yield problem("torch", f"torch cannot be loaded: {failed}.", _GET_TORCH)
        return
    build = f"built for GPUs ({torch.cuda_build})" if torch.cuda_build else "built for the CPU"
    yield good("torch", f"Version {torch.version}, {build}.")
    yield from gpu_findings(torch, probe_nvidia(), os.environ)
    yield from processor_findings(torch, _cpu_flags(), _cpu_name())
    yield from step_findings(torch)
    yield from thread_findings(torch.threads, usable_cores(), os.environ)


def gpu_findings(
    torch: TorchFacts, nvidia: NvidiaFacts, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """Which GPUs compute, and why those that are there do not."""
    for gpu in torch.gpus:
        yield _gpu_finding(gpu, nvidia.driver)
    if torch.gpus:
        return
    hidden = environment.get("CUDA_VISIBLE_DEVICES")
    if nvidia.names and hidden is not None and torch.cuda_build:
        sentence = f"CUDA_VISIBLE_DEVICES={hidden!r} hides {nvidia.names[0]}: the CPU computes."
        yield note("GPU", sentence, "Unset it, to use the GPU.")
    elif nvidia.names and not torch.cuda_build:
        sentence = f"{nvidia.names[0]} is not used: this torch is built for the CPU."
        yield note("GPU", sentence, _GET_TORCH)
    elif nvidia.names:
        reason = torch.why_no_cuda or "torch does not say why"
        sentence = f"{nvidia.names[0]} (driver {nvidia.driver}) is not used: {reason}"
        yield note("GPU", sentence, "Update the driver, or install a torch for an older CUDA.")
    elif torch.mps:
        yield note("GPU", "The Apple GPU is not used: the CPU computes.")
    else:
        yield good("GPU", "There is no NVIDIA GPU: the CPU computes.")


def _gpu_finding(gpu: Gpu, driver: str) -> Finding:
    what = f"{gpu.name}, {gpu.memory / GIB:.1f} GiB"
    if gpu.fault:
        sentence = f"{what}, cannot compute: {gpu.fault}"
        return problem("GPU", sentence, f"{_GET_TORCH}, or work with --device cpu.")
    details = f"{gpu.free / GIB:.1f} GiB free, compute capability {gpu.capability}"
    details += f", driver {driver}" if driver else ""
    if gpu.free < _TIGHT_GPU:
        remedy = "End other programs that use it, or work with --device cpu."
        return note("GPU", f"{what}, is nearly full ({details}).", remedy)
    return good("GPU", f"{what} ({details}).")


def processor_findings(torch: TorchFacts, flags: frozenset[str], name: str) -> Iterator[Finding]:
    """The instructions that decide on speed."""
    fast = [flag for flag in _BF16 if flag in flags]
    half = f"bfloat16 in hardware ({', '.join(fast)})" if fast else "no bfloat16 in hardware"
    sentence = f"{name}: torch uses {torch.cpu}; {half}."
    if torch.cpu in ("DEFAULT", "NO AVX"):
        remedy = "A processor with AVX2 (from about 2013 on) is several times as fast."
        yield note("Processor", sentence, "" if "asimd" in flags else remedy)
    else:
        yield good("Processor", sentence)


def step_findings(torch: TorchFacts) -> Iterator[Finding]:
    """How the steps of a drag run, and why so."""
    able = [gpu for gpu in torch.gpus if not gpu.fault]
    if able and not able[0].no_graphs:
        yield good(
            "Drag steps", "Recorded as a CUDA graph, several run at a time; torch's kernels."
        )
        return
    reason = able[0].no_graphs if able else "graphs need an NVIDIA GPU"
    if able:
        kernels = "torch's kernels"
    elif torch.packs:
        kernels = "weights are packed once for this processor (oneDNN)"
    else:
        kernels = "plain convolutions, as this torch packs no weights for this processor"
    yield good("Drag steps", f"They run one by one ({reason}); {kernels}. Maps are float32.")


def thread_findings(
    threads: int, cores: float, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """Whether torch computes with as many threads as this process may use cores."""
    counted = "1 thread" if threads == 1 else f"{threads} threads"
    sentence = f"torch computes with {counted}, and {cores:g} cores can be used."
    asked = environment.get("OMP_NUM_THREADS")
    if threads > max(1, cores):
        remedy = f"Set OMP_NUM_THREADS={max(1, int(cores))}: threads that wait slow each other."
        yield note("Threads", sentence, remedy)
    elif asked and threads * 2 <= cores:
        yield note("Threads", sentence, f"OMP_NUM_THREADS={asked} holds it back: unset it.")
    else:
        yield good("Threads", sentence)


def usable_cores(control: Path = Path("/sys/fs/cgroup/cpu.max")) -> float:
    """Cores that this process may run on, less what a container's quota takes away."""
    if hasattr(os, "sched_getaffinity"):
        cores = float(len(os.sched_getaffinity(0)))
    else:
        cores = float(os.cpu_count() or 1)
    try:
        quota, period = control.read_text().split()
        return min(cores, int(quota) / int(period))
    except (OSError, ValueError):  # no container, or no quota: "max"
        return cores


def _cpu_flags() -> frozenset[str]:
    match = re.search(r"^(?:flags|Features)\s*:(.*)$", _cpuinfo(), re.MULTILINE)
    return frozenset(match[1].split()) if match else frozenset()


def _cpu_name() -> str:
    match = re.search(r"^model name\s*:(.*)$", _cpuinfo(), re.MULTILINE)
    return match[1].strip() if match else "This processor"


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return ""
