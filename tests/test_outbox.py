from __future__ import annotations

from draggan_wire.outbox import Outbox
from draggan_wire.pace import FIRST, Pace
from draggan_wire.parts import PART, Assembler

LARGE = [b"DGD1", b"head", bytes(2 * PART)]


def small(word: bytes) -> list[bytes]:
    return [b"DGD1", word]


def whole(outbox: Outbox) -> list[bytes]:
    """The second frames of all that may leave whole now."""
    found = []
    while (frames := outbox.message()) is not None:
        found.append(bytes(frames[1]))
    return found


def in_parts() -> Outbox:
    outbox = Outbox()
    outbox.connected(Pace())
    return outbox


def test_small_messages_keep_their_order():
    outbox = in_parts()
    for word in (b"1", b"2", b"3"):
        outbox.put(small(word), "s")
    assert whole(outbox) == [b"1", b"2", b"3"]
    assert not outbox and outbox.part() is None


def test_a_daemon_that_knows_no_parts_gets_everything_whole_and_in_order():
    outbox = Outbox()
    outbox.put(small(b"1"), "s")
    outbox.put(LARGE, "s")
    outbox.put(small(b"2"), "t")
    assert whole(outbox) == [b"1", b"head", b"2"]


def test_small_messages_pass_by_large_ones_of_other_sessions():
    outbox = in_parts()
    outbox.put(LARGE, "s")
    outbox.put(small(b"other"), "t")
    outbox.put(small(b"none"))
    assert whole(outbox) == [b"other", b"none"]


def test_a_stop_never_comes_before_what_it_is_to_stop():
    outbox = in_parts()
    outbox.put(LARGE, "s")
    outbox.put(small(b"stop"), "s")
    outbox.put(small(b"other"), "t")
    assert whole(outbox) == [b"other"]
    size = 0
    while size < 2 * PART + 4:
        assert whole(outbox) == []
        part = outbox.part()
        size += len(part[2])
    assert whole(outbox) == [b"stop"] and not outbox


def test_a_session_keeps_its_order_behind_a_message_that_waits():
    outbox = in_parts()
    outbox.put(LARGE, "s")
    outbox.put(LARGE, "t")
    outbox.put(small(b"1"), "t")
    outbox.put(small(b"2"), "t")
    assert whole(outbox) == []


def test_large_messages_go_one_after_the_other_in_parts():
    outbox = in_parts()
    second = [b"DGD1", b"other", b"x" * (PART + 1)]
    outbox.put(LARGE, "s")
    outbox.put(second, "t")
    assembler, found = Assembler(1 << 30), []
    while (part := outbox.part()) is not None:
        assert len(part[2]) <= FIRST  # the pace is not known yet
        found.append(assembler.take(part))
    complete = [[bytes(frame) for frame in frames] for frames in found if frames]
    assert complete == [LARGE, second]


def test_a_new_connection_starts_with_nothing():
    outbox = in_parts()
    outbox.put(LARGE, "s")
    assert outbox.part() is not None
    outbox.connected(Pace())
    assert outbox.part() is None and outbox.message() is None
