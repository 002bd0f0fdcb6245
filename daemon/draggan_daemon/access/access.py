"""Who may come from other machines, as the settings folder says at this moment; no sockets.

`authorized_clients` holds the keys that are let in, `invitations` the keys that may hand in such a
key, once. Both are read again when they change. Whatever is wrong with a file or a line lets
nobody in and is said in the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from draggan_wire.errors import AccessRefused, BadInput

from ..config import ConfigError
from ..settings_folder import locked, read_trusted, settings_folder, write_private
from .authorized import (
    Allowance,
    AuthorizedKey,
    Invitation,
    check_name,
    entries,
    named,
    read_authorized,
    read_invitation,
    without,
)
from .keys import SERVER, KeyPair, fingerprint, own_pair, read_key

log = logging.getLogger("draggand.access")

KEY, INVITE = "key:", "invite:"  # what the principals of the two kinds of keys begin with
MOMENT = 0.5  # seconds in which whoever calls `refresh` asks `allows`
Entry = TypeVar("Entry", AuthorizedKey, Invitation)
Stamp = tuple[object, ...]


class Access:
    """The keys of one settings folder (default: the user's). For one thread.

    `now` gives unix time, by which invitations expire.
    """

    def __init__(self, folder: Path | None = None, *, now: Callable[[], float] = time.time) -> None:
        self.folder = settings_folder() if folder is None else folder
        self._now = now
        self._authorized: dict[bytes, AuthorizedKey] = {}
        self._invitations: dict[bytes, Invitation] = {}
        self._stamps: tuple[Stamp, ...] = ()
        self._told: dict[str, bytes] = {}  # principal -> key, as the last asked have been told
        self._withdrawn: dict[str, float] = {}  # principal -> until when, on the monotonic clock
        self.refresh()

    @property
    def authorized_file(self) -> Path:
        return self.folder / "authorized_clients"

    @property
    def invitations_file(self) -> Path:
        return self.folder / "invitations"

    @property
    def authorized(self) -> tuple[AuthorizedKey, ...]:
        return tuple(self._authorized.values())

    @property
    def invitations(self) -> tuple[Invitation, ...]:
        """Those that still hold."""
        now = self._now()
        return tuple(entry for entry in self._invitations.values() if entry.expires > now)

    def server_pair(self) -> KeyPair:
        """The daemon's own key, made at first use. Raises ConfigError."""
        return own_pair(self.folder, SERVER)

    # What the daemon asks.

    def refresh(self) -> bool:
        """Looks at the files; True if somebody may now come or may come no longer.

        To be called every second or so. `allows` then refuses for a moment those whose key has gone
        or has been replaced: a connection by the old key is not to live on under the same name.
        """
        self._reread()
        keys, now = self._keys(), time.monotonic()
        gone = {who: now + MOMENT for who, key in self._told.items() if keys.get(who) != key}
        changed = keys != self._told
        self._withdrawn = {**{w: t for w, t in self._withdrawn.items() if t > now}, **gone}
        self._told = keys
        return changed

    def principal(self, key: bytes) -> str | None:
        """`key:NAME` or `invite:NAME` of a public key that may come in now, else None."""
        self._reread()
        who = next((who for who, known in self._keys().items() if known == key), None)
        if who is not None:
            self._told[who] = key  # `refresh` must see it go even if it never saw it come
        return who

    def allows(self, principal: str) -> bool:
        """Whether one who came in as `principal` may stay."""
        withdrawn = self._withdrawn.get(principal, 0.0) > time.monotonic()
        return principal in self._keys() and not withdrawn

    def allowance(self, principal: str) -> Allowance:
        """What the line of this user's key says; all None for everybody else."""
        self._reread()
        for entry in self._authorized.values():
            if principal == KEY + entry.name:
                return entry.allowance
        return Allowance()

    def require_somebody(self) -> None:
        """Raises ConfigError when nobody could come in: then nothing should listen either."""
        if not self._keys():
            raise ConfigError(
                "The daemon was told to listen to other machines, but nobody may come in: there "
                f"is no key in {self.authorized_file} and no open invitation.",
                hint="Invite somebody with `draggand invite NAME`, or remove listen from [remote].",
            )

    # What changes the files.

    def redeem(self, name: str, key: str) -> None:
        """Lets `key` (hex) in as `name` for good and ends the invitation.

        Raises AccessRefused where the invitation does not hold (any more), BadInput for a key that
        is none or is known already, and ConfigError where the files cannot be used.
        """
        public = read_key(key)
        with locked(self.folder):
            self._reread()
            invitation = next((i for i in self.invitations if i.name == name), None)
            if invitation is None or not self.allows(INVITE + name):
                raise AccessRefused(
                    f"The invitation of {name} has been used or has run out.",
                    hint=f"Ask for a new one: `draggand invite {name}` on the daemon's machine.",
                )
            if public == invitation.key:
                raise BadInput("An invitation's own key cannot stay.", hint="Hand in a new key.")
            self._authorize(AuthorizedKey(public, name))
            self._end_invitations(name)
        log.info("%s has redeemed the invitation with the key %s", name, fingerprint(public))

    def authorize(self, entry: AuthorizedKey) -> None:
        """Adds a line. Raises BadInput where the name or the key is there already."""
        with locked(self.folder):
            self._reread()
            self._authorize(entry)

    def invite(self, name: str, key: bytes, expires: float) -> None:
        """Opens an invitation, in the place of an older one. Raises BadInput for a taken name."""
        check_name(name)
        with locked(self.folder):
            self._reread()
            self._check_free(name)
            text = self._cleared(lambda line: named(line, name))
            write_private(self.invitations_file, f"{text}{Invitation(key, name, expires)}\n")
            self._reread()

    def revoke_invitation(self, name: str) -> None:
        """Ends the open invitation of `name`, if there is one."""
        with locked(self.folder):
            self._end_invitations(name)

    def revoke(self, name: str) -> bool:
        """Removes the key and the invitation of `name`; False if there was neither."""
        check_name(name)
        with locked(self.folder):
            text = read_trusted(self.authorized_file) or ""
            found = any(named(line, name) for line in text.splitlines())
            if found:
                write_private(self.authorized_file, without(text, lambda line: named(line, name)))
            found |= self._end_invitations(name)
            self._reread()
        return found

    def _authorize(self, entry: AuthorizedKey) -> None:
        self._check_free(entry.name)
        if (other := self._authorized.get(entry.key)) is not None:
            raise BadInput(
                f"This key is authorised already, as {other.name}.",
                hint="It needs no invitation: `draggand relay HOST` is enough. `draggand revoke "
                f"{other.name}` takes it out.",
            )
        text = read_trusted(self.authorized_file) or ""
        if text and not text.endswith("\n"):
            text += "\n"
        write_private(self.authorized_file, f"{text}{entry}\n")
        self._reread()

    def _check_free(self, name: str) -> None:
        if any(entry.name == name for entry in self._authorized.values()):
            raise BadInput(
                f"{name} has a key already.",
                hint=f"Take another name for a second computer ({name[:30]}-laptop), or "
                f"`draggand revoke {name}` first.",
            )

    def _end_invitations(self, name: str) -> bool:
        text = read_trusted(self.invitations_file) or ""
        kept = self._cleared(lambda line: named(line, name))
        if kept != text:
            write_private(self.invitations_file, kept)
            self._reread()
        return any(named(line, name) for line in text.splitlines())

    def _cleared(self, unwanted: Callable[[str], bool]) -> str:
        """The file of invitations without the unwanted ones and those that have run out."""
        return without(
            read_trusted(self.invitations_file) or "",
            lambda line: unwanted(line) or self._is_over(line),
        )

    def _is_over(self, line: str) -> bool:
        try:
            return read_invitation(line).expires <= self._now()
        except (BadInput, IndexError):
            return False

    # Reading.

    def _keys(self) -> dict[str, bytes]:
        """Who may come in now. A name's key comes before an invitation of the same name."""
        keys = {INVITE + entry.name: entry.key for entry in self.invitations}
        return {**keys, **{KEY + entry.name: entry.key for entry in self._authorized.values()}}

    def _reread(self) -> None:
        files = (self.authorized_file, self.invitations_file)
        stamps = tuple(_stamp(path) for path in (*files, self.folder))
        if stamps == self._stamps:
            return
        self._stamps = stamps
        self._authorized = self._read(self.authorized_file, read_authorized)
        self._invitations = self._read(self.invitations_file, read_invitation)

    def _read(self, path: Path, read: Callable[[str], Entry]) -> dict[bytes, Entry]:
        """The good lines of a file by key; of two with one name or key, the first."""

        def warn(number: int, why: str) -> None:
            log.warning("%s, line %d lets nobody in: %s", path, number, why)

        try:
            text = read_trusted(path) or ""
        except ConfigError as error:
            log.error("%s Nobody in it is let in. %s", error.sentence, error.hint)
            return {}
        found: dict[bytes, Entry] = {}
        names: set[str] = set()
        for number, entry in entries(text, read, warn):
            if entry.key in found or entry.name in names:
                warn(number, "its name or its key stands in an earlier line.")
                continue
            found[entry.key] = entry
            names.add(entry.name)
        return found


def _stamp(path: Path) -> Stamp:
    """What changes when a file is written, replaced, or given other rights."""
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno,)
    times = (found.st_mtime_ns, found.st_ctime_ns)
    return (*times, found.st_size, found.st_ino, found.st_mode, found.st_uid)
