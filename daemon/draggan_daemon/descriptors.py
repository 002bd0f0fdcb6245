"""Room for connections: how many descriptors this process may have; standard library only.

libzmq (4.3.5) aborts the process when it cannot accept a connection at a local socket for want of
descriptors, which strangers can bring about at another socket, by greetings that they never finish.
They have five seconds for each; the usual 1024 would be used up at once.
"""

from __future__ import annotations

import logging
from contextlib import suppress

WANTED = 65_536  # more than one stranger's address has ports

log = logging.getLogger("draggand")


def allow_many() -> None:
    """As many as the system lets us have, up to WANTED."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = WANTED if hard == unlimited else min(WANTED, hard)
    if soft == unlimited or soft >= wanted:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    log.debug("up to %d descriptors", wanted)
