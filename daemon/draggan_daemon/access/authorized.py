"""Who may come from other machines: the file `authorized_clients`, one key per line; config only.

    a6f0...64 hex digits...91 name=anna max_sessions=2

A line that is not understood lets nobody in. Comments begin with '#'; what changes the file keeps
every other line as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import TypeVar

from draggan_wire.errors import BadInput

from .keys import read_key

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
T = TypeVar("T")


@dataclass(frozen=True)
class Allowance:
    """What one user may have, where it differs from the settings; None: as in the settings."""

    max_sessions: int | None = None


@dataclass(frozen=True)
class AuthorizedKey:
    """A line of `authorized_clients`."""

    key: bytes
    name: str
    allowance: Allowance = field(default_factory=Allowance)

    def __str__(self) -> str:
        found = {entry.name: getattr(self.allowance, entry.name) for entry in fields(Allowance)}
        limits = [f" {name}={value}" for name, value in found.items() if value is not None]
        return f"{self.key.hex()} name={self.name}{''.join(limits)}"


@dataclass(frozen=True)
class Invitation:
    """A line of `invitations`: a key that may hand in another one until `expires` (unix time)."""

    key: bytes
    name: str
    expires: float

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.expires, timezone.utc)
        return f"{self.key.hex()} name={self.name} expires={moment:%Y-%m-%dT%H:%M:%SZ}"


def check_name(name: str) -> str:
    """`name`, if it can be a client's. Raises BadInput."""
    if not NAME.fullmatch(name):
        raise BadInput(
            f"{name[:60]!r} cannot be a name here.",
            hint="Use letters, digits, '-', '_' and '.', at most 40, beginning with a letter or "
            "a digit: anna, anna-laptop.",
        )
    return name


def read_authorized(line: str) -> AuthorizedKey:
    """One line of `authorized_clients`. Raises BadInput with what is wrong about it."""
    key, values = _parts(line)
    name = check_name(values.pop("name", ""))
    known = {entry.name for entry in fields(Allowance)}
    if not values.keys() <= known:
        raise BadInput(f"A key's settings are name, {', '.join(sorted(known))}.")
    return AuthorizedKey(key, name, Allowance(**{k: _whole(v, k) for k, v in values.items()}))


def read_invitation(line: str) -> Invitation:
    """One line of `invitations`. Raises BadInput with what is wrong about it."""
    key, values = _parts(line)
    if values.keys() != {"name", "expires"}:
        raise BadInput("An invitation has a key, name= and expires=.")
    try:
        moment = datetime.strptime(values["expires"], "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise BadInput("expires= is no moment such as 2026-01-31T12:00:00Z.") from None
    expires = moment.replace(tzinfo=timezone.utc).timestamp()
    return Invitation(key, check_name(values["name"]), expires)


def entries(
    text: str, read: Callable[[str], T], warn: Callable[[int, str], None]
) -> Iterator[tuple[int, T]]:
    """The lines that can be read, with their numbers from 1; `warn` is told of each other one."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            yield number, read(line)
        except BadInput as error:
            warn(number, error.sentence)


def without(text: str, unwanted: Callable[[str], bool]) -> str:
    """`text` without the lines of which `unwanted` is true; comments stay."""
    lines = [line for line in text.splitlines() if not unwanted(line)]
    return "".join(f"{line}\n" for line in lines)


def named(line: str, name: str) -> bool:
    """Whether a line, broken or not, is about `name`."""
    return not line.lstrip().startswith("#") and f"name={name}" in line.split()


def _parts(line: str) -> tuple[bytes, dict[str, str]]:
    words = line.split()
    values: dict[str, str] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name in values:
            # Not repeated: somebody may have pasted a secret here, and this goes to the log.
            raise BadInput("After the key come settings, each once, such as name=anna.")
        values[name] = value
    return read_key(words[0]), values


def _whole(text: str, name: str) -> int:
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise BadInput(f"{name} must be a whole number.")
    return int(text)
