"""Secrets in answers: what has their form is found, what only looks like it is not, and nothing takes long."""

from __future__ import annotations

import base64
import json
import random
import string
import time
from typing import Any

import pytest

from attest.appraisal.calls.secret_forms import FORMS
from attest.appraisal.calls.secrets import first_secret

CHANCE = random.Random(20260728)
LETTERS = string.ascii_letters + string.digits


def letters(length: int, of: str = LETTERS) -> str:
    return "".join(CHANCE.choice(of) for _ in range(length))


def pem(kind: str, octets: int = 120, *, head: str = "") -> str:
    body = base64.encodebytes(CHANCE.randbytes(octets)).decode()
    return f"-----BEGIN {kind}-----\n{head}{body}-----END {kind}-----\n"


def jwt(header: dict[str, str]) -> str:
    parts = (json.dumps(header).encode(), b'{"sub":"a"}', CHANCE.randbytes(64))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def found(text: str) -> str | None:
    return first_secret({"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": text}]}})


SECRETS: dict[str, tuple[str, str]] = {
    "PKCS#8": (pem("PRIVATE KEY", 48), "a private key"),
    "PKCS#1": (pem("RSA PRIVATE KEY", 600), "a private key"),
    "OpenSSH": (pem("OPENSSH PRIVATE KEY", 400), "a private key"),
    "PEM in JSON": (json.dumps(pem("EC PRIVATE KEY")), "a private key"),
    "encrypted PEM": (
        pem("RSA PRIVATE KEY", head="Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n"),
        "a private key",
    ),
    "PGP": (pem("PGP PRIVATE KEY BLOCK", head="Version: 1\n\n"), "a private key"),
    "age": (f"AGE-SECRET-KEY-1{letters(58, string.ascii_uppercase + string.digits)}", "an age key"),
    "AWS": (f"id: AKIA{letters(16, string.ascii_uppercase + '234567')},", "an AWS access key"),
    "AWS secret": (f"aws_secret_access_key = {letters(38)}a1", "a password"),
    "Azure": (f"AccountKey={letters(86)}==;Endpoint", "an Azure key"),
    "Google API": (f"key=AIza{letters(35)}", "a Google API key"),
    "Google access": (f"ya29.{letters(60)}", "a Google access token"),
    "Google client": (f"GOCSPX-{letters(28)}", "a Google client secret"),
    "GitHub": (f"export GH=ghp_{letters(36)}", "a GitHub token"),
    "GitHub fine": (f"github_pat_{letters(22)}_{letters(59)}", "a GitHub token"),
    "GitLab": (f"glpat-{letters(20)}", "a GitLab token"),
    "Slack": (f"xoxb-{letters(12, string.digits)}-{letters(24)}", "a Slack token"),
    "Slack address": (f"https://hooks.slack.com/services/T{letters(9)}/B{letters(9)}/{letters(24)}", "a Slack address"),
    "Stripe": (f"sk_live_{letters(24)}", "a Stripe key"),
    "API key": (f"sk-proj-A1{letters(44)}", "an API key"),
    "npm": (f"//registry/:_authToken=npm_{letters(36)}", "an npm token"),
    "PyPI": (f"pypi-AgEIcHlwaS5vcmc{letters(100)}", "a PyPI token"),
    "Hugging Face": (f"hf_{letters(34)}", "a Hugging Face token"),
    "SendGrid": (f"SG.{letters(22)}.{letters(43)}", "a SendGrid key"),
    "Vault": (f"hvs.{letters(40)}", "a Vault token"),
    "DigitalOcean": (f"dop_v1_{letters(64, '0123456789abcdef')}", "a DigitalOcean token"),
    "JWT": (f"token {jwt({'alg': 'ES256', 'typ': 'JWT'})}.", "a JWT"),
    "bearer": (f"Authorization: Bearer {letters(38)}a1", "a bearer token"),
    "basic": (f"authorization: basic {base64.b64encode(b'me:correcthorse').decode()}", "a password"),
    "address": ("postgres://me:q8Zk2lPw9x@db.internal/x", "a password in an address"),
    "assignment": ("DB_PASSWORD='Xk29sl!dkQ2'", "a password"),
    "YAML": ("api_key: Xk29slQdkQ2m", "a password"),
    "JSON in text": (json.dumps(json.dumps({"client_secret": "Xk29slQdkQ2m"})), "a password"),
}

