"""Which devices the daemon computes on, found out without loading torch; standard library only.

The settings name them, or say "auto" or "cuda": then it is all GPUs that this process may use, one
worker for each, where torch can use GPUs at all. A worker that finds none says so itself.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")  # a folder for each GPU, where the driver is loaded


def devices(
    wanted: Sequence[str],
    environ: Mapping[str, str],
    *,
    driver: Path = _DRIVER,
    torch_file: Path | None = None,
) -> tuple[str, ...]:
    """One for each worker: "auto", "cpu", "cuda" or "cuda:N"."""
    if len(wanted) > 1 or wanted[0] not in ("auto", "cuda"):
        return tuple(wanted)
    gpus = _gpus(environ, driver)
    if gpus < 2 or not _torch_knows_cuda(torch_file or _torch_version_file()):
        return tuple(wanted)
    return tuple(f"cuda:{index}" for index in range(gpus))


def _gpus(environ: Mapping[str, str], driver: Path) -> int:
    """How many a process with this environment sees: CUDA stops at the first that is none."""
    try:
        there = sum(1 for _ in driver.iterdir())
    except OSError:
        return 0
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return there
    named: list[str] = []
    for name in visible.split(","):
        known = re.fullmatch(r"\s*(\d+|GPU-\S+)\s*", name)
        if known is None or (known[1].isdigit() and int(known[1]) >= there):
            break
        named.append(known[1])
    return min(len(named), there)


def _torch_version_file() -> Path | None:
    """Where torch says for what it was built; finding a package does not load it."""
    found = importlib.util.find_spec("torch")
    return Path(found.origin).parent / "version.py" if found and found.origin else None


def _torch_knows_cuda(file: Path | None) -> bool:
    try:
        text = file.read_text() if file else ""
    except OSError:
        return False
    return re.search(r"^cuda\b[^=\n]*=\s*['\"]\d", text, re.MULTILINE) is not None
