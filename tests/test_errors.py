"""The wire's errors: codes that are unique, and a round trip in which no word is lost."""

from __future__ import annotations

import pytest
from draggan_wire import errors
from draggan_wire.errors import EngineFailed, WireError, from_header

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, WireError) and kind is not WireError
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_the_journey(kind: type[WireError]) -> None:
    error = kind("It broke.", hint="Mend it.")
    back = from_header(error.to_header())
    assert type(back) is kind
    assert (back.code, back.sentence, back.hint) == (kind.code, "It broke.", "Mend it.")


def test_a_code_of_the_daemons_own_is_passed_through() -> None:
    error = from_header({"code": "bad_picture", "sentence": "No picture.", "hint": "Use a PNG."})
    assert isinstance(error, EngineFailed)
    assert (error.code, str(error), error.hint) == ("bad_picture", "No picture.", "Use a PNG.")


def test_every_kind_has_a_code_of_its_own_and_stands_in_the_tree() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert kind.__name__ in (errors.__doc__ or "")
