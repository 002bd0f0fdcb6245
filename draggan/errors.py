"""Every error that the library raises on purpose; imports nothing.

DragganError
├── BadInput        handles, masks, options that cannot be used
├── BadPicture      a file that is no picture, or one that cannot be worked on
├── BadCheckpoint   a model file that is damaged, foreign or refused
├── BadSaved        a saved edit that cannot be opened again
├── BadNumbers      a drag whose numbers are no longer finite
├── UnknownModel    no model of that name
└── CannotWrite     the result has no place to go
"""

from __future__ import annotations


class DragganError(Exception):
    """One sentence in the user's words, and a hint that says what to do about it."""

    code = "error"

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class BadInput(DragganError):
    code = "bad_input"


class BadPicture(DragganError):
    code = "bad_picture"


class BadCheckpoint(DragganError):
    code = "bad_checkpoint"


class BadSaved(DragganError):
    code = "bad_saved"


class BadNumbers(DragganError):
    code = "not_finite"


class UnknownModel(DragganError):
    code = "unknown_model"


class CannotWrite(DragganError):
    code = "cannot_write"
