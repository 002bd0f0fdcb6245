"""CURVE keys: made once, kept in files of their owner's alone, shown by fingerprint; pyzmq only.

A key is 32 bytes. In files and on the wire it is written as 64 hex digits, in an invitation as
base64url, and ZeroMQ's tools write it as Z85: the three lengths tell them apart. The files are
those of `zmq.auth`, so that other programs can read them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from draggan_wire.errors import BadInput
from zmq.utils import z85

from ..config import ConfigError
from ..settings_folder import locked, read_trusted, write_private

KEY_BYTES = 32
SERVER, CLIENT = "server", "client"


@dataclass(frozen=True)
class KeyPair:
    """A public key and its secret one, 32 bytes each; the secret is in no `repr`."""

    public: bytes
    secret: bytes = field(repr=False)


def make_pair() -> KeyPair:
    public, secret = zmq.curve_keypair()
    return KeyPair(z85.decode(public), z85.decode(secret))


def pair_of(secret: bytes) -> KeyPair:
    """The pair that a secret key belongs to."""
    return KeyPair(z85.decode(zmq.curve_public(z85.encode(secret))), secret)


def fingerprint(public: bytes) -> str:
    """What two people compare over the telephone: as `ssh-keygen -l` writes it."""
    digest = base64.b64encode(hashlib.sha256(public).digest())
    return "SHA256:" + digest.decode().rstrip("=")


def read_key(text: str) -> bytes:
    """A key from hex (64 digits), base64url (43) or Z85 (40 characters); raises BadInput."""
    try:
        key = _decoders[len(text)](text)
    except (KeyError, ValueError, UnicodeError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadInput(
            "That is not a key: a key has 64 hex digits.",
            hint="`draggand key show` prints this computer's, `draggand key show client` a user's.",
        )
    return key


def write_base64(key: bytes) -> str:
    """43 characters of letters, digits, '-' and '_': nothing that a shell minds."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _from_base64(text: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", text):
        raise ValueError
    key = base64.urlsafe_b64decode(text + "=")
    if write_base64(key) != text:  # two spellings of one key would be two keys to compare
        raise ValueError
    return key


def _from_hex(text: str) -> bytes:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError
    return bytes.fromhex(text)


def _from_z85(text: str) -> bytes:
    return bytes(z85.decode(text.encode("ascii")))


_decoders = {64: _from_hex, 43: _from_base64, 40: _from_z85}


# Files.


def key_file(folder: Path, name: str) -> Path:
    """Where the SERVER's or the CLIENT's pair lies in a settings folder."""
    return folder / "keys" / f"{name}.key_secret"


def load_pair(folder: Path, name: str) -> KeyPair | None:
    """The pair called `name`, None where none has been made. Raises ConfigError."""
    path = key_file(folder, name)
    text = read_trusted(path, secret=True)
    if text is None:
        return None
    found = re.search(r'^\s*secret-key\s*=\s*"([^"\n]{40})"\s*$', text, re.MULTILINE)
    try:
        if found is None:
            raise BadInput("no secret key in it")
        return pair_of(read_key(found[1]))
    except (BadInput, zmq.ZMQError):
        raise ConfigError(
            f"There is no whole key in {path}.",
            hint="Put the file back from a backup, or remove it: a new key is made then, which "
            "everybody has to be told of.",
        ) from None


def own_pair(folder: Path, name: str) -> KeyPair:
    """The pair called `name`, made at first use. Raises ConfigError."""
    with locked(folder):
        return load_pair(folder, name) or _keep(folder, name)


def replace_pair(folder: Path, name: str) -> KeyPair:
    """A new pair in the place of the old one, which is gone then. Raises ConfigError."""
    with locked(folder):
        return _keep(folder, name)


def _keep(folder: Path, name: str) -> KeyPair:
    pair = make_pair()
    lines = (
        "#   A secret: whoever has it can pass for its owner.",
        "",
        "metadata",
        "curve",
        f'    public-key = "{z85.encode(pair.public).decode()}"',
        f'    secret-key = "{z85.encode(pair.secret).decode()}"',
        "",
    )
    write_private(key_file(folder, name), "\n".join(lines))
    return pair
