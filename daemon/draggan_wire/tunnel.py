"""The system's ssh as a stream to the daemon of another machine; standard library, POSIX only.

One process, `ssh HOST draggand connect`: its standard input and output are the stream. No port and
no socket that others could find, no forwarding that the far side would have to permit, and the
process ends when its pipe does, however this program ends. Nothing here waits, except `close`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from typing import List, Optional, Tuple

from .errors import EngineFailed, NoDaemon, WireError
from .host_environment import system_environment
from .ssh_address import SshHost
from .ssh_failures import explain, silent

GREETING = b"draggand-stream 1\n"  # the far side's first words, after what its shell may print
LONGEST_CHATTER = 1 << 16  # bytes before the greeting
LAST_WORDS = 1 << 13  # bytes of ssh's standard error that are remembered
READS_AT_THE_END = 16  # more than a pipe holds; a flood must not keep us
STREAM_BUFFER = 1 << 20  # bytes; the system may give less
STREAMS = os.name == "posix"  # elsewhere no socket can be a program's standard input
FAREWELL = 0.5  # seconds for ssh to end by itself, and again after being told to

OPTIONS = (
    "BatchMode=yes",  # a prompt would come up where nobody sees it
    "ConnectTimeout=10",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ControlMaster=no",  # a master of ours would outlive us; the user's own is used
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "LogLevel=INFO",  # QUIET would leave nothing to tell the user
)
# Where pip and pipx put programs is not always on the PATH of a shell that is not a login shell.
# Without quotes, backslashes or '!' inside, so that every login shell hands it to sh as it is.
LOOK_FOR_IT = (
    "sh -c 'PATH=$PATH:$HOME/.local/bin; "
    "command -v draggand >/dev/null 2>&1 && exec draggand connect; "
    'exec "${SHELL:-sh}" -lc "exec draggand connect"\''
)


class Tunnel:
    """ssh, started; `socket` is its non-blocking stream and `errors` its standard error.

    Call `open` whenever `socket` becomes readable until `standing` is true; from then on the stream
    is the daemon's. Raises EngineFailed or NoDaemon where ssh cannot be started.
    """

    def __init__(self, host: SshHost) -> None:
        self.standing = False
        self._host = host
        self._before = bytearray()
        self._said = bytearray()
        self.socket, far_end = _stream_pair()
        try:
            self._process = _start(host, far_end)
        except BaseException:
            self.socket.close()
            raise
        finally:
            far_end.close()
        assert self._process.stderr is not None
        self.errors = self._process.stderr
        os.set_blocking(self.errors.fileno(), False)

    def open(self) -> None:
        """Reads up to the far side's greeting; raises WireError when it does not come."""
        try:
            while not self.standing:
                sign = self.socket.recv(1)  # one by one: what follows is not ours to read
                if not sign:
                    raise self.failure() or silent(self._host)
                self._before += sign
                self.standing = self._before.endswith(GREETING)
                if len(self._before) > LONGEST_CHATTER:
                    raise silent(self._host)
        except BlockingIOError:
            return
        except OSError as error:
            raise self.failure() or silent(self._host) from error

    def listen(self) -> bool:
        """Takes what has come on `errors`; False when nothing more will."""
        return self._hear() != b""

    def failure(self) -> Optional[WireError]:
        """What ssh or the far side says about the end of the stream; None if neither complains."""
        status = self._ended_within(FAREWELL)
        for _ in range(READS_AT_THE_END):
            self._hear()
        said = self._said.decode("utf-8", "replace")
        return explain(self._host, status, said, stood=self.standing)

    def too_slow(self) -> WireError:
        """For an opening that takes longer than anybody waits."""
        return self.failure() or silent(self._host)

    def close(self) -> None:
        """Ends ssh within a second: by itself where it stands, so that last messages arrive."""
        self.socket.close()
        if not self.standing or self._ended_within(FAREWELL) is None:
            self._process.terminate()
        if self._ended_within(FAREWELL) is None:
            self._process.kill()
        self._process.wait()
        self.errors.close()

    def _hear(self) -> Optional[bytes]:
        """The next bytes of standard error: None when there are none now, b"" at its end."""
        said = self.errors.read(LAST_WORDS)
        self._said += said or b""
        del self._said[:-LAST_WORDS]
        return said

    def _ended_within(self, seconds: float) -> Optional[int]:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def ssh_command(host: SshHost) -> List[str]:
    """The arguments after the program's name."""
    arguments = ["-T"]
    for option in OPTIONS:
        arguments += ["-o", option]
    if host.user:
        arguments += ["-l", host.user]
    if host.port:
        arguments += ["-p", str(host.port)]
    command = f"exec {host.program} connect" if host.program else LOOK_FOR_IT
    return [*arguments, "--", host.name, command]


def _start(host: SshHost, stream: socket.socket) -> subprocess.Popen[bytes]:
    environment = system_environment(os.environ)
    environment["SSH_ASKPASS_REQUIRE"] = "never"  # BatchMode does not reach a jump host's ssh
    program = shutil.which("ssh", path=environment.get("PATH"))
    if program is None:
        raise _without_ssh(sandboxed="FLATPAK_ID" in os.environ or "SNAP" in os.environ)
    try:
        return subprocess.Popen(
            [program, *ssh_command(host)],
            bufsize=0,
            stdin=stream.fileno(),
            stdout=stream.fileno(),
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # no terminal to ask on, and our Ctrl+C is not ssh's
        )
    except OSError as error:
        raise NoDaemon(f"ssh could not be started: {error.strerror}.") from error


def _stream_pair() -> Tuple[socket.socket, socket.socket]:
    if not STREAMS:
        raise EngineFailed(
            "An ssh:// address cannot be used on this system yet.",
            hint="Run the editor on Linux or macOS, or a daemon on this computer.",
        )
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_BUFFER)
    return ours, theirs


def _without_ssh(*, sandboxed: bool) -> WireError:
    if sandboxed:
        return EngineFailed(
            "This editor runs in a sandbox that holds no ssh.",
            hint="Use the editor's AppImage or your distribution's package for ssh:// addresses.",
        )
    return EngineFailed(
        "The program ssh is not on this computer.",
        hint="Install OpenSSH's client, for instance with `sudo apt install openssh-client`.",
    )
