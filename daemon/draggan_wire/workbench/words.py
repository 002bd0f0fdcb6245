"""The panel's texts in the user's language; standard library only.

    words = Words("de_DE")
    words.tr("Step {step} of {last}", step=3, last=60)      # our own texts: by their English form
    words.sentence("There are more than 64 handles.")        # finished English sentences: by match

A translation file maps English templates to templates with the same placeholders. Whatever is not
in it, or damaged in it, stays English.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Dict, List, Mapping, NewType, Optional, Tuple

FOLDER = Path(__file__).resolve().parent / "translations"
LANGUAGES = (("en", "English"), ("de", "Deutsch"), ("fr", "Français"))
LONGEST = 2000  # characters of a sentence that is looked up: as much as the wire carries
# Marks an English text that stands in a table until it is translated: whoever collects the texts
# finds it by that, as those in the calls of `tr`.
Template = NewType("Template", str)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Words:
    """The texts of one language: a locale's name ("de", "de_DE", "fr-CA"), "" for English."""

    def __init__(self, language: str = "", *, folder: Path = FOLDER) -> None:
        code = re.split(r"[-_.@]", language.strip().lower())[0]
        self.language = code if code in dict(LANGUAGES) else "en"
        self._table = _read(folder / f"{self.language}.json") if self.language != "en" else {}
        self._templates = _compiled(self._table)

    def tr(self, template: str, **values: object) -> str:
        """The template's translation, filled in."""
        return _filled(self._table.get(template, template), values, instead=template)

    def sentence(self, text: str) -> str:
        """A finished English sentence's translation; the sentence itself where none fits.

        What stands in a template's gaps is translated too, where it is a text of its own.
        """
        if text in self._table:
            return self._table[text]
        for template in self._templates if len(text) <= LONGEST else ():
            values = template.match(text)
            if values is not None:
                known = {name: self._inner(value) for name, value in values.items()}
                return _filled(template.translation, known, instead=text)
        return text

    def _inner(self, value: str) -> str:
        """A sentence within a sentence ends with a full stop; all else is a word or two."""
        return self.sentence(value) if value.endswith(".") else self._table.get(value, value)


class _Template:
    """An English text with gaps. Matching never tries twice, so no text can make it slow."""

    def __init__(self, template: str, translation: str) -> None:
        parts = _PLACEHOLDER.split(template)
        self.translation = translation
        self.literals: List[str] = parts[::2]  # one more than there are names
        self.names: List[str] = parts[1::2]
        self.weight = sum(len(literal) for literal in self.literals)

    def match(self, text: str) -> Optional[Dict[str, str]]:
        """What stands in the gaps; None where the text is another one."""
        first, last = self.literals[0], self.literals[-1]
        if not (text.startswith(first) and text.endswith(last)):
            return None
        values, at, end = {}, len(first), len(text) - len(last)
        for i, name in enumerate(self.names, start=1):
            literal = self.literals[i]
            until = end if i == len(self.names) else text.find(literal, at, end)
            if until < at:
                return None
            values[name] = text[at:until]
            at = until + len(literal)
        return values


def _compiled(table: Mapping[str, str]) -> Tuple[_Template, ...]:
    """The templates with gaps, those that say most first: they fit fewer other sentences."""
    templates = [_Template(*entry) for entry in table.items() if _PLACEHOLDER.search(entry[0])]
    return tuple(sorted(templates, key=lambda template: -template.weight))


def _filled(template: str, values: Mapping[str, object], *, instead: str) -> str:
    """The template with its gaps filled; damaged ones give way to `instead`."""
    try:
        return template.format(**values)
    except (LookupError, ValueError, AttributeError, TypeError):
        return instead if template == instead else _filled(instead, values, instead=instead)


def _read(path: Path) -> Dict[str, str]:
    """A translation file's texts; nothing of it where it cannot be read."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(table, dict):
        return {}
    return {key: text for key, text in table.items() if isinstance(text, str) and text.strip()}
