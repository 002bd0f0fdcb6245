"""The plugins' translations: complete, with the right gaps, and impossible to break it by."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from draggan_wire.edit_status import words_of
from draggan_wire.messages import Done

from draggan.likeness import VERDICTS
from tests.krita_plugin import load

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = (ROOT / "krita_plugin" / "draggan_krita", ROOT / "gimp_plugin" / "draggan_gimp")
PLUGIN_FILES = tuple(path for plugin in PLUGINS for path in sorted(plugin.rglob("*.py")))
GIMP = PLUGINS[1] / "draggan_studio"
NOT_READ = {  # by painters: a plugin that was put together wrongly, and what scripts are told
    PLUGINS[0] / "__init__.py",
    *(
        GIMP / f"{name}.py"
        for name in ("arguments", "handle_text", "made_up", "unattended", "waiting")
    ),
}
WIRE = ROOT / "daemon" / "draggan_wire"
WORKBENCH = WIRE / "workbench"
LANGUAGES = ("de", "fr")
# What a painter can meet of the engine, the daemon and the relay; the rest is for those who run
# them, and so is what is wrong with a journal: a painter is told that a session is lost with it.
ENGINE = (
    *(ROOT / "draggan" / name for name in ("editor.py", "saved.py", "drag_request.py")),
    *sorted((ROOT / "daemon" / "draggan_daemon" / "engine").glob("*.py")),
    *(
        ROOT / "daemon" / "draggan_daemon" / f"{name}.py"
        for name in (
            *("door", "reception", "answers", "desk", "delivery", "sessions", "requests"),
            *("presence", "recovery", "quota"),
            *("worker", "in_process", "child", "pool", "seats", "roster", "reading"),
            *("journal/journal", "journal/reader", "relay/relay", "relay/remote"),
        )
    ),
)
SENTENCE = re.compile(r"[A-Z].* .*\.(\.\.)?")
PLACE = "\x00"  # stands where an f-string puts a value in


def words(language: str):
    return load("draggan_wire.workbench.words").Words(language)


def table(language: str) -> dict[str, str]:
    return json.loads((WORKBENCH / "translations" / f"{language}.json").read_text(encoding="utf-8"))


def gaps(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


def is_english(translation: str, text: str) -> bool:
    """Whether three words of the English stand in it as they were; commands may."""
    spoken = [re.sub(r"`.*?`|\S*://\S*", "", each) for each in (translation, text)]
    plain = [re.findall(r"[^\W\d]{2,}", each) for each in spoken]
    runs = [{" ".join(words[i : i + 3]) for i in range(len(words) - 2)} for words in plain]
    return translation == text or bool(runs[0] & runs[1])


def plugin_texts() -> Iterator[str]:
    """What is handed to `tr`, and the templates of the tables that are handed to it by name."""
    for path in (*PLUGIN_FILES, *WORKBENCH.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name, line = called(node), f"{path}:{node.lineno}"
                if name == "Template":
                    assert isinstance(node.args[0], ast.Constant), line
                if name == "tr":
                    assert not isinstance(node.args[0], (ast.JoinedStr, ast.BinOp)), line
                if name in ("tr", "Template") and isinstance(node.args[0], ast.Constant):
                    yield node.args[0].value


def called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def sentences(paths: Iterable[Path]) -> set[str]:
    """Every literal or f-string that is a sentence and is handed to a call: what users are told."""
    return {
        text
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for value in (*node.args, *(keyword.value for keyword in node.keywords))
        if (text := as_text(value)) and SENTENCE.fullmatch(text)
    }


def as_text(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, str) else ""
    if isinstance(value, ast.JoinedStr):
        parts = (v.value if isinstance(v, ast.Constant) else PLACE for v in value.values)
        return "".join(parts)
    return ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_plugins_is_translated(language: str) -> None:
    texts = set(plugin_texts())
    assert len(texts) > 80
    assert texts - set(table(language)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_gaps_of_its_english_form(language: str) -> None:
    wrong = [e for e, text in table(language).items() if gaps(e) != gaps(text) or not text.strip()]
    assert wrong == []


def test_all_languages_translate_the_same_texts() -> None:
    assert set(table("de")) == set(table("fr"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_that_a_painter_can_meet_is_understood(language: str) -> None:
    """From the edit's states and errors, the wire's errors, the plugins' and the engine's."""
    paths = {*WIRE.glob("*.py"), *WORKBENCH.glob("*.py"), *PLUGIN_FILES, *ENGINE} - NOT_READ
    said = {text.replace(PLACE, "7") for text in sentences(paths) - NOT_FOR_PAINTERS}
    assert len(said) > 100
    translated = words(language)
    assert sorted(text for text in said if is_english(translated.sentence(text), text)) == []


NOT_FOR_PAINTERS = {
    "A preview needs at least one pixel.",  # of programs that use the library
    "Write them as [[x, y], ...].",
    "Set an image or a seed first.",
    "Only the daemon's own user may do that, on its own computer.",  # of `draggand` itself
    "Log in there, and try again.",
    "This connection has no invitation to redeem.",
    "Ask whoever runs the daemon for one: `draggand invite NAME`.",
    "An invitation lets its key be put on the list, and nothing else.",
    "Run `draggand relay` with the line of the invitation.",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", ["reached", "stopped", "cap", "stuck", "lost"])
@pytest.mark.parametrize("steps", [1, 12])
def test_every_end_of_a_drag_is_understood(language: str, reason: str, steps: int) -> None:
    done = Done(session="s", reason=reason, steps=steps, ms_per_step=1.0, handles=())
    text = words_of(done)
    assert not is_english(words(language).sentence(text), text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", [verdict for _, verdict in VERDICTS])
def test_every_verdict_on_a_likeness_is_understood(language: str, verdict: str) -> None:
    captions = load("draggan_wire.workbench.captions")
    shown = SimpleNamespace(edit=SimpleNamespace(fit=verdict))
    english, told = (captions.fit_line(shown, words(each)).text for each in ("en", language))
    assert english == f"Likeness: {verdict.partition(':')[0]}"
    assert not set(english.split()) & set(told.split())
    remarks = [captions.fit_remark(shown, words(each)).text for each in ("en", language)]
    assert bool(remarks[0]) == (":" in verdict)
    assert not remarks[0] or not is_english(remarks[1], remarks[0])


def test_a_finished_sentence_is_translated_with_its_values() -> None:
    said = words("de").sentence("Dragging: step 34, 12.3 px to go")
    assert said == "Ziehen: Schritt 34, noch 12.3 px"
    assert words("en").sentence("There are no handles.") == "There are no handles."


def test_what_stands_in_a_gap_is_translated_too() -> None:
    german = words("de")
    assert german.sentence("Learning the details: 3 of 9") == "Einzelheiten lernen: 3 von 9"
    assert german.sentence("On box: No daemon answers.") == "Auf box: Kein Dienst antwortet."


def test_the_template_that_says_most_is_taken(tmp_path: Path) -> None:
    entries = {"There is no {x}.": "weit {x}", "There is no step {x}.": "genau {x}"}
    (tmp_path / "de.json").write_text(json.dumps(entries))
    german = load("draggan_wire.workbench.words").Words("de", folder=tmp_path)
    assert german.sentence("There is no step 4.") == "genau 4"
    assert german.sentence("There is no cat.") == "weit cat"


def test_a_sentence_before_another_is_translated_too() -> None:
    said = words("de").sentence(
        "The disk with the journal is full. Until that is mended, sessions do not outlive a crash."
    )
    assert said == (
        "Die Festplatte mit dem Journal ist voll. "
        "Bis das behoben ist, überleben Sitzungen keinen Absturz."
    )


def test_a_gap_at_the_end_may_be_empty() -> None:
    assert words("de").sentence("No ssh server listens on box.").startswith("Auf box läuft")


@pytest.mark.parametrize("locale", ["de", "de_DE", "de-AT", "DE_CH.UTF-8", "de@euro"])
def test_any_spelling_of_a_locale_gives_its_language(locale: str) -> None:
    assert words(locale).tr("Drag") == "Ziehen"


@pytest.mark.parametrize("locale", ["", "C", "en_GB", "xx_YY", "../../etc/passwd", "None"])
def test_any_other_locale_gives_english(locale: str) -> None:
    assert words(locale).language == "en"
    assert words(locale).tr("{n} handles", n=3) == "3 handles"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"{", b"[" * 100_000, b'{"Drag": 3}', b'{"Drag": ""}', b"null"],
)
def test_a_damaged_file_leaves_the_text_english(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "de.json").write_bytes(content)
    german = load("draggan_wire.workbench.words").Words("de", folder=tmp_path)
    assert german.tr("Drag") == "Drag"
    assert german.sentence("Drag") == "Drag"


@pytest.mark.parametrize("broken", ["{m} Griffe", "{n Griffe", "{} Griffe", "{n.x}", "{n:z}"])
def test_a_damaged_translation_leaves_its_text_english(broken: str, tmp_path: Path) -> None:
    (tmp_path / "de.json").write_text(json.dumps({"{n} handles": broken}))
    german = load("draggan_wire.workbench.words").Words("de", folder=tmp_path)
    assert german.tr("{n} handles", n=3) == "3 handles"
    assert german.sentence("3 handles") == "3 handles"


def test_a_sentence_with_braces_in_it_is_left_alone() -> None:
    assert words("fr").sentence("{0.__class__} {n}") == "{0.__class__} {n}"
    assert words("en").tr("Handle {n}: {state}", n="{state}", state="x") == "Handle {state}: x"


def test_no_sentence_from_a_stranger_takes_long() -> None:
    german = words("de")
    started = time.perf_counter()
    for hostile in (": of " * 390, " x " * 660, "The mask has " + " x (), the picture" * 100):
        german.sentence(hostile)
    assert time.perf_counter() - started < 0.5
