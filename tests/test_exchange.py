"""An exchange: several edits on one client, each of which hears what concerns it."""

from __future__ import annotations

import pytest
from draggan_wire.client import Connected, Envelope, Event, Lost
from draggan_wire.edit import Edit
from draggan_wire.errors import NoDaemon
from draggan_wire.exchange import Exchange, Line
from draggan_wire.messages import (
    Close,
    Closed,
    Done,
    Drag,
    Error,
    ListModels,
    Message,
    ModelList,
    Open,
    Opened,
    Ready,
    Save,
)

from .edit_stage import OPTIONS, FakeCanvas, FakeClient, frame

LOST = Lost(NoDaemon("Gone.", hint="Wait."))


class Office:
    """An exchange with two lines, and the client below it."""

    def __init__(self) -> None:
        self.client = FakeClient()
        self.exchange = Exchange(self.client)
        self.one, self.other = self.exchange.line(), self.exchange.line()

    def open(self, line: Line, session: str) -> int:
        number = line.send(Open(model="critters", seed=1))
        self.client.say(Opened(session, "t", 8, 8), to=Open)
        return number

    def say(self, message: Message) -> None:
        """The daemon says something that answers no request."""
        self.client.events.append(Envelope(message))


@pytest.fixture
def office() -> Office:
    office = Office()
    office.client.connect()
    office.exchange.poll()
    for line in (office.one, office.other):
        line.poll()
    return office


def messages(events: list[Event]) -> list[Message]:
    return [event.message for event in events if isinstance(event, Envelope)]


def test_everybody_hears_of_the_connection() -> None:
    office = Office()
    office.client.lose(LOST)
    office.client.connect()
    events = office.exchange.poll()
    assert events[0] == LOST and isinstance(events[1], Connected)
    assert office.one.poll() == office.other.poll() == events
    assert office.one.welcome is office.client.welcome
    assert office.one.poll() == []


def test_an_answer_is_heard_by_who_asked(office: Office) -> None:
    office.one.send(Open(model="critters", seed=1))
    office.client.say(Error("busy", "No."), to=Open)
    events = office.exchange.poll()
    assert office.one.poll() == events and office.other.poll() == []


def test_what_answers_nobody_is_heard_by_whose_session_it_is_about(office: Office) -> None:
    office.open(office.one, "a")
    office.open(office.other, "b")
    office.say(Closed("a", "shutdown"))
    office.exchange.poll()
    assert messages(office.one.poll()) == [Opened("a", "t", 8, 8), Closed("a", "shutdown")]
    assert messages(office.other.poll()) == [Opened("b", "t", 8, 8)]


def test_what_the_client_itself_asked_for_is_no_lines_business(office: Office) -> None:
    office.client.send(ListModels())
    office.client.say(ModelList(()), to=ListModels)
    assert messages(office.exchange.poll()) == [ModelList(())]
    assert office.one.poll() == office.other.poll() == []


def test_a_closed_line_hears_nothing_more(office: Office) -> None:
    office.open(office.one, "a")
    office.exchange.poll()
    office.one.close()
    office.say(Closed("a", "shutdown"))
    office.client.lose(LOST)
    office.exchange.poll()
    assert office.one.poll() == [] and office.other.poll() == [LOST]


def test_a_session_opened_for_a_closed_line_is_given_back(office: Office) -> None:
    office.open(office.one, "a")
    office.one.close()
    office.exchange.poll()
    assert office.client.sent[-1] == Close(session="a")


def test_a_line_that_comes_late_knows_why_there_is_no_connection(office: Office) -> None:
    office.client.lose(LOST)
    office.exchange.poll()
    assert office.exchange.line().poll() == [LOST]
    office.client.connect()
    office.exchange.poll()
    assert office.exchange.line().poll() == []


def test_previews_that_are_drawn_are_told_to_the_client(office: Office) -> None:
    office.one.drawn(frame("preview", 3))
    assert office.client.drawn_steps == [3]


def test_two_edits_drag_side_by_side(office: Office) -> None:
    canvases = FakeCanvas(), FakeCanvas()
    edits = Edit(office.one, canvases[0]), Edit(office.other, canvases[1])

    def poll() -> None:
        office.exchange.poll()
        for edit in edits:
            edit.poll()

    for edit, session in zip(edits, ("s", "b"), strict=True):
        edit.start(OPTIONS)
        office.client.say(Opened(session, "t", 8, 8), Ready(session), to=Open)
        poll()
        office.client.say(Error("unsupported", "Save?", "", session), to=Save)
        poll()
    assert [drag.session for drag in office.client.said(Drag)] == ["s", "b"]
    office.client.say(Done("b", "stopped", 0, 1.0, ()), to=Drag)
    poll()
    assert (edits[0].status.state, edits[1].status.state) == ("dragging", "done")
