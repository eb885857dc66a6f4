"""What `attest update` does: fetch for what is installed now, seal it like the old reference, keep the old one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from attest.codec.files import read_file, write_file
from attest.errors import MalformedError, UnavailableError
from attest.fetch.fetch import fetch_locked, fetch_packages
from attest.fetch.wanted import Wanted, installed_in
from attest.provenance.model import Expectations
from attest.seal.again import request_again
from attest.seal.differences import Difference, How, Side
from attest.seal.folder import sort_folders
from attest.seal.phases import Tell
from attest.seal.request import SealRequest
from attest.seal.seal import seal
from attest.seal.sealed import Sealed
from attest.seal.superseded import open_superseded
from attest.seal.tools.checking import check_rules
from attest.seal.unverified import read_unverified
from attest.signing.dsse import encode_envelope
from attest.signing.keys import PrivateKey
from attest.statement.companions import attachments_path, manifest_path
from attest.statement.manifest import Scope
from attest.statement.predicates.runtime_revocation import Revoked
from attest.statement.tools.rules import ToolRules
from attest.trust.revoking import make_revocation, sign_revocation
from attest.trust.trust import Trust

NO_EVIDENCE: Final = "none"
_LOCKS: Final = ("package-lock.json", "node_modules/.package-lock.json", ".package-lock.json", "../package-lock.json")
_ALWAYS_OTHER: Final = ("validity.", "manifest.")
"""When it was sealed; and digests of byte code as it was seen, which is made again."""


@dataclass(frozen=True, kw_only=True)
class Updating:
    """One reference that is sealed anew."""

    path: Path
    trust: Trust
    load_key: Callable[[], PrivateKey] = field(repr=False)
    expectations: Expectations
    allow_site: tuple[str, ...]
    accept_downgrade: str | None
    tools: ToolRules | None
    """What callers may do from now on; None: what they might before."""
    enforce: bool
    """Whether what the old one only records is done from now on."""
    runtime: Path | None
    at: int

    @cached_property
    def old(self) -> Side:
        """The reference as it is, signed by a trusted sealer."""
        open_superseded(self.path, self.trust, at=self.at)
        return read_unverified(self.path)

    def seal(self, evidence: tuple[str, ...], tell: Tell) -> Sealed:
        """Seal what is installed now, with the evidence of folders, with what an index offers (of none), or without.

        Raises `MalformedError` for folders and at the same time none.
        """
        if NO_EVIDENCE in evidence and len(evidence) > 1:
            raise MalformedError("--evidence", f"directories, or {NO_EVIDENCE} alone", " ".join(evidence))
        if self.tools is not None:  # before minutes of fetching
            check_rules(self.tools, {place.name: place.path for place in self.old.reference.places})
        with self._folders(evidence, tell) as folders:
            archives, pieces = sort_folders(folders)
            given = SealRequest(
                runtime=self.runtime,
                artifacts=archives,
                evidence=pieces,
                expectations=self.expectations,
                allow_site=self.allow_site,
                accept_downgrade=self.accept_downgrade,
                tools=self.tools,
            )
            request = request_again(self.path, self.old, given)
            if self.enforce and request.like is not None:
                enforcement = msgspec.structs.replace(request.like.enforcement, audit_only=False)
                request = replace(request, like=msgspec.structs.replace(request.like, enforcement=enforcement))
            return seal(request, self.trust, self.load_key, at=self.at, tell=tell)

    @contextmanager
    def _folders(self, evidence: tuple[str, ...], tell: Tell) -> Iterator[tuple[Path, ...]]:
        old = self.old.reference
        if evidence == (NO_EVIDENCE,) or old.program is not None or old.is_remote:
            yield ()
        elif evidence:
            yield tuple(map(Path, evidence))
        else:
            with tempfile.TemporaryDirectory() as place:
                _fetch(self.old, Path(place), tell)
                yield (Path(place),)


def is_nothing(difference: Difference) -> bool:
    """Whether two references differ in nothing but when they were sealed."""
    terms = [term for term in difference.terms if not term.name.startswith(_ALWAYS_OTHER)]
    evidence = [each for each in difference.evidence if each.how is not How.RENEWED]
    tools = difference.definitions or difference.rules
    return not (difference.packages or difference.files or evidence or tools or terms)


def keep_old(path: Path, old: Side, key: PrivateKey, *, at: int, void_from: int) -> tuple[Path, Path]:
    """Copy REF and what is beside it to REF-SEQUENCE, and sign that it is void from `void_from` on (ms since 1970)."""
    kept = path.with_name(f"{path.name.removesuffix('.ref')}-{old.reference.validity.sequence}.ref")
    for source, target in (
        (attachments_path(path), attachments_path(kept)),
        (manifest_path(path), manifest_path(kept)),
        (path, kept),
    ):
        if source.is_file():
            write_file(target, [read_file(source, max_bytes=1 << 32)])
    revoked = kept.with_name(f"{kept.name}.revoked")
    revocation = make_revocation(Revoked.REFERENCE, old.digest, void_from=void_from, reason="updated")
    write_file(revoked, [encode_envelope(sign_revocation(revocation, key, at=at)), b"\n"])
    return kept, revoked


def _fetch(old: Side, folder: Path, tell: Tell) -> None:
    """Fetch what is installed in the trees: what their locks name, and the distributions of their environments."""
    places = {place.name: Path(place.path) for place in old.reference.places}
    trees = [places[root.name] for root in old.roots if root.scope is Scope.EXACT]
    locks = [lock for tree in trees if (lock := _lock_of(tree)) is not None]
    wanted = tuple(dict.fromkeys(each for tree in trees if _lock_of(tree) is None for each in _installed(tree)))
    if not locks and not wanted:
        raise MalformedError(
            ", ".join(map(str, trees)) or "the sealed files",
            "a lock file of npm or installed Python packages, to fetch their archives",
            "neither",
            hint="--evidence DIR, or --evidence none and --allow-site GLOB",
        )
    for number, lock in enumerate(locks):
        name = "package-lock.json" if number == 0 else f"{number}.package-lock.json"
        tuple(fetch_locked(read_file(lock), name, folder, tell=tell))
    if wanted:
        tuple(fetch_packages(wanted, folder, dependencies=False, tell=tell))


def _lock_of(tree: Path) -> Path | None:
    return next((tree / name for name in _LOCKS if (tree / name).is_file()), None)


def _installed(tree: Path) -> tuple[Wanted, ...]:
    try:
        return installed_in(tree)
    except (MalformedError, UnavailableError):
        return ()
