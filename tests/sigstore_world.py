"""A small Sigstore of our own: a CA like Fulcio, logs like Rekor v1 and v2, a CT log, a TSA; no corpus, no network.

Everything has parameters, so that a test can plant one fault and leave the rest genuine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from attest.codec.canonical import encode_value
from attest.provenance.sigstore.production import SigstoreTrust
from attest.provenance.sigstore.trusted_root import parse_trusted_root
from attest.signing.dsse import IN_TOTO_PAYLOAD, pae
from attest.tlog.merkle import Frontier, leaf_hash, node_hash
from tests.timestamp_tokens import timestamp_response

Key = ec.EllipticCurvePrivateKey

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""When everything here is signed, unless a test says otherwise."""

IDENTITY: Final = "https://builds.example/acme/server/.workflows/release.yml@refs/tags/v1.2.3"
ISSUER: Final = "https://tokens.example"
PAYLOAD: Final = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "server.whl", "digest": {"sha256": "a" * 64}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    }
).encode()
ARTIFACT: Final = b"the bytes of an artifact\n"
V2_ORIGIN: Final = "log.example"
MEDIA: Final = {
    "0.1": "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "0.2": "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "0.3": "application/vnd.dev.sigstore.bundle.v0.3+json",
}


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


P384: Final = ec.SECP384R1()


def key_of(number: int, curve: ec.EllipticCurve | None = None) -> Key:
    """The same keys in every run."""
    return ec.derive_private_key(number, curve or ec.SECP256R1())


def spki(key: Any) -> bytes:
    written: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return written


def sign(key: Any, octets: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(octets)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    digest = hashes.SHA384() if key.curve.name == "secp384r1" else hashes.SHA256()
    signature: bytes = key.sign(octets, ec.ECDSA(digest))
    return signature


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(octets: bytes, label: str) -> bytes:
    body = b64(octets)
    lines = [body[place : place + 64] for place in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


ROOT_KEY: Final = key_of(1001, ec.SECP384R1())
INTERMEDIATE_KEY: Final = key_of(1002, ec.SECP384R1())
LEAF_KEY: Final = key_of(1003)
OTHER_KEY: Final = key_of(1004)
CT_KEY: Final = key_of(1005)
REKOR_KEY: Final = key_of(1006)
REKOR2_KEY: Final = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
TSA_ROOT_KEY: Final = key_of(1008)
TSA_KEY: Final = key_of(1009)
PUBLISHER_KEY: Final = key_of(1010)

REKOR_ID: Final = hashlib.sha256(spki(REKOR_KEY)).digest()
REKOR2_ID: Final = hashlib.sha256(V2_ORIGIN.encode() + b"\n\x01" + REKOR2_KEY.public_key().public_bytes_raw()).digest()
CT_ID: Final = hashlib.sha256(spki(CT_KEY)).digest()


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


USAGE: Final = _usage(signs_certificates=False)
AUTHORITY_USAGE: Final = _usage(signs_certificates=True)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def authority(
    common: str,
    key: Key,
    issuer: x509.Certificate | None = None,
    issuer_key: Key | None = None,
    *,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    path_length: int | None = None,
    end: datetime | None = None,
    is_ca: bool = True,
) -> x509.Certificate:
    """A CA certificate, self-signed unless an issuer is given."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(issuer.subject if issuer else _name(common))
        .public_key(key.public_key())
        .serial_number(1 + len(common))
        .not_valid_before(START)
        .not_valid_after(end or START + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length if is_ca else None), critical=True)
    )
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key())
    named = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = AUTHORITY_USAGE if is_ca else USAGE
    for extension, critical in (*extensions, (issued_by, False), (named, False), (usage, True)):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key or key, hashes.SHA384())


ROOT: Final = authority("root", ROOT_KEY)
INTERMEDIATE: Final = authority("intermediate", INTERMEDIATE_KEY, ROOT, ROOT_KEY, path_length=0)
TSA_ROOT: Final = authority("tsa root", TSA_ROOT_KEY)


def _tsa() -> x509.Certificate:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return authority("tsa", TSA_KEY, TSA_ROOT, TSA_ROOT_KEY, extensions=((usage, True),), is_ca=False)


TSA: Final = _tsa()

CODE_SIGNING: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])


def utf8(text: str) -> bytes:
    octets = text.encode()
    return bytes([0x0C, len(octets)]) + octets if len(octets) < 128 else bytes([0x0C, 0x81, len(octets)]) + octets


def fulcio_extension(number: int, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}"), value)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """What a signing certificate is made of; the defaults make a good one."""

    key: Key = LEAF_KEY
    names: tuple[x509.GeneralName, ...] = (x509.UniformResourceIdentifier(IDENTITY),)
    start: datetime = SIGNED - timedelta(minutes=1)
    lifetime: timedelta = timedelta(minutes=10)
    issuer: x509.Certificate = INTERMEDIATE
    issuer_key: Key = INTERMEDIATE_KEY
    usage: x509.KeyUsage | None = USAGE
    purposes: x509.ExtendedKeyUsage | None = CODE_SIGNING
    more: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    claims: tuple[tuple[int, bytes], ...] = ((1, ISSUER.encode()), (8, utf8(ISSUER)))
    ct_key: Key | None = CT_KEY
    ct_time: datetime | None = None
    ct_issuer: x509.Certificate | None = None
    """Over whose key the CT log signs, if not the issuer's."""


def issue(leaf: Leaf | None = None) -> bytes:
    """Issue a signing certificate with an embedded SCT, as DER."""
    leaf = leaf or Leaf()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(leaf.issuer.subject)
        .public_key(leaf.key.public_key())
        .serial_number(4711)
        .not_valid_before(leaf.start)
        .not_valid_after(leaf.start + leaf.lifetime)
    )
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    extensions += [(leaf.usage, True)] if leaf.usage else []
    extensions += [(leaf.purposes, False)] if leaf.purposes else []
    extensions += [(x509.SubjectAlternativeName(leaf.names), True)] if leaf.names else []
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(leaf.issuer_key.public_key())
    extensions += [(issued_by, False), (x509.SubjectKeyIdentifier.from_public_key(leaf.key.public_key()), False)]
    extensions += [(fulcio_extension(number, value), False) for number, value in leaf.claims]
    for extension, critical in (*extensions, *leaf.more):
        builder = builder.add_extension(extension, critical=critical)
    if leaf.ct_key is None:
        return der(builder.sign(leaf.issuer_key, hashes.SHA384()))
    draft = builder.sign(leaf.issuer_key, hashes.SHA384()).tbs_certificate_bytes
    listed = _sct_list(leaf, draft)
    sct = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), listed)
    return der(builder.add_extension(sct, critical=False).sign(leaf.issuer_key, hashes.SHA384()))


