"""The protocol: every message there and back, and everything malformed refused in words."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from typing import Any

import msgpack
import pytest
from draggan_wire.errors import (
    BadMessage,
    LimitExceeded,
    Unsupported,
    WireError,
    WrongProtocol,
)
from draggan_wire.messages import (
    FROM_CLIENT,
    FROM_DAEMON,
    MAGIC,
    MISMATCH,
    Ack,
    Blob,
    Close,
    Closed,
    Credit,
    Done,
    Drag,
    DragSettings,
    Envelope,
    Error,
    Frame,
    HandleResult,
    Hello,
    Image,
    Limits,
    Link,
    ListModels,
    Manage,
    ModelInfo,
    ModelList,
    Open,
    Opened,
    Pasting,
    Ping,
    Pong,
    Progress,
    Ready,
    Redeem,
    Redeemed,
    Report,
    Save,
    Saved,
    Seek,
    SessionKey,
    State,
    Stop,
    Welcome,
    decode,
    encode,
    encode_mismatch,
)
from draggan_wire.pixels import BYTES_PER_PIXEL, MAX_BUFFER, MAX_SIDE

PICTURE = Image("rgb8", 4, 2, bytes(range(24)))
PLANE = Image("gray8", 4, 2, b"\xff\x00" * 4)
MODEL = ModelInfo("critters", "Critters", 128, 128, "Apache-2.0", "Cartoon heads.")
MESSAGES = [
    Hello(
        protocols=(1, 2), client="test 1", features=("jpeg",), resume=(SessionKey("s1", "t", 4),)
    ),
    Open(model="critters", image=PICTURE, weight=PLANE, quality="fast"),
    Open(model="critters", seed=7, truncation=0.7, label=3),
    Drag(
        session="s1",
        handles=((1.5, 0.5), (3.0, 1.0)),
        targets=((2.0, 0.5), (3.0, 1.0)),
        mask=PLANE,
        settings=DragSettings(preset="paper", steps=9, r1=3.0, stop=1.0),
        preview_every_ms=None,
        preview_max_side=64,
        keep_every=5,
        paste=Pasting("all", detail=False, seam=True, goes_on=("left", "bottom")),
    ),
    Stop(session="s1"),
    Seek(session="s1", step=0, paste=Pasting(detail=False)),
    Open(model="critters", saved=Blob(b"all of it")),
    Open(model="critters", image=PICTURE, saved=Blob(b"all but the picture"), angle=-30.5),
    Save(session="s1"),
    Credit(session="s1", n=2),
    Ack(session="s1", event=7),
    Link(round_trip_ms=40.5, bytes_per_second=6.2e6),
    Close(session="s1"),
    ListModels(),
    Ping(),
    Redeem(key="0123456789abcdef" * 4),
    Manage(errand="status"),
    Welcome(1, "draggand 0.1", "CPU", ("x",), Limits(max_handles=4), (MODEL,), ("s1",)),
    ModelList(models=(MODEL,)),
    Opened(session="s1", token="0123abcd", width=4, height=2),
    State(session="s1", state="dragging"),
    Progress(session="s1", stage="inverting", index=3, total=9, psnr=21.5),
    Ready("s1", psnr=None, verdict="The model knows this picture well.", step=3, last=9),
    Ready("s1", psnr=24.0, final=False, likeness=0.875),
    Ready("s1", notes=("Something was done to the picture.", "And more.")),
    Frame("s1", 3, "likeness", 0, Image("rgb8", 2, 1, b"coded", "jpeg")),
    Frame("s1", 4, "kept", 5, PICTURE, ((1.0, 2.0),), (0.5,), ("moving",), PLANE),
    Frame("s1", 5, "result", 5, PICTURE, ((1.0, 2.0),), cut=("left", "area")),
    Frame("s1", 6, "preview", 5, Image("rgb8", 4, 2, b"coded", "jpeg")),
    Saved("s1", Blob(b"all of it"), step=3),
    Done("s1", "reached", 12, 30.5, (HandleResult(1.0, 2.0, "reached", 0.4),)),
    Error(code="bad_input", sentence="No handles.", hint="Draw one.", session="s1"),
    Closed(session="s1", reason="asked"),
    Pong(),
    Redeemed(name="anna"),
    Report(Blob(b"{}")),
]


def header(**values: Any) -> list[bytes]:
    return [MAGIC, msgpack.packb(values)]


def blob(data: bytes = b"abc", **changes: Any) -> list[bytes]:
    entry = {"name": "saved", "format": "bytes", "bytes": 3, **changes}
    return [*header(op="open", model="m", bufs=[entry]), data]


def drag(**changes: Any) -> list[bytes]:
    plain = {"op": "drag", "id": 5, "session": "s1", "handles": [[1, 2]], "targets": [[3, 4]]}
    return header(**{**plain, **changes})


def frame(data: bytes = bytes(24), **changes: Any) -> list[bytes]:
    entry = {"name": "image", "format": "rgb8", "width": 4, "height": 2, "bytes": 24, **changes}
    values = {"op": "frame", "session": "s", "seq": 1, "kind": "kept", "step": 0}
    return [*header(bufs=[entry], **values), data]


def changed(kind: str, plane: bytes = bytes(8), **changes: Any) -> list[bytes]:
    picture = {"name": "image", "format": "rgb8", "width": 4, "height": 2, "bytes": 24}
    mask = {"name": "changed", "format": "gray8", "width": 4, "height": 2, "bytes": 8, **changes}
    values = {"op": "frame", "session": "s", "seq": 1, "kind": kind, "step": 0}
    return [*header(bufs=[picture, mask], **values), bytes(24), plane]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: m.op)
def test_a_message_comes_back_as_it_was_sent(message: Any) -> None:
    frames = [bytes(part) for part in encode(message, request=3, reply=8, event=2)]
    assert decode(frames) == Envelope(message, 3, 8, 2)
    assert decode([memoryview(part) for part in frames]).message == message


def test_every_message_is_in_one_of_the_two_tables_and_tried_here() -> None:
    assert {message.op for message in MESSAGES} == {*FROM_CLIENT, *FROM_DAEMON}
    assert not FROM_CLIENT.keys() & FROM_DAEMON.keys()


def test_the_vendored_msgpack_writes_what_the_real_one_reads() -> None:
    packed = encode(MESSAGES[3], request=5)[1]
    assert msgpack.unpackb(packed)["settings"] == {
        "preset": "paper",
        "steps": 9,
        "r1": 3.0,
        "stop": 1.0,
    }


@pytest.mark.parametrize("form", BYTES_PER_PIXEL)
def test_each_pixel_format_has_exactly_its_bytes(form: str) -> None:
    size = 6 * BYTES_PER_PIXEL[form]
    Image(form, 3, 2, bytes(size))
    for wrong in (size - 1, size + 1, 0):
        with pytest.raises(BadMessage, match="3 x 2 pixels"):
            Image(form, 3, 2, bytes(wrong))


def test_pictures_are_passed_on_without_a_copy() -> None:
    data = bytearray(24)
    frames = encode(Open(model="m", image=Image("rgb8", 4, 2, data)))
    assert frames[2] is data
    received = decode(frames).message.image
    data[0] = 9
    assert received.data[0] == 9


def test_saved_data_is_passed_on_as_it_is_and_described_as_bytes() -> None:
    data = bytes(range(9))
    frames = encode(Saved("s1", Blob(data), step=3))
    assert frames[2] is data
    assert msgpack.unpackb(frames[1])["bufs"] == [{"name": "data", "format": "bytes", "bytes": 9}]


def test_a_path_for_a_model_gets_words_about_models() -> None:
    for path in ("/etc/passwd", "models/cats", "cats and dogs", "", "C:cats"):
        with pytest.raises(BadMessage, match="no name of a model") as refusal:
            decode(header(op="open", model=path, seed=1))
        assert "draggan models" in refusal.value.hint


def test_a_picture_says_how_it_is_coded_only_if_it_is() -> None:
    described = [
        msgpack.unpackb(encode(Frame("s", 1, "preview", 2, picture))[1])["bufs"][0].get("coding")
        for picture in (PICTURE, Image("rgb8", 4, 2, b"coded", "rows"))
    ]
    assert described == [None, "rows"]


def test_more_saved_data_than_a_message_may_carry_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="Saved data"):
        Blob(bytes(MAX_BUFFER + 1))


def test_unknown_keys_are_ignored_and_missing_ones_take_their_defaults() -> None:
    message = decode(drag(colour="red", settings={"momentum": 3})).message
    assert message == Drag(session="s1", handles=((1.0, 2.0),), targets=((3.0, 4.0),))


def test_whole_numbers_are_welcome_as_coordinates() -> None:
    assert decode(drag()).message.handles == ((1.0, 2.0),)


MALFORMED = {
    "nothing": [],
    "foreign magic": [b"HTTP", b"\x80"],
    "empty magic": [b"", b"\x80"],
    "no header": [MAGIC],
    "not msgpack": [MAGIC, b"\xc1"],
    "cut off": [MAGIC, msgpack.packb({"op": "ping"})[:-1]],
    "trailing bytes": [MAGIC, msgpack.packb({"op": "ping"}) + b"\0"],
    "a list": [MAGIC, msgpack.packb([1])],
    "number keys": [MAGIC, msgpack.packb({1: 2})],
    "an extension": [MAGIC, msgpack.packb({"op": "ping", "x": msgpack.ExtType(4, b"x")})],
    "a timestamp": [MAGIC, msgpack.packb({"op": "ping", "x": msgpack.Timestamp(1)})],
    "deep nesting": [MAGIC, b"\x81\xa1x" + b"\x91" * 60_000],
    "many keys": header(op="ping", **{f"k{i}": 0 for i in range(70)}),
    "a long text": header(op="ping", x="y" * 5000),
    "a lying length": [MAGIC, b"\x81\xa2op\xdd\xff\xff\xff\xff"],
    "bad utf-8": [MAGIC, b"\x81\xa2op\xa1\xff"],
    "no op": header(id=3),
    "op no text": header(op=["drag"]),
    "id zero": header(op="ping", id=0),
    "id true": header(op="ping", id=True),
    "id huge": header(op="ping", id=1 << 60),
    "re a text": header(op="pong", re="4"),
    "an event before the first": header(op="pong", ev=0),
    "a key that is none": header(op="redeem", key="0" * 63 + "G"),
    "a key cut off": header(op="redeem", key="0" * 63),
    "an errand of nobody's": header(op="manage", errand="shell"),
    "a way back faster than none": header(op="link", round_trip_ms=-1),
    "an unknown coding": frame(coding="png"),
    "a coding that is none": frame(coding=["raw"]),
    "a coded picture without a byte": frame(b"", bytes=0, coding="jpeg"),
    "a coded picture larger than a raw one": frame(bytes(70_000), bytes=70_000, coding="rows"),
    "a client's coded mask": [
        *drag(
            bufs=[
                {
                    "name": "mask",
                    "format": "gray8",
                    "width": 4,
                    "height": 2,
                    "bytes": 5,
                    "coding": "rows",
                }
            ]
        ),
        b"coded",
    ],
    "no session": header(op="stop"),
    "a path as session": header(op="stop", session="../s"),
    "a session of blanks": header(op="stop", session=" "),
    "no handles": drag(handles=[], targets=[]),
    "a target missing": drag(handles=[[1, 2], [3, 4]]),
    "a handle of three": drag(handles=[[1, 2, 3]]),
    "a handle of texts": drag(handles=[["1", "2"]]),
    "not a number": drag(handles=[[float("nan"), 2]]),
    "infinity": drag(targets=[[float("inf"), 2]]),
    "truth": drag(handles=[[True, 2]]),
    "far away": drag(handles=[[1e9, 2]]),
    "too many handles": drag(handles=[[1, 2]] * 65, targets=[[1, 2]] * 65),
    "handles as a map": drag(handles={"x": 1}),
    "no steps": drag(settings={"steps": 0}),
    "settings a list": drag(settings=[]),
    "endless previews": drag(preview_every_ms=-1),
    "a fraction of a step": header(op="seek", session="s", step=1.5),
    "both picture and seed": [*frame()[:1], msgpack.packb({"op": "open", "model": "m"})],
    "unknown quality": header(op="open", model="m", seed=1, quality="perfect"),
    "a model's path": header(op="open", model="/etc/passwd", seed=1),
    "huge credit": header(op="credit", session="s", n=1000),
    "a buffer not described": [*drag(), b"x"],
    "a described buffer missing": frame()[:2],
    "a short buffer": frame(bytes(23)),
    "a long buffer": frame(bytes(25)),
    "a lie about bytes": frame(bytes=25),
    "an unknown format": frame(format="cmyk8"),
    "a format that is none": frame(format=["rgb8"]),
    "no width": frame(width=0),
    "a negative height": frame(height=-2),
    "a width of truth": frame(width=True),
    "a foreign name": frame(name="mask"),
    "a name for another field": frame(name="session"),
    "no name": frame(name=None),
    "bufs no list": [*header(op="ping", bufs={}), b"x"],
    "bufs no maps": [*header(op="ping", bufs=[3]), b"x"],
    "the picture in the header": header(
        op="frame", session="s", seq=1, kind="kept", step=0, image=1
    ),
    "a status too many": header(
        op="frame", session="s", seq=1, kind="kept", step=0, statuses=["lost"]
    ),
    "a distance without its status": header(
        op="frame", session="s", seq=1, kind="kept", step=0, points=[[1, 2]], distances=[1, 2]
    ),
    "a preview that says what changed": changed("preview"),
    "a likeness that says what changed": changed("likeness"),
    "more than alike": header(op="ready", session="s", likeness=1.5),
    "a cut at an edge that is none": header(
        op="frame", session="s", seq=1, kind="kept", step=0, cut=["middle"]
    ),
    "more cuts than edges": header(
        op="frame", session="s", seq=1, kind="kept", step=0, cut=["left"] * 6
    ),
    "more notes than anybody reads": header(op="ready", session="s", notes=["No."] * 9),
    "a note without an end": header(op="ready", session="s", notes=["x" * 301]),
    "a note that is no list": header(op="ready", session="s", notes="No."),
    "a note that is no text": header(op="ready", session="s", notes=[{}]),
    "a truth that is a number": header(op="ready", session="s", final=1),
    "half a turn and more": header(op="open", model="m", seed=1, angle=181),
    "nothing to open": header(op="open", model="m"),
    "a way of pasting that is none": drag(paste={"what": "half"}),
    "detail as a word": drag(paste={"detail": "yes"}),
    "what changed, in another size": changed("result", width=2, height=4),
    "what changed, in colour": changed("result", bytes(24), format="rgb8", bytes=24),
    "a step beyond the last": header(op="ready", session="s", step=2, last=1),
    "no saved data": blob(b"", bytes=0),
    "saved data cut off": blob(b"ab"),
    "a picture for saved data": blob(b"abc", format="rgb8", width=1, height=1),
    "saved data for a picture": blob(name="image"),
    "saved data and a seed": [
        *header(
            op="open", model="m", seed=1, bufs=[{"name": "saved", "format": "bytes", "bytes": 3}]
        ),
        b"abc",
    ],
    "a mask in colour": [
        *drag(bufs=[{"name": "mask", "format": "rgb8", "width": 4, "height": 2, "bytes": 24}]),
        bytes(24),
    ],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_refused_in_words(name: str) -> None:
    with pytest.raises(BadMessage) as refusal:
        decode(MALFORMED[name])
    assert refusal.value.sentence.endswith(".") and refusal.value.hint


def test_a_refusal_knows_the_request_that_it_is_about() -> None:
    with pytest.raises(BadMessage) as refusal:
        decode(drag(handles="none"))
    assert refusal.value.request == 5


def test_an_unknown_operation_is_told_apart_from_nonsense() -> None:
    with pytest.raises(Unsupported, match="'dance'") as refusal:
        decode(header(op="dance", id=9))
    assert refusal.value.request == 9


def test_each_side_hears_only_what_the_other_may_say() -> None:
    with pytest.raises(Unsupported):
        decode(encode(Pong()), ops=FROM_CLIENT)
    with pytest.raises(Unsupported):
        decode(encode(Ping()), ops=FROM_DAEMON)


OVERSIZE = {
    "a large header": [MAGIC, bytes(1 << 17)],
    "many parts": [MAGIC, b"\x80", *[b""] * 9],
    "a wide picture": frame(width=MAX_SIDE + 1, height=1),
    "a huge picture": frame(width=MAX_SIDE, height=MAX_SIDE),
}


@pytest.mark.parametrize("name", OVERSIZE)
def test_what_is_too_large_is_refused(name: str) -> None:
    with pytest.raises(LimitExceeded):
        decode(OVERSIZE[name])


def test_a_daemon_of_another_major_version_is_named_with_the_side_to_update() -> None:
    newer = [MISMATCH, msgpack.packb({"error": "protocol", "server": [2, 3]})]
    with pytest.raises(WrongProtocol, match="speaks protocol 2, 3, this program speaks 1") as error:
        decode(newer)
    assert "Update this program or plugin" in error.value.hint
    older = [MISMATCH, msgpack.packb({"error": "protocol", "server": [0]})]
    with pytest.raises(WrongProtocol) as error:
        decode(older)
    assert "Update the daemon" in error.value.hint


def test_the_answer_to_another_major_version_has_its_eternal_form() -> None:
    magic, body = encode_mismatch()
    assert magic == b"DGDx" and msgpack.unpackb(body) == {"error": "protocol", "server": [1]}


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", msgpack.packb({"server": ["1", None]})])
def test_a_broken_mismatch_answer_is_still_an_error_in_words(body: bytes) -> None:
    with pytest.raises(WireError):
        decode([MISMATCH, body])


def test_a_message_of_another_major_version_is_recognised() -> None:
    with pytest.raises(WrongProtocol):
        decode([b"DGD2", b"\x80"])


def test_our_own_mistakes_show_where_they_are_made() -> None:
    with pytest.raises(BadMessage, match=r"frame\.distances"):
        encode(Frame("s", 1, "kept", 0, PICTURE, ((1.0, 1.0),), (float("nan"),), ("lost",)))
    with pytest.raises(BadMessage, match="a picture, or saved data, or both, or a seed"):
        Open(model="m", image=PICTURE, seed=1)
    with pytest.raises(BadMessage, match="has 4 x 2 pixels"):
        Open(model="m", image=Image("gray8", 2, 2, bytes(4)), weight=PLANE)


def test_messages_are_values() -> None:
    for message in MESSAGES:
        with pytest.raises(dataclasses.FrozenInstanceError):
            message.session = "other"


def test_mutated_messages_are_read_or_refused_and_nothing_else() -> None:
    chance = random.Random(1)
    originals = [[bytes(part) for part in encode(message, request=1)] for message in MESSAGES]
    for _ in range(3000):
        frames = list(chance.choice(originals))
        where = chance.randrange(len(frames))
        data = bytearray(frames[where])
        for _ in range(chance.randint(1, 4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        frames[where] = bytes(data[: chance.choice((len(data), chance.randrange(len(data) + 1)))])
        with contextlib.suppress(WireError):
            decode(frames)
