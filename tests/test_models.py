"""The door's list of models: what clients may be told, looked up no more often than needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from draggan_daemon.models import LIST_SECONDS, InstalledModels

from draggan.checkpoint import ModelCard, list_models


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], list[int]]:
    def begin(what: object) -> list[int]:
        calls: list[int] = []

        def listed() -> list[ModelCard]:
            calls.append(1)
            if isinstance(what, Exception):
                raise what
            return what  # type: ignore[return-value]

        monkeypatch.setattr("draggan_daemon.models.list_models", listed)
        return calls

    return begin


def card(name: str) -> ModelCard:
    return replace(list_models()[0], id=name)


def test_a_file_with_an_odd_name_is_left_out(listing: Callable[[object], list[int]]) -> None:
    cards = [card("faces"), card("../evil"), card("a b")]
    listing(cards)
    assert [model.id for model in InstalledModels()()] == ["faces"]


def test_the_folder_is_not_read_for_every_client(listing: Callable[[object], list[int]]) -> None:
    now = [0.0]
    calls = listing([card("faces")])
    models = InstalledModels(lambda: now[0])
    for now[0] in (0.0, 1.0, LIST_SECONDS):
        assert len(models()) == 1
    assert len(calls) == 1
    now[0] = LIST_SECONDS + 0.1
    models()
    assert len(calls) == 2


def test_an_unreadable_folder_is_an_empty_one(
    listing: Callable[[object], list[int]], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    listing(PermissionError(13, "Permission denied"))
    assert InstalledModels()() == ()
    assert "cannot be listed" in caplog.text
