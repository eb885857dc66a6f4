"""Byte code that earlier runs left, beside the log: a start need not compile again what follows from the same sources.

It is not believed for lying there. That code is what a source makes was judged when attest compiled the source again;
what was judged so is kept as a list of digests that our own key signed, which nobody can make who cannot make receipts.
Only what follows by that list from its source, as that is now, is laid out for the server. Anything else is removed,
and compiled anew: code that somebody put there never runs, and stops nothing.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import msgspec

from attest.agent.closure import Looked
from attest.agent.launching.byte_code import ROOT, Sealed, jobs_of
from attest.agent.launching.library import Library
from attest.codec import canonical, strict
from attest.codec.files import PRIVATE_MODE, make_nameless, read_file, write_file
from attest.codec.records import Line, Record, Sha256Hex
from attest.errors import AttestError
from attest.measure.bytecode import judgement
from attest.measure.derivations.rule import CompileJob
from attest.measure.facts import Facts
from attest.measure.tree import look_at_roots
from attest.signing.dsse import encode_envelope, open_envelope, read_envelope, sign_envelope
from attest.signing.keyring import KeyRing
from attest.signing.keys import PrivateKey
from attest.statement.observation import Key
from attest.version import VERSION

FOLDER: Final = "byte-code"
"""Of a log directory, which is kept from the server wherever that can be."""
LIST: Final = "judgements"
FILES: Final = "files"
"""Each below the absolute path of its source, as in the server's own directory."""
PAYLOAD: Final = "application/vnd.mcp-attest.byte-code+json"

MOST_BYTES: Final = 256 * 1024 * 1024
"""Of all that is kept: a server may give its byte code any number of names."""
MOST_JUDGEMENTS: Final = 200_000
"""A list of that many is read as one document."""


class Judgements(Record, kw_only=True):
    """What the comparison of a version of ours said: the `judgement` of each .pyc that is what its source makes."""

    version: Line
    follow: Annotated[tuple[Sha256Hex, ...], msgspec.Meta(max_length=MOST_JUDGEMENTS)]


class KeptCode:
    """What is kept beside one log. Nothing raises that would only make a start slower."""

    def __init__(self, log: Path, key: PrivateKey) -> None:
        """Read what is kept in a log directory, as far as `key` signed it."""
        self._folder = log / FOLDER
        self._key = key
        self._kept: dict[Key, str | None] = {}
        """The digests of the files that are kept."""
        self._bytes = 0
        self._in_use: frozenset[str] = frozenset()
        """The judgements that this run made or believed; others are forgotten."""
        self._keeping = threading.Lock()
        self.judgements = self._read()
        """Of what followed from its source in the run that kept it."""

    def lay_out(self, place: str, sealed: Sealed, library: Library, clock_ms: Callable[[], int]) -> None:
        """Put into the directory for a server's byte code what follows from its sources as they are now.

        To be called before the server's user can enter the directory.
        """
        kept = look_at_roots({ROOT.name: self._folder / FILES}, (ROOT,), {}, clock_ms=clock_ms)
        facts, jobs = jobs_of(kept.files, sealed, library, clock_ms, kept)
        follows = {job.compiled for job in jobs if _judgement(facts, job) in self.judgements}
        for key in kept.files:
            if key in follows:
                self._copy(facts, key, Path(place))
            else:
                with suppress(OSError):
                    (self._folder / FILES / key[1]).unlink()

    def keep(self, looked: Looked, judgements: frozenset[str]) -> None:
        """Keep what was found in the server's directory to be what its sources make, and what else was judged.

        By one thread at a time: the last look at a server may be under way when its end is seen.
        """
        with self._keeping:
            self._in_use |= judgements
            self._keep(looked)

    def _keep(self, looked: Looked) -> None:
        facts = Facts(observation=looked.observation, known={})
        for key in looked.derivations:
            seen = facts.observed(key)
            if seen is not None and self._kept.get(key) != seen.sha256 and self._bytes + (seen.size or 0) <= MOST_BYTES:
                self._copy(facts, key, self._folder / FILES)
        if self._in_use != self.judgements and len(self._in_use) <= MOST_JUDGEMENTS:
            with suppress(AttestError, OSError):
                self._sign(self._in_use)

    def _copy(self, facts: Facts, key: Key, top: Path) -> None:
        """Write what was read there below `top`; whole or not at all."""
        seen = facts.observed(key)
        with suppress(AttestError, OSError):
            _write(top / key[1], facts.read_once(key))
            self._kept[key] = seen.sha256 if seen is not None else None
            self._bytes += (seen.size or 0) if seen is not None else 0

    def _sign(self, judgements: frozenset[str]) -> None:
        told = Judgements(version=VERSION, follow=tuple(sorted(judgements)))
        envelope = sign_envelope(canonical.encode(told), self._key, payload_type=PAYLOAD)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        write_file(self._folder / LIST, [encode_envelope(envelope)], mode=PRIVATE_MODE)
        self.judgements = judgements

    def _read(self) -> frozenset[str]:
        where = str(self._folder / LIST)
        try:
            envelope = read_envelope(read_file(self._folder / LIST), where=where)
            opened = open_envelope(envelope, KeyRing(role="writer", keys=(self._key.public,)), where=where)
            told = strict.read(opened.value, Judgements, where=where)
        except AttestError:
            return frozenset()
        is_ours = envelope.payload_type == PAYLOAD and told.version == VERSION
        return frozenset(told.follow) if is_ours else frozenset()


def _judgement(facts: Facts, job: CompileJob) -> str | None:
    source, compiled = facts.observed(job.source), facts.observed(job.compiled)
    if source is None or source.sha256 is None or compiled is None or compiled.sha256 is None:
        return None
    return judgement(source.sha256, compiled.sha256, job.optimize)


def _write(path: Path, octets: bytes) -> None:
    """Write a file that is whole or not there; what a crash of the machine spoils, its digest tells."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = make_nameless(path.parent, ".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
