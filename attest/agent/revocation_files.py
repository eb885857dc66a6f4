"""The files of revocations that an agent was given: read again whenever they change, and never forgotten."""

from __future__ import annotations

from pathlib import Path

from attest.appraisal.state import make_finding
from attest.codec.files import read_file
from attest.codec.octets import sha256_hex
from attest.errors import AttestError
from attest.statement.findings import Finding, FindingKind
from attest.trust.revocations import Revocations, open_revocations
from attest.trust.trust import Trust


class RevocationFiles:
    """What the files say, and what they said before: who puts an older file in place gains nothing."""

    def __init__(self, paths: tuple[Path, ...], trust: Trust, known: Revocations | None = None) -> None:
        """Read the files, and add them to what is `known`.

        Raises `UnavailableError`, `MalformedError` or `UntrustedError` if one is not right.
        """
        self._paths = paths
        self._trust = trust
        self._digests: dict[Path, str] = {}
        self._problem: AttestError | None = None
        self.known: Revocations = open_revocations((), trust, known)
        for path in paths:
            self._take(path, read_file(path))

    def under(self, trust: Trust) -> RevocationFiles:
        """Return the same files, opened by another trust file; what is known already is not forgotten.

        Raises as the reading of them does, and changes nothing here.
        """
        return RevocationFiles(self._paths, trust, self.known)

    def refresh(self) -> None:
        """Read what changed; a file that cannot be read or opened any more is a problem, and what it said stays."""
        self._problem = None
        for path in self._paths:
            try:
                self._take(path, read_file(path))
            except AttestError as error:
                self._problem = error

    def judge(self) -> tuple[Finding, ...]:
        """Return that a file could not be read: nobody knows what it would have said."""
        if self._problem is None:
            return ()
        found = self._problem
        kind = FindingKind.REVOCATIONS_STALE
        return (make_finding(kind, "reference", expected=f"{found.where}: {found.expected}", found=found.found),)

    def _take(self, path: Path, octets: bytes) -> None:
        digest = sha256_hex(octets)
        if self._digests.get(path) == digest:
            return
        self.known = open_revocations([(str(path), octets)], self._trust, self.known)
        self._digests[path] = digest
