"""Wrap the servers of one configuration: seal what is not sealed yet, keep the bytes, edit, write; or only tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from attest.clients.configuration import Configuration, ConfiguredServer
from attest.clients.editing import put_before
from attest.clients.formats import read_servers
from attest.codec.octets import sha256_hex
from attest.errors import AttestError, RefusedError
from attest.wrap.kept import Keeping, Kept, KeptServer, kept_server, still_ours
from attest.wrap.model import Edited, Protected, Sealable, Unprotected, unprotected
from attest.wrap.replacing import FileOnDisk, read_on_disk, replace_on_disk
from attest.wrap.sealing import Sealer, free_path

PortalWords = Callable[[ConfiguredServer, Path], tuple[str, ...]]
"""What to put before a server's command, given its reference."""


@dataclass(kw_only=True)
class Wrapping:
    """One call of `attest wrap`; without a `sealer` nothing is sealed and nothing written."""

    references: Path
    keeping: Keeping
    portal_words: PortalWords
    sealer: Sealer | None
    _taken: dict[Path, Sealable] = field(default_factory=dict)
    """Which reference is whose, of those that this call seals."""

    def wrap(
        self, configuration: Configuration, servers: Sequence[Sealable]
    ) -> tuple[tuple[Protected | Unprotected, ...], Edited | None]:
        """Return what became of each server, and of the file; None if it stays as it is."""
        try:
            file = read_on_disk(configuration.path)
            kept = self.keeping.find(file.path)
        except AttestError as error:
            return tuple(unprotected(each, error) for each in servers), None
        octets, done = file.octets, []
        outcomes: list[Protected | Unprotected] = []
        for each in servers:
            try:
                protected, octets, entry = self._one(each, octets)
            except AttestError as error:
                outcomes.append(unprotected(each, error))
            else:
                outcomes.append(protected)
                done.append(entry)
        if not done:
            return tuple(outcomes), None
        if self.sealer is not None:
            try:
                self._write(file, configuration.form, octets, tuple(done), kept)
            except AttestError as error:
                return tuple(unprotected(each, error) for each in outcomes), None
        return tuple(outcomes), Edited(path=file.path, form=configuration.form, before=file.octets, after=octets)

    def _one(self, sealable: Sealable, octets: bytes) -> tuple[Protected, bytes, KeptServer]:
        configuration, server = sealable.configuration, sealable.server
        reference = self._reference(sealable)
        words, where = self.portal_words(server, reference), str(configuration.path)
        edited, changes = put_before(octets, configuration.form, server.keys, words, where=where)
        again = {each.keys: each.spelled for each in read_servers(edited, configuration.form, where=where)}
        if again.get(server.keys) != (*words, *server.spelled):
            raise RefusedError(where, "the command that was sealed", "another one by now", hint="try again")
        protected = Protected(
            configuration=configuration,
            server=server,
            reference=reference,
            executed=sealable.executed,
            audit_only=sealable.sealed is None or sealable.sealed.reference.enforcement.audit_only,
            not_sealed=sealable.words.labels,
            notes=sealable.notes,
        )
        return protected, edited, kept_server(server.keys, words, changes)

    def _reference(self, sealable: Sealable) -> Path:
        """Return the reference of a server, sealed now if there is none; one for all that are started alike."""
        if sealable.sealed is not None:
            return sealable.sealed.path
        for path, other in self._taken.items():
            if (other.words, other.cwd, other.trees) == (sealable.words, sealable.cwd, sealable.trees):
                return path
        path = free_path(self.references, sealable.server.keys[-1], self._taken)
        if self.sealer is not None:
            self.sealer.seal(sealable, path)
        self._taken[path] = sealable
        return path

    def _write(
        self, file: FileOnDisk, form: str, octets: bytes, done: tuple[KeptServer, ...], kept: Kept | None
    ) -> None:
        bare, ours = still_ours(file.octets, kept)
        new = Kept(
            path=str(file.path), form=form, before=sha256_hex(bare), after=sha256_hex(octets), servers=(*ours, *done)
        )
        before = None if kept is None else self.keeping.read_original(kept)
        self.keeping.keep(new, bare)
        try:
            replace_on_disk(file, octets)
        except AttestError:
            if kept is None or before is None:
                self.keeping.forget(new)
            else:
                self.keeping.keep(kept, before)
            raise
