"""A cut drag's state as bytes: all of it comes back, and nothing that was not written here."""

from __future__ import annotations

import contextlib
import random
import zlib
from dataclasses import fields, replace

import pytest
import torch

from draggan.errors import BadSaved
from draggan.resume import Resume, optimised, pack_resume, set_optimised, unpack_resume
from draggan.saved_arrays import sealed


def resume() -> Resume:
    numbers = torch.randn(3, 40, generator=torch.Generator().manual_seed(0))
    return Resume(
        index=17,
        points=torch.tensor([[1.25, 2.5], [30.0, -0.5]]),
        centres=torch.tensor([[1.0, 2.75], [30.0, 0.0]]),
        statuses=("moving", "pinned"),
        loss=0.1,
        best=12.3456789,
        since=7,
        loosened=True,
        numbers=torch.cat((numbers[:2], numbers[2:].square())),
    )


def same(a: Resume, b: Resume) -> None:
    for field in fields(Resume):
        x, y = getattr(a, field.name), getattr(b, field.name)
        assert torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y, field.name


def test_everything_comes_back() -> None:
    same(unpack_resume(pack_resume(resume())), resume())
    same(unpack_resume(memoryview(bytearray(pack_resume(resume())))), resume())


def test_a_first_step_and_an_ended_drag_come_back() -> None:
    first = replace(resume(), index=0, best=float("inf"), since=0, loosened=False, loss=0.0)
    same(unpack_resume(pack_resume(first)), first)
    for ending in ("reached", "stuck", "lost", "cap"):
        ended = replace(resume(), numbers=torch.zeros(3, 0), ending=ending)
        same(unpack_resume(pack_resume(ended)), ended)


def test_large_gradients_come_back_too() -> None:
    steep = replace(resume(), numbers=torch.full((3, 40), 1e30))
    same(unpack_resume(pack_resume(steep)), steep)


def taking_steps(count: int, parameters: list[torch.Tensor], optimiser: torch.optim.Adam) -> None:
    for _ in range(count):
        for p in parameters:
            p.grad = torch.sin(p.detach() * 3 + 1)
        optimiser.step()


def begun() -> tuple[list[torch.Tensor], torch.optim.Adam]:
    parameters = [torch.zeros(1, 3, 4), torch.ones(1, 1, 4)]
    for p in parameters:
        p.requires_grad_(True)
    return parameters, torch.optim.Adam(parameters, lr=0.1)


@pytest.mark.parametrize("before", [0, 1, 6])
def test_an_optimiser_goes_on_as_if_nothing_had_been(before: int) -> None:
    parameters, optimiser = begun()
    taking_steps(before, parameters, optimiser)
    numbers = optimised(parameters, optimiser)
    kept = numbers.clone()
    taking_steps(4, parameters, optimiser)
    assert torch.equal(numbers, kept)  # a copy, not a view
    others, other = begun()
    set_optimised(others, other, kept, before)
    taking_steps(4, others, other)
    for a, b in zip(parameters, others, strict=True):
        assert torch.equal(a, b) and b.requires_grad


def test_numbers_for_other_parameters_are_refused() -> None:
    parameters, optimiser = begun()
    for shape in ((3, 15), (3, 17), (2, 16), (3, 0)):
        with pytest.raises(BadSaved):
            set_optimised(parameters, optimiser, torch.zeros(shape), 1)


def resealed(change: int, to: bytes) -> bytes:
    """Sound bytes with something else at a place, and the checksum that goes with it."""
    body = bytearray(pack_resume(resume())[:-4])
    body[change : change + len(to)] = to
    return sealed(bytes(body))


NAN, INF = b"\0\0\xc0\x7f", b"\0\0\x80\x7f"
HOSTILE = {
    "nothing": b"",
    "a few bytes": b"DGR1" * 3,
    "no checksum": pack_resume(resume())[:-4],
    "cut off": pack_resume(resume())[:200],
    "something behind it": pack_resume(resume()) + b"x",
    "something behind it, sealed": sealed(pack_resume(resume())[:-4] + b"\0\0\0\0"),
    "cut off, sealed": sealed(pack_resume(resume())[:200]),
    "only a header, sealed": sealed(pack_resume(resume())[:35]),
    "another mark": resealed(0, b"DGR2"),
    "a step of billions": resealed(4, b"\xff\xff\xff\xff"),
    "patience without end": resealed(8, b"\xff\xff\xff\xff"),
    "an unknown ending": resealed(12, b"\x05"),
    "an ending and numbers": resealed(12, b"\x01"),
    "loosened twice": resealed(13, b"\x02"),
    "no handle": resealed(14, b"\0"),
    "too many handles": resealed(14, b"\xff"),
    "a loss that is no number": resealed(15, b"\0" * 6 + b"\xf8\x7f"),
    "a best that is no number": resealed(23, b"\0" * 6 + b"\xf8\x7f"),
    "a best below zero": resealed(23, b"\0" * 6 + b"\xf0\xbf"),
    "numbers by the gigabyte": resealed(31, b"\xff\xff\xff\x7f"),
    "an unknown status": resealed(35, b"\x09"),
    "a point that is no number": resealed(37, NAN),
    "a point far away": resealed(37, b"\0\0\x80\x50"),
    "a centre without end": resealed(37 + 16, INF),
    "a latent that is no number": resealed(37 + 32, NAN),
    "a moment without end": resealed(37 + 32 + 160, INF),
    "a mean square below zero": resealed(37 + 32 + 320, b"\0\0\x80\xbf"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_or_damaged_is_refused_in_words(name: str) -> None:
    with pytest.raises(BadSaved, match="damaged") as refusal:
        unpack_resume(HOSTILE[name])
    assert refusal.value.hint


def test_what_is_only_sealed_again_is_sound() -> None:
    same(unpack_resume(resealed(0, b"DGR1")), resume())


def test_every_flipped_bit_is_found() -> None:
    data = pack_resume(resume())
    for place in range(len(data)):
        for bit in (1, 128):
            with pytest.raises(BadSaved):
                unpack_resume(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])


def test_spoilt_bytes_are_read_or_refused_and_nothing_else() -> None:
    chance, good = random.Random(1), pack_resume(resume())[:-4]
    for _ in range(2000):
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(60)] = chance.randrange(256)
        end = chance.choice((None, chance.randrange(len(data))))
        with contextlib.suppress(BadSaved):
            unpack_resume(sealed(bytes(data[:end])))


def test_the_checksum_is_the_common_one() -> None:
    data = pack_resume(resume())
    assert int.from_bytes(data[-4:], "little") == zlib.crc32(data[:-4])
