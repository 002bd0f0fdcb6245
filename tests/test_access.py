"""The lists of keys: what lets somebody in, what does not, and how the files are changed."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import pytest
from draggan_daemon.access.access import Access
from draggan_daemon.access.authorized import Allowance, AuthorizedKey, read_authorized
from draggan_daemon.access.keys import KeyPair, make_pair
from draggan_daemon.config import ConfigError
from draggan_wire.errors import AccessRefused, BadInput

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "settings"


@pytest.fixture
def access(folder: Path, clock: Clock) -> Access:
    return Access(folder, now=clock)


@pytest.fixture
def anna() -> KeyPair:
    return make_pair()


def write(access: Access, text: str, mode: int = 0o600) -> None:
    access.folder.mkdir(mode=0o700, exist_ok=True)
    access.authorized_file.write_text(text)
    access.authorized_file.chmod(mode)


def invite(access: Access, clock: Clock, name: str = "anna") -> KeyPair:
    pair = make_pair()
    access.invite(name, pair.public, clock() + HOUR)
    return pair


def test_without_files_nobody_comes_in(access: Access, anna: KeyPair) -> None:
    assert access.principal(anna.public) is None
    assert access.authorized == () and access.invitations == ()


def test_an_authorised_key_comes_in_until_it_is_revoked(access: Access, anna: KeyPair) -> None:
    access.authorize(AuthorizedKey(anna.public, "anna"))
    assert access.principal(anna.public) == "key:anna"
    assert access.authorized_file.stat().st_mode & 0o777 == 0o600
    assert access.revoke("anna")
    assert access.principal(anna.public) is None
    assert not access.revoke("anna")


def test_a_change_by_hand_is_seen_at_once(access: Access, anna: KeyPair) -> None:
    write(access, f"{anna.public.hex()} name=anna\n")
    assert access.principal(anna.public) == "key:anna"
    write(access, "")
    assert access.principal(anna.public) is None


def test_refresh_says_whether_anything_changed(access: Access, anna: KeyPair) -> None:
    assert not access.refresh()
    write(access, f"{anna.public.hex()} name=anna\n")
    assert access.refresh() and not access.refresh()
    write(access, f"# nothing new\n{anna.public.hex()} name=anna\n")
    assert not access.refresh()


def test_a_connection_by_a_key_that_was_replaced_may_not_stay_under_its_name(
    access: Access, anna: KeyPair
) -> None:
    write(access, f"{anna.public.hex()} name=anna\n")
    access.refresh()
    assert access.allows("key:anna")
    write(access, f"{make_pair().public.hex()} name=anna\n")
    assert access.refresh() and not access.allows("key:anna")
    assert not access.refresh() and not access.allows("key:anna")  # whoever asks a moment later


def test_a_key_that_came_and_went_between_two_looks_is_missed_by_none(
    access: Access, anna: KeyPair
) -> None:
    write(access, f"{anna.public.hex()} name=anna\n")
    assert access.principal(anna.public) == "key:anna"
    write(access, "")
    assert access.refresh() and not access.allows("key:anna")


@pytest.mark.parametrize(
    "line",
    [
        "{key}",
        "name=anna {key}",
        "{key} anna",
        "{key} name=",
        "{key} name=-rf",
        "{key} name=anna name=ben",
        "{key} name=anna role=admin",
        "{key} name=anna max_sessions=many",
        "{key} name=anna max_sessions=-1",
        "{key} name=anna max_sessions=٣",
        "{short} name=anna",
        "{key}00 name=anna",
        "zz{short} name=anna",
        "name=anna",
        "x" * 5000,
        "\x00\x01",
        "* name=anna",
    ],
)
def test_a_broken_line_lets_nobody_in_and_keeps_nobody_out(
    access: Access, anna: KeyPair, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    ben, key = make_pair(), anna.public.hex()
    broken = line.format(key=key, short=key[2:])
    write(access, f"{broken}\n{ben.public.hex()} name=ben\n")
    assert access.principal(anna.public) is None
    assert access.principal(ben.public) == "key:ben"
    assert "line 1 lets nobody in" in caplog.text and str(access.authorized_file) in caplog.text
    assert key not in caplog.text


def test_a_secret_pasted_into_the_list_does_not_reach_the_log(
    access: Access, anna: KeyPair, caplog: pytest.LogCaptureFixture
) -> None:
    write(access, f"{anna.public.hex()} {anna.secret.hex()} name=anna\n{anna.secret.hex()}=x\n")
    assert access.principal(anna.public) is None
    assert anna.secret.hex()[:8] not in caplog.text


def test_of_two_lines_with_one_name_or_one_key_the_first_counts(
    access: Access, anna: KeyPair
) -> None:
    ben = make_pair()
    lines = [(anna, "anna"), (anna, "ben"), (ben, "anna")]
    write(access, "".join(f"{pair.public.hex()} name={name}\n" for pair, name in lines))
    assert access.principal(anna.public) == "key:anna"
    assert access.principal(ben.public) is None


def test_a_line_can_bound_the_sessions_of_its_key(access: Access, anna: KeyPair) -> None:
    write(access, f"{anna.public.hex()} name=anna max_sessions=2\n")
    assert access.allowance("key:anna") == Allowance(max_sessions=2)
    for other in ("key:ben", "uid:0", "invite:anna", "loopback:token"):
        assert access.allowance(other) == Allowance()


@pytest.mark.parametrize("mode", [0o666, 0o622, 0o620, 0o602])
def test_a_list_that_others_can_write_lets_nobody_in(
    access: Access, anna: KeyPair, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    write(access, f"{anna.public.hex()} name=anna\n", mode)
    assert access.principal(anna.public) is None
    assert "Nobody in it is let in" in caplog.text and "chmod 600" in caplog.text
    access.authorized_file.chmod(0o644)
    assert access.principal(anna.public) == "key:anna"


def test_a_list_in_a_folder_that_others_can_write_lets_nobody_in(
    access: Access, anna: KeyPair, caplog: pytest.LogCaptureFixture
) -> None:
    write(access, f"{anna.public.hex()} name=anna\n")
    access.folder.chmod(0o777)
    assert access.principal(anna.public) is None
    assert "chmod 700" in caplog.text


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_list_of_another_user_lets_nobody_in(access: Access, anna: KeyPair) -> None:
    write(access, f"{anna.public.hex()} name=anna\n")
    os.chown(access.authorized_file, 12345, 12345)
    assert access.principal(anna.public) is None


@pytest.mark.parametrize("kind", ["folder", "pipe", "huge", "binary"])
def test_what_is_no_list_lets_nobody_in(
    access: Access, anna: KeyPair, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    access.folder.mkdir(mode=0o700)
    place = access.authorized_file
    good = f"{anna.public.hex()} name=anna\n"
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place, 0o600)
    else:
        place.write_bytes(good.encode() * 20_000 if kind == "huge" else os.urandom(5000))
    assert access.principal(make_pair().public) is None
    assert access.authorized == () and caplog.records


# Changing the files.


def test_comments_and_broken_lines_survive_what_the_commands_change(
    access: Access, anna: KeyPair
) -> None:
    text = (
        f"# the studio\nbroken line\n{anna.public.hex()} name=anna\n\n# the end, without a newline"
    )
    write(access, text)
    ben = make_pair()
    access.authorize(AuthorizedKey(ben.public, "ben", Allowance(3)))
    access.revoke("anna")
    assert access.authorized_file.read_text() == (
        "# the studio\nbroken line\n\n# the end, without a newline\n"
        f"{ben.public.hex()} name=ben max_sessions=3\n"
    )


def test_a_list_that_is_a_link_stays_one(access: Access, anna: KeyPair, tmp_path: Path) -> None:
    access.folder.mkdir(mode=0o700)
    (tmp_path / "elsewhere").write_text("")
    access.authorized_file.symlink_to(tmp_path / "elsewhere")
    access.authorize(AuthorizedKey(anna.public, "anna"))
    assert access.authorized_file.is_symlink()
    assert access.principal(anna.public) == "key:anna"


def test_a_name_and_a_key_are_given_once(access: Access, anna: KeyPair, clock: Clock) -> None:
    access.authorize(AuthorizedKey(anna.public, "anna"))
    with pytest.raises(BadInput, match="has a key already"):
        access.authorize(AuthorizedKey(make_pair().public, "anna"))
    with pytest.raises(BadInput, match="has a key already"):
        invite(access, clock)
    with pytest.raises(BadInput, match="already, as anna"):
        access.authorize(AuthorizedKey(anna.public, "ben"))


def test_nothing_is_written_where_the_list_cannot_be_trusted(access: Access, anna: KeyPair) -> None:
    write(access, "", 0o666)
    with pytest.raises(ConfigError, match="can change"):
        access.authorize(AuthorizedKey(anna.public, "anna"))
    assert access.authorized_file.read_text() == ""


def test_two_at_once_lose_nobody(folder: Path) -> None:
    def add(first: int) -> None:
        access = Access(folder)
        for number in range(first, first + 10):
            access.authorize(AuthorizedKey(make_pair().public, f"a{number}"))

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Access(folder).authorized) == 20
    assert [path.name for path in folder.iterdir()].count("authorized_clients") == 1
    assert not [path for path in folder.iterdir() if path.name.startswith(".authorized")]


# Invitations.


def test_an_invitation_is_used_once(access: Access, clock: Clock, anna: KeyPair) -> None:
    invited = invite(access, clock)
    assert access.principal(invited.public) == "invite:anna"
    access.redeem("anna", anna.public.hex())
    assert access.principal(anna.public) == "key:anna"
    assert access.principal(invited.public) is None
    assert invited.public.hex() not in access.invitations_file.read_text()
    with pytest.raises(AccessRefused, match="used or has run out") as error:
        access.redeem("anna", make_pair().public.hex())
    assert "draggand invite anna" in error.value.hint


def test_the_daemon_keeps_no_secret_of_an_invitation(access: Access, clock: Clock) -> None:
    invited = invite(access, clock)
    assert invited.secret.hex() not in access.invitations_file.read_text()


def test_an_invitation_runs_out(access: Access, clock: Clock, anna: KeyPair) -> None:
    invited = invite(access, clock)
    access.refresh()
    clock.seconds += HOUR + 1
    assert access.principal(invited.public) is None and access.invitations == ()
    assert access.refresh() and not access.allows("invite:anna")
    with pytest.raises(AccessRefused, match="run out"):
        access.redeem("anna", anna.public.hex())
    assert access.principal(anna.public) is None


def test_a_new_invitation_ends_the_older_one_and_those_that_have_run_out(
    access: Access, clock: Clock
) -> None:
    old = invite(access, clock)
    invite(access, clock, "ben")
    clock.seconds += HOUR / 2
    new = invite(access, clock)
    assert access.principal(old.public) is None
    assert access.principal(new.public) == "invite:anna"
    clock.seconds += HOUR * 0.75
    invite(access, clock, "carl")
    assert "name=ben" not in access.invitations_file.read_text()


def test_revoking_ends_an_invitation_too(access: Access, clock: Clock, anna: KeyPair) -> None:
    invited = invite(access, clock)
    assert access.revoke("anna")
    assert access.principal(invited.public) is None
    with pytest.raises(AccessRefused):
        access.redeem("anna", anna.public.hex())


@pytest.mark.parametrize("key", ["", "00", "g" * 64, "name=root", "\n" + "0" * 63])
def test_only_a_key_can_be_handed_in(access: Access, clock: Clock, key: str) -> None:
    invite(access, clock)
    with pytest.raises(BadInput):
        access.redeem("anna", key)
    assert not access.authorized_file.exists() and access.invitations


def test_an_invitations_own_key_and_a_known_key_cannot_be_handed_in(
    access: Access, clock: Clock, anna: KeyPair
) -> None:
    access.authorize(AuthorizedKey(anna.public, "anna"))
    invited = invite(access, clock, "ben")
    for key in (invited.public, anna.public):
        with pytest.raises(BadInput):
            access.redeem("ben", key.hex())
    assert [entry.name for entry in access.authorized] == ["anna"]


def test_nothing_listens_where_nobody_could_come_in(
    access: Access, clock: Clock, anna: KeyPair
) -> None:
    with pytest.raises(ConfigError, match="nobody may come in") as error:
        access.require_somebody()
    assert "draggand invite" in error.value.hint
    invite(access, clock)
    access.require_somebody()
    access.redeem("anna", anna.public.hex())
    access.require_somebody()


def test_lines_are_read_as_they_are_written(anna: KeyPair) -> None:
    for allowance in (Allowance(), Allowance(7)):
        entry = AuthorizedKey(anna.public, "anna.b-c_1", allowance)
        assert read_authorized(str(entry)) == entry


def test_the_log_tells_of_a_redeemed_invitation_by_fingerprint(
    access: Access, clock: Clock, anna: KeyPair, caplog: pytest.LogCaptureFixture
) -> None:
    invite(access, clock)
    with caplog.at_level(logging.INFO):
        access.redeem("anna", anna.public.hex())
    assert "anna" in caplog.text and "SHA256:" in caplog.text
    assert anna.public.hex() not in caplog.text
