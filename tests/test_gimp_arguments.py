"""What the GIMP procedure is called with: handles as text, and arguments as settings."""

from __future__ import annotations

import contextlib
import json
import random
from dataclasses import replace
from typing import Any

import pytest

from tests.gimp_plugin import load

arguments = load("arguments")
errors = load("draggan_wire.errors")
HandleLine = load("draggan_wire.workbench.handles").HandleLine
Settings = load("draggan_wire.workbench.settings").Settings
Arguments = arguments.Arguments
parse, written = arguments.parse_handles, arguments.format_handles

ARROW = HandleLine((120.0, 80.0), (150.0, 80.5))
PIN = HandleLine((40.0, 200.0), (40.0, 200.0))


def refused(text: str) -> Any:
    with pytest.raises(errors.BadInput) as caught:
        parse(text)
    assert caught.value.sentence.endswith(".") and caught.value.hint.endswith(".")
    return caught.value


# Handles from text.


@pytest.mark.parametrize(
    "text",
    [
        "120,80:150,80.5;40,200",
        "  120 , 80 : 150 ,80.5 ;\t40, 200 ; ",
        "120,80:150,80.5\n40,200\n",
        "120,80:150,80.5\r\n\r\n40,200",
        ";;+120.,8e1:1.5E2,80.50;40,2e+2:40,200",
        "[[120, 80, 150, 80.5], [40, 200]]",
        '[{"from": [120, 80], "to": [150, 80.5]}, {"from": [40, 200]}]',
        '\n{"handles": [[120, 80, 150, 80.5], {"from": [40, 200], "to": [40, 200]}]}\n',
    ],
)
def test_handles_are_read_in_every_form(text: str) -> None:
    assert parse(text) == (ARROW, PIN)


@pytest.mark.parametrize("text", ["", "  ", "\n \n"])
def test_an_empty_text_has_no_handles(text: str) -> None:
    assert parse(text) == ()


@pytest.mark.parametrize("text", [";", " ;; ; ", "[]", '{"handles": []}'])
def test_a_text_that_names_no_handle_is_refused(text: str) -> None:
    with pytest.raises(errors.BadInput, match="a text without a handle"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1,2:3,4; 12,a:30,40", "Handle 2 ('12,a:30,40'): 'a' is not a number."),
        ("1,2:3,4;;5", "Handle 2 ('5'): '5' is no point, which is x,y."),
        ("10 20:30 40", "Handle 1 ('10 20:30 40'): '10 20' is no point, which is x,y."),
        ("1,2:", "Handle 1 ('1,2:'): a point is missing beside the ':'."),
        ("1,:3,4", "Handle 1 ('1,:3,4'): a number is missing beside a comma."),
        ("1,2:3,4:5,6", "Handle 1 ('1,2:3,4:5,6') has 3 points; a handle has one or two."),
        (
            "1,5,2:3,4",
            "Handle 1 ('1,5,2:3,4'): '1,5,2' has 3 numbers; a point has two, x and y.",
        ),
        (
            "10,20,30,40",
            "Handle 1 ('10,20,30,40'): '10,20,30,40' has 4 numbers; a point has two, x and y.",
        ),
        ("nan,1:2,3", "Handle 1 ('nan,1:2,3'): 'nan' is not a number."),
        ("inf,1:2,3", "Handle 1 ('inf,1:2,3'): 'inf' is not a number."),
        ("1_0,1:2,3", "Handle 1 ('1_0,1:2,3'): '1_0' is not a number."),
        ("٣,1:2,3", "Handle 1 ('٣,1:2,3'): '٣' is not a number."),
        ("1e9,1:2,3", "Handle 1 ('1e9,1:2,3'): 1e+09 is farther away than any pixel."),
        ("1e999,1:2,3", "Handle 1 ('1e999,1:2,3'): inf is farther away than any pixel."),
        ("[[1, 2], [1, true]]", "Handle 2 ([1, true]): true is not a number."),
        ('[[1, "2"]]', 'Handle 1 ([1, "2"]): "2" is not a number.'),
        ("[[1, NaN]]", "Handle 1 ([1, NaN]): NaN is not a number."),
        ("[[1, 1e400]]", "Handle 1 ([1, Infinity]): inf is farther away than any pixel."),
        ("[[1, 2, 3]]", "Handle 1 ([1, 2, 3]) is not a list of two or four numbers."),
        ("[1, 2]", "Handle 1 (1) is not a list of two or four numbers."),
        (
            '[{"from": [1, 2], "target": [3, 4]}]',
            'Handle 1 ({"from": [1, 2], "target": [3, 4]}) must have "from", may have "to", '
            "and no more.",
        ),
        (
            '[{"from": [1, 2], "to": 3}]',
            'Handle 1 ({"from": [1, 2], "to": 3}), "to": 3 is not a point [x, y].',
        ),
        ('{"points": []}', 'A JSON object must have "handles" and no more.'),
        ('{"handles": 5}', "The handles in the JSON text are no list."),
    ],
)
def test_a_bad_text_is_refused_by_its_part(text: str, sentence: str) -> None:
    assert refused(text).sentence == sentence


def test_what_begins_like_json_and_is_none_is_refused_by_its_place() -> None:
    assert refused("[[1, 2],\n [3, 4}").sentence.startswith(
        "The handles begin like JSON but are none: line 2, column 7: "
    )


def test_every_refusal_says_how_handles_are_written() -> None:
    assert "x1,y1:x2,y2" in refused("what").hint
    assert "1.5" in refused("1,5,2,5:3,4").hint
    assert '"from"' in refused("[5]").hint


