"""Vectors of anchors: kept beside a log, in an evidence bundle, and the authorities that a trust file names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from attest.codec import canonical
from attest.codec.octets import sha256_hex, to_base64
from attest.evidence.grammar import AnchorLine, BundleEnd
from attest.tlog.anchors.anchor import read_anchor
from scripts.faults import Fault, Places, base64_faults, with_value
from scripts.json_vectors import strict_faults
from scripts.vector import Vector, bad, good
from tests.documents import TRUST
from tests.log_documents import ANCHOR, BUNDLE

_LINE: Final = AnchorLine(
    method="rfc3161",
    note=read_anchor(ANCHOR, where="anchor").note,
    answer=read_anchor(ANCHOR, where="anchor").answer,
    proof=(),
)


def _certificate(common: str, *, is_ca: bool = True) -> str:
    """A self-signed certificate, the same on every machine."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sha256_hex(common.encode())))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    builder = x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
    builder = builder.serial_number(7).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
    builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    return to_base64(builder.sign(key, None).public_bytes(Encoding.DER))


def anchors() -> Iterator[Vector]:
    """Yield anchors as they are kept; who says so, and when, is for the method to check."""
    places = Places(text=("note",), word=("method",))
    yield from good("good", ANCHOR, "anchor")
    yield from bad("anchor", strict_faults(ANCHOR, places))
    yield from bad("anchor", base64_faults(b"four", lambda text: with_value(ANCHOR, ("answer",), text)))
    faults: list[Fault] = [
        ("note-without-signature", with_value(ANCHOR, ("note",), "a\n1\n\n")),
        ("too-long", with_value(ANCHOR, ("answer",), to_base64(bytes(512 * 1024)))),
    ]
    yield from bad("anchor", faults)


def bundles() -> Iterator[Vector]:
    """Yield evidence bundles with an anchor behind the checkpoint, and elsewhere."""
    *before, checkpoint, _ = BUNDLE.splitlines(keepends=True)
    line = canonical.encode(_LINE) + b"\n"
    yield from good("good-anchored", _closed([*before, checkpoint, line]), "bundle")
    faults: list[Fault] = [
        ("anchor-before-its-checkpoint", _closed([*before, line, checkpoint])),
        ("anchor-proof-of-no-hashes", _closed([*before, checkpoint, with_value(line, ("proof",), ["00"]) + b"\n"])),
        ("anchor-method-unknown", _closed([*before, checkpoint, with_value(line, ("method",), "rekor") + b"\n"])),
    ]
    yield from bad("bundle", faults)


def _closed(lines: list[bytes]) -> bytes:
    end = BundleEnd(lines=len(lines), sha256=sha256_hex(b"".join(lines)))
    return b"".join([*lines, canonical.encode(end), b"\n"])


def trust_files() -> Iterator[Vector]:
    """Yield trust files that name an authority: by its root, and by what does not lead to one."""
    compact, root = canonical.encode_value(json.loads(TRUST)), _certificate("tsa root")

    def naming(**changes: object) -> dict[str, object]:
        return {"name": "a time stamping authority", "certificates": [root], **changes}

    def put(*rows: dict[str, object]) -> bytes:
        return with_value(compact, ("timestampAuthorities",), list(rows))

    yield from good("good-timestamp-authority", put(naming()), "trust")
    faults: list[Fault] = [
        ("authority-twice", put(naming(), naming())),
        ("authority-without-certificate", put(naming(certificates=[]))),
        ("authority-with-two-roots", put(naming(certificates=[root, _certificate("another root")]))),
        ("authority-with-a-root-twice", put(naming(certificates=[root, root]))),
        ("authority-without-root", put(naming(certificates=[_certificate("no authority", is_ca=False)]))),
        ("authority-with-a-stranger", put(naming(certificates=[_certificate("no authority", is_ca=False), root]))),
        ("authority-with-no-certificate", put(naming(certificates=["AAAA"]))),
        ("authority-with-nameless", put(naming(name=""))),
        (
            "authority-window-backwards",
            put(naming(notBefore="2027-01-01T00:00:00.000Z", notAfter="2026-01-01T00:00:00.000Z")),
        ),
    ]
    yield from bad("trust", faults)
