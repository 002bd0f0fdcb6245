"""Letters with Alt that do not clash."""

from __future__ import annotations

from tests.gimp_plugin import load

Mnemonics = load("window.mnemonics").Mnemonics


def test_a_word_gets_its_first_letter_if_that_is_free() -> None:
    keys = Mnemonics()
    assert keys.mark("Drag") == "_Drag"
    assert keys.mark("Keep step") == "_Keep step"


def test_the_next_words_letter_goes_before_one_inside_a_word() -> None:
    keys = Mnemonics()
    keys.mark("Keep step")
    assert keys.mark("Keep every") == "Keep _every"
    assert keys.mark("Kee") == "Kee"


def test_the_letters_of_other_labels_are_left_to_them() -> None:
    keys = Mnemonics(("_OK", "Abb_rechen", "snake__case", "no letter"))
    assert keys.mark("OR cat") == "OR _cat"
    assert keys.mark("or") == "or"


def test_an_underscore_in_the_text_stays_one() -> None:
    keys = Mnemonics()
    assert keys.mark("max_pixels") == "_max__pixels"
    assert keys.mark("___") == "______"


def test_other_scripts_are_shown_as_they_are() -> None:
    assert Mnemonics().mark("描く") == "描く"
