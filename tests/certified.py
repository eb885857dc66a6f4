"""Writer keys of one job: a trust file that names the identity, and attestations by the small Sigstore."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509

from attest.codec.octets import sha256_hex
from attest.provenance.certified_writer import PREDICATE_TYPE
from attest.signing.keyfiles import public_pem
from attest.signing.keys import PrivateKey
from attest.trust.document import SigstoreRoot, TrustedIdentity, TrustFile
from attest.trust.making import BuilderIdentity, BuilderKey, make_trust
from attest.trust.trust import Trust
from tests import sigstore_world
from tests.sigstore_world import Leaf, utf8
from tests.world import BUILDER, BUILDER_ID, NOW, SEALER, SOURCE, make_key, trust_of

JOB_KEY: Final = make_key("of one job")
"""In no trust file."""
ISSUER: Final = sigstore_world.ISSUER
REPOSITORY: Final = "https://builds.example/acme/server"
WORKFLOW: Final = f"{REPOSITORY}/.workflows/run.yml"
REF: Final = "refs/heads/main"
COMMIT: Final = "c0ffee00" * 5
RUN_URI: Final = f"{REPOSITORY}/actions/runs/4711/attempts/2"
SIGNED: Final = datetime.fromtimestamp(NOW / 1000, UTC) - timedelta(minutes=15)
"""When a job attests its key: before the run of an evidence story begins."""
SINCE: Final = NOW - 15 * 60_000
ROOT: Final = SigstoreRoot(name="custom", trusted_root=sigstore_world.root_document())
IDENTITY: Final = TrustedIdentity(identity=WORKFLOW, issuer=ISSUER)


def leaf(identity: str = f"{WORKFLOW}@{REF}", issuer: str = ISSUER, signed: datetime = SIGNED, **claims: str) -> bytes:
    """A certificate of a job; `claims` are the further extensions by number (`n13=...`)."""
    said = {12: REPOSITORY, 13: COMMIT, 14: REF, 21: RUN_URI, **{int(name[1:]): text for name, text in claims.items()}}
    return sigstore_world.issue(
        Leaf(
            names=(x509.UniformResourceIdentifier(identity),),
            start=signed - timedelta(minutes=1),
            claims=((1, issuer.encode()), (8, utf8(issuer)), *((number, utf8(text)) for number, text in said.items())),
        )
    )


def statement(pem: bytes, **changes: Any) -> bytes:
    """What a job signs about its key, `changes` made to the statement."""
    subject = [{"name": "writer.key.pub", "digest": {"sha256": sha256_hex(pem)}}]
    whole = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": PREDICATE_TYPE,
        "predicate": {},
    }
    return json.dumps({**whole, **changes}).encode()


def attest_key(
    key: PrivateKey = JOB_KEY, *, certificate: bytes | None = None, signed: datetime = SIGNED, **changes: Any
) -> bytes:
    """The attestation of a key by a job, as bytes."""
    payload = statement(public_pem(key.public), **changes)
    return attest_anything(payload, certificate or leaf(signed=signed), signed)


def attest_anything(payload: bytes, certificate: bytes, signed: datetime = SIGNED) -> bytes:
    """A bundle of a job around whatever it signed."""
    return sigstore_world.encoded(sigstore_world.bundle(leaf=certificate, payload=payload, time=signed))


def trust_file(**changes: Any) -> TrustFile:
    """A trust file that names the identity of the job, and no writer key."""
    return make_trust(
        **{
            "sealers": [SEALER.public],
            "builders": [BuilderKey(id=BUILDER_ID, key=BUILDER.public, max_level=2)],
            "sources": [SOURCE],
            "writer_identities": [IDENTITY],
            "sigstore": ROOT,
            **changes,
        }
    )


def builder_identity() -> BuilderIdentity:
    """The same job as a builder."""
    return BuilderIdentity(identity=WORKFLOW, issuer=ISSUER)


TRUST: Final[Trust] = trust_of(trust_file())
