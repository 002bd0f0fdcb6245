"""The words that differ from one editor to the other, in English; stdlib only."""

from __future__ import annotations

from dataclasses import dataclass

from .words import Template


@dataclass(frozen=True)
class HostWords:
    """Of one editor; every text is a template without gaps."""

    no_document: Template  # why nothing can be done
    open_one: Template  # what to do first
    draw: Template  # the next thing to do while there are no handles ...
    draw_now: Template  # ... and when the canvas takes them already
    lines: Template  # the button that takes handles from the editor's own lines
    lines_tip: Template
    reopen_tip: Template
    keep_tip: Template
    keep_every_tip: Template
    hold_tip: Template
    language: Template  # the editor's own one
    box_tip: Template


KRITA = HostWords(
    no_document=Template("Open a document first."),
    open_one=Template("Open a document to begin."),
    draw=Template("Press Place handles, then draw arrows on the picture."),
    draw_now=Template("Now draw arrows on the picture, from a place to where it should go."),
    lines=Template("From vector layer"),
    lines_tip=Template("Take the lines of the active vector layer as handles"),
    reopen_tip=Template("This document holds an edit: its timeline comes back as it was."),
    keep_tip=Template("Adds this step as a layer."),
    keep_every_tip=Template("While dragging, each n-th step becomes a layer of its own."),
    hold_tip=Template("How firmly stays in place what is not selected."),
    language=Template("As in Krita"),
    box_tip=Template("A thin frame on the canvas around the part that is sent."),
)

GIMP = HostWords(
    no_document=Template("The picture is not open any more."),
    open_one=Template("Close this window and open a picture."),
    draw=Template("Choose Handles, then draw arrows on the picture."),
    draw_now=Template(
        "Draw arrows on the picture, from a place to where it should go; a click pins a place."
    ),
    lines=Template("From path"),
    lines_tip=Template("Take the selected path's lines as handles"),
    reopen_tip=Template("This picture holds an edit: its timeline comes back as it was."),
    keep_tip=Template("Adds this step as a layer when you press OK."),
    keep_every_tip=Template("While dragging, each n-th step is kept: a layer when you press OK."),
    hold_tip=Template("How firmly stays in place what may not move."),
    language=Template("As in GIMP"),
    box_tip=Template("A thin frame on the preview around the part that is sent."),
)
