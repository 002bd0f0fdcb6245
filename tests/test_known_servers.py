"""The list of daemons on other machines, by their keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from draggan_daemon.access.invitations import Remote
from draggan_daemon.access.keys import make_pair
from draggan_daemon.config import ConfigError
from draggan_daemon.relay.known_servers import KnownServers
from draggan_wire.errors import AccessRefused, BadInput

BOX, OTHER, SIX = Remote("box", 7000), Remote("other"), Remote("2001:db8::1", 7001)


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "settings")


def test_what_is_remembered_is_found_again(known: KnownServers) -> None:
    keys = {remote: make_pair().public for remote in (BOX, OTHER, SIX)}
    for remote, key in keys.items():
        known.remember(remote, key)
        known.remember(remote, key)
    assert {server.remote: server.key for server in known.all()} == keys
    assert [server.line for server in known.all()] == [1, 2, 3]
    assert known.file.stat().st_mode & 0o777 == 0o600


def test_a_known_machine_with_another_key_is_refused_by_file_and_line(known: KnownServers) -> None:
    known.remember(OTHER, bytes(32))
    known.remember(BOX, make_pair().public)
    before = known.file.read_text()
    for use in (known.check, known.remember):
        with pytest.raises(AccessRefused, match="pretending") as error:
            use(BOX, make_pair().public)
        assert f"line 2 of {known.file}" in error.value.hint
        assert error.value.sentence.count("SHA256:") == 2
    assert known.file.read_text() == before


@pytest.mark.parametrize(
    ("address", "remote"),
    [
        ("box:7000", BOX),
        ("box", BOX),
        ("tcp://box", BOX),
        ("BOX", BOX),
        ("other", OTHER),
        ("other:7417", OTHER),
        ("[2001:db8::1]", SIX),
        ("tcp://[2001:db8::1]:7001", SIX),
    ],
)
def test_an_address_is_understood_with_and_without_its_port(
    known: KnownServers, address: str, remote: Remote
) -> None:
    for server in (BOX, OTHER, SIX):
        known.remember(server, make_pair().public)
    assert known.choose(address).remote == remote


@pytest.mark.parametrize("address", ["box:7417", "box:1", "boxx", "[2001:db8::1]:7417"])
def test_another_port_is_another_daemon(known: KnownServers, address: str) -> None:
    known.remember(BOX, make_pair().public)
    known.remember(SIX, make_pair().public)
    with pytest.raises(AccessRefused, match="is not known here"):
        known.choose(address)


def test_nothing_said_means_the_only_one_that_is_known(known: KnownServers) -> None:
    with pytest.raises(BadInput, match="none yet"):
        known.choose(None)
    known.remember(BOX, make_pair().public)
    assert known.choose(None).remote == BOX
    known.remember(OTHER, make_pair().public)
    with pytest.raises(BadInput, match="box:7000, other:7417"):
        known.choose(None)


def test_broken_lines_are_as_good_as_none(known: KnownServers) -> None:
    known.file.parent.mkdir(mode=0o700)
    key = make_pair().public.hex()
    known.file.write_text(
        f"# mine\nbox\nbox:7000 {key[1:]}\n-x {key}\nbox:7000 {key} more\n{key}\n"
    )
    known.file.chmod(0o600)
    assert known.all() == ()
    known.remember(BOX, bytes.fromhex(key))
    assert known.choose("box").line == 7


def test_a_list_that_others_can_write_is_not_used(known: KnownServers) -> None:
    known.remember(BOX, make_pair().public)
    known.file.chmod(0o666)
    with pytest.raises(ConfigError, match="can change"):
        known.find(BOX)
