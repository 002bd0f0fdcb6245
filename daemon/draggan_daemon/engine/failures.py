"""What goes wrong inside the library and torch, told apart; imports draggan's errors, no torch.

Refusals keep their code, sentence and hint. Being out of memory is MemoryError, a device that is
broken for this whole process Poisoned; all else that torch raises is unexpected and stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from draggan_wire.errors import EngineFailed

from draggan.errors import DragganError

from ..worker import Poisoned

T = TypeVar("T")
log = logging.getLogger("draggand.engine")

_NO_MEMORY = ("out of memory", "can't allocate", "not enough memory", "status_alloc_failed")
_NO_DEVICE = (
    *("no kernel image", "invalid device ordinal", "no cuda-capable device"),
    *("busy or unavailable", "driver version is insufficient"),
)
# After these the CUDA context answers every call with the same error, until the process ends.
_STICKY = (
    *("cuda error", "device-side assert", "illegal memory access", "illegal instruction"),
    *("misaligned address", "unspecified launch failure", "status_execution_failed"),
    *("status_internal_error", "status_mapping_error"),
)


@contextmanager
def library_errors() -> Iterator[None]:
    """The library's errors as the wire's, torch's told apart."""
    try:
        yield
    except (DragganError, RuntimeError) as error:
        # The library words what torch says, but what torch says decides.
        cause = error if isinstance(error, RuntimeError) else error.__cause__
        told = _of_device(str(cause).lower()) if isinstance(cause, RuntimeError) else None
        if told is not None:
            raise told from error
        if isinstance(error, DragganError):
            raise EngineFailed(error.sentence, hint=error.hint, code=error.code) from None
        raise


def _of_device(said: str) -> Exception | None:
    if any(words in said for words in _NO_MEMORY):
        return MemoryError(said[:200])
    if any(words in said for words in _NO_DEVICE):
        return no_device("The CUDA device cannot be used by this torch.")
    if any(words in said for words in _STICKY):
        return Poisoned(f"The device that computes has failed: {said.splitlines()[0][:200]}.")
    return None


def no_device(sentence: str) -> EngineFailed:
    return EngineFailed(
        sentence,
        hint="Start the daemon with --device cpu, or install a torch for this CUDA device.",
        code="no_device",
    )


def through_shortage(
    start: Callable[[], Iterator[T]],
    make_room: Callable[[], None],
    reached: Callable[[], int] = lambda: 0,
) -> Generator[T, None, None]:
    """The items of `start()`; where memory runs out, room is made and they are started again.

    Raises MemoryError when it runs out a second time with nothing more `reached` in between.
    """
    short_at: int | None = None
    while True:
        try:
            with library_errors():
                yield from start()
            return
        except MemoryError:
            if short_at is not None and reached() <= short_at:
                raise
            short_at = reached()
        # Not before the error is gone: its traceback holds on to all that was computed.
        log.warning("out of memory: trying again with what is not at work put aside")
        make_room()


def once_more(work: Callable[[], T], make_room: Callable[[], None]) -> T:
    """What `work()` returns, tried again in the same way."""
    return next(through_shortage(lambda: iter((work(),)), make_room))
