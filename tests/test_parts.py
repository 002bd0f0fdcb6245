from __future__ import annotations

import random
import tracemalloc

import msgpack
import pytest
from draggan_wire.errors import BadMessage, LimitExceeded
from draggan_wire.messages import MAGIC, Image, Open, Ping, decode, encode
from draggan_wire.parts import PART, Assembler, split

LIMIT = 1 << 24


def message(*sizes: int) -> list[bytes]:
    """A message's frames: magic, and frames of these sizes with random bytes."""
    chance = random.Random(sum(sizes))
    return [MAGIC, *(chance.randbytes(size) for size in sizes)]


def through(frames, limit: int = LIMIT) -> list[bytes]:
    """What comes out at the other end."""
    assembler = Assembler(limit)
    taken = [assembler.take([bytes(f) for f in part]) for part in split(frames)]
    assert taken[:-1] == [None] * (len(taken) - 1)
    return [bytes(frame) for frame in taken[-1]]


@pytest.mark.parametrize(
    "sizes",
    [
        (100, PART),
        (100, 3 * PART - 100),
        (100, 3 * PART - 100, 0),
        (100, 0, 5 * PART + 17, 3, PART, 0, 0),
        (100, *[PART // 3] * 8),
        (1, PART, PART, PART),
    ],
)
def test_a_message_comes_whole_out_of_its_parts(sizes):
    frames = message(*sizes)
    assert len(list(split(frames))) > 1
    assert through(frames) == frames


def test_a_small_message_stays_as_it_is():
    frames = message(100, PART - 100)
    assert list(split(frames)) == [frames]
    assert through(frames) == frames


def test_no_part_is_larger_than_agreed():
    parts = list(split(message(100, 10 * PART)))
    assert max(len(part[2]) for part in parts) == PART
    assert max(len(part[1]) for part in parts) < 256


def test_cutting_does_not_copy_a_picture():
    picture = bytearray(4 * PART)
    pieces = [part[2] for part in split([MAGIC, b"head", picture])]
    picture[2 * PART] = 7
    assert sum(bytes(piece).count(7) for piece in pieces) == 1


def test_a_picture_in_parts_is_read_as_if_it_had_come_in_one():
    opening = Open(model="critters", image=Image("rgb8", 512, 512, bytes(512 * 512 * 3)))
    frames = encode(opening, request=9)
    assert decode(through(frames)).message == opening


def test_other_messages_pass_between_parts():
    parts = list(split(message(100, 2 * PART)))
    assembler = Assembler(LIMIT)
    for part in parts[:-1]:
        assert assembler.take(part) is None
        assert assembler.take(encode(Ping(), request=1)) == encode(Ping(), request=1)
    assert assembler.take(parts[-1]) is not None


def test_two_messages_in_parts_may_follow_each_other():
    first, second = message(10, PART), message(20, 2 * PART)
    assembler = Assembler(LIMIT)
    taken = [assembler.take(part) for frames in (first, second) for part in split(frames)]
    whole = [[bytes(frame) for frame in frames] for frames in taken if frames]
    assert whole == [first, second]


def header_of(**values) -> bytes:
    return pack({"op": "part", **values})


def pack(value) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


@pytest.mark.parametrize(
    "parts",
    [
        [(header_of(), b"x")],  # never begun
        [(header_of(sizes=[10, 10]), b"")],
        [(header_of(sizes=[10, 10]), b"x" * 21)],
        [(header_of(sizes=[10, 10]), b"x" * 19), (header_of(), b"xx")],
        [(header_of(sizes=[10, 10]), b"x"), (header_of(sizes=[10, 10]), b"x")],
        [(header_of(sizes=[10, 2 * PART]), b"x" * (PART + 1))],
        [(header_of(sizes=[]), b"x")],
        [(header_of(sizes=[0]), b"x")],
        [(header_of(sizes=[1] * 10), b"x")],
        [(header_of(sizes=[-1, 5]), b"x")],
        [(header_of(sizes=[1.5, 5]), b"x")],
        [(header_of(sizes=[True, 5]), b"x")],
        [(header_of(sizes=[1 << 60, 5]), b"x")],
        [(header_of(sizes=[(1 << 16) + 1, 5]), b"x")],
        [(header_of(sizes="1"), b"x")],
        [(header_of(sizes=[3])[:-1], b"x")],
    ],
)
def test_parts_that_break_the_rules_are_refused_and_the_next_message_is_fine(parts):
    assembler = Assembler(LIMIT)
    with pytest.raises(BadMessage):
        for head, piece in parts:
            assembler.take([MAGIC, head, piece])
    frames = message(10, PART)
    for part in split(frames):
        taken = assembler.take(part)
    assert [bytes(frame) for frame in taken] == frames


def test_a_message_that_is_too_large_is_refused_once_and_names_its_request():
    picture = Image("rgb8", 1024, 1024, bytes(3 << 20))
    parts = list(split(encode(Open(model="critters", image=picture), request=31)))
    assembler = Assembler(1 << 20)
    with pytest.raises(LimitExceeded, match="1048576") as refusal:
        assembler.take(parts[0])
    assert refusal.value.request == 31
    assert [assembler.take(part) for part in parts[1:]] == [None] * (len(parts) - 1)
    frames = message(10, PART)
    assert [assembler.take(part) for part in split(frames)][-1] == frames


def test_announced_bytes_take_no_memory_before_they_have_come():
    assembler = Assembler(1 << 40)
    tracemalloc.start()
    assembler.take([MAGIC, header_of(sizes=[10, 1 << 30]), b"x" * 100])
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_whole_message_that_looks_like_a_part_is_none():
    frames = [MAGIC, pack({"op": "ping", "note": pack({"op": "part"})[1:]}), b"x"]
    assert Assembler(LIMIT).take(frames) == frames
