"""What a daemon finds around it: settings, folders, keys, a port, a clock, a service; no torch."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import socket
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from draggan_wire.endpoint import LONGEST_PATH
from draggan_wire.errors import WireError

from draggan.doctor.findings import Finding, good, note, problem

from ..access.access import Access
from ..access.keys import SERVER, fingerprint, load_pair
from ..config import Config, Loaded, journal_folder
from ..journal.schema import NAME as DATABASE
from ..journal.schema import open_for_reading
from ..local_socket import serving_process
from ..service import UNIT_NAME, unit_path

GIB = 1 << 30
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "afs", "ceph"}


def check_settings(loaded: Loaded) -> Iterator[Finding]:
    """The settings could be read; which they are."""
    changed = [f"{name} {origin}" for name, origin in sorted(loaded.origins.items())]
    if loaded.file is None and not changed:
        yield good("Settings", "There are none of your own: the defaults hold.")
    else:
        where = f"{loaded.file} can be used" if loaded.file else "There is no settings file"
        yield good("Settings", f"{where}; set: {', '.join(changed) or 'nothing'}.")


def check_socket(path: Path) -> Iterator[Finding]:
    """Whether the local socket's folder is ours alone."""
    folder = path.parent
    try:
        found = folder.lstat()
    except OSError:
        yield good("Socket", f"{folder} will be made, for you alone.")
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        sentence = f"{folder} is not yours alone (mode {stat.S_IMODE(found.st_mode):04o})."
        yield problem("Socket", sentence, f"`chmod 700 {folder}`, or name another --endpoint.")
    elif len(os.fsencode(path)) > LONGEST_PATH:
        sentence = f"The path {path} is longer than {LONGEST_PATH} bytes."
        yield problem("Socket", sentence, "Name a shorter --endpoint.")
    else:
        yield good("Socket", f"{path}, in a folder that only you can enter.")


def check_keys(config: Config) -> Iterator[Finding]:
    """Who may come from other computers, and whether this daemon can prove who it is."""
    access = Access()
    try:
        pair = load_pair(access.folder, SERVER)
        access.refresh()
    except WireError as error:
        yield problem("Keys", error.sentence, error.hint)
        return
    if not config.remote.listen:
        yield good("Keys", "By the settings no other computer is let in (remote.listen is empty).")
        return
    shown = fingerprint(pair.public) if pair else "made at the first start"
    authorized, invited = len(access.authorized), len(access.invitations)
    sentence = f"Server key {shown}; {authorized} authorised, {invited} invited."
    if authorized or invited:
        yield good("Keys", sentence)
    else:
        yield problem("Keys", sentence, "Nobody could come in: `draggand invite NAME` first.")


def check_port(config: Config, path: Path) -> Iterator[Finding]:
    """Whether the remote door's port can be taken, if it is to be."""
    if not config.remote.listen:
        return
    host, _, port = config.remote.listen.rpartition(":")
    host = "" if host in ("*", "0.0.0.0") else host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
    except OSError as error:
        if serving_process(path) is not None:
            yield good("Port", f"{config.remote.listen} is taken, and the daemon runs.")
            return
        sentence = f"{config.remote.listen} cannot be bound: {error.strerror}."
        yield problem("Port", sentence, f"`ss -ltnp sport = :{port}` says who holds it.")
        return
    yield good("Port", f"{config.remote.listen} is free.")


def check_journal_folder(config: Config, path: Path) -> Iterator[Finding]:
    """Whether the journal can be written where it is meant to lie, and has room."""
    if not config.journal.enabled:
        yield note("Journal", "It is switched off: sessions end with the daemon.")
        return
    folder = journal_folder(config, path)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        sentence = f"{folder} cannot be written: sessions end with the daemon."
        yield problem("Journal", sentence, f"Change the owner or the permissions of {there}.")
        return
    if (kind := _file_system(there)) in NETWORK:
        sentence = f"{folder} lies on a network's disk ({kind}), which loses what it promises."
        yield problem("Journal", sentence, "Name a folder of this computer as journal.folder.")
        return
    free = shutil.disk_usage(there).free
    sentence = f"{folder}, with {free / GIB:.1f} GiB free."
    if free < config.journal.max_bytes:
        remedy = "Free some space, or lower journal.max_bytes."
        yield note("Journal", f"{sentence} It may grow beyond that.", remedy)
    else:
        yield good("Journal", sentence)
    yield from _database(folder / DATABASE)
    for lost in sorted(folder.glob("damaged-*")):
        sentence = f"A damaged journal was put aside at {lost}."
        yield note("Journal", sentence, "Delete it when you have looked at it.")


def _database(file: Path) -> Iterator[Finding]:
    """Whether SQLite finds its pages as it wrote them; what is in them stays unread."""
    if not file.exists():
        return
    try:
        with closing(open_for_reading(file)) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        sentence = f"{file} is damaged: {str(found).splitlines()[0]}."
        remedy = "The next start puts it aside and begins a new one; its sessions are lost."
        yield note("Journal", sentence, remedy)


def check_clock(now: float | None = None) -> Iterator[Finding]:
    """Leases, invitations and journals count on a clock that does not lie behind its own files."""
    now = time.time() if now is None else now
    built = Path(__file__).stat().st_mtime
    if now < built - 86400:
        sentence = f"This computer's clock says {time.strftime('%Y-%m-%d', time.localtime(now))}."
        yield note("Clock", sentence, "Set it: invitations expire by it.")
    else:
        yield good("Clock", time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now)) + ".")


def check_service() -> Iterator[Finding]:
    """Whether systemd runs the daemon."""
    path = unit_path()
    if not path.exists():
        yield good("Service", "None is installed; `draggand install-service` lets systemd run it.")
        return
    command = next(
        (line[10:] for line in path.read_text().splitlines() if line.startswith("ExecStart=")), ""
    )
    program = next(iter(shlex.split(command)), "")
    if program and not os.access(program, os.X_OK):
        sentence = f"{path} starts {program}, which is not there (any more)."
        yield problem("Service", sentence, "Write it again: `draggand install-service --now`.")
    else:
        lasts = "starts with the computer" if _lingers() else "runs while you are logged in"
        yield good("Service", f"{UNIT_NAME} is installed at {path} and {lasts}.")


def _lingers(folder: Path = Path("/var/lib/systemd/linger")) -> bool:
    return (folder / pwd.getpwuid(os.getuid()).pw_name).exists()


def _file_system(folder: Path) -> str:
    """The kind of file system that `folder` lies on, as Linux calls it; "" elsewhere."""
    best, kind = "", ""
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    place = os.path.realpath(folder)
    for mount in mounts:
        fields = mount.split(" ")
        point = fields[1].encode().decode("unicode_escape")
        if len(point) >= len(best) and (place + "/").startswith(point.rstrip("/") + "/"):
            best, kind = point, fields[2]
    return kind
