"""Which daemon answers at which address: the file `known_servers`, as ssh keeps its hosts; files.

    box.example:7417 a6f0...64 hex digits...91

CURVE needs the daemon's public key before the first word, so an address without a line here is not
connected to, and one whose key is another than the line's is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from draggan_wire.errors import AccessRefused, BadInput

from ..access.authorized import entries
from ..access.invitations import Remote, read_remote
from ..access.keys import fingerprint, read_key
from ..settings_folder import locked, read_trusted, write_private


@dataclass(frozen=True)
class KnownServer:
    """A line of the file, which is number `line` (from 1)."""

    remote: Remote
    key: bytes
    line: int

    def __str__(self) -> str:
        return f"{self.remote} {self.key.hex()}"


class KnownServers:
    """The file in a settings folder, read anew at every question."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def file(self) -> Path:
        return self._folder / "known_servers"

    def all(self) -> tuple[KnownServer, ...]:
        """The good lines, the first for each address; broken ones count as not there."""
        found: dict[Remote, KnownServer] = {}
        text = read_trusted(self.file) or ""
        for number, (remote, key) in entries(text, _read, lambda number, why: None):
            found.setdefault(remote, KnownServer(remote, key, number))
        return tuple(found.values())

    def find(self, remote: Remote) -> KnownServer | None:
        return next((server for server in self.all() if server.remote == remote), None)

    def check(self, remote: Remote, key: bytes) -> None:
        """Raises AccessRefused if another key is known for this address."""
        known = self.find(remote)
        if known is None or known.key == key:
            return
        raise AccessRefused(
            f"The daemon at {remote} is known by another key ({fingerprint(known.key)}) than the "
            f"invitation's ({fingerprint(key)}). Somebody may be pretending to be it.",
            hint="Ask its administrator. If the key was changed on purpose, remove line "
            f"{known.line} of {self.file} and paste the invitation again.",
        )

    def remember(self, remote: Remote, key: bytes) -> None:
        """Adds the address, if it is not there. Raises like `check`."""
        with locked(self._folder):
            self.check(remote, key)
            if self.find(remote) is not None:
                return
            text = read_trusted(self.file) or ""
            if text and not text.endswith("\n"):
                text += "\n"
            write_private(self.file, f"{text}{remote} {key.hex()}\n")

    def choose(self, address: str | None) -> KnownServer:
        """The server that an address means; without one, the only server that is known.

        A host without a port means the usual port, or the only one at which it is known.

        Raises BadInput for what is no address and where there is nothing to choose,
        AccessRefused for an address whose key is not known.
        """
        known = self.all()
        names = ", ".join(str(server.remote) for server in known) or "none yet"
        if address is None:
            if len(known) == 1:
                return known[0]
            raise BadInput(
                f"Which machine is meant? Known are: {names}.",
                hint="Write `draggand relay HOST`, or paste the line of an invitation.",
            )
        remote = read_remote(address)
        at_host = [server for server in known if server.remote.host == remote.host]
        server = next((server for server in at_host if server.remote == remote), None)
        if server is None and len(at_host) == 1 and not _has_port(address):
            server = at_host[0]
        if server is None:
            raise AccessRefused(
                f"The key of the daemon at {remote} is not known here. Known are: {names}.",
                hint="Ask for an invitation (`draggand invite NAME` on that machine) and paste "
                "its line: `draggand relay draggan://...`.",
            )
        return server


def _read(line: str) -> tuple[Remote, bytes]:
    words = line.split()
    if len(words) != 2:
        raise BadInput("A line has an address and a key.")
    return read_remote(words[0]), read_key(words[1])


def _has_port(address: str) -> bool:
    return address.rpartition("]")[2].removeprefix("tcp://").partition(":")[1] == ":"
