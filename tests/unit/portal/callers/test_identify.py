"""Who is calling: what is proven counts, what is said does not. Every refusal stands beside the twin that passes."""

import hashlib
import json
import os

import pytest

from attest.errors import MalformedError, RefusedError
from attest.portal.callers import replays as replays_module
from attest.portal.callers.caller import Shown, UnknownCallerError
from attest.portal.callers.callers_file import NOBODY, Callers, read_callers
from attest.portal.callers.identify import Identifier
from attest.portal.callers.proofs import MAX_AGE_MS, MAX_AHEAD_MS
from attest.portal.callers.replays import MAX_REMEMBERED, Replays
from attest.signing.certificates import Certificate
from attest.signing.jose import read_keys
from attest.statement.tools.principals import Principal, PrincipalKind
from tests import unprivileged
from tests.tokens import AUDIENCE, ISSUER, NOW_MS, URL, access_token, base64url, certificate, holder, jwks, proof

ISSUING, CALLING, OTHER = holder("EdDSA"), holder(), holder()
TOKEN = "a-token-that-was-handed-out"
DER = certificate("spiffe://example.org/agent")
SPKI = hashlib.sha256(Certificate(DER, where="test").spki).hexdigest()

PRINCIPALS = (
    Principal(name="ci", kind=PrincipalKind.TOKEN),
    Principal(name="agent", kind=PrincipalKind.JWT, issuer=ISSUER, audience=AUDIENCE, subject="agent-7"),
    Principal(name="holder", kind=PrincipalKind.KEY, thumbprint=CALLING.thumbprint),
    Principal(name="mesh", kind=PrincipalKind.SPIFFE, subject="spiffe://example.org/agent"),
)
CALLERS = Callers(
    tokens={hashlib.sha256(TOKEN.encode()).hexdigest(): "ci"},
    issuers={ISSUER: read_keys(jwks(ISSUING), where="keys")},
)


@pytest.fixture
def identifier():
    return Identifier(PRINCIPALS, CALLERS, started_ms=NOW_MS - 10_000)


def shown(*authorization, proofs=(), method="POST", url=URL, der=None):
    return Shown(method=method, url=url, authorization=authorization, proof=tuple(proofs), certificate=der)


def name_of(identifier, request, at_ms=NOW_MS):
    return identifier.identify(request, at_ms=at_ms).principal.name


def refused(identifier, request, at_ms=NOW_MS):
    with pytest.raises(UnknownCallerError) as caught:
        identifier.identify(request, at_ms=at_ms)
    return caught.value


def test_a_token_of_the_file_names_its_principal_and_another_nobody(identifier):
    assert name_of(identifier, shown(f"Bearer {TOKEN}")) == "ci"
    refused(identifier, shown(f"Bearer {TOKEN}x"))
    refused(identifier, shown(f"Basic {TOKEN}"))
    refused(identifier, shown())


def test_two_authorization_fields_are_nobody(identifier):
    refused(identifier, shown(f"Bearer {TOKEN}", f"Bearer {TOKEN}"))


def test_an_access_token_names_the_principal_of_its_issuer_audience_and_subject(identifier):
    assert name_of(identifier, shown(f"Bearer {access_token(ISSUING)}")) == "agent"
    assert name_of(identifier, shown(f"Bearer {access_token(ISSUING, aud=['x', AUDIENCE])}")) == "agent"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example"},
        {"aud": None},
        {"aud": 7},
        {"sub": "agent-8"},
        {"sub": None},
        {"iss": "https://evil.example"},
        {"exp": NOW_MS // 1000 - 60},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": NOW_MS // 1000 + 61},
        {"cnf": {"x5t#S256": "AAAA"}},
        {"cnf": {"jkt": "AAAA"}},
        {"typ": "JWT"},
    ],
)
def test_an_access_token_of_another_purpose_is_nobody(identifier, claims):
    assert "invalid_token" in refused(identifier, shown(f"Bearer {access_token(ISSUING, **claims)}")).challenge


def test_a_token_of_another_signer_is_nobody(identifier):
    refused(identifier, shown(f"Bearer {access_token(OTHER)}"))
    refused(Identifier(PRINCIPALS, NOBODY, started_ms=0), shown(f"Bearer {access_token(ISSUING)}"))


def test_a_bound_token_needs_the_proof_of_its_key(identifier):
    token = access_token(ISSUING, cnf={"jkt": base64url(CALLING.thumbprint)})
    good = shown(f"DPoP {token}", proofs=[proof(CALLING, token=token)])
    assert name_of(identifier, good) == "agent"
    refused(identifier, shown(f"Bearer {token}"))
    refused(identifier, shown(f"DPoP {token}"))
    refused(identifier, shown(f"Bearer {token}", proofs=[proof(CALLING, token=token, jti="two")]))
    refused(identifier, shown(f"DPoP {token}", proofs=[proof(OTHER, token=token, jti="three")]))
    refused(identifier, shown(f"DPoP {token}", proofs=[proof(CALLING, token=access_token(ISSUING), jti="four")]))


def test_a_key_by_itself_is_a_principal_and_its_proof_is_good_once(identifier):
    request = shown(proofs=[proof(CALLING)])
    assert name_of(identifier, request) == "holder"
    assert "used before" in str(refused(identifier, request))
    assert name_of(identifier, shown(proofs=[proof(CALLING, jti="two")])) == "holder"
    refused(identifier, shown(proofs=[proof(OTHER)]))


@pytest.mark.parametrize(
    "claims",
    [
        {"htm": "GET"},
        {"htu": "http://127.0.0.1:8080/other"},
        {"htu": "https://127.0.0.1:8080/mcp"},
        {"htu": "http://127.0.0.1:8081/mcp"},
        {"htu": None},
        {"htu": "http://["},
        {"iat": NOW_MS // 1000 - 61},
        {"iat": NOW_MS // 1000 + 6},
        {"iat": None},
        {"iat": "now"},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 300},
        {"ath": "AAAA"},
        {"typ": "JWT"},
    ],
)
def test_a_proof_of_another_request_or_time_is_nobody(identifier, claims):
    assert "invalid_dpop_proof" in refused(identifier, shown(proofs=[proof(CALLING, **claims)])).challenge


@pytest.mark.parametrize(
    "asking",
    [
        lambda: shown(proofs=[proof(CALLING, iat=1e308)]),
        lambda: shown(proofs=[proof(CALLING, iat=-1e308)]),
        lambda: shown(proofs=[proof(CALLING, jwk={**CALLING.jwk, "crv": []})]),
        lambda: shown(proofs=[proof(CALLING, jwk={**CALLING.jwk, "kty": {}})]),
        lambda: shown("Bearer \udcff"),
        lambda: shown("DPoP a.b.\udcff", proofs=[proof(CALLING)]),
        lambda: shown(f"Bearer {access_token(ISSUING, exp=1e308)}"),
    ],
)
def test_what_no_caller_would_show_is_refused_and_no_fault_of_ours(identifier, asking):
    refused(identifier, asking())


def test_an_address_is_compared_as_the_standard_normalises_it(identifier):
    request = shown(proofs=[proof(CALLING, htu="HTTP://127.0.0.1:8080/mcp?x=1#y")])
    assert name_of(identifier, request) == "holder"


def test_a_proof_from_before_the_start_is_nobody(identifier):
    refused(identifier, shown(proofs=[proof(CALLING, iat=NOW_MS // 1000 - 11)]))
    assert name_of(identifier, shown(proofs=[proof(CALLING, iat=NOW_MS // 1000 - 10)])) == "holder"


def test_two_proofs_are_nobody(identifier):
    refused(identifier, shown(proofs=[proof(CALLING, jti="a"), proof(CALLING, jti="b")]))


def test_a_certificate_is_known_by_its_key_or_by_its_one_spiffe_id(identifier):
    assert name_of(identifier, shown(der=DER)) == "mesh"
    by_key = Principal(name="pinned", kind=PrincipalKind.CERTIFICATE, thumbprint=SPKI)
    assert name_of(Identifier((by_key,), NOBODY, started_ms=0), shown(der=DER)) == "pinned"
    for other in (
        certificate("spiffe://example.org/other"),
        certificate(),
        certificate("spiffe://example.org/agent", "spiffe://example.org/other"),
        b"no certificate",
    ):
        refused(identifier, shown(der=other))


def test_no_error_holds_anything_of_a_token(identifier):
    token = access_token(ISSUING, sub="agent-8")
    said = str(refused(identifier, shown(f"Bearer {token}"))) + str(refused(identifier, shown("Bearer s3cr3t-value")))
    assert token not in said
    assert "s3cr3t" not in said
    assert "s3cr3t" not in repr(shown("Bearer s3cr3t-value"))


def test_a_proof_is_not_good_again_in_the_last_millisecond_of_its_time(identifier):
    made = NOW_MS // 1000 + 5
    request = shown(proofs=[proof(CALLING, iat=made)])
    assert name_of(identifier, request, made * 1000 - MAX_AHEAD_MS) == "holder"
    last = made * 1000 + MAX_AGE_MS
    assert "used before" in str(refused(identifier, request, last))
    assert name_of(identifier, shown(proofs=[proof(CALLING, iat=made, jti="two")]), last) == "holder"


def test_whoever_is_nobody_takes_no_room_from_those_who_are_somebody(identifier, monkeypatch):
    monkeypatch.setattr(replays_module, "MAX_REMEMBERED", 2)
    token = access_token(ISSUING, cnf={"jkt": base64url(CALLING.thumbprint)})
    for number in range(3):
        refused(identifier, shown(proofs=[proof(OTHER, jti=f"{number}")]))
        refused(identifier, shown(f"DPoP {token}", proofs=[proof(OTHER, token=token, jti=f"t{number}")]))
    assert name_of(identifier, shown(proofs=[proof(CALLING)])) == "holder"
    assert name_of(identifier, shown(f"DPoP {token}", proofs=[proof(CALLING, token=token, jti="two")])) == "agent"
    assert "too many" in str(refused(identifier, shown(proofs=[proof(CALLING, jti="three")])))


def test_tenants_of_one_service_that_signs_with_the_same_keys_are_told_apart():
    keys = read_keys(jwks(ISSUING), where="keys")
    callers = Callers(tokens={}, issuers={"https://tenant.example": keys, ISSUER: keys})
    identifier = Identifier(PRINCIPALS, callers, started_ms=0)
    assert name_of(identifier, shown(f"Bearer {access_token(ISSUING)}")) == "agent"
    refused(identifier, shown(f"Bearer {access_token(ISSUING, iss='https://tenant.example')}"))
    refused(identifier, shown(f"Bearer {access_token(ISSUING, iss='https://evil.example')}"))


def test_replays_are_forgotten_when_they_are_too_old_anyway():
    replays = Replays(span_ms=1000)
    assert replays.is_new("key", "one", 0)
    assert not replays.is_new("key", "one", 999)
    assert replays.is_new("key", "one", 1000)


def test_replays_refuse_rather_than_forget():
    replays = Replays(span_ms=1000)
    assert all(replays.is_new("key", str(number), 0) for number in range(MAX_REMEMBERED))
    assert not replays.is_new("key", "one more", 0)
    assert replays.is_new("key", "one more", 1000)


def test_the_file_of_callers_is_read_with_the_keys_beside_it(tmp_path):
    (tmp_path / "issuer.jwks").write_bytes(jwks(ISSUING))
    path = tmp_path / "callers.json"
    document = {
        "tokens": [{"principal": "ci", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}],
        "issuers": [{"issuer": ISSUER, "keys": "issuer.jwks"}],
    }
    path.write_text(json.dumps(document))
    for name in ("callers.json", "issuer.jwks"):
        (tmp_path / name).chmod(0o600)
    read = Identifier(PRINCIPALS, read_callers(path), started_ms=0)
    assert name_of(read, shown(f"Bearer {TOKEN}")) == "ci"
    assert name_of(read, shown(f"Bearer {access_token(ISSUING)}")) == "agent"


def test_a_file_that_others_may_write_to_is_refused(tmp_path):
    path = tmp_path / "callers.json"
    path.write_text("{}")
    path.chmod(0o666)
    with pytest.raises(RefusedError):
        read_callers(path)
    path.chmod(0o644)
    assert read_callers(path).tokens == {}


def test_a_file_of_another_user_s_is_refused_whatever_its_mode(tmp_path, monkeypatch):
    path = tmp_path / "callers.json"
    path.write_text("{}")
    path.chmod(0o600)
    assert read_callers(path).tokens == {}
    if os.geteuid() == 0:
        os.chown(path, unprivileged.NOBODY, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: unprivileged.NOBODY)
    with pytest.raises(RefusedError, match="another owner"):
        read_callers(path)


@pytest.mark.parametrize("text", ['{"token":[]}', "[]", '{"tokens":[{"principal":"ci","sha256":"AB"}]}', "{", ""])
def test_a_file_of_another_form_is_refused(tmp_path, text):
    path = tmp_path / "callers.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(MalformedError):
        read_callers(path)
