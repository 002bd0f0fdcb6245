"""What a document's colour space takes from a result is made up for beforehand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load


@pytest.fixture
def gamut() -> Any:
    fake_krita()
    return load("host.gamut")


def document(model: str, profile: str) -> Any:
    return SimpleNamespace(
        colorModel=lambda: model, colorDepth=lambda: "U8", colorProfile=lambda: profile
    )


CMYK = ("CMYKA", "Chemical proof")


def image(*pixels: tuple[int, int, int, int]) -> Any:
    data = b"".join(bytes(pixel) for pixel in pixels)
    return load("draggan_wire.messages").Image("bgra8", len(pixels), 1, data)


def pixels(made: Any) -> list[tuple[int, ...]]:
    data = bytes(made.data)
    return [tuple(data[i : i + 4]) for i in range(0, len(data), 4)]


@pytest.mark.parametrize(
    ("model", "profile", "wider"),
    [
        ("RGBA", "sRGB-elle-V2-srgbtrc.icc", False),
        ("RGBA", "sRGB built-in", False),
        ("RGBA", "ClayRGB-elle-V2-g22.icc", True),
        ("GRAYA", "Gray-D50-elle-V2-srgbtrc.icc", False),
        (*CMYK, True),
        ("LABA", "Lab identity built-in", True),
    ],
)
def test_documents_that_keep_srgb_are_told_from_those_that_do_not(
    gamut: Any, model: str, profile: str, wider: bool
) -> None:
    assert gamut.is_wider_than_srgb(document(model, profile)) is wider


def test_what_is_lost_on_the_way_is_added_and_what_is_gained_is_taken(
    gamut: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = image((90, 60, 200, 255), (10, 20, 30, 255))
    monkeypatch.setattr(gamut, "_as_shown", lambda *_: shown)
    made = gamut.made_up_for(
        document(*CMYK), image((100, 50, 200, 255), (10, 20, 30, 255)), gamut.Workshop()
    )
    assert pixels(made) == [(110, 40, 200, 255), (10, 20, 30, 255)]


def test_what_would_be_brighter_than_white_or_darker_than_black_is_neither(
    gamut: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gamut, "_as_shown", lambda *_: image((200, 30, 0, 255)))
    made = gamut.made_up_for(document(*CMYK), image((250, 5, 0, 255)), gamut.Workshop())
    assert pixels(made) == [(255, 0, 0, 255)]


def test_transparency_stays_as_it_is(gamut: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gamut, "_as_shown", lambda *_: image((90, 90, 90, 0), (0, 0, 0, 9)))
    made = gamut.made_up_for(
        document(*CMYK), image((100, 100, 100, 0), (0, 0, 0, 128)), gamut.Workshop()
    )
    assert [pixel[3] for pixel in pixels(made)] == [0, 128]


def test_a_document_that_keeps_srgb_gets_the_very_image(gamut: Any) -> None:
    given = image((1, 2, 3, 255))
    srgb = document("RGBA", "sRGB-elle-V2-srgbtrc.icc")
    assert gamut.made_up_for(srgb, given, gamut.Workshop()) is given
