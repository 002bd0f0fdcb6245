"""What an administrator does with `draggand`: settings, status, signals, logs, doors, systemd."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from draggan_wire.messages import (
    Drag,
    DragSettings,
    Error,
    Open,
    Opened,
    Ping,
    Pong,
    Ready,
    State,
)

from .draggand_process import (
    COMMAND,
    PATIENCE,
    Draggand,
    Talk,
    answer_to,
    environment,
    free_port,
    soon,
)

needs_toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")


@needs_toml
def test_the_settings_in_force_are_shown_with_their_origin_and_checked(draggand: Draggand) -> None:
    assert "the defaults hold" in draggand.run("config", "check").stdout
    draggand.settings("threads = 3\n[journal]\nkeep = '2h'\n")
    shown = draggand.run("config", "show").stdout
    assert "[journal]" in shown and "threads = 3" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("keep")]
    assert 'keep = "2h"' in line and "config.toml" in line
    assert "can be used" in draggand.run("config", "check").stdout
    draggand.settings("[journal]\nkepe = '2h'\n")
    done = draggand.run("config", "check")
    assert done.returncode == 78 and "Did you mean 'journal.keep'?" in done.stderr


def test_any_setting_can_be_given_on_the_command_line(draggand: Draggand) -> None:
    for assignment, words in (("log.level=loud", "debug, info"), ("nothing", "sets nothing")):
        done = draggand.run("serve", "--set", assignment)
        assert done.returncode in (2, 78) and words in done.stderr
    draggand.serve("--set", "limits.max_sessions=3")
    client = draggand.client()
    assert client.welcome is not None and client.welcome.limits.max_sessions == 3
    client.close()


def test_status_and_sessions_tell_what_the_daemon_does(draggand: Draggand) -> None:
    draggand.serve()
    talk = Talk(draggand.client())
    assert draggand.run("sessions").stdout == "no session is open\n"
    opened = talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    talk.until(Ready)
    assert isinstance(opened, Opened)
    (row,) = json.loads(draggand.run("sessions", "--json").stdout)
    assert (row["session"], row["model"], row["attached"]) == (opened.session, "critters", True)
    head, line = draggand.run("sessions").stdout.splitlines()
    assert head.startswith("SESSION") and opened.session in line and "128 x 128" in line
    facts = json.loads(draggand.run("status", "--json").stdout)
    assert facts["sessions"] == 1 and facts["workers"][0]["sessions"] == 1
    assert facts["journal"]["trouble"] is None
    told = draggand.run("status").stdout
    for words in ("1 open", "cpu (process", str(draggand.folder / "draggand" / "journal")):
        assert words in told
    talk.client.close()


@needs_toml
def test_reload_changes_what_can_be_changed_and_refuses_nonsense(draggand: Draggand) -> None:
    process = draggand.serve("--set", "log.level=debug")
    draggand.client().close()
    draggand.settings("lease = '2h'\nthreads = 9\n[limits]\nmax_sessions = 2\n")
    assert draggand.run("reload").returncode == 0
    client = draggand.client()
    assert client.welcome is not None and client.welcome.limits.max_sessions == 2
    draggand.settings("leash = '2h'\n")
    refused = draggand.run("reload")
    assert refused.returncode == 78 and "Did you mean 'lease'?" in refused.stderr
    assert isinstance(answer_to(client, client.send(Ping())), Pong)
    client.close()
    process.terminate()
    log = process.communicate(timeout=PATIENCE)[1]
    assert "with the next start only: threads" in log


@needs_toml
def test_the_hangup_signal_reads_the_settings_again(draggand: Draggand) -> None:
    process = draggand.serve()
    client = draggand.client()
    for text, words in (
        ("[limits]\nmax_sessions = 2\n", "have been read again"),
        ("nonsense = 1\n", "stay as they are"),
    ):
        draggand.settings(text)
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        assert any(words in line for line in iter(process.stderr.readline, ""))
    assert isinstance(answer_to(client, client.send(Ping())), Pong)
    client.close()


def test_a_terminal_that_is_closed_ends_the_daemon_in_it(draggand: Draggand) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--device", "cpu", "--endpoint", draggand.endpoint],
        env=environment(draggand.folder),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
    )
    os.close(theirs)
    try:
        draggand.client().close()
        os.close(ours)
        assert process.wait(PATIENCE) == 0
        assert not draggand.socket.exists()
    finally:
        process.kill()
        process.wait()


def test_drained_it_takes_nothing_new_and_ends(draggand: Draggand) -> None:
    process = draggand.serve()
    talk = Talk(draggand.client())
    done = draggand.run("drain")
    assert done.returncode == 0 and "takes nothing new" in done.stdout
    refused = talk.until(Error, re=talk.send(Open("critters", seed=1)))
    assert isinstance(refused, Error) and refused.code == "busy"
    assert process.wait(PATIENCE) == 0
    talk.client.close()


def test_a_second_signal_ends_it_at_once(draggand: Draggand) -> None:
    process = draggand.serve()
    talk = Talk(draggand.client())
    opened = talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    talk.until(Ready)
    assert isinstance(opened, Opened)
    far = Drag(opened.session, ((60, 60),), ((0, 0),), settings=DragSettings(steps=10_000))
    talk.until(State, re=talk.send(far))
    (worker,) = json.loads(draggand.run("status", "--json").stdout)["workers"]
    os.kill(worker["pid"], signal.SIGSTOP)  # its step will not come to an end
    begin = time.monotonic()
    process.terminate()
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    process.wait(PATIENCE)
    assert time.monotonic() - begin < 3
    talk.client.close()
    assert soon(lambda: not Path(f"/proc/{worker['pid']}").exists()), "its worker lives on"


def test_the_log_file_has_the_lines_of_the_worker_too(draggand: Draggand) -> None:
    file = draggand.folder / "logs" / "d.log"
    process = draggand.serve("--set", f"log.file={file}", "--set", "log.format=json")
    talk = Talk(draggand.client())
    talk.until(Opened, re=talk.send(Open("critters", seed=1)))
    talk.until(Ready)
    talk.client.close()
    process.terminate()
    assert process.communicate(timeout=PATIENCE)[1] == ""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert {"draggand", "draggand.engine"} <= {row["logger"] for row in rows}
    assert not [row for row in rows if row["level"] in ("warning", "error")]


def test_nobody_is_listened_to_from_elsewhere_before_somebody_may_come(draggand: Draggand) -> None:
    done = draggand.run("serve", "--listen", "127.0.0.1:0")
    assert done.returncode == 78 and "no address to listen at" in done.stderr
    done = draggand.run("serve", "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode == 78 and "draggand invite NAME" in done.stderr
    assert not draggand.socket.exists()


def test_with_an_invitation_it_listens_and_shows_by_which_key(draggand: Draggand) -> None:
    port = free_port()
    subprocess.run(
        [*COMMAND, "invite", "anna", "--host", f"127.0.0.1:{port}"],
        env=environment(draggand.folder),
        capture_output=True,
        check=True,
    )
    process = draggand.serve("--listen", f"127.0.0.1:{port}")
    draggand.client().close()
    told = draggand.run("status").stdout
    assert f"tcp://127.0.0.1:{port}" in told
    process.terminate()
    log = process.communicate(timeout=PATIENCE)[1]
    shown = next(word for word in log.split() if word.startswith("SHA256:"))
    facts = json.loads(draggand.run("doctor", "--quick", "--json").stdout)
    assert facts["works"] and len(shown) == 50


def test_a_port_that_is_taken_is_said_and_worth_another_try(draggand: Draggand) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = draggand.run("serve", "--set", f"loopback.port={port}")
    assert done.returncode == 75 and "Another program listens" in done.stderr
    assert not draggand.socket.exists()


def test_other_programs_find_the_daemon_by_its_connection_file(draggand: Draggand) -> None:
    process = draggand.serve("--set", "loopback.port=-1")
    draggand.client().close()
    file = draggand.socket.with_name("connection.json")
    assert soon(file.exists)
    facts = json.loads(file.read_text())
    assert facts["pid"] == process.pid and draggand.endpoint in facts["endpoints"]
    assert file.stat().st_mode & 0o777 == 0o600
    told = json.loads(draggand.run("status", "--json").stdout)
    assert facts["token"] not in json.dumps(told)
    process.terminate()
    log = process.communicate(timeout=PATIENCE)[1]
    assert facts["token"] not in log and not file.exists()


def test_a_journal_that_cannot_be_kept_is_no_reason_not_to_serve(draggand: Draggand) -> None:
    (draggand.folder / "draggand").mkdir(mode=0o700)
    (draggand.folder / "draggand" / "journal").write_text("in the way")
    process = draggand.serve()
    draggand.client().close()
    assert "none: what is not saved ends with the daemon" in draggand.run("status").stdout
    process.terminate()
    assert "sessions will end with the daemon" in process.communicate(timeout=PATIENCE)[1]
    place = draggand.folder / "draggand" / "journal" / "x"
    done = draggand.run("serve", "--set", f"journal.folder={place}")  # asked for by name
    assert done.returncode == 78 and str(place) in done.stderr


def test_systemd_hears_that_it_is_ready_alive_and_ending(draggand: Draggand) -> None:
    place = draggand.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(place))
        systemd.settimeout(PATIENCE)
        process = draggand.serve(NOTIFY_SOCKET=str(place), WATCHDOG_USEC="2000000")
        heard = [systemd.recv(4096).decode()]
        while not heard[-1].startswith("READY=1"):
            heard.append(systemd.recv(4096).decode())
        assert f"MAINPID={process.pid}" in heard[-1] and draggand.endpoint in heard[-1]
        draggand.client().close()  # ready means that it answers
        assert systemd.recv(4096) == b"WATCHDOG=1" and systemd.recv(4096) == b"WATCHDOG=1"
        process.send_signal(signal.SIGSTOP)
        systemd.settimeout(2.5)
        with pytest.raises(TimeoutError):  # who does not run gives no sign of life
            while True:
                systemd.recv(4096)
        process.send_signal(signal.SIGCONT)
        process.terminate()
        systemd.settimeout(PATIENCE)
        while not systemd.recv(4096).startswith(b"STOPPING=1"):
            pass
        assert process.wait(PATIENCE) == 0
