"""Ports for servers that are yet to start, where they cannot choose one themselves."""

from __future__ import annotations

import os
import random
import socket
from itertools import count
from typing import Final

_FIRST: Final = 10_000
_OF_A_WORKER: Final = 1_000
"""All below what the kernel gives to connections and to who asks for any port (ip(7), ip_local_port_range)."""

_turns = count(random.randrange(_OF_A_WORKER))


def free_port() -> int:
    """Return a port at which nobody listens, and that no other worker and no connection is given meanwhile."""
    first = _FIRST + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) * _OF_A_WORKER
    while True:
        port = first + next(_turns) % _OF_A_WORKER
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
