"""The parent's side of a row's process: start it, ask it, end it; our own modules only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from draggan.benchmark.counting import Peaks
from draggan.benchmark.speed_worker import Job
from draggan.errors import BadInput

WORKER = "draggan.benchmark.speed_worker"


class ChildFailed(Exception):
    """What went wrong, in a few words for a note below the table."""


class Child:
    """A row that has been set up. Raises BadInput for what the user can mend, else ChildFailed."""

    def __init__(self, job: Job) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        self._process = _start([job.to_json()], self._errors, job.device)
        try:
            self.ready = self._answer()
        except BaseException:
            self.close()
            raise

    def ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise ChildFailed(self._last_words()) from error
        return self._answer()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildFailed(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "error" not in answer:
            return answer
        if answer["hint"]:
            raise BadInput(answer["error"], hint=answer["hint"])
        raise ChildFailed(answer["error"])

    def _last_words(self) -> str:
        code = self._process.wait()
        if code < 0:
            return "its process was ended, as happens where memory runs out"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"its process ended with {code}"


def measure_peaks(device: str, threads: int) -> Peaks:
    """What the machine can do, measured in a process of its own. Raises BadInput."""
    with tempfile.TemporaryFile() as errors:
        process = _start(["peaks", device, str(threads)], errors, device)
        answer, _ = process.communicate()
    values = json.loads(answer or '{"error": "The machine could not be measured."}')
    if "error" in values:
        raise BadInput(values["error"], hint="Try --device cpu.")
    return Peaks(**values)


def _start(words: list[str], errors: IO[bytes], device: str) -> subprocess.Popen[str]:
    # The released code takes a GPU whenever it sees one.
    hidden = {} if device.startswith("cuda") else {"CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(
        [sys.executable, "-m", WORKER, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, **hidden},
    )