def _sct_list(leaf: Leaf, tbs: bytes) -> bytes:
    assert leaf.ct_key is not None
    moment = int((leaf.ct_time or leaf.start).timestamp() * 1000) + 123
    issuer = (leaf.ct_issuer or leaf.issuer).public_key()
    issuer_key = hashlib.sha256(issuer.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    signed = struct.pack(">BBQH", 0, 0, moment, 1) + issuer_key + len(tbs).to_bytes(3, "big") + tbs + b"\0\0"
    signature = sign(leaf.ct_key, signed)
    log_id = hashlib.sha256(spki(leaf.ct_key)).digest()
    sct = b"\0" + log_id + struct.pack(">QH", moment, 0) + b"\x04\x03" + struct.pack(">H", len(signature)) + signature
    listed = struct.pack(">H", len(sct)) + sct
    whole = struct.pack(">H", len(listed)) + listed
    return b"\x04" + (bytes([len(whole)]) if len(whole) < 128 else bytes([0x81, len(whole)])) + whole


def root_document(**changes: Any) -> dict[str, Any]:
    """The trusted root of this world; `changes` replace whole fields."""
    valid = {"start": "2025-01-01T00:00:00Z"}
    return {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [
            log_row(REKOR_KEY, REKOR_ID, "PKIX_ECDSA_P256_SHA_256", "https://rekor.example"),
            log_row(REKOR2_KEY, REKOR2_ID, "PKIX_ED25519", f"https://{V2_ORIGIN}"),
        ],
        "certificateAuthorities": [
            {
                "uri": "https://ca.example",
                "subject": {"commonName": "intermediate", "organization": ""},
                "certChain": chain(INTERMEDIATE, ROOT),
                "validFor": valid,
            }
        ],
        "ctlogs": [log_row(CT_KEY, CT_ID, "PKIX_ECDSA_P256_SHA_256", "https://ct.example")],
        "timestampAuthorities": [
            {
                "uri": "https://tsa.example",
                "subject": {"commonName": "tsa", "organization": ""},
                "certChain": chain(TSA, TSA_ROOT),
                "validFor": valid,
            }
        ],
        **changes,
    }


def log_row(key: Any, log_id: bytes, details: str, url: str, end: str | None = None) -> dict[str, Any]:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": b64(spki(key)),
            "keyDetails": details,
            "validFor": {"start": "2025-01-01T00:00:00Z", "end": end},
        },
        "logId": {"keyId": b64(log_id)},
    }


