"""The table of secrets: how each begins, which characters it goes on with, and what makes it more than an example."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from attest.appraisal.calls.secret_marks import (
    Judge,
    is_assigned,
    is_basic,
    is_bearer,
    is_in_url,
    is_jwt,
    is_private_key,
    matching,
)


class SecretForm(NamedTuple):
    """One row."""

    kind: str
    """What a reason calls it."""
    begins: tuple[bytes, ...]
    """What it is found by; lower case where the case does not matter."""
    token: re.Pattern[bytes]
    """What is read from there on, in one pass: nothing in it can be read in two ways."""
    is_secret: Judge
    inside: bool = False
    """It may begin within a word."""
    any_case: bool = False


_WORD: Final = rb"[A-Za-z0-9_-]*"
_LETTERS: Final = rb"[A-Za-z0-9]*"

_NAMES: Final = (
    *(b"password", b"passwd", b"secret", b"api_key", b"api-key", b"apikey", b"access_key", b"accesskey"),
    *(b"private_key", b"privatekey", b"access_token", b"accesstoken", b"auth_token", b"authtoken"),
    *(b"refresh_token", b"refreshtoken"),
)
"""How fields and variables that hold secrets end. Not `token` alone: cursors of pages are called so, too."""


def _prefixed(kind: str, begins: tuple[bytes, ...], *, letters: bytes, form: bytes) -> SecretForm:
    """Return the row of a token that begins with one of some words of the same length."""
    token = re.compile(b"(?:" + b"|".join(map(re.escape, begins)) + b")" + letters)
    return SecretForm(kind, begins, token, matching(form, random_from=len(begins[0])))


FORMS: Final = (
    SecretForm(
        "a private key",
        (b"-----BEGIN ",),
        re.compile(
            rb"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----[\s\\n]{0,8}"
            rb"(?:[A-Za-z-]{1,40}: [^\r\n]{0,200}[\r\n]{1,4}){0,8}[A-Za-z0-9+/=\s\\]{0,16384}"
        ),
        is_private_key,
        inside=True,
    ),
    _prefixed("an age key", (b"AGE-SECRET-KEY-1",), letters=_LETTERS, form=rb"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _prefixed("an AWS access key", (b"AKIA", b"ASIA"), letters=_LETTERS, form=rb"A[KS]IA[A-Z2-7]{16}"),
    _prefixed("an Azure key", (b"AccountKey=",), letters=rb"[A-Za-z0-9+/]*={0,2}", form=rb"AccountKey=.{86}=="),
    _prefixed("a Google API key", (b"AIza",), letters=_WORD, form=rb"AIza.{35}"),
    _prefixed("a Google access token", (b"ya29.",), letters=_WORD, form=rb"ya29\..{40,}"),
    _prefixed("a Google client secret", (b"GOCSPX-",), letters=_WORD, form=rb"GOCSPX-.{28}"),
    _prefixed(
        "a GitHub token",
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"),
        letters=_LETTERS,
        form=rb"gh[pousr]_.{36,255}",
    ),
    _prefixed("a GitHub token", (b"github_pat_",), letters=_WORD, form=rb"github_pat_.{50,255}"),
    _prefixed("a GitLab token", (b"glpat-",), letters=rb"[A-Za-z0-9_.-]*", form=rb"glpat-.{20,255}"),
    _prefixed(
        "a Slack token",
        (b"xoxb-", b"xoxp-", b"xoxa-", b"xoxr-", b"xoxs-", b"xapp-"),
        letters=_WORD,
        form=rb"x(?:ox[abprs]|app)-.{24,255}",
    ),
    _prefixed("a Slack address", (b"hooks.slack.com/services/T",), letters=rb"[A-Za-z0-9/]*", form=rb".{40,200}"),
    _prefixed("a Stripe key", (b"sk_live_", b"rk_live_"), letters=_LETTERS, form=rb"[rs]k_live_.{24,255}"),
    _prefixed("an API key", (b"sk-",), letters=_WORD, form=rb"sk-(?=.*[0-9])(?=.*[A-Z]).{40,255}"),
    _prefixed("an npm token", (b"npm_",), letters=_LETTERS, form=rb"npm_.{36}"),
    _prefixed("a PyPI token", (b"pypi-AgE",), letters=_WORD, form=rb"pypi-AgE.{60,500}"),
    _prefixed("a Hugging Face token", (b"hf_",), letters=_LETTERS, form=rb"hf_.{34}"),
    _prefixed("a SendGrid key", (b"SG.",), letters=rb"[A-Za-z0-9_.-]*", form=rb"SG\.[\w-]{22}\.[\w-]{43}"),
    _prefixed("a Vault token", (b"hvs.",), letters=_WORD, form=rb"hvs\..{24,255}"),
    _prefixed("a DigitalOcean token", (b"dop_v1_",), letters=_LETTERS, form=rb"dop_v1_[0-9a-f]{64}"),
    SecretForm("a JWT", (b"eyJ",), re.compile(rb"eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,4}"), is_jwt),
    SecretForm(
        "a bearer token", (b"bearer ",), re.compile(rb"(?i:bearer) +[A-Za-z0-9._~+/-]*=*"), is_bearer, any_case=True
    ),
    SecretForm("a password", (b"basic ",), re.compile(rb"(?i:basic) +[A-Za-z0-9+/]*={0,2}"), is_basic, any_case=True),
    SecretForm(
        "a password in an address",
        (b"://",),
        re.compile(rb"://[^\s/?#@:\"'<>]{1,256}:[^\s/?#@\"'<>]{1,256}@"),
        is_in_url,
        inside=True,
    ),
    SecretForm(
        "a password",
        _NAMES,
        re.compile(
            rb"(?i:"
            + b"|".join(map(re.escape, _NAMES))
            + rb")\\?[\"']?[ \t]{0,3}[:=]{1,2}[ \t]{0,3}\\?[\"']?[^\s\"'\\,;&<>]*"
        ),
        is_assigned,
        inside=True,
        any_case=True,
    ),
)
"""Every row, in the order in which they are looked for."""
