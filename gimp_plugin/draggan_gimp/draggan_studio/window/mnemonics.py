"""Which letter of each label goes with Alt, so that no two clash in any language; no Gtk."""

from __future__ import annotations

import re
from typing import Optional, Sequence, Set


class Mnemonics:
    """Hands out letters. Those marked in `others`, labels such as "_OK", are taken already."""

    def __init__(self, others: Sequence[str] = ()) -> None:
        marked = (re.search(r"_(\w)", label.replace("__", "")) for label in others)
        self._taken: Set[str] = {found.group(1).lower() for found in marked if found}

    def mark(self, text: str) -> str:
        """The text as Gtk wants it: "_" before its letter, if one is left, and "__" for "_"."""
        at = self._free(text)
        if at is None:
            return text.replace("_", "__")
        self._taken.add(text[at].lower())
        return f"{text[:at]}_{text[at:]}" if "_" not in text else _doubled(text, at)

    def _free(self, text: str) -> Optional[int]:
        """The place of a letter that is not taken: a word's first one before all others."""
        first = [match.start() for match in re.finditer(r"\b[A-Za-z]", text)]
        rest = [match.start() for match in re.finditer(r"[A-Za-z]", text)]
        return next((at for at in (*first, *rest) if text[at].lower() not in self._taken), None)


def _doubled(text: str, at: int) -> str:
    return text[:at].replace("_", "__") + "_" + text[at:].replace("_", "__")