def chain(*certificates: x509.Certificate) -> dict[str, Any]:
    return {"certificates": [{"rawBytes": b64(der(each))} for each in certificates]}


def trust(document: dict[str, Any] | None = None) -> SigstoreTrust:
    """Trust in this world's root and nothing else."""
    octets = json.dumps(document or root_document()).encode()
    return SigstoreTrust(root=parse_trusted_root(octets, where="root"))


def proof(body: bytes, origin: str, key: Any, key_id: bytes, *, cosigned: bool = False) -> dict[str, Any]:
    """An inclusion proof of `body` as the last of three leaves, up to a signed checkpoint."""
    first, second = leaf_hash(b"one"), leaf_hash(b"two")
    tree = Frontier()
    for leaf in (first, second, leaf_hash(body)):
        tree.append(leaf)
    text = f"{origin}\n3\n{b64(tree.root())}\n"
    name = origin.partition(" - ")[0]
    lines = [f"— witness.example {b64(b'wit1' + b'x' * 64)}"] if cosigned else []
    lines.append(f"— {name} {b64(key_id[:4] + sign(key, text.encode()))}")
    return {
        "logIndex": "2",
        "treeSize": "3",
        "rootHash": b64(tree.root()),
        "hashes": [b64(node_hash(first, second))],
        "checkpoint": {"envelope": f"{text}\n" + "\n".join(lines) + "\n"},
    }


def entry_timestamp(body: bytes, time: int, index: int = 1_000_000) -> bytes:
    """A signed entry timestamp of the v1 log."""
    said = {"body": b64(body), "integratedTime": time, "logID": REKOR_ID.hex(), "logIndex": index}
    return sign(REKOR_KEY, encode_value(said))


def entry(
    kind: str, version: str, spec: dict[str, Any], *, time: datetime = SIGNED, promise: bool = True, proven: bool = True
) -> dict[str, Any]:
    """A log entry: of the v2 log if its version is 0.0.2 and its kind not intoto, else of the v1 log."""
    body = json.dumps({"apiVersion": version, "kind": kind, "spec": spec}, sort_keys=True).encode()
    second = version == "0.0.2" and kind != "intoto"
    made: dict[str, Any] = {
        "logIndex": "1000000",
        "logId": {"keyId": b64(REKOR2_ID if second else REKOR_ID)},
        "kindVersion": {"kind": kind, "version": version},
        "canonicalizedBody": b64(body),
    }
    if proven and second:
        made["inclusionProof"] = proof(body, V2_ORIGIN, REKOR2_KEY, REKOR2_ID, cosigned=True)
    elif proven:
        made["inclusionProof"] = proof(body, "rekor.example - 42", REKOR_KEY, REKOR_ID)
    if promise and not second:
        seconds = int(time.timestamp())
        made["integratedTime"] = str(seconds)
        made["inclusionPromise"] = {"signedEntryTimestamp": b64(entry_timestamp(body, seconds))}
    return made


def specification(kind: str, version: str, signature: bytes, verifier: bytes, content: bytes) -> dict[str, Any]:
    """What an entry of some kind says about a signature, the PEM or DER that verifies it, and what was signed.

    `content` is the payload of an envelope, or for hashedrekord the bytes that were signed.
    """
    label = "PUBLIC KEY" if verifier.startswith(b"\x30\x59\x30\x13") else "CERTIFICATE"
    text, digest = b64(pem(verifier, label)), hashlib.sha256(content)
    v1 = {"algorithm": "sha256", "value": digest.hexdigest()}
    if (kind, version) == ("hashedrekord", "0.0.1"):
        return {"data": {"hash": v1}, "signature": {"content": b64(signature), "publicKey": {"content": text}}}
    if (kind, version) == ("dsse", "0.0.1"):
        return {"payloadHash": v1, "envelopeHash": v1, "signatures": [{"signature": b64(signature), "verifier": text}]}
    if (kind, version) == ("intoto", "0.0.2"):
        signed = {"sig": b64(b64(signature).encode()), "publicKey": text}
        envelope = {"payloadType": IN_TOTO_PAYLOAD, "signatures": [signed]}
        return {"content": {"envelope": envelope, "hash": v1, "payloadHash": v1}}
    if (kind, version) == ("intoto", "0.0.1"):
        whole = {"algorithm": "sha256", "value": hashlib.sha256(go_envelope(content, signature)).hexdigest()}
        return {"content": {"hash": whole, "payloadHash": v1}, "publicKey": text}
    field = "x509Certificate" if label == "CERTIFICATE" else "publicKey"
    checked = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", field: {"rawBytes": b64(verifier)}}
    logged = {"content": b64(signature), "verifier": checked}
    v2 = {"algorithm": "SHA2_256", "digest": b64(digest.digest())}
    if kind == "dsse":
        return {"dsseV002": {"payloadHash": v2, "signatures": [logged]}}
    return {"hashedRekordV002": {"data": v2, "signature": logged}}


