"""The one exception inside the reader, and the remedies that it names; imports nothing of ours."""

from __future__ import annotations

DOWNLOAD_AGAIN = "Download or copy the file again and compare its size with the original's."
WHAT_IS_READ = (
    "Files that StyleGAN2 trainers write are read: NVIDIA's .pkl, rosinality's .pt, "
    "and the .pt of tuned generators."
)
NOTHING_RAN = "Nothing in it was executed. " + WHAT_IS_READ


class Refused(Exception):
    """Why a file is not read: a predicate that follows the file's name, without its full stop."""

    def __init__(self, reason: str, *, hint: str = DOWNLOAD_AGAIN) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def cut_short() -> Refused:
    return Refused("is cut short")


def damaged(what: str) -> Refused:
    """`what`: the thing that is wrong, in a few words."""
    return Refused(f"is damaged ({what})")


def foreign(what: str) -> Refused:
    """`what`: something that no model file of ours to read contains."""
    return Refused(f"contains {what}, which no StyleGAN2 model needs", hint=NOTHING_RAN)


def too_large(what: str) -> Refused:
    """`what`: the thing that there is too much of."""
    return Refused(f"has {what}, more than any StyleGAN2 model needs", hint=NOTHING_RAN)
