"""The relay between real clients and a real door: what passes, what breaks, who is told what."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq
from draggan_daemon.access.access import Access
from draggan_daemon.access.invitations import Remote
from draggan_daemon.access.keys import CLIENT, KeyPair, make_pair, own_pair
from draggan_daemon.relay.known_servers import KnownServers
from draggan_daemon.relay.login import redeem
from draggan_daemon.relay.relay import MAX_LINES
from draggan_wire.client import Connected, Lost, Refused
from draggan_wire.errors import AccessRefused, NoDaemon
from draggan_wire.messages import (
    FROM_DAEMON,
    Done,
    Drag,
    Error,
    Frame,
    Hello,
    Image,
    ListModels,
    ModelList,
    Open,
    Opened,
    Ping,
    Pong,
    Seek,
    Welcome,
    decode,
    encode,
)

from tests.far_daemon import FarDaemon, Program, relaying

SECONDS = 12.0


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarDaemon]:
    daemon = FarDaemon(tmp_path, seconds=0.005)
    yield daemon
    daemon.end()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    return folder / "s"


@pytest.fixture
def start(place: Path) -> Iterator[Callable[[], Program]]:
    programs: list[Program] = []

    def begin() -> Program:
        programs.append(Program(f"ipc://{place}"))
        return programs[-1]

    yield begin
    for program in programs:
        program.close()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The settings folder on this side."""
    return tmp_path / "here"


