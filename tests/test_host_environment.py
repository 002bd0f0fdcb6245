"""What programs of the system are started with from inside a bundled editor."""

from __future__ import annotations

from draggan_wire.host_environment import system_environment

BUNDLE = "/tmp/.mount_krita"


def test_a_bundles_own_entries_are_left_out_and_the_users_stay() -> None:
    environ = {
        "APPDIR": BUNDLE,
        "PATH": f"{BUNDLE}/usr/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": f"{BUNDLE}/usr/lib:",
        "PYTHONHOME": f"{BUNDLE}/usr",
        "HOME": "/home/anna",
        "SSH_AUTH_SOCK": "/run/user/1000/keyring/ssh",
    }
    assert system_environment(environ) == {
        "PATH": "/usr/bin:/bin",
        "HOME": "/home/anna",
        "SSH_AUTH_SOCK": "/run/user/1000/keyring/ssh",
    }


def test_a_folder_that_only_begins_alike_is_not_the_bundle() -> None:
    environ = {"SNAP": "/snap/krita/1", "X": "/snap/krita/10/lib:/snap/krita/1/../1/lib"}
    assert system_environment(environ) == {"X": "/snap/krita/10/lib"}


def test_outside_a_bundle_nothing_changes() -> None:
    environ = {"LD_LIBRARY_PATH": "/opt/cuda/lib:", "PATH": "/usr/bin::", "APPDIR": "/"}
    assert system_environment(environ) == environ
