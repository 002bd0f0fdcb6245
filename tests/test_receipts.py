from __future__ import annotations

from draggan_wire.messages import Ack, SessionKey
from draggan_wire.receipts import ACK_EVERY, Receipts


def opened(*sessions: str) -> Receipts:
    receipts = Receipts()
    for session in sessions:
        receipts.opened(session, f"token-{session}")
    return receipts


def test_an_event_is_taken_once():
    receipts = opened("s")
    assert receipts.take("s", 1) and receipts.take("s", 2)
    assert not receipts.take("s", 2) and not receipts.take("s", 1)
    assert receipts.take("s", 3)


def test_sessions_count_for_themselves():
    receipts = opened("s", "t")
    assert receipts.take("s", 5) and receipts.take("t", 5)


def test_events_without_a_number_are_always_new():
    receipts = opened("s")
    assert receipts.take("s", None) and receipts.take("s", None)
    assert receipts.take("unknown", 7) and receipts.take("unknown", 7)


def test_the_last_event_is_acknowledged_for_all_before_it():
    receipts = opened("s", "t")
    assert receipts.due(10.0) == [] and receipts.wait(10.0) is None
    for event in (1, 2, 3):
        receipts.take("s", event)
    receipts.take("t", 1)
    assert receipts.wait(10.0) == 0
    assert receipts.due(10.0) == [Ack("s", 3), Ack("t", 1)]
    assert receipts.due(20.0) == []


def test_acknowledgements_are_rare_unless_a_drag_is_over():
    receipts = opened("s")
    receipts.take("s", 1)
    assert receipts.due(10.0) == [Ack("s", 1)]
    receipts.take("s", 2)
    assert receipts.due(10.0 + ACK_EVERY / 2) == []
    assert 0 < receipts.wait(10.0 + ACK_EVERY / 2) < ACK_EVERY
    assert receipts.due(10.0 + ACK_EVERY / 2, at_once=True) == [Ack("s", 2)]


def test_hello_says_which_events_were_heard_of_which_session():
    receipts = opened("s", "t")
    receipts.take("s", 9)
    assert receipts.keys() == (SessionKey("s", "token-s", 9), SessionKey("t", "token-t", 0))
    receipts.resumed(("s",))
    assert receipts.keys() == (SessionKey("s", "token-s", 9),)
    receipts.closed("s")
    assert receipts.keys() == () and receipts.due(10.0) == []


def test_an_opening_that_is_heard_of_again_keeps_its_count():
    receipts = opened("s")
    receipts.take("s", 4)
    receipts.opened("s", "token-s")
    assert not receipts.take("s", 4)


def test_a_kept_frame_that_comes_again_under_a_new_number_is_known_by_its_step():
    receipts = opened("s", "t")
    assert receipts.take_kept("s", 7, 5) and receipts.take_kept("s", 7, 10)
    assert not receipts.take_kept("s", 7, 5) and not receipts.take_kept("s", 7, 10)
    assert receipts.take_kept("s", 7, 15)
    assert receipts.take_kept("t", 7, 5), "sessions count for themselves"


def test_another_drag_of_the_session_may_keep_the_same_steps():
    receipts = opened("s")
    assert receipts.take_kept("s", 7, 10) and receipts.take_kept("s", 9, 5)
    assert not receipts.take_kept("s", 9, 5)
    assert receipts.take_kept("s", None, 5) and receipts.take_kept("unknown", 7, 5)
