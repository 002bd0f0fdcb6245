"""Tells what a file is that is no checkpoint, from its first bytes; imports only refusals."""

from __future__ import annotations

from .refusal import WHAT_IS_READ, Refused

_OPEN_INSTEAD = "Open it as a picture; a model is what the picture is fitted with. " + WHAT_IS_READ
_KINDS = (
    (
        b"version https://git-lfs",
        "is a git-lfs pointer, not the model itself",
        "Run `git lfs pull`.",
    ),
    (b"\x89PNG", "is a PNG picture, not a model", _OPEN_INSTEAD),
    (b"\xff\xd8\xff", "is a JPEG picture, not a model", _OPEN_INSTEAD),
    (b"RIFF", "is a picture or sound, not a model", _OPEN_INSTEAD),
    (b"GIF8", "is a GIF picture, not a model", _OPEN_INSTEAD),
    (b"%PDF", "is a PDF document, not a model", WHAT_IS_READ),
    (b"\x1f\x8b", "is compressed with gzip", "Unpack it first (`gunzip`)."),
    (b"BZh", "is compressed with bzip2", "Unpack it first (`bunzip2`)."),
    (b"\xfd7zXZ", "is compressed with xz", "Unpack it first (`unxz`)."),
    (b"7z\xbc\xaf", "is a 7z archive", "Unpack it first."),
    (b"Rar!", "is a RAR archive", "Unpack it first."),
    (b"\x89HDF", "is a Keras or HDF5 file", WHAT_IS_READ),
    (b"PK\5\6", "is an empty zip archive", WHAT_IS_READ),
)
_TAR_MARK = slice(257, 262)
_PAGE = "Its address was probably answered by a web page: download it in a browser and look at it."


def name_kind(head: bytes) -> Refused:
    """Why a file that begins with `head` (a few hundred bytes) is no checkpoint."""
    for magic, reason, hint in _KINDS:
        if head.startswith(magic):
            return Refused(reason, hint=hint)
    if head[_TAR_MARK] == b"ustar":
        return Refused("is a tar archive", hint="Unpack it first. " + WHAT_IS_READ)
    if head[8:10] == b'{"':
        return Refused("is a safetensors file, which is no pickle", hint=WHAT_IS_READ)
    start = head.lstrip()[:64].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return Refused("is a web page, not a model", hint=_PAGE)
    if start.startswith((b'{"', b"{\n", b"[", b"{ ")):
        return Refused("is a JSON text, not a model", hint=WHAT_IS_READ)
    if (start[:1] in (b"(", b"c", b"]", b"}") and b"\n" in head) or b"}q\x00" in head[:4]:
        return Refused(
            "may be a pickle of protocol 0 or 1, which is not read",
            hint="Load it where it comes from and save it again with protocol 2 or later.",
        )
    if not head.strip(b"\0"):
        return Refused("consists of zeros", hint="Download or copy the file again.")
    return Refused("is not a model file", hint=WHAT_IS_READ)
