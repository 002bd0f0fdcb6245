"""The process that reads a stranger's file, and the pipe to it; torch only inside the process.

`reader_process` starts it. It gets one job as a line of JSON on standard input, writes one file,
and tells how it goes in lines of JSON on standard output: {"stage": words}, {"note": sentence}, and
last {"done": {...}} or {"refused": {code, sentence, hint}}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import BadCheckpoint, CannotWrite, DragganError
from ..threads import share_the_cores
from .confinement import confine, confine_memory

Tell = Callable[..., None]
MAX_THREADS = 4  # each maps memory of its own, which is limited


@dataclass(frozen=True)
class Job:
    """What to read, where to write, and the limits that hold meanwhile."""

    source: str  # absolute path
    part: str  # absolute path of an empty file that takes the model
    name: str  # of the source, for messages and the card
    sha256: str
    size: int  # bytes
    memory_bytes: int  # beyond what the program itself takes
    written_bytes: int
    seconds: int

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> int:
    """Does the job that comes on standard input; returns 0 whether or not it was refused."""
    channel = _take_standard_output()

    def tell(**message: object) -> None:
        channel.write(json.dumps(message).encode() + b"\n")
        channel.flush()

    job = Job(**json.loads(sys.stdin.buffer.readline()))
    confine(seconds=job.seconds, written_bytes=job.written_bytes)
    try:
        tell(done={"origin": _converted(job, tell)})
    except DragganError as error:
        tell(refused={"code": error.code, "sentence": error.sentence, "hint": error.hint})
    except Exception as error:
        told = _explained(error, job)
        tell(refused={"code": told.code, "sentence": told.sentence, "hint": told.hint})
    return 0


def _converted(job: Job, tell: Tell) -> str:
    share_the_cores()
    import torch

    from .conversion import convert

    torch.set_num_threads(min(MAX_THREADS, torch.get_num_threads()))
    confine_memory(job.memory_bytes)
    return convert(job, tell)


def _explained(error: Exception, job: Job) -> DragganError:
    """The refusal for what no part of the reading has foreseen."""
    said = str(error).lower()
    if isinstance(error, MemoryError) or "alloc" in said or "not enough memory" in said:
        return BadCheckpoint(
            f"{job.name} takes more memory than a model of its size should.",
            hint="If other programs load it, close what else is running and try again.",
        )
    if isinstance(error, OSError) and error.filename != job.source:
        return CannotWrite(
            f"The model cannot be written into {Path(job.part).parent}: {error.strerror or error}.",
            hint="Check that the disk has room and that you may write there.",
        )
    return BadCheckpoint(
        f"{job.name} cannot be read ({type(error).__name__}: {str(error)[:200]}).",
        hint="If other programs load it, please report this.",
    )


def _take_standard_output() -> BinaryIO:
    """Standard output for our lines alone: what a library prints goes to standard error."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel
