"""JSON Web Signatures: the key says how, the token says nothing."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import AttestError, MalformedError, UntrustedError
from attest.signing.jose import open_proof, open_token, read_key, read_keys
from tests.tokens import access_token, holder, jwks, proof

TYPES = frozenset({"at+jwt"})


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA", "RS256", "PS256"])
def test_a_token_opens_with_the_key_that_signed_it(algorithm):
    issuer = holder(algorithm)
    opened = open_token(access_token(issuer), read_keys(jwks(issuer), where="keys"), types=TYPES, where="token")
    assert opened.claims["sub"] == "agent-7"
    assert opened.key.thumbprint == issuer.thumbprint


def test_the_thumbprint_is_that_of_the_standard():
    # RFC 8037, appendix A.3.
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    expected = base64.urlsafe_b64decode("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k=").hex()
    assert read_key(jwk, where="key").thumbprint == expected


def test_another_key_a_changed_claim_and_another_kid_do_not_open():
    issuer, other = holder(), holder()
    token = access_token(issuer)
    head, _, signature = token.split(".")
    changed = base64.urlsafe_b64encode(json.dumps({"sub": "admin"}).encode()).decode().rstrip("=")
    for keys, written in (
        (jwks(other), token),
        (jwks(issuer), f"{head}.{changed}.{signature}"),
        (jwks(other, issuer), token),
    ):
        with pytest.raises(UntrustedError):
            open_token(written, read_keys(keys, where="keys"), types=TYPES, where="token")


def test_the_token_never_chooses_the_algorithm():
    issuer = holder("RS256")
    narrow = json.dumps({"keys": [issuer.jwk | {"alg": "PS256"}]}).encode()
    with pytest.raises(UntrustedError):
        open_token(access_token(issuer), read_keys(narrow, where="keys"), types=TYPES, where="token")


@pytest.mark.parametrize("algorithm", ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"])
def test_a_key_of_ml_dsa_is_refused_by_its_name_and_a_private_one_as_such(algorithm):
    # RFC 9964: key type AKP, whose private member is `priv`.
    jwk = {"kty": "AKP", "alg": algorithm, "pub": "AAAA"}
    with pytest.raises(MalformedError, match=f"found AKP {algorithm}"):
        read_key(jwk, where="key")
    with pytest.raises(MalformedError, match="a private or symmetric one"):
        read_key(jwk | {"priv": "AAAA"}, where="key")


def _unsigned(header):
    parts = (json.dumps(header).encode(), b'{"sub":"admin"}')
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".AAAA"


@pytest.mark.parametrize(
    "token",
    [
        _unsigned({"alg": "none", "typ": "at+jwt"}),
        _unsigned({"alg": "HS256", "typ": "at+jwt"}),
        _unsigned({"alg": "ES256", "typ": "JWT"}),
        _unsigned({"alg": "ES256"}),
        _unsigned({"alg": "ES256", "typ": "at+jwt", "crit": ["exp"]}),
        _unsigned({"typ": "at+jwt"}),
        "a.b",
        "..",
        "a.b.c",
        "e30.e30.AAAA.AAAA",
        "x" * 20_000,
    ],
)
def test_what_is_no_signed_token_of_the_type_is_refused(token):
    with pytest.raises(AttestError):
        open_token(token, read_keys(jwks(holder()), where="keys"), types=TYPES, where="token")


def test_a_duplicate_claim_is_refused_before_anything_is_verified():
    parts = (b'{"alg":"ES256","typ":"at+jwt"}', b'{"sub":"agent-7","sub":"admin"}')
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".AAAA"
    with pytest.raises(MalformedError, match="twice"):
        open_token(token, read_keys(jwks(holder()), where="keys"), types=TYPES, where="token")


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AAAA"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC", "crv": "P-521"},
        {"crv": "secp256k1"},
        {"alg": "RS256"},
        {"use": "enc"},
        {"x": "AAAA"},
        {"x": 7},
        {"kid": 7},
    ],
)
def test_a_key_that_is_private_weak_or_of_another_kind_is_refused(change):
    with pytest.raises(MalformedError):
        read_key(holder().jwk | change, where="key")


def test_two_keys_of_one_kid_are_refused():
    issuer = holder()
    with pytest.raises(MalformedError, match="kid"):
        read_keys(json.dumps({"keys": [issuer.jwk, issuer.jwk]}).encode(), where="keys")


def test_a_proof_carries_its_key_and_only_that_one_opens_it():
    caller, other = holder(), holder()
    assert open_proof(proof(caller), types=frozenset({"dpop+jwt"}), where="proof").key.thumbprint == caller.thumbprint
    with pytest.raises(UntrustedError):
        open_proof(proof(caller, jwk=other.jwk), types=frozenset({"dpop+jwt"}), where="proof")


@given(st.text(max_size=200), st.binary(max_size=200))
def test_readers_refuse_whatever_they_do_not_accept(token, octets):
    keys = (read_key(_KEY.jwk, where="key"),)
    for read in (lambda: open_token(token, keys, types=TYPES, where="t"), lambda: read_keys(octets, where="k")):
        with pytest.raises(AttestError):
            read()


_KEY = holder()
