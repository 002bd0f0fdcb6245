"""Pictures in a host's layout: what can be told of them without looking at channels one by one."""

from __future__ import annotations

from draggan_wire.pixels import Image, is_blank


def test_a_picture_is_blank_when_its_alpha_is_zero_everywhere() -> None:
    for form, clear, faint in (
        ("rgba8", b"\1\2\3\0", b"\1\2\3\1"),
        ("graya8", b"\7\0", b"\7\1"),
        ("bgra16", b"\1\1\1\1\1\1\0\0", b"\1\1\1\1\1\1\0\1"),
        ("rgbaf32", bytes(range(12)) + bytes(4), bytes(12) + b"\0\0\0\1"),
    ):
        assert is_blank(Image(form, 2, 1, clear * 2))
        assert not is_blank(Image(form, 2, 1, clear + faint))


def test_a_picture_without_alpha_is_never_blank() -> None:
    assert not is_blank(Image("rgb8", 1, 1, b"\0\0\0"))
    assert not is_blank(Image("gray8", 1, 1, b"\0"))
