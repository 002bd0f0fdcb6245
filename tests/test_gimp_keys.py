"""The keys of GIMP's picture area."""

from __future__ import annotations

import pytest

from tests.gimp_plugin import load

keys = load("window.keys")


@pytest.mark.parametrize(
    ("key", "held", "action"),
    [
        ("plus", "", "zoom in"),
        ("KP_Add", "", "zoom in"),
        ("KP_Subtract", "", "zoom out"),
        ("minus", "control", "zoom out"),
        ("1", "", "actual size"),
        ("KP_1", "", "actual size"),
        ("0", "", "fit"),
        ("F", "shift", "fit"),
        ("KP_Delete", "", "delete"),
        ("z", "control", "undo"),
        ("Z", "control shift", "redo"),
        ("y", "control", "redo"),
        ("Left", "shift", "Left"),
        ("KP_Up", "", "Up"),
        ("b", "", "b"),
        ("bracketleft", "", "smaller brush"),
        ("Return", "", None),
        ("KP_Enter", "", None),
        ("Tab", "", None),
        ("z", "", None),
        ("b", "control", None),
        ("Left", "control", None),
        ("Delete", "control", None),
    ],
)
def test_each_key_does_what_it_says_or_goes_on_to_the_dialog(
    key: str, held: str, action: str
) -> None:
    found = keys.action_of(key, control="control" in held, shift="shift" in held)
    assert found == action
