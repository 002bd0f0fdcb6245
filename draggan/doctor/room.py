"""Memory, disks and the models that lie on them; standard library and model cards, never torch."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from draggan.cache import cache_directory
from draggan.doctor.findings import Finding, good, note, problem
from draggan.errors import BadCheckpoint

GIB = 2**30
LITTLE_MEMORY, TOO_LITTLE_MEMORY = 2 * GIB, GIB // 2  # the default model takes about half a GiB
LITTLE_DISK, TOO_LITTLE_DISK = GIB, 50 * 2**20  # a 1024 px model takes up to 250 MiB


def check_memory() -> Iterator[Finding]:
    free = free_memory()
    if free is None:
        yield note("Memory", "This system does not say how much memory is free.")
        return
    sentence = f"{free / GIB:.1f} GiB of memory are free."
    if free < TOO_LITTLE_MEMORY:
        yield problem("Memory", sentence, "End other programs, or take a computer with more.")
    elif free < LITTLE_MEMORY:
        yield note("Memory", sentence, "That suffices for small models only: end other programs.")
    else:
        yield good("Memory", sentence)


def free_memory(
    meminfo: Path = Path("/proc/meminfo"), control: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """Bytes that programs may still take, within a container's limit; None if nobody knows."""
    found = [_available(meminfo), _left_in_container(control)]
    return min((value for value in found if value is not None), default=None)


def check_disks() -> Iterator[Finding]:
    from draggan.checkpoint.registry import user_directory

    yield _disk("Models' folder", user_directory(), "Models cannot be imported")
    yield _disk("Cache", cache_directory(), "Each start takes longer")


def check_models() -> Iterator[Finding]:
    """What can be drawn with, and files in the registry that are of no use."""
    # Where a package is missing, the other checks should still be made.
    from draggan.checkpoint.card import read_card
    from draggan.checkpoint.registry import embedded_ids, model_file, user_directory

    own = [model_file(model_id) for model_id in sorted(embedded_ids())]
    usable: list[str] = []
    faults: list[Finding] = []
    for path in [*own, *sorted(user_directory().glob("*.safetensors"))]:
        try:
            usable.append(read_card(path, model_id=path.stem).id)
        except BadCheckpoint as error:
            faults.append(note("Models", error.sentence, f"{error.hint} Its place: {path.parent}"))
    if usable:
        yield good("Models", f"{len(usable)} can be used: {', '.join(usable)}.")
    else:
        yield problem("Models", "No model can be read.", "Install draggan again.")
    yield from faults


def _available(meminfo: Path) -> int | None:
    try:
        match = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None


def _left_in_container(control: Path) -> int | None:
    try:
        limit = int((control / "memory.max").read_text())
        used = int((control / "memory.current").read_text())
    except (OSError, ValueError):  # no container, or no limit: "max"
        return None
    return max(0, limit - used)


def _disk(subject: str, folder: Path, loss: str) -> Finding:
    """Whether files can be put into `folder`, or where it would be made."""
    there = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        sentence = f"{folder} cannot be written: {loss.lower()}."
        return note(subject, sentence, f"Change the owner or the permissions of {there}.")
    free = shutil.disk_usage(there).free
    sentence = f"{folder} has room for {free / GIB:.1f} GiB."
    if free < TOO_LITTLE_DISK:
        return problem(subject, f"{folder} lies on a full disk.", "Delete what you do not need.")
    if free < LITTLE_DISK:
        return note(subject, sentence, "A large model may not fit: free some space.")
    return good(subject, sentence)
