"""in-toto layouts and links for tests, made and signed with the `in_toto` library as their owners would.

Two steps: alice (Ed25519) makes `src.tar`, bob (ECDSA P-256) builds `x.whl` from it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key
from in_toto.models.layout import Layout, Step
from in_toto.models.link import Link
from in_toto.models.metadata import Envelope, Metablock
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # public, without an __all__

from attest.provenance.containers.layout_document import join_layout
from attest.signing.dsse import IN_TOTO_PAYLOAD
from attest.signing.keys import PrivateKey
from tests.world import BUILDER, STRANGER, make_key, sha256_of

EXPIRES: Final = "2027-01-01T00:00:00Z"
WHEEL: Final = b"wheel"
SOURCE_TAR: Final = sha256_of(b"source")
PRODUCTS: Final = {"dist/x.whl": sha256_of(WHEEL)}


def signer_of(key: PrivateKey) -> CryptoSigner:
    """Return a key of ours as one of securesystemslib's."""
    handle: Any = load_der_private_key(key.pkcs8(), password=None)
    return CryptoSigner(handle)


def ecdsa_signer(name: str) -> CryptoSigner:
    """Return the P-256 signer of that name, the same each time."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:31])
    return CryptoSigner(ec.derive_private_key(number, ec.SECP256R1()))


OWNER, MALLORY = signer_of(BUILDER), signer_of(STRANGER)
ALICE, CAROL = signer_of(make_key("alice")), signer_of(make_key("carol"))
BOB = ecdsa_signer("bob")

SOURCE_RULES: Final = [["CREATE", "src.tar"], ["DISALLOW", "*"]]
MATCH_RULES: Final = [["MATCH", "src.tar", "WITH", "PRODUCTS", "FROM", "source"], ["DISALLOW", "*"]]
BUILD_RULES: Final = [["CREATE", "dist/*"], ["ALLOW", "src.tar"], ["DISALLOW", "*"]]


def key_of(signer: CryptoSigner) -> dict[str, Any]:
    """Return the public key as a layout holds it."""
    return {"keyid": signer.public_key.keyid, **signer.public_key.to_dict()}


def make_step(
    name: str,
    functionaries: Sequence[CryptoSigner],
    *,
    materials: Sequence[Sequence[str]] = (),
    products: Sequence[Sequence[str]] = (),
    threshold: int = 1,
) -> Step:
    """Return a step of a layout."""
    return Step(
        name=name,
        pubkeys=[each.public_key.keyid for each in functionaries],
        threshold=threshold,
        expected_command=["make", name],
        expected_materials=[list(rule) for rule in materials],
        expected_products=[list(rule) for rule in products],
    )


def source_step(functionaries: Sequence[CryptoSigner] = (ALICE,), *, threshold: int = 1) -> Step:
    """Return the first step."""
    return make_step("source", functionaries, materials=[["DISALLOW", "*"]], products=SOURCE_RULES, threshold=threshold)


def build_step(functionaries: Sequence[CryptoSigner] = (BOB,)) -> Step:
    """Return the last step."""
    return make_step("build", functionaries, materials=MATCH_RULES, products=BUILD_RULES)


def make_layout(
    steps: Sequence[Step] | None = None,
    keys: Sequence[CryptoSigner] = (ALICE, BOB, CAROL),
    *,
    expires: str = EXPIRES,
    inspect: Sequence[Any] = (),
) -> Layout:
    """Return a layout, of the two steps unless told."""
    return Layout(
        steps=[source_step(), build_step()] if steps is None else list(steps),
        keys={each.public_key.keyid: key_of(each) for each in keys},
        expires=expires,
        inspect=list(inspect),
        readme="a server",
    )


def sign(payload: Layout | Link, *signers: CryptoSigner, enveloped: bool = False) -> bytes:
    """Sign a layout or a link, in either container of in-toto's."""
    block = Envelope.from_signable(payload) if enveloped else Metablock(signed=payload, signatures=[])
    for signer in signers:
        block.create_signature(signer)
    return json.dumps(block.to_dict(), indent=1, sort_keys=True).encode()


def make_link(
    name: str,
    *signers: CryptoSigner,
    materials: Mapping[str, Mapping[str, str]] | None = None,
    products: Mapping[str, Mapping[str, str]] | None = None,
    enveloped: bool = False,
    command: Sequence[str] | None = None,
) -> bytes:
    """Return a signed link."""
    link = Link(
        name=name,
        materials={path: dict(each) for path, each in (materials or {}).items()},
        products={path: dict(each) for path, each in (products or {}).items()},
        command=list(command) if command is not None else ["make", name],
        byproducts={"return-value": 0, "stdout": "", "stderr": ""},
    )
    return sign(link, *signers, enveloped=enveloped)


def source_link(*signers: CryptoSigner, enveloped: bool = False, **changes: Any) -> bytes:
    """Return the link of the first step, by alice unless told."""
    given = {"products": {"src.tar": SOURCE_TAR}, **changes}
    return make_link("source", *(signers or (ALICE,)), enveloped=enveloped, **given)


def build_link(*signers: CryptoSigner, enveloped: bool = False, **changes: Any) -> bytes:
    """Return the link of the last step, by bob unless told."""
    given = {"materials": {"src.tar": SOURCE_TAR}, "products": PRODUCTS, **changes}
    return make_link("build", *(signers or (BOB,)), enveloped=enveloped, **given)


def make_document(
    layout: Layout | None = None,
    links: Sequence[bytes] | None = None,
    *,
    owners: Sequence[CryptoSigner] = (OWNER,),
    enveloped: bool = False,
) -> bytes:
    """Return a layout with its links as one document; good unless told otherwise."""
    signed = sign(make_layout() if layout is None else layout, *owners, enveloped=enveloped)
    given = (source_link(enveloped=enveloped), build_link(enveloped=enveloped)) if links is None else links
    return join_layout(signed, given)


def sign_payload(octets: bytes, signer: CryptoSigner) -> bytes:
    """Return any bytes in an envelope, as if they were a layout or a link of in-toto's."""
    envelope = Envelope(payload=octets, payload_type=IN_TOTO_PAYLOAD, signatures={})
    envelope.create_signature(signer)
    return json.dumps(envelope.to_dict()).encode()


def payload_of(signed: bytes) -> bytes:
    """Return what was signed in an envelope."""
    return base64.b64decode(json.loads(signed)["payload"])


LINKS: Final = (source_link(enveloped=True), build_link(CAROL, enveloped=True))
LAYOUT: Final = make_layout([source_step(), build_step((CAROL,))], (ALICE, CAROL))
DOCUMENT: Final = make_document(LAYOUT, LINKS, enveloped=True)
"""The same on every machine: nobody in it has an ECDSA key."""

LAYOUT_PAYLOAD: Final = payload_of(sign(LAYOUT, OWNER, enveloped=True))
LINK_PAYLOAD: Final = payload_of(LINKS[0])


def document_with_layout(payload: bytes) -> bytes:
    """Return the document of a layout that is whatever its owner signed, and good links."""
    return join_layout(sign_payload(payload, OWNER), LINKS)


def document_with_link(payload: bytes) -> bytes:
    """Return the document of a good layout, of whose links the first is whatever alice signed."""
    return join_layout(sign(LAYOUT, OWNER, enveloped=True), [sign_payload(payload, ALICE), LINKS[1]])