def test_there_are_as_many_handles_as_the_daemon_takes() -> None:
    assert len(parse("; ".join(["1,2:3,4"] * 64))) == 64
    assert refused("; ".join(["1,2:3,4"] * 65)).sentence == (
        "There are 65 handles; at most 64 are possible."
    )
    assert refused(json.dumps([[1, 2]] * 65)).sentence.startswith("There are 65 handles")


def test_a_hostile_text_is_refused_at_once_and_shown_in_part() -> None:
    assert "20001 characters" in refused("1" * 20001).sentence
    assert len(refused("x" * 20000).sentence) < 200
    assert "cannot be read" in refused("[" * 20000).sentence
    assert "farther away" in refused("[[1, " + "9" * 4000 + "]]").sentence
    refused("[[1, " + "9" * 19000 + "]]")
    assert "\x1b" not in refused("\x1b[2J").sentence


def test_no_text_is_answered_by_anything_but_handles_or_a_refusal() -> None:
    chance = random.Random(5)
    signs = '0123456789.,:;-+eE[]{}" \n\tfromtehandls∞\x00\ud800'
    for _ in range(3000):
        text = "".join(chance.choice(signs) for _ in range(chance.randrange(30)))
        with contextlib.suppress(errors.BadInput):
            assert all(isinstance(line, HandleLine) for line in parse(text))


# Handles to text.


def test_handles_are_written_as_short_as_they_can_be() -> None:
    assert written([ARROW, PIN]) == "120,80:150,80.5; 40,200"
    assert written([HandleLine((0.004, -0.001), (99.999, 1 / 3))]) == "0,0:100,0.33"
    assert written([]) == ""


def test_what_is_written_is_read_to_a_hundredth_of_a_pixel() -> None:
    chance = random.Random(7)

    def point() -> tuple[float, float]:
        return chance.uniform(-10, 999_999), chance.uniform(0, 300)

    for _ in range(300):
        lines = [HandleLine(point(), point()) for _ in range(chance.randrange(65))]
        lines += [HandleLine(line.start, line.start) for line in lines[:3]][: 64 - len(lines)]
        text = written(lines)
        again = parse(text)
        assert written(again) == text and len(again) == len(lines)
        for line, other in zip(lines, again, strict=True):
            assert other.start == pytest.approx(line.start, abs=0.00501)
            assert other.target == pytest.approx(line.target, abs=0.00501)
            assert other.pinned == line.pinned


# Arguments.


def test_arguments_become_settings() -> None:
    default = replace(Settings(), speed=0.5, language="de")
    given = Arguments(
        handles="1,2:3,4",
        mask=False,
        model="faces",
        quality="fast",
        iterations=9,
        keep_every=3,
        endpoint=" tcp://127.0.0.1:5571 ",
        source="visible",
        region="auto",
        paste="all",
        detail=False,
        seam=True,
        turn=-30.5,
    )
    settings = given.to_settings(default)
    assert settings == replace(
        default,
        model="faces",
        quality="fast",
        steps=9,
        keep_every=3,
        address="tcp://127.0.0.1:5571",
        source="visible",
        region="auto",
        mask="none",
        paste="all",
        detail=False,
        seam=True,
        angle=-30.5,
    )
    assert Arguments.from_settings(settings, handles="1,2:3,4") == replace(
        given, endpoint="tcp://127.0.0.1:5571"
    )


def test_arguments_that_say_nothing_leave_the_choice_to_the_engine() -> None:
    settings = Arguments().to_settings(Settings(steps=5, keep_every=5))
    assert (settings.steps, settings.keep_every, settings.mask) == (None, None, "selection")
    assert (settings.source, settings.address) == ("layer", "")


def test_the_settings_of_a_dialog_come_back_from_its_arguments() -> None:
    settings = Settings(source="layer", steps=60, mask="none", address="ssh://me@studio")
    settings = replace(settings, paste="all", detail=False, seam=True, angle=12.0)
    assert Arguments.from_settings(settings).to_settings(Settings()) == settings


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"handles": "1,b"}, "Handle 1 ('1,b'): 'b' is not a number."),
        ({"handles": "1,2; 3,4"}, "All handles are pins, so nothing would move."),
        (
            {"handles": "1,2:3,4", "path": "p"},
            "There are both handles and a path to take them from.",
        ),
        ({"path": "a\nb"}, "The argument 'path' has characters that cannot be printed."),
        ({"model": " "}, "The argument 'model' is empty."),
        ({"model": "m" * 65}, "The argument 'model' has 65 characters."),
        ({"endpoint": "what"}, "The address 'what' is not understood."),
        ({"endpoint": "tcp://example.org:80"}, None),
        ({"quality": "superb"}, "The argument 'quality' is 'superb', which is not known."),
        ({"source": ""}, "The argument 'source' is '', which is not known."),
        ({"region": "moon"}, "The argument 'region' is 'moon', which is not known."),
        ({"iterations": -1}, "The argument 'iterations' is -1."),
        ({"iterations": 100_001}, "The argument 'iterations' is 100001."),
        ({"keep_every": -3}, "The argument 'keep-every' is -3."),
        ({"paste": "half"}, "The argument 'paste' is 'half', which is not known."),
        ({"turn": 180.5}, "The argument 'turn' is 180.5."),
        ({"turn": float("nan")}, "The argument 'turn' is nan."),
        ({"turn": float("-inf")}, "The argument 'turn' is -inf."),
        ({"seed": -2}, "The argument 'seed' is -2."),
        ({"seed": 1 << 31}, "The argument 'seed' is 2147483648."),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused_by_name(
    given: dict[str, Any], sentence: str | None
) -> None:
    with pytest.raises(errors.BadInput) as caught:
        Arguments(**given).to_settings(Settings())
    assert sentence is None or caught.value.sentence == sentence
    assert caught.value.hint.endswith(".")
