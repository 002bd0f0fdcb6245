"""The daemon is killed while it writes its journal: what was acknowledged is there, and whole."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from draggan_daemon.journal import Journal
from draggan_daemon.worker import Snapshot

from tests.journal_child import MANY, SESSIONS, base_of, latent_of, resume_of

ROOT = Path(__file__).resolve().parent.parent
MOMENTS = 30


def acknowledged_before_the_end(folder: Path, turn: int, seconds: float) -> dict[str, int]:
    """Kills a writing process after so long; the latest step of each session that it was told."""
    command = [sys.executable, "-m", "tests.journal_child", str(folder), str(turn)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "begin\n"
    threading.Timer(seconds, child.kill).start()
    said = child.stdout.read()
    child.stdout.close()
    child.wait()
    lines = said[: said.rfind("\n") + 1].split("\n")[:-1]
    return {session: int(step) for session, step in (line.split(" ") for line in lines)}


def is_right(session: str, snapshot: Snapshot) -> bool:
    start = snapshot.steps[0][0] - 1 if snapshot.steps else snapshot.position
    numbers = [step for step, _ in snapshot.steps]
    return (
        snapshot.base == base_of(session, start)
        and numbers == list(range(start + 1, snapshot.position + 1))
        and all(latent == latent_of(session, step) for step, latent in snapshot.steps)
        and snapshot.resume
        in (
            None,
            b"",
            resume_of(session, snapshot.position),
            resume_of(
                session,
                snapshot.position - 1,  # a base was written since
            ),
        )
    )


@pytest.mark.slow
def test_killed_at_thirty_moments_nothing_acknowledged_is_lost_and_nothing_is_broken(
    tmp_path: Path,
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    moments = random.Random(seed)
    lost, broken, checked, took = 0, 0, 0, []
    for turn in range(1, MOMENTS + 1):
        told = acknowledged_before_the_end(tmp_path / "journal", turn, moments.uniform(0, 0.25))
        began = time.perf_counter()
        journal = Journal(tmp_path / "journal", max_bytes=MANY, keep=3600)
        took.append(time.perf_counter() - began)
        for session in {each.session for each in journal.sessions()} & set(SESSIONS):
            snapshot = journal.snapshot(session)
            checked += told.get(session, 0)
            broken += not is_right(session, snapshot)
            lost += max(0, told.get(session, 0) - snapshot.position)
            told.pop(session, None)
        lost += len(told)  # acknowledged, and not even known any more
        broken += len(journal.notes)
        journal.close()
    assert checked > 0
    assert (lost, broken) == (0, 0), f"seed {seed}"
    assert max(took) < 1.0
