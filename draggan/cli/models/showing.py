"""`draggan models show`: all that a model's file says about itself; never torch."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draggan.checkpoint.card import Header, ModelCard

Row = tuple[str, str]
_SHOWN_APART = {"title", "family", "licence", "summary"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="its name, or a .safetensors file")


def run_command(args: argparse.Namespace) -> int:
    """Prints a line per fact."""
    from draggan.checkpoint.card import read_card, read_header
    from draggan.checkpoint.registry import model_file
    from draggan.encoder_files import prepared_in_words

    path = model_file(args.model)
    card, header = read_card(path, model_id=path.stem), read_header(path)
    rows = [*_card_in_words(card), *network_in_words(header)]
    rows.append(("statistics", ", ".join(_measured(header)) or "no"))
    rows.append(("prepared", prepared_in_words(path.stem)))
    rows += _source_in_words(header)
    rows.append(("file", f"{path} ({path.stat().st_size / 1e6:.1f} MB)"))
    width = max(len(key) for key, _ in rows)
    for key, words in rows:
        print(f"{key:{width}}  {words}")
    return 0


def network_in_words(header: Header) -> Iterator[Row]:
    """What the networks in a model's file are, as stated there."""
    a = header.architecture
    channels = a.get("channels")
    yield "classes", str(a.get("c_dim") or "none")
    yield "latent", f"z {a.get('z_dim')}, w {a.get('w_dim')}"
    if isinstance(channels, list):
        widths = " ".join(str(c)[:5] for c in channels[:16])
        yield "generator", f"{a.get('kind')}, channels from 4 px on: {widths}"
    yield "discriminator", "no" if header.discriminator is None else "yes"


def _measured(header: Header) -> list[str]:
    from draggan.checkpoint.card import STATISTICS

    names = {n.removeprefix(STATISTICS) for n in header.tensors if n.startswith(STATISTICS)}
    latent = ["latents"] if "w_mean" in names else []
    blocks = sorted(n.removesuffix(".mean") for n in names if n.endswith(".mean"))
    return [*latent, *(f"features at {block.removeprefix('b')} px" for block in blocks)]


def _card_in_words(card: ModelCard) -> Iterator[Row]:
    yield "name", card.id
    yield "title", card.title
    yield "family", card.family
    yield "picture", f"{card.width} x {card.height}"
    yield "licence", card.licence
    if card.summary:
        yield "summary", card.summary
    yield from ((k, v) for k, v in card.fields.items() if k not in _SHOWN_APART)


def _source_in_words(header: Header) -> Iterator[Row]:
    source = header.source
    if source is not None:
        yield "imported from", f"{source.file} ({source.bytes / 1e6:.1f} MB, {source.origin})"
        yield "its sha256", source.sha256