def eventually(true: Callable[[], bool], *, seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


Start = Callable[[], Program]


def test_a_drag_goes_through_like_a_local_one(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    with relaying(place, far.destination(here), far.authorize()):
        program = start()
        session = program.open().session
        program.client.send(Drag(session, ((1, 1),), ((3, 3),), keep_every=2))
        done = program.message(Done)
        assert done.session == session
        frames = [e.message for e in program.heard if hasattr(e, "message")]
        kinds = [m.kind for m in frames if isinstance(m, Frame)]
        assert kinds.count("kept") >= 4 and kinds[-1] == "result"
        assert far.door is not None


def test_the_socket_is_its_owners_alone(far: FarDaemon, place: Path, here: Path) -> None:
    with relaying(place, far.destination(here), far.authorize()):
        assert place.stat().st_mode & 0o777 == 0o700


def test_several_programs_have_connections_of_their_own(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    with relaying(place, far.destination(here), far.authorize()):
        programs = [start() for _ in range(4)]
        sessions = [program.open().session for program in programs]
        assert len(set(sessions)) == 4
        for program, session in zip(programs, sessions, strict=True):
            program.client.send(Drag(session, ((1, 1),), ((3, 3),)))
        for program, session in zip(programs, sessions, strict=True):
            assert program.message(Done).session == session
        strange = programs[0].client.send(Seek(sessions[1], 0))
        error = programs[0].until(lambda e: getattr(e, "re", None) == strange).message
        assert isinstance(error, Error) and error.code == "unknown_session"


def test_a_large_picture_and_a_small_question_pass_each_other(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    side = 2048
    with relaying(place, far.destination(here), far.authorize()):
        one, other = start(), start()
        one.event(Connected)
        other.event(Connected)
        number = one.client.send(
            Open("tiny", image=Image("rgb8", side, side, bytes(3 * side * side)))
        )
        assert isinstance(other.ask(Ping(), Pong), Pong)
        answer = one.until(lambda e: getattr(e, "re", None) == number).message
        assert isinstance(answer, (Opened, Error)), answer


def test_a_daemon_that_ends_and_comes_back_is_found_again(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    with relaying(place, far.destination(here), far.authorize()):
        program = start()
        program.event(Connected)
        far.end()
        assert program.event(Lost).error.code in ("connection_lost", "no_daemon")
        far.begin()
        program.event(Connected, seconds=SECONDS)
        assert isinstance(program.ask(ListModels(), ModelList), ModelList)


class Cable:
    """A TCP connection's way through here, which can be pulled out and put in again."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._streams: list[socket.socket] = []
        self.plugged = True
        self.swallowing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        self.plugged = False
        for stream in self._streams:
            for close in (lambda s: s.shutdown(socket.SHUT_RDWR), lambda s: s.close()):
                with contextlib.suppress(OSError):
                    close(stream)
        self._streams.clear()

    def close(self) -> None:
        self.pull()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.plugged:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._to))
            self._streams += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if not self.swallowing:
                    sink.sendall(data)


def test_a_cut_network_is_said_and_the_session_goes_on_after_it(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    cable = Cable(far.remote.port)
    own = far.authorize()
    far.remote = type(far.remote)("127.0.0.1", cable.port)
    try:
        with relaying(place, far.destination(here), own):
            program = start()
            session = program.open().session
            cable.pull()
            lost = program.event(Lost).error
            assert lost.code == "connection_lost" and str(far.remote) in lost.sentence
            # What accepts for a daemon that is away is not somebody else in its place.
            away = program.event(Lost).error
            assert away.code == "no_daemon" and str(far.remote) in away.sentence
            cable.plugged = True
            welcome = program.event(Connected, seconds=SECONDS).welcome
            assert welcome.resumed == (session,)
            program.client.send(Drag(session, ((1, 1),), ((3, 3),)))
            assert program.message(Done).session == session
    finally:
        cable.close()


def test_a_network_that_swallows_everything_is_noticed_within_seconds(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    cable = Cable(far.remote.port)
    own = far.authorize()
    far.remote = type(far.remote)("127.0.0.1", cable.port)
    try:
        with relaying(place, far.destination(here), own):
            program = start()
            program.event(Connected)
            cable.swallowing = True
            began = time.monotonic()
            assert program.event(Lost).error.code == "connection_lost"
            assert time.monotonic() - began < 8
    finally:
        cable.close()


def test_a_daemon_that_goes_while_an_editor_reads_nothing_does_not_take_the_relay_along(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    """libzmq aborts the process here if it is the one to send heartbeats."""
    hello = encode(Hello(protocols=(1,), client="test"), request=1)
    with relaying(place, far.destination(here), far.authorize()), Stranger(place) as deaf:
        deaf.socket.send_multipart(hello)
        for number in range(2, 1500):
            deaf.socket.send_multipart(encode(ListModels(), request=number))
        far.end()
        far.begin()
        time.sleep(1.5)
        start().event(Connected, seconds=SECONDS)


def test_where_no_daemon_is_the_answer_to_hello_says_so(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    own = far.authorize()
    far.end()
    with relaying(place, far.destination(here), own):
        program = start()
        lost = program.event(Lost).error
        assert lost.code == "no_daemon" and str(far.remote) in lost.sentence
        assert "listen" in lost.hint
        far.begin()
        program.event(Connected, seconds=SECONDS)


def test_a_name_that_nobody_has_is_a_daemon_that_does_not_answer(
    far: FarDaemon, place: Path, here: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draggan_daemon.relay.remote.OPENING_SECONDS", 0.5)
    far.remote = type(far.remote)("no.such.machine.invalid", 7417)
    with relaying(place, far.destination(here), make_pair()):
        assert start().event(Lost).error.code == "no_daemon"


def test_something_else_at_the_port_is_said(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as web:
        far.remote = type(far.remote)("127.0.0.1", web.getsockname()[1])

        def serve() -> None:
            stream, _ = web.accept()
            with stream:
                stream.recv(100)
                stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        with relaying(place, far.destination(here), make_pair()):
            assert "Something else" in start().event(Lost).error.sentence


def test_a_key_that_is_not_authorised_is_said_to_be(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    with relaying(place, far.destination(here), make_pair()):
        refused = start().event(Refused).error
        assert "does not accept this computer's key" in refused.sentence
        assert "draggand invite" in refused.hint


def test_a_key_that_is_revoked_ends_the_connection_and_is_said_to_be(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    with relaying(place, far.destination(here), far.authorize()):
        program = start()
        program.event(Connected)
        far.access.revoke("anna")
        assert program.event(Refused).error.code == "access_refused"


def test_another_daemon_at_the_address_is_refused_by_file_and_line(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    other = far.destination(here, server=make_pair().public)
    with relaying(place, other, far.authorize()):
        refused = start().event(Refused).error
        assert "is not the daemon that is known" in refused.sentence
        assert f"line 3 of {here / 'known_servers'}" in refused.hint


def test_a_program_that_goes_takes_its_connection_with_it(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    with relaying(place, far.destination(here), far.authorize()) as relay:
        program = start()
        program.event(Connected)
        assert len(relay._lines) == 1
        program.close()
        eventually(lambda: not relay._lines)
        start().event(Connected)


class Stranger:
    """A DEALER at the relay's socket that says what it likes."""

    def __init__(self, place: Path) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{place}")

    def answer(self) -> tuple[object, int | None]:
        assert self.socket.poll(3000)
        envelope = decode(self.socket.recv_multipart(), ops=FROM_DAEMON)
        return envelope.message, envelope.re

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)


@pytest.mark.parametrize(
    "frames",
    [[b""], [b"DGD1"], [b"DGD1", b"\xc1"], [b"GET / HTTP/1.1"], [b"x"] * 40, [b"DGD9", b""]],
)
def test_what_is_no_message_opens_no_connection(
    far: FarDaemon, place: Path, here: Path, start: Start, frames: list[bytes]
) -> None:
    with (
        relaying(place, far.destination(here), far.authorize()) as relay,
        Stranger(place) as stranger,
    ):
        stranger.socket.send_multipart(frames)
        message, _ = stranger.answer()
        assert isinstance(message, Error)
        assert not relay._lines
        start().event(Connected)


def test_who_did_not_begin_with_hello_is_told_to_connect_again(
    far: FarDaemon, place: Path, here: Path
) -> None:
    """As a client would be whose relay has been started anew in between."""
    with relaying(place, far.destination(here), far.authorize()), Stranger(place) as stranger:
        for number in (5, 6):
            stranger.socket.send_multipart(encode(Ping(), request=number))
            message, re = stranger.answer()
            assert isinstance(message, Error) and message.code == "connection_lost"
            assert re is None and message.session is None


def test_too_many_programs_are_told_so(
    far: FarDaemon, place: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_LINES == 32
    monkeypatch.setattr("draggan_daemon.relay.relay.MAX_LINES", 1)
    hello = encode(Hello(protocols=(1,), client="test"), request=1)
    with (
        relaying(place, far.destination(here), far.authorize()),
        Stranger(place) as one,
        Stranger(place) as other,
    ):
        one.socket.send_multipart(hello)
        assert isinstance(one.answer()[0], Welcome)
        other.socket.send_multipart(hello)
        message, re = other.answer()
        assert isinstance(message, Error) and message.code == "limit_exceeded" and re == 1


def test_a_program_that_does_not_read_holds_up_its_own_connection_only(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    hello = encode(Hello(protocols=(1,), client="test"), request=1)
    with relaying(place, far.destination(here), far.authorize()), Stranger(place) as deaf:
        deaf.socket.rcvhwm = 1
        deaf.socket.send_multipart(hello)
        for number in range(2, 3000):
            deaf.socket.send_multipart(encode(ListModels(), request=number))
        program = start()
        program.event(Connected)
        assert isinstance(program.ask(Ping(), Pong), Pong)


def test_the_log_has_the_words_and_no_key(
    far: FarDaemon, place: Path, here: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    own = far.authorize()
    with caplog.at_level(logging.DEBUG), relaying(place, far.destination(here), own):
        start().event(Connected)
        far.end()
        eventually(lambda: "was lost" in caplog.text or "No daemon" in caplog.text)
    assert "connected to the daemon" in caplog.text
    for key in (own.secret, own.public, far.access.server_pair().secret):
        assert key.hex() not in caplog.text


# The first time.


def own_key(here: Path) -> KeyPair:
    return own_pair(here, CLIENT)


def test_an_invitation_makes_a_lasting_key_and_a_known_server(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    line, own = far.invite(), own_key(here)
    redeem(line, own, KnownServers(here))
    known = KnownServers(here).choose(None)
    assert (known.remote, known.key, known.line) == (line.remote, line.server, 1)
    assert [entry.key for entry in Access(far.access.folder).authorized] == [own.public]
    with relaying(place, far.destination(here), own):
        start().event(Connected)


def test_the_same_line_again_is_no_error_for_whom_it_let_in_and_refused_to_others(
    far: FarDaemon, here: Path, tmp_path: Path
) -> None:
    line = far.invite()
    redeem(line, own_key(here), KnownServers(here))
    redeem(line, own_key(here), KnownServers(here))
    thief = tmp_path / "thief"
    with pytest.raises(AccessRefused, match="did not take the invitation of anna") as error:
        redeem(line, own_key(thief), KnownServers(thief))
    assert "draggand invite anna" in error.value.hint
    assert KnownServers(thief).all() == ()
    assert len(Access(far.access.folder).authorized) == 1


def test_an_invitation_that_has_run_out_or_was_revoked_is_refused(
    far: FarDaemon, here: Path
) -> None:
    late, revoked = far.invite("late", seconds=-1), far.invite("revoked")
    far.access.revoke("revoked")
    for line in (late, revoked):
        with pytest.raises(AccessRefused, match="did not take"):
            redeem(line, own_key(here), KnownServers(here))


def test_an_invitation_of_a_known_machine_with_another_key_is_refused_by_file_and_line(
    far: FarDaemon, here: Path
) -> None:
    known = KnownServers(here)
    known.remember(type(far.remote)("else", 1), bytes(32))
    known.remember(far.remote, make_pair().public)
    line = far.invite()
    with pytest.raises(AccessRefused, match="another key") as error:
        redeem(line, own_key(here), known)
    assert f"line 2 of {known.file}" in error.value.hint
    assert Access(far.access.folder).authorized == ()


def test_an_invitation_of_a_daemon_that_is_not_there_says_so(far: FarDaemon, here: Path) -> None:
    line = far.invite()
    far.end()
    with pytest.raises(NoDaemon, match="No daemon answers"):
        redeem(line, own_key(here), KnownServers(here))
    assert KnownServers(here).all() == ()


def test_a_computer_that_is_authorised_already_learns_where_the_daemon_is_now(
    far: FarDaemon, here: Path
) -> None:
    redeem(far.invite("anna"), own_key(here), KnownServers(here))
    far.end()
    far.remote = Remote("127.0.0.1", 0)
    far.begin()
    redeem(far.invite("ben"), own_key(here), KnownServers(here))
    assert KnownServers(here).find(far.remote) is not None
    assert [entry.name for entry in Access(far.access.folder).authorized] == ["anna"]


def test_an_invited_stranger_may_redeem_and_nothing_else(
    far: FarDaemon, place: Path, here: Path, start: Start
) -> None:
    from draggan_daemon.access.keys import pair_of

    with relaying(place, far.destination(here), pair_of(far.invite().secret)):
        program = start()
        welcome = program.event(Connected).welcome
        assert welcome.models == ()
        number = program.client.send(Open("tiny", seed=1))
        answer = program.until(lambda e: getattr(e, "re", None) == number).message
        assert isinstance(answer, Error) and answer.code == "access_refused"