def go_envelope(payload: bytes, signature: bytes) -> bytes:
    """An envelope in the order of fields in which Go's DSSE library writes it."""
    signatures = [{"keyid": "", "sig": b64(signature)}]
    fields = {"payloadType": IN_TOTO_PAYLOAD, "payload": b64(payload), "signatures": signatures}
    return json.dumps(fields, separators=(",", ":")).encode()


def bundle(
    kind: str = "dsse",
    entry_version: str = "0.0.1",
    *,
    version: str = "0.3",
    leaf: bytes | None = None,
    key: Any = LEAF_KEY,
    hint: str | None = None,
    time: datetime = SIGNED,
    stamped: datetime | None = None,
    message: bool = False,
    promise: bool = True,
    proven: bool = True,
    payload: bytes = PAYLOAD,
    payload_type: str = IN_TOTO_PAYLOAD,
) -> dict[str, Any]:
    """A whole bundle that holds in this world, of a statement or of an artifact (`message`)."""
    signed = ARTIFACT if message else pae(payload_type, payload)
    signature = sign(key, signed)
    certificate = None if hint is not None else leaf or issue()
    verifier = certificate or spki(key)
    content = signed if kind == "hashedrekord" else payload
    spec = specification(kind, entry_version, signature, verifier, content)
    material: dict[str, Any] = {
        "tlogEntries": [entry(kind, entry_version, spec, time=time, promise=promise, proven=proven)]
    }
    if certificate is None:
        material["publicKey"] = {"hint": hint}
    elif version == "0.3":
        material["certificate"] = {"rawBytes": b64(certificate)}
    else:
        material["x509CertificateChain"] = {"certificates": [{"rawBytes": b64(certificate)}]}
    if stamped is not None:
        token = timestamp_response(signature, stamped, TSA, TSA_KEY)
        material["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": b64(token)}]}
    made: dict[str, Any] = {"mediaType": MEDIA[version], "verificationMaterial": material}
    if message:
        digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(ARTIFACT).digest())}
        made["messageSignature"] = {"messageDigest": digest, "signature": b64(signature)}
    else:
        envelope = {"payload": b64(payload), "payloadType": payload_type, "signatures": [{"sig": b64(signature)}]}
        made["dsseEnvelope"] = envelope
    return made


def pypi_attestation(*, leaf: bytes | None = None, payload: bytes = PAYLOAD) -> dict[str, Any]:
    """The same evidence in PyPI's form (PEP 740)."""
    held = bundle(leaf=leaf, payload=payload)
    material = held["verificationMaterial"]
    certificate, entries = material["certificate"]["rawBytes"], material["tlogEntries"]
    return {
        "version": 1,
        "verification_material": {"certificate": certificate, "transparency_entries": entries},
        "envelope": {"statement": b64(payload), "signature": held["dsseEnvelope"]["signatures"][0]["sig"]},
    }


def bare_envelope(*certificates: bytes | None, payload: bytes = PAYLOAD, key: Any = LEAF_KEY) -> dict[str, Any]:
    """A DSSE envelope over `PAYLOAD`, one signature a certificate, which stands in it."""
    signature = b64(sign(key, pae(IN_TOTO_PAYLOAD, PAYLOAD)))
    signatures = [
        {"sig": signature} if each is None else {"sig": signature, "cert": pem(each, "CERTIFICATE").decode()}
        for each in certificates
    ]
    return {"payloadType": IN_TOTO_PAYLOAD, "payload": b64(payload), "signatures": signatures}


def checkpoint_of(body: bytes) -> bytes:
    """A checkpoint of the v2 log."""
    return str(proof(body, V2_ORIGIN, REKOR2_KEY, REKOR2_ID, cosigned=True)["checkpoint"]["envelope"]).encode()


def promise_of(body: bytes) -> bytes:
    """The length of a signed entry timestamp (time and index 1), the timestamp, and the body that it promises."""
    signature = entry_timestamp(body, 1, 1)
    return bytes([len(signature)]) + signature + body


def encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
