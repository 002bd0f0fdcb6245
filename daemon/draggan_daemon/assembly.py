"""Puts a daemon together from its settings: worker, journal, keys and doors; never torch here."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq
from draggan_wire.connection_file import ConnectionFile
from draggan_wire.messages import MAJORS

from .access.access import Access
from .access.keys import fingerprint
from .computing import make_worker
from .config import Config, journal_folder
from .config_values import ConfigError
from .connection_file import new_token, published
from .descriptors import allow_many
from .door import Door
from .journal import Journal, JournalError
from .spare_memory import use_one_heap
from .worker import SessionWorker

log = logging.getLogger("draggand")

LAST_SECONDS = 1.0  # for a worker that is still in a step after the door has waited for it


class PortTaken(ConfigError):
    """Somebody else listens there at the moment."""

    code = "port_taken"


class Daemon:
    """All parts of a daemon, bound to its sockets. `release` gives everything back.

    Raises ConfigError for what the settings ask for and cannot be had, PortTaken for a port.
    """

    def __init__(
        self,
        config: Config,
        path: Path,
        *,
        version: str,
        clock: Callable[[], float],
        reread: Callable[[], Config] | None = None,
        make: Callable[[Config], SessionWorker] = make_worker,
    ) -> None:
        self._config, self._path = config, path
        allow_many()
        use_one_heap()
        self._access = Access() if config.remote.listen else None
        if self._access is not None:
            self._access.require_somebody()
        self._token = new_token() if config.loopback.port else None
        self._journal = _journal(config, path)
        self._worker = make(config)
        self.door = Door(
            self._worker,
            config,
            version=version,
            journal=self._journal,
            access=self._access,
            token=self._token,
            reread=reread,
            clock=clock,
        )

    @contextmanager
    def listening(self) -> Iterator[tuple[str, ...]]:
        """Binds the sockets, and leaves word of them beside the local one while it lasts."""
        endpoints, port, shown = [f"ipc://{self._path}"], 0, ""
        self.door.bind_local(self._path)
        if self._config.loopback.port:
            port = self._bind_loopback()
            endpoints.append(f"tcp://127.0.0.1:{port}")
        if self._access is not None:
            pair = self._access.server_pair()
            endpoints.append(self._bind_remote(pair.secret))
            shown = fingerprint(pair.public)
            log.info("the server key is %s", shown)
        facts = ConnectionFile(
            tuple(endpoints), port, self._token or "", shown, protocol=max(MAJORS)
        )
        with published(facts, beside=self._path):
            yield tuple(endpoints)

    def release(self) -> bool:
        """False if the worker is still in a step, and has to die with this process."""
        if self._journal is not None:
            self._journal.close()
        self._worker.end()
        deadline = time.monotonic() + LAST_SECONDS
        while not self._worker.ended() and time.monotonic() < deadline:
            time.sleep(0.01)
        if ended := self._worker.ended():
            self._worker.release()
        return ended

    def _bind_loopback(self) -> int:
        port = self._config.loopback.port
        try:
            return self.door.bind_loopback(None if port < 0 else port)
        except zmq.ZMQError as error:
            raise _unbound(f"127.0.0.1:{port}", error, "loopback.port") from None

    def _bind_remote(self, secret: bytes) -> str:
        listen = self._config.remote.listen
        try:
            return self.door.bind_remote(_numeric(listen), secret)
        except zmq.ZMQError as error:
            raise _unbound(listen, error, "remote.listen") from None


def _journal(config: Config, path: Path) -> Journal | None:
    """None where it is switched off, and where the usual folder cannot be used."""
    if not config.journal.enabled:
        log.info("without a journal: sessions end with the daemon")
        return None
    folder, settings = journal_folder(config, path), config.journal
    try:
        journal = Journal(folder, max_bytes=settings.max_bytes, keep=settings.keep)
    except JournalError as error:
        if settings.folder:  # asked for: to go on without would break a promise
            raise ConfigError(error.sentence, hint=error.hint) from None
        log.error("sessions will end with the daemon: %s %s", error.sentence, error.hint)
        return None
    for note in journal.notes:
        log.warning("%s", note)
    return journal


def _numeric(address: str) -> str:
    """The address with a number for its host: ZeroMQ resolves no names of its own computer."""
    host, _, port = address.rpartition(":")
    if host == "*" or _is_number(host.strip("[]")):
        return address
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigError(
            f"The name {host} in remote.listen is not known here: {error.strerror}.",
            hint="Write a number, such as 0.0.0.0 for all of this computer's addresses.",
        ) from None
    number = str(found[4][0])
    return f"[{number}]:{port}" if ":" in number else f"{number}:{port}"


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _unbound(address: str, error: zmq.ZMQError, setting: str) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        port = address.rpartition(":")[2]
        return PortTaken(
            f"Another program listens at {address}.",
            hint=f"`ss -ltnp sport = :{port}` says which; or choose another {setting}.",
        )
    return ConfigError(
        f"The daemon cannot listen at {address}: {str(error).lower()}.",
        hint=f"Check {setting}: it must be an address of this computer.",
    )
