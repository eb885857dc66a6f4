"""How a receipt says by what a started server was kept apart, where a verifier reads it (`event.process.keptApart`)."""

from typing import Final

NETWORK_ALONE: Final = "network namespace of its own"
"""It was started in one that holds no interface that is up: nothing leaves, nothing comes in, UDP as little as TCP."""
SOCKETS_REFUSED: Final = "seccomp: no sockets but local ones"
"""The kernel refuses it every socket that could reach another machine, over whatever protocol."""
PRIVATE_SOCKET: Final = "private socket of a portal"
"""A portal speaks to it at a socket, in a folder that is closed to all but its user and the portal's."""
PIPES: Final = "pipes of a portal"
"""Its standard input and output are pipes that a portal alone holds the other ends of."""
