"""What the user is told of an installation, alike for every editor; standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from draggan.plugins.installing import Installed


def say_how_many(editor: str, found: Sequence[object]) -> None:
    """Says so if there is more than one."""
    if len(found) > 1:
        print(f"There are {len(found)} {editor}s here; the plugin goes into all of them.")


def say_installed(title: str, folder: Path, done: Installed, *, link: bool) -> None:
    """Says into which folder of which editor it went, and what it has taken the place of."""
    instead = f", in place of {done.replaced}" if done.replaced else ""
    print(f"{title}: {folder}")
    print(f"    DragGAN {done.version} in {done.module}{instead}{' (links)' if link else ''}")


def say_note(title: str, note: str) -> None:
    """Says what the user of this one editor has to know beside, if anything."""
    if note:
        print(f"Note on {title}: {note}")