INNOCENT: dict[str, str] = {
    "prose about passwords": "The password is required. Set secret: see the manual. Your API_KEY= goes here.",
    "a placeholder": "password: changeme123! api_key = your-api-key-1A and secret=<YOUR_SECRET_1>",
    "a reference": "password: ${DB_PASSWORD1} secret=$SECRET1a api_key=process.env.API_KEY2 secret={{ Vault1.x }}",
    "a call": "password = getpass.getpass(prompt1) secret=os.environ['Secret1']",
    "AWS's own example": "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "a row of letters": f"ghp_{'x' * 36} sk-{'A1' * 24} hf_{'a' * 34}",
    "a certificate": pem("CERTIFICATE", 600),
    "a public key": pem("PUBLIC KEY", 200),
    "a stub of a key": "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "digests": " ".join([letters(64, "0123456789abcdef"), letters(40, "0123456789abcdef"), f"sha512-{letters(86)}=="]),
    "a UUID": "9f1c2d3e-4b5a-6978-8796-a5b4c3d2e1f0",
    "an address with a word": "postgres://user:password@localhost:5432/db https://a.example.org:8080/@scope/x",
    "a picture": base64.b64encode(CHANCE.randbytes(300_000)).decode(),
    "a class name": "sk-loading-spinner-component-with-a-very-long-class-name task-runner-1",
    "words": "basic usage, bearer of news, Basic Authentication, bearer token",
    "a cursor": f'{{"nextPageToken": "{letters(40)}"}}',
    "base64 of JSON": base64.b64encode(b'{"type":"service"}').decode(),
    "a name for a secret": "client_secret: Kubernetes-Config-Loader",
    "a part of a word": f"idAKIA{letters(16, string.ascii_uppercase + '234567')} Zghp_{letters(36)}",
    "hash of a password": f"password_hash={letters(60)}",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found(name: str) -> None:
    text, kind = SECRETS[name]
    assert found(text) == kind
    assert found(f"{'words ' * 100}\n{text}\n{'words ' * 100}") == kind


@pytest.mark.parametrize("name", INNOCENT)
def test_what_is_no_secret_raises_no_alarm(name: str) -> None:
    assert found(INNOCENT[name]) is None


def test_every_form_has_a_secret_that_is_found() -> None:
    assert {kind for _, kind in SECRETS.values()} == {form.kind for form in FORMS}


SECRET = f"ghp_{letters(36)}"


@pytest.mark.parametrize(
    "answer",
    [
        {"result": {"structuredContent": {"a": [{"b": SECRET}]}}},
        {"result": {"structuredContent": {SECRET: {}}}},
        {"result": {"contents": [{"uri": "memo://a", "text": SECRET}]}},
        {"error": {"code": 1, "message": f"cannot log in with {SECRET}"}},
        {"error": {"code": 1, "message": "no", "data": {"env": [SECRET]}}},
        {"result": {"inputRequests": {"a": {"method": "elicitation/create", "params": {"message": SECRET}}}}},
        {"result": {"content": [], "_meta": {"a": SECRET}}},
    ],
)
def test_a_secret_is_found_wherever_it_stands(answer: Any) -> None:
    assert first_secret(answer) == "a GitHub token"


def test_a_field_named_password_is_looked_at() -> None:
    assert first_secret({"result": {"password": "Xk29sl!dkQ2"}}) == "a password"
    assert first_secret({"result": {"password": "changeme"}}) is None


def test_numbers_flags_and_lone_surrogates_are_no_secrets() -> None:
    assert first_secret({"result": {"a": [1, 1.5, True, None, "\ud800"]}}) is None


MEGABYTE = 1 << 20
HOSTILE = {
    "prefixes": "AKIA",
    "JWTs": "eyJ.",
    "keys": "-----BEGIN PRIVATE KEY-----",
    "heads": "-----BEGIN PRIVATE KEY-----\na: b\n",
    "passwords": "password=",
    "password lines": "password:\n",
    "addresses": "://a:",
    "bearers": "bearer  ",
    "one letter": "a",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_time_it_takes_grows_with_the_text_and_no_faster(name: str) -> None:
    def seconds(size: int) -> float:
        text = HOSTILE[name] * (size // len(HOSTILE[name]))
        began = time.process_time()
        assert found(text) is None
        return time.process_time() - began

    small = min(seconds(MEGABYTE // 16) for _ in range(3))
    assert seconds(MEGABYTE // 2) < 8 * 4 * small + 0.2
