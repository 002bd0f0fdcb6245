"""Sessions: whose they are, how many there may be, and the events that their clients owe us."""

from __future__ import annotations

import pytest
from draggan_daemon.sessions import MAX_UNTAKEN, Job, Outbox, Session, Sessions, reliable
from draggan_wire.errors import LimitExceeded, UnknownSession
from draggan_wire.messages import Frame, Image, Open, Pong, SessionKey, State, decode

HERE, THERE = ("local", b"1"), ("local", b"2")


def filled(*, limit: int = 8) -> tuple[Sessions, Session]:
    sessions = Sessions(limit)
    return sessions, sessions.create("uid:1", HERE, "tiny", (8, 6), allowed=0)


def test_a_session_of_another_connection_is_one_that_does_not_exist() -> None:
    sessions, own = filled()
    assert sessions.attached(own.id, HERE) is own
    with pytest.raises(UnknownSession) as foreign:
        sessions.attached(own.id, THERE)
    with pytest.raises(UnknownSession) as missing:
        sessions.attached("none", THERE)
    assert foreign.value.sentence.replace(own.id, "none") == missing.value.sentence


@pytest.mark.parametrize("wrong", ["token", "principal", "session"])
def test_only_its_owner_with_its_token_resumes_a_session(wrong: str) -> None:
    sessions, own = filled()
    assert sessions.resumable(SessionKey(own.id, own.token), "uid:1") is own
    key = SessionKey(
        "other" if wrong == "session" else own.id, "guess" if wrong == "token" else own.token
    )
    assert sessions.resumable(key, "uid:2" if wrong == "principal" else "uid:1") is None


def test_parked_sessions_make_room_for_others() -> None:
    sessions, own = filled(limit=1)
    with pytest.raises(LimitExceeded, match="1 session"):
        sessions.create("uid:1", HERE, "tiny", (8, 6), allowed=0)
    own.parked = True
    sessions.create("uid:1", HERE, "tiny", (8, 6), allowed=0)


def test_one_user_cannot_take_all_the_room() -> None:
    sessions, own = filled()
    with pytest.raises(LimitExceeded, match="each user"):
        sessions.create("uid:1", THERE, "tiny", (8, 6), allowed=1)
    sessions.create("key:anna", THERE, "tiny", (8, 6), allowed=1)
    own.route = None  # whose client is gone does not count against it
    sessions.create("uid:1", THERE, "tiny", (8, 6), allowed=1)


def test_events_are_numbered_and_kept_until_they_are_taken() -> None:
    outbox = Outbox()
    frames = [outbox.put(State("s", state), 7) for state in ("opening", "idle", "dragging")]
    assert [(decode(f).event, decode(f).re) for f in frames] == [(1, 7), (2, 7), (3, 7)]
    assert [e.message.state for e in outbox.taken(2)] == ["opening", "idle"]
    assert outbox.taken(2) == []
    assert [event.number for event in outbox.untaken] == [3] and outbox.bytes > 0
    outbox.taken(99)
    assert outbox.bytes == 0 and outbox.last == 3


def test_an_outbox_that_nobody_empties_is_full_one_day() -> None:
    outbox = Outbox()
    for _ in range(MAX_UNTAKEN + 1):
        assert not outbox.full
        outbox.put(State("s", "idle"), None)
    assert outbox.full


def test_previews_and_signs_of_life_are_what_may_be_dropped() -> None:
    picture = Image("rgb8", 1, 1, bytes(3))
    assert not reliable(Frame("s", 1, "preview", 2, picture)) and not reliable(Pong())
    assert reliable(Frame("s", 1, "kept", 2, picture)) and reliable(State("s", "idle"))


def test_a_session_says_what_it_is_at() -> None:
    _, own = filled()
    assert own.state == "idle"
    own.job = Job(Open("tiny", seed=1), 1)
    assert own.state == "opening" and not own.drags
    own.job, own.parked = None, True
    assert own.state == "parked"
