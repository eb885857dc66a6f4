"""Whether the portal was the only way to the server, and from it: `sole`, or no more than `advisory`.

1. The sealed rules let the server connect nowhere (`egress` is empty).
2. Every process of that reference was started by a portal, which speaks to it through pipes of its own as the process's
   input and output, or at a socket in a folder that is closed to all but both; and in a network namespace of its own,
   in which no interface is up, or under a filter that refuses it all sockets but local ones.
3. Every permit names one of these processes as its upstream.

What is not judged: other sockets in the file system, and files that others read; who may use those, their modes and
owners say. Landlock alone is not enough: it governs connections over TCP, and leaves UDP free.
"""

from __future__ import annotations

from typing import Final, final

from attest.evidence.verdict import PathKind
from attest.evidence.verify.calls.match import name_of
from attest.evidence.verify.told import Told
from attest.statement.apart import NETWORK_ALONE, PIPES, PRIVATE_SOCKET, SOCKETS_REFUSED
from attest.statement.predicates.runtime_event import ProcessStart
from attest.statement.tools.rules import ToolRules

_OURS: Final = frozenset({PIPES, PRIVATE_SOCKET})
_NO_NETWORK: Final = frozenset({NETWORK_ALONE, SOCKETS_REFUSED})


@final
class SolePath:
    """The path to one server in one log."""

    def __init__(self, rules: ToolRules) -> None:
        """Begin before a process was started."""
        self._nowhere = rules.egress == ()
        self._alone: set[tuple[str, str]] = set()
        self._used = False
        self._others = False
        """Whether there was a way past the portal, or nobody knows that there was none."""

    @property
    def kind(self) -> PathKind | None:
        """What the path was; None where nothing was permitted."""
        if not self._used:
            return None
        return PathKind.ADVISORY if self._others else PathKind.SOLE

    def start(self, told: Told, started: ProcessStart) -> None:
        """Take a process that was started, or came under watch."""
        kept = set(started.kept_apart)
        if self._nowhere and kept & _OURS and kept & _NO_NETWORK:
            self._alone.add((told.lasting.boot_id, name_of(started.process)))
        else:
            self._others = True

    def permit(self, told: Told, upstream: str) -> None:
        """Take a permit."""
        self._used = True
        self._others = self._others or (told.lasting.boot_id, upstream) not in self._alone
