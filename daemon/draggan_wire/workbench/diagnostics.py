"""The report that a user can copy: versions, connection, settings, no pictures; stdlib only.

It is meant to be pasted into public places, so credentials and user names are taken out of all of
it, whatever field they came by.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from typing import List, Tuple

from .settings import Settings

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"(://[^\s?#]*)[?#]\S*")
_NAME = r"(?:[^\\/:'\"\n]+(?=[\\/])|[^\\/\s:'\"]+)"  # one with blanks if a path goes on after it
_HOMES = re.compile(r"(?i)(?:[a-z]:)?[\\/]+(?:home|users)[\\/]+" + _NAME)


@dataclass(frozen=True)
class Facts:
    """What the report tells; "" or () for what is not known."""

    plugin: str = ""  # version
    host: str = ""  # the editor's name and version
    toolkit: str = ""  # its name and version
    python: str = ""
    platform: str = ""
    daemon: str = ""  # name, version and device
    connection: str = ""  # its state, in words
    models: Tuple[str, ...] = ()
    document: str = ""  # size, colour model and depth
    edit: str = ""  # its state, in words
    settings: Settings = field(default_factory=Settings)
    messages: Tuple[str, ...] = ()  # the last ones, oldest first


def report(facts: Facts, *, home: str = "") -> str:
    """The facts as text, a line each; `home` is the user's folder (default: this process's)."""
    lines = [f"DragGAN for {facts.host.split(' ')[0] or 'an editor'}"]
    for name in ("plugin", "host", "toolkit", "python", "platform", "daemon", "connection"):
        lines.append(_line(name, getattr(facts, name)))
    lines.append(_line("models", ", ".join(facts.models)))
    lines.append(_line("document", facts.document))
    lines.append(_line("edit", facts.edit))
    lines += ["settings", *_changed(facts.settings)]
    lines += ["messages", *(f"  {message}" for message in facts.messages)]
    return without_names("\n".join(lines) + "\n", home=home or os.path.expanduser("~"))


def without_names(text: str, *, home: str) -> str:
    """The text without passwords in addresses and without the names of users' folders."""
    text = _QUERY.sub(r"\1", _CREDENTIALS.sub("", text))
    if len(home) > 1:
        text = re.sub(re.escape(home.rstrip("\\/")) + r"(?![\w.-])", "~", text)
    return _HOMES.sub("~", text)


def _line(name: str, value: str) -> str:
    return f"{name:11} {value or '-'}"


def _changed(settings: Settings) -> List[str]:
    """The settings that differ from the defaults, and the address in any case."""
    default = Settings()
    lines = [f"  address = {settings.address or 'this computer'}"]
    for name in (each.name for each in fields(settings)):
        value = getattr(settings, name)
        if name != "address" and value != getattr(default, name):
            lines.append(f"  {name} = {value}")
    return lines
