"""A link as a process of its own, so that it shares no interpreter with what it slows down.

    python -m draggan_daemon.bench.link_process --listen ADDRESS --target ADDRESS
It prints its address, takes the words `cut`, `restore` and `sever` on standard input, a line each,
and ends with its input. Standard library and the wire only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from .link import Link, LinkSpeed

WORDS = ("cut", "restore", "sever")


class LinkProcess:
    """The same as a `Link`, from the process that starts it."""

    def __init__(self, address: str, target: str, speed: LinkSpeed | None = None) -> None:
        speed = speed or LinkSpeed()
        module = ["-m", "draggan_daemon.bench.link_process"]
        where = ["--listen", address, "--target", target]
        how = [f"--bits-per-second={speed.bits_per_second}", f"--delay={speed.delay}"]
        self._process = subprocess.Popen(
            [sys.executable, *module, *where, *how, f"--queue={speed.queue}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()

    def say(self, word: str) -> None:
        """One of WORDS."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.communicate()


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    speed = LinkSpeed(options.bits_per_second, options.delay, options.queue)
    link = Link(options.listen, options.target, speed)
    print(link.address, flush=True)
    for line in sys.stdin:
        if (word := line.strip()) in WORDS:
            getattr(link, word)()
    link.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A slow link between two sockets.")
    parser.add_argument("--listen", required=True, metavar="ADDRESS")
    parser.add_argument("--target", required=True, metavar="ADDRESS")
    parser.add_argument("--bits-per-second", type=float, default=LinkSpeed.bits_per_second)
    parser.add_argument("--delay", type=float, default=LinkSpeed.delay, help="seconds each way")
    parser.add_argument("--queue", type=int, default=LinkSpeed.queue, help="bytes each way")
    return parser


if __name__ == "__main__":
    sys.exit(main())
