"""What `attest wrap` tells a person: which servers are protected, which are not and why, and what to do next."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import groupby
from typing import Final

from attest.cli.home import home as data_folder
from attest.cli.home import log_named
from attest.cli.output import wants_colours
from attest.clients.configuration import Configuration
from attest.clients.portal_command import read_portal
from attest.codec.printable import printable
from attest.scan.executing import shown_words
from attest.wrap.model import Edited, Protected, Row, Sealable, Unprotected
from attest.wrap.showing import difference

_CODES: Final = {"bold": "1", "green": "32", "yellow": "33", "dim": "2"}
_SUFFIX: Final = ".ref"
_UNKNOWN: Final = "configuration"
"""What `read_given` calls the client of a file that lies in no usual place."""


class WrapText:
    """How things are spelled; paths in `home` are shown with `~`."""

    def __init__(self, *, home: str, dry_run: bool) -> None:
        """Take the user's folder, and whether everything is only said and not done."""
        self._home: Final = home
        self.dry_run: Final = dry_run
        self._coloured: Final = wants_colours()

    def candidates(self, judged: Sequence[Row]) -> Iterator[str]:
        """Yield a line for each server that could be put behind the portal."""
        for each in judged:
            if isinstance(each, Sealable):
                yield f"  {self._name(each)}  {self._text(str(each.configuration.path))}"

    def differences(self, edited: Sequence[Edited]) -> Iterator[str]:
        """Yield a diff for each file that would change; none if they were changed."""
        for each in edited if self.dry_run else ():
            yield from difference(each, where=str(each.path))
            yield ""

    def outcomes(
        self, configurations: Sequence[Configuration], outcomes: Sequence[Protected | Unprotected]
    ) -> Iterator[str]:
        """Yield a block a configuration, then what it all comes to and what to do next."""
        for each in configurations:
            if each.complaint is not None:
                yield f"{self._paint('unreadable', 'yellow')}  {self._text(each.complaint)}"
        for configuration, rows in groupby(outcomes, key=lambda each: each.configuration):
            yield self._paint(f"{configuration.client}  {self._text(str(configuration.path))}", "bold")
            for row in rows:
                yield from self._protected(row) if isinstance(row, Protected) else self._unprotected(row)
            yield ""
        yield from self._summary(outcomes)

    def undone(self, path: str, edited: Edited | None) -> str:
        """Return the line for one configuration."""
        if edited is None:
            return f"unchanged  {self._text(path)}: nothing of attest wrap is in it"
        return f"{'would be restored' if self.dry_run else 'restored'}  {self._text(path)}"

    @staticmethod
    def is_failure(given: Sequence[Configuration], outcomes: Sequence[Protected | Unprotected], *, named: bool) -> bool:
        """Whether what was asked for was not done: a file not read, a named server, or every one, not protected."""
        unreadable = any(each.complaint is not None for each in given)
        missed = [each for each in outcomes if isinstance(each, Unprotected)]
        return unreadable or (bool(missed) and (named or len(missed) == len(outcomes)))

    def _protected(self, row: Protected) -> Iterator[str]:
        how = "audit-only" if row.audit_only else "enforcing"
        done = "already " if row.before else "would be " if self.dry_run else ""
        name = row.reference.name.removesuffix(_SUFFIX)
        yield f"  {self._paint(f'{done}protected', 'green')}  {self._name(row)}  {how}, sealed as {self._text(name)}"
        if row.not_sealed:
            labels = ", ".join(self._text(label) for label in row.not_sealed)
            yield f"    not sealed: {labels} (any word may stand there)"
        for note in row.notes:
            yield f"    note: {note}"

    def _unprotected(self, row: Unprotected) -> Iterator[str]:
        yield f"  {self._paint('NOT protected', 'yellow')}  {self._name(row)}  {self._text(row.reason)}"
        if row.hint is not None:
            yield f"    hint: {self._text(row.hint)}"

    def _summary(self, outcomes: Sequence[Protected | Unprotected]) -> Iterator[str]:
        protected = [each for each in outcomes if isinstance(each, Protected)]
        audited = [each for each in protected if each.audit_only]
        new = [each for each in protected if not each.before]
        if not outcomes:
            yield "no server in a configuration that was read"
            yield "hint: name a configuration: attest wrap FILE"
            return
        left = len(outcomes) - len(protected)
        count = f"{len(outcomes)} server{'' if len(outcomes) == 1 else 's'}"
        would = "would be protected" if self.dry_run else "protected"
        yield f"{count}: {len(protected)} {would} ({len(audited)} audit-only), {left} not"
        if self.dry_run or not protected:
            return
        if new:
            clients = dict.fromkeys(each.configuration.client for each in new if each.configuration.client != _UNKNOWN)
            yield f"next: restart {', '.join(clients) or 'the client'}: what runs now was started before"
            yield f"Kept from your keys, these servers make no new file or folder right in {self._ways()}:"
            yield "make one that a server looks for there (~/.mcp-auth of mcp-remote) yourself (see docs/wrapping.md)."
        if new and (folder := self._closed_temporary()) is not None:
            yield f"Nor do they make temporary files right in {self._text(folder)}, where your keys lie:"
            yield "make a folder there yourself, and set TMPDIR to it where the client sets their variables."
        if audited:
            name = self._text(audited[0].reference.name.removesuffix(_SUFFIX))
            yield "Sealed is what is installed now, tied to no build; calls are written down, and none is refused yet."
            yield "to enforce, once it was in use for a while:"
            if find_spec("jsonschema_rs") is None:
                yield "  pip install 'mcp-attest[portal]'"
            log = self._word(log_named(audited[0].reference).name)
            command = " ".join(map(self._word, audited[0].executed))
            yield f"  attest tools record -o session.jsonl -- {command}"
            yield f"  attest tools learn session.jsonl --log {log} -o tools.toml"
            yield f"  attest update {name} --tools tools.toml --enforce"
        if new:
            yield "undo: attest wrap --undo"

    def _ways(self) -> str:
        """Return the user's directories on the way to what is kept from servers."""
        place = data_folder()
        ways = [str(folder) for folder in reversed(place.parents) if folder.is_relative_to(self._home)]
        return ", ".join(self._text(f"{way}/") for way in ways or [str(place.parent)])

    @staticmethod
    def _closed_temporary() -> str | None:
        from attest.agent.launching.temporary import closed_temporary

        return closed_temporary([data_folder()], os.environ)

    def _name(self, row: Row) -> str:
        portal = read_portal(row.server.command)
        command = row.server.command if portal is None else portal.inner
        words = " ".join((*shown_words(command), "…")) if command else row.server.host or ""
        return f"{self._paint(self._text(row.server.name), 'bold')}  {self._paint(self._text(words), 'dim')}".rstrip()

    def _word(self, word: str) -> str:
        """Return a word for a shell, to which `~` means the home folder only where it stands first and unquoted."""
        inside = word.removeprefix(f"{self._home}/")
        return printable(shlex.quote(word) if inside == word else f"~/{shlex.quote(inside)}")

    def _text(self, text: str) -> str:
        return printable(text).replace(f"{self._home}/", "~/")

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._coloured else text
