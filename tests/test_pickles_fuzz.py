"""Mutations of sound files: a value or BadCheckpoint comes out, soon, and nothing else.

DRAGGAN_FUZZ_SECONDS lengthens the run, DRAGGAN_FUZZ_SEED repeats one.
"""

from __future__ import annotations

import io
import os
import random
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from draggan.checkpoint.pickles import read_pickles
from draggan.errors import BadCheckpoint

from .hostile_pickles import direct_calls, names, nested_streams, objects_and_opcodes
from .persistence_standins import EasyDict, Persistent, dump, module_state, torch_save
from .watched_reading import peak_kb

SECONDS = float(os.environ.get("DRAGGAN_FUZZ_SECONDS", "60"))
SEED = int(os.environ.get("DRAGGAN_FUZZ_SEED", "20231019"))
SLOWEST = 10.0
GROWTH_KB = 400_000
EXTREMES = (b"\xff" * 8, b"\x00" * 8, b"\xff" * 7 + b"\x7f", b"\x00\x00\x00\x80", b"\xff\x7f")


def sound_files() -> list[bytes]:
    weights = {"weight": torch.arange(6.0).reshape(2, 3), "half": torch.ones(3).half()}
    layer = Persistent("Layer", module_state(parameters=weights, gain=np.float32(0.5)))
    value = {
        "G_ema": Persistent("Generator", module_state(modules={"fc": layer})),
        "training_set_kwargs": EasyDict(path="x", labels=np.arange(4), flags={"a"}),
        "shared": [torch.ones(2).bfloat16(), torch.ones(3, 4).t(), (1, -2, 1 << 70, 0.5)],
    }
    plain = [dump(value, protocol=protocol) for protocol in (2, 3, 4, 5)]
    return [*plain, torch_save(value), torch_save(value, zipped=False)]


def hostile_files() -> list[bytes]:
    cases = [*direct_calls(), *names(), *nested_streams(), *objects_and_opcodes()]
    return [case.data for case in cases if len(case.data) < 20_000]


def flip(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    data[chance.randrange(len(data))] = chance.randrange(256)


def flip_bit(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def overwrite(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    value = chance.choice(EXTREMES)
    at = chance.randrange(len(data))
    data[at : at + len(value)] = value


def drop(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 30)]


def repeat(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.randrange(1, 60)] * chance.choice((1, 2, 50))


def splice(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    other = chance.choice(others)
    begin = chance.randrange(len(other))
    at = chance.randrange(len(data))
    data[at:at] = other[begin : begin + chance.randrange(1, 200)]


def truncate(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    del data[chance.randrange(len(data)) :]


MUTATIONS = (flip, flip, flip_bit, flip_bit, overwrite, drop, repeat, splice, splice, truncate)


def mutated(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """One to four mutations; of a zip archive mostly inside its pickle, with a true checksum."""
    if data.startswith(b"PK") and chance.random() < 0.7:
        return _with_mutated_pickle(data, chance, others)
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if changed:
            chance.choice(MUTATIONS)(changed, chance, others)
    return bytes(changed)


def _with_mutated_pickle(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    rewritten = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(rewritten, "w") as target:
        for record in source.namelist():
            content = source.read(record)
            if record.endswith("/data.pkl"):
                content = mutated(content, chance, others)
            target.writestr(record, content)
    return rewritten.getvalue()


def outcome(path: Path) -> str:
    try:
        read_pickles(path)
    except BadCheckpoint as error:
        assert error.sentence.startswith(path.name) and error.hint
        return "refused" if error.__cause__ is None else "refused, unforeseen"
    return "read"


@pytest.mark.slow
def test_mutated_files_are_read_or_refused_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, counts, slowest = random.Random(SEED), Counter[str](), 0.0
    sound = sound_files()
    others = sound + hostile_files()
    memory_before, end, run = peak_kb(), time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        run += 1
        path = tmp_path / f"{run}.bin"  # a new one each time: the last may still be mapped
        path.write_bytes(mutated(chance.choice(sound), chance, others))
        begun = time.monotonic()
        counts[outcome(path)] += 1
        slowest = max(slowest, time.monotonic() - begun)
        path.unlink()
    with capsys.disabled():
        print(f"\nseed {SEED}: {run} files, {dict(counts)}, slowest {slowest:.2f} s")
    assert counts["read"] and counts["refused"] and not counts["refused, unforeseen"]
    assert slowest < SLOWEST and peak_kb() - memory_before < GROWTH_KB
