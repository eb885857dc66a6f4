"""The reference of a server that nobody can measure: the same rules as elsewhere, and no file."""

from __future__ import annotations

from typing import Final

import msgspec

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.statement.digests import DigestSet, Subject
from attest.statement.enforcing import Action, Enforcement
from attest.statement.manifest import write_remote_manifest
from attest.statement.predicates import runtime_reference
from attest.statement.predicates.runtime_reference import (
    NO_FILE,
    Assurance,
    ManifestDescriptor,
    RuntimeReference,
    Server,
    Share,
    SubjectIdentifier,
    Unclaimed,
)
from attest.statement.statement import make_statement
from attest.statement.tools.rules import ToolRules, Upstream
from tests.call_documents import LEAST_RULES
from tests.documents import REFERENCE

UPSTREAM: Final = Upstream(url="https://time.example/mcp", spki=(sha256_hex(b"a key"),))
_NONE: Final = Share(files=0, bytes=0)


def elsewhere(reference: RuntimeReference, rules: ToolRules) -> tuple[RuntimeReference, bytes, tuple[Subject, ...]]:
    """Return what a reference becomes without its files, its manifest, and its subjects."""
    assert rules.upstream is not None
    manifest = b"".join(write_remote_manifest(rules.upstream, rules.definitions_digest))
    content = sha256_hex(manifest)
    digest = DigestSet(sha256=content)
    server = Server(name="time.example")
    made = msgspec.structs.replace(
        reference,
        server=server,
        subject_identifier=SubjectIdentifier(content=content, metadata=sha256_hex(canonical.encode(server))),
        manifest=ManifestDescriptor(digest=digest, entries=0),
        assurance=Assurance(built=_NONE, listed=_NONE, locked=_NONE, derived=_NONE, site=_NONE, least=NO_FILE),
        evidence=(),
        artifacts=(),
        unbound=(),
        unclaimed=Unclaimed(files=0, paths=()),
        outside=("the whole server: nobody saw a file or a process of it",),
        places=(),
        process=None,
        measurement=msgspec.structs.replace(reference.measurement, min_binding=None),
        enforcement=Enforcement(on_drift=Action.ALERT, audit_only=False),
        tools=rules,
    )
    return made, manifest, (Subject(name="manifest", digest=digest),)


RULES: Final = msgspec.structs.replace(LEAST_RULES, upstream=UPSTREAM)
REMOTE, REMOTE_MANIFEST, REMOTE_SUBJECTS = elsewhere(REFERENCE, RULES)
REMOTE_PAYLOAD: Final = canonical.encode(make_statement(runtime_reference.PREDICATE_TYPE, REMOTE, REMOTE_SUBJECTS))
