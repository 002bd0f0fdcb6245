"""Several workers as one: where sessions go, and that each hears what is its own."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from draggan_daemon.bell import Bell
from draggan_daemon.child import ChildWorker
from draggan_daemon.pool import WorkerPool
from draggan_daemon.worker import Event, Snapshot, WorkerHealth, WorkerLost
from draggan_wire.errors import EngineFailed, UnknownSession
from draggan_wire.messages import Done, Drag, Open, Ready, Seek

from .child_engine import command
from .fake_engine import MODEL


class Desk:
    """A worker that only writes down what it is asked."""

    def __init__(self, name: str) -> None:
        self.name, self.here, self.asked = name, [], []
        self.state, self.pid, self.restarts, self.refuses = "idle", 1, 0, False
        self.said: list[Event | WorkerLost] = []

    def health(self) -> tuple[WorkerHealth, ...]:
        count = len(self.here)
        return (WorkerHealth(self.name, self.pid, self.state, "GPU", count, self.restarts, 0.0),)

    def device(self) -> str:
        return "GPU"

    def open(self, session: str, request: Open, re: int | None) -> None:
        if self.refuses:
            raise EngineFailed("It cannot be started.")
        self.here.append(session)

    def restore(self, session: str, snapshot: Snapshot, re: int | None) -> None:
        self.here.append(session)

    def close(self, session: str) -> None:
        self.here.remove(session)

    def seek(self, request: Seek, re: int | None) -> None:
        self.asked.append(request)

    def events(self) -> list[Event | WorkerLost]:
        said, self.said = self.said, []
        return said

    def release(self) -> None:
        pass


Two = tuple[WorkerPool, Desk, Desk]


@pytest.fixture
def two() -> Iterator[Two]:
    one, other = Desk("cuda:0"), Desk("cuda:1")
    pool = WorkerPool(lambda bell: (one, other))  # type: ignore[arg-type, return-value]
    yield pool, one, other
    pool.release()


def opened(pool: WorkerPool, *what: tuple[str, str]) -> None:
    for session, model in what:
        pool.open(session, Open(model, seed=1), 1)


def test_every_gpu_gets_its_share(two: Two) -> None:
    pool, one, other = two
    opened(pool, ("a", "m"), ("b", "m"), ("c", "m"), ("d", "m"))
    assert (len(one.here), len(other.here)) == (2, 2)


def test_among_equals_a_session_goes_where_its_model_is(two: Two) -> None:
    pool, one, other = two
    opened(pool, ("a", "red"), ("b", "blue"), ("c", "blue"), ("d", "red"))
    assert (one.here, other.here) == (["a", "d"], ["b", "c"])
    pool.close("b")
    pool.restore("b", Snapshot(b"", (), 0, model="blue"), None)
    assert other.here == ["c", "b"]


def test_a_worker_without_a_process_is_the_last_choice(two: Two) -> None:
    pool, one, other = two
    one.state, one.pid, one.restarts = "starting", None, 2
    opened(pool, ("a", "m"), ("b", "m"))
    assert other.here == ["a", "b"]


def test_a_worker_that_refuses_is_passed_over_while_there_is_another(two: Two) -> None:
    pool, one, other = two
    one.refuses = True
    opened(pool, ("a", "m"))
    assert other.here == ["a"]
    other.refuses = True
    with pytest.raises(EngineFailed):
        opened(pool, ("b", "m"))


def test_requests_go_where_the_session_is(two: Two) -> None:
    pool, one, other = two
    opened(pool, ("a", "m"), ("b", "m"))
    pool.seek(Seek("b", 3), 2)
    assert (one.asked, other.asked) == ([], [Seek("b", 3)])
    with pytest.raises(UnknownSession):
        pool.seek(Seek("z", 3), 2)


def test_what_a_lost_worker_had_in_memory_counts_no_more(two: Two) -> None:
    pool, one, other = two
    opened(pool, ("a", "red"), ("b", "blue"))
    other.said, other.here = [WorkerLost(("b",), None, "Gone.")], []
    one.here = []
    assert pool.events()
    opened(pool, ("c", "blue"))
    assert one.here == ["c"]


def test_a_session_that_has_ended_is_forgotten(two: Two) -> None:
    pool, one, _ = two
    opened(pool, ("a", "m"))
    one.said = [Event("a", None, ends_session=True)]
    pool.events()
    with pytest.raises(UnknownSession):
        pool.seek(Seek("a", 3), 2)


def test_equal_devices_are_counted(two: Two) -> None:
    assert two[0].device() == "2 x GPU"
    assert [health.name for health in two[0].health()] == ["cuda:0", "cuda:1"]


def test_one_bell_rings_for_all_children(tmp_path: Path) -> None:
    def make(bell: Bell) -> list[ChildWorker]:
        return [
            ChildWorker(
                command(tmp_path / f"{name}.json", seconds=0.01),
                name=name,
                models=lambda: (MODEL,),
                bell=bell,
            )
            for name in ("one", "other")
        ]

    pool, heard = WorkerPool(make), []

    def until(what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 15
        while not what():
            assert time.monotonic() < deadline, heard
            if select.select([pool.fileno()], [], [], 0.5)[0]:
                heard.extend(pool.events())

    def have(kind: type) -> int:
        return sum(isinstance(event.message, kind) for event in heard)

    try:
        opened(pool, ("a", "tiny"), ("b", "tiny"))
        until(lambda: have(Ready) == 2)
        assert [health.sessions for health in pool.health()] == [1, 1]
        for session in "ab":
            pool.drag(Drag(session, ((1, 1),), ((3, 3),)), 2)
        until(lambda: have(Done) == 2)
        pool.end()
        until(pool.ended)
    finally:
        pool.release()
