"""A scan for people: a block a server, under the file that names it; what to worry about stands out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from attest.clients.configuration import Configuration
from attest.codec.printable import printable
from attest.scan.model import FAILING, Closure, Concern, ConcernKind, Scanned

_CODES: Final = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "dim": "2"}
_WIDTH: Final = 10
_SHOWN: Final = 3
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_UNSEEN: Final = frozenset(
    {ConcernKind.UNREADABLE, ConcernKind.NOT_INSTALLED, ConcernKind.REMOTE, ConcernKind.CONTAINER}
)
_NOTHING: Final = (
    "no configuration of an MCP client in its usual place, and no MCP server running",
    "hint: name a configuration: attest scan FILE",
)


def render(found: Sequence[Configuration], scanned: Sequence[Scanned], *, home: str, coloured: bool) -> Iterator[str]:
    """Yield the lines; paths in `home` are shown with `~`."""
    page = _Page(home=home, coloured=coloured)
    for complaint in (each for each in found if each.complaint is not None):
        yield f"{page.paint('unreadable', 'yellow')}  {page.text(str(complaint.complaint))}"
    for (client, path), servers in groupby(scanned, key=lambda each: (each.client, each.configuration)):
        yield ""
        where = "running, in no configuration that was read" if path is None else f"{client}  {page.text(path)}"
        yield page.paint(where, "bold")
        for server in servers:
            yield ""
            yield from page.server(server)
    if not scanned:
        yield from (_NOTHING if not found else ("no server in a configuration that was read, and none found running",))
        return
    yield ""
    yield from page.summary(scanned)


class _Page:
    """How things are spelled on one page."""

    def __init__(self, *, home: str, coloured: bool) -> None:
        self._home = home
        self._coloured = coloured

    def paint(self, text: str, colour: str) -> str:
        """Give text its colour, or not."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._coloured else text

    def text(self, text: str) -> str:
        """Return foreign text as one printable line, the user's folder as `~`."""
        return printable(text).replace(f"{self._home}/", "~/")

    def server(self, server: Scanned) -> Iterator[str]:
        """Yield the block of one server."""
        words = " ".join((*server.words, "…")) if server.words else server.host or ""
        off = f"{'  (behind the portal)' if server.portal else ''}{'  (switched off)' if server.disabled else ''}"
        shown = f"  {self.paint(self.text(words), 'dim')}" if words else ""
        yield f"  {self.paint(self.text(server.name), 'bold')}{shown}{off}"
        if server.executed is not None:
            more = (
                f"  (+{_count(server.executed.more_arguments, 'argument')})" if server.executed.more_arguments else ""
            )
            yield self._row("executes", f"{self.text(server.executed.program)}{more}")
            for file in server.executed.code[:_SHOWN]:
                if file != server.executed.program:
                    yield self._row("", self.text(file))
        for closure in server.closures:
            yield from self._closure(closure)
        for running in server.running:
            since = "" if running.started_seconds_ago is None else f", for {_span(running.started_seconds_ago)}"
            yield self._row("running", f"process {running.pid}, user {running.uid}{since}")
        if server.sealed is not None:
            yield self._row("sealed", f"{server.sealed.reference}: {server.sealed.state}, {server.sealed.assurance}")
        for concern in server.concerns:
            yield from self._concern(concern)

    def _closure(self, closure: Closure) -> Iterator[str]:
        size = f"{_count(closure.files, 'file')}, {closure.bytes / 1e6:.1f} MB"
        packages = f", {_count(len(closure.packages), 'package')}" if closure.packages else ""
        yield self._row("loads", f"{self.text(closure.place)}  ({size}{packages})")
        parts = (
            (closure.bound, "equal the archives that a lock file names"),
            (closure.recorded, "equal what their installer wrote down"),
            (closure.named, "named, with nothing here to compare with"),
            (closure.byte_code, "compiled, not compared: seal compares them"),
        )
        for number, text in parts:
            if number:
                yield self._row("", f"{number:>6,} {text}")

    def _concern(self, concern: Concern) -> Iterator[str]:
        colour = "red" if concern.kind in FAILING else "yellow"
        mark = self.paint(f"{'!' if colour == 'red' else '-'} {concern.kind.value}", colour)
        yield f"    {mark}: {self.text(concern.text)}"
        if concern.hint is not None:
            yield f"      hint: {self.text(concern.hint)}"

    def _row(self, name: str, text: str) -> str:
        return f"    {self.paint(name.ljust(_WIDTH), 'dim')}{text}"

    def summary(self, scanned: Sequence[Scanned]) -> Iterator[str]:
        """Yield what it all comes to, and what to do next."""
        sealed = sum(each.sealed is not None for each in scanned)
        failing = sum(each.failing for each in scanned)
        running = sum(bool(each.running) for each in scanned)
        unseen = sum(any(concern.kind in _UNSEEN for concern in each.concerns) for each in scanned)
        also = f", {unseen} that could not be looked at" if unseen else ""
        count = _count(len(scanned), "server")
        yield f"{count}: {running} running, {sealed} sealed, {failing} with something wrong{also}"
        if sealed < len(scanned):
            yield "What is not sealed is tied to no build: records on the same disk prove little."
            yield "next: attest wrap, or by hand attest init, attest fetch and attest seal (README, step by step)"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _span(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h" if seconds < 2 * _DAY else f"{seconds // _DAY} days"
