"""What undoing needs, kept in the user's place: a configuration's bytes from before, and what was written into it."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attest.clients.editing import Change, Place, take_away, take_words
from attest.clients.formats import MAX_BYTES
from attest.codec import canonical, strict
from attest.codec.files import PRIVATE_MODE, read_file, write_file
from attest.codec.octets import from_base64, sha256_hex, to_base64
from attest.codec.records import Base64Text, Record, Sha256Hex
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError

_SUFFIX = ".json"
_ORIGINAL = ".original"


class KeptChange(Record, kw_only=True):
    """One edited place of an entry."""

    place: Place
    old: Base64Text
    new: Base64Text


class KeptServer(Record, kw_only=True):
    """An entry that was edited: where it stands, and what was done."""

    keys: tuple[str, ...]
    words: tuple[str, ...]
    """What was put before the command."""
    changes: tuple[KeptChange, ...]


class Kept(Record, kw_only=True):
    """A configuration that was edited; its bytes from before lie beside this."""

    path: str
    """Without links."""
    form: str
    before: Sha256Hex
    after: Sha256Hex
    servers: tuple[KeptServer, ...]


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """The folder where they lie."""

    folder: Path

    def find(self, path: Path) -> Kept | None:
        """Return what is kept of a configuration (a path without links); None if nothing is."""
        file = self._file(path, _SUFFIX)
        if not file.is_file():
            return None
        return strict.read(read_file(file, max_bytes=2 * MAX_BYTES), Kept, where=str(file))

    def every(self) -> Iterator[Kept]:
        """Yield what is kept, in the order of the configurations' paths."""
        files = self.folder.glob(f"*{_SUFFIX}") if self.folder.is_dir() else ()
        kept = [strict.read(read_file(file, max_bytes=2 * MAX_BYTES), Kept, where=str(file)) for file in files]
        yield from sorted(kept, key=lambda each: each.path)

    def original(self, path: Path) -> Path:
        """Return where the bytes from before lie."""
        return self._file(path, _ORIGINAL)

    def read_original(self, kept: Kept) -> bytes:
        """Return the bytes from before; raise `RefusedError` if they are not what they were."""
        file = self.original(Path(kept.path))
        octets = read_file(file, max_bytes=MAX_BYTES)
        if sha256_hex(octets) != kept.before:
            raise RefusedError(str(file), f"the kept bytes, sha256 {kept.before}", sha256_hex(octets))
        return octets

    def keep(self, kept: Kept, before: bytes) -> None:
        """Write down what is about to be done; on disk when this returns."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(str(self.folder), "a place to write", error.strerror or "an error") from error
        write_file(self.original(Path(kept.path)), [before], mode=PRIVATE_MODE)
        write_file(self._file(Path(kept.path), _SUFFIX), [canonical.encode(kept)], mode=PRIVATE_MODE)

    def forget(self, kept: Kept) -> None:
        """Remove both, once nothing of ours is in the configuration any more."""
        for suffix in (_SUFFIX, _ORIGINAL):
            self._file(Path(kept.path), suffix).unlink(missing_ok=True)

    def _file(self, path: Path, suffix: str) -> Path:
        return self.folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}{suffix}"


def kept_server(keys: Sequence[str], words: Sequence[str], changes: Sequence[Change]) -> KeptServer:
    """Return what is written down of one edited entry."""
    rows = [KeptChange(place=each.place, old=to_base64(each.old), new=to_base64(each.new)) for each in changes]
    return KeptServer(keys=tuple(keys), words=tuple(words), changes=tuple(rows))


def without(octets: bytes, form: str, server: KeptServer, *, where: str) -> bytes:
    """Return a configuration without what was done to one entry, byte for byte or, if it was laid out anew, in effect.

    Raises `RefusedError` if what stands there is not ours any more.
    """
    changes = [
        Change(place=each.place, old=from_base64(each.old, where=where), new=from_base64(each.new, where=where))
        for each in server.changes
    ]
    try:
        return take_away(octets, form, server.keys, changes, where=where)
    except (RefusedError, MalformedError):  # the second: without just these bytes it would be broken
        return take_words(octets, form, server.keys, server.words, where=where)


def still_ours(octets: bytes, kept: Kept | None) -> tuple[bytes, tuple[KeptServer, ...]]:
    """Return the configuration without all that is still ours in it, and which entries that is."""
    ours: list[KeptServer] = []
    for server in () if kept is None else kept.servers:
        try:
            octets = without(octets, kept.form if kept is not None else "", server, where="configuration")
        except AttestError:
            continue
        ours.append(server)
    return octets, tuple(ours)
