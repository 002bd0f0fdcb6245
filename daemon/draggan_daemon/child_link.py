"""One life of a child process: started with a pipe, written to, ended and reaped; Unix only."""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence

from .pipe import Pipe
from .pipe_messages import POISONED, Buffers

log = logging.getLogger("draggand.child")

Outbox = queue.SimpleQueue  # of Buffers; None: nothing more is to be written


class ChildLink:
    """A running child. It must be started by a thread that outlives it: Linux ends a child with the
    thread that started it, which is how it ends with its parent.

    Raises OSError where no process can be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [*command, *_arguments(theirs)],
                stdin=subprocess.DEVNULL,
                stdout=2,  # whatever it prints is for the log
                pass_fds=(theirs.fileno(),),
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pipe = Pipe(ours)
        self._outbox: Outbox[Buffers | None] | None = None
        self._writer: threading.Thread | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def write_from(self, outbox: Outbox[Buffers | None]) -> None:
        """The child is ready: it gets what waits there and what comes."""
        self._outbox = outbox
        self._writer = threading.Thread(
            target=self._write, args=(outbox,), name="child-writer", daemon=True
        )
        self._writer.start()

    def end(self) -> int:
        """Kills the child if it runs, reaps it and closes the pipe; its exit status."""
        if self._process.poll() is None:
            self._process.kill()
        self.pipe.shut()
        if self._writer is not None and self._outbox is not None:
            self._outbox.put(None)
            self._writer.join()
        self.pipe.close()
        return self._process.wait()

    def wait(self, seconds: float) -> None:
        """Until the child has ended by itself, if it does so in time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            log.debug("process %d closed its pipe and runs on", self.pid)

    def _write(self, outbox: Outbox[Buffers | None]) -> None:
        while (buffers := outbox.get()) is not None:
            try:
                self.pipe.send(buffers)
            except OSError:  # the child is gone: whoever reads notices, and ends the link
                return


def _arguments(pipe: socket.socket) -> list[str]:
    level = logging.getLogger().getEffectiveLevel()
    given = {"--fd": pipe.fileno(), "--parent": os.getpid(), "--level": level}
    return [word for name, value in given.items() for word in (name, str(value))]


def in_words(status: int) -> str:
    """How a child ended, as a part of a sentence."""
    if status == POISONED:
        return "gave up because its device had failed"
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    memory = "; the system may have run out of memory" if -status == signal.SIGKILL else ""
    return f"was ended by {name}{memory}"
