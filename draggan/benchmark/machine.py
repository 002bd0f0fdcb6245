"""Which machine and which versions a benchmark ran on; standard library, torch when asked."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

from draggan import __version__


def describe_machine(device: str = "cpu") -> dict[str, object]:
    """Plain values for JSON."""
    import torch

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gb": _memory_gb(),
        "load_1_min": _load(),
        "system": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu",
    }


def describe_versions() -> dict[str, str]:
    import numpy
    import torch

    return {
        "draggan": __version__,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "cuda": torch.version.cuda or "none",
    }


def machine_line(device: str = "cpu") -> str:
    """One line for the terminal."""
    m = describe_machine(device)
    where = m["processor"] if m["device"] == "cpu" else f"{m['device']}, {m['processor']}"
    load = "" if m["load_1_min"] is None else f", load {m['load_1_min']:.1f}"
    return f"{where}, {m['cores']} cores{load}, torch {describe_versions()['torch']}"


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    with suppress(ValueError, OSError, AttributeError):
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    return None


def _load() -> float | None:
    with suppress(OSError, AttributeError):
        return round(os.getloadavg()[0], 2)
    return None
