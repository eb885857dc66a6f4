"""What tells a secret from an example or a word: randomness, a header that decodes, a body of some length."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter as Tally
from collections.abc import Callable
from typing import Final

Judge = Callable[[bytes], bool]
"""Whether a whole token is a secret."""

_RANDOM_BITS: Final = 3.0
"""Bits a character, by the token's own distribution: 16 random letters have 3.5 and more, words and rows less."""
_PLACEHOLDER: Final = re.compile(
    rb"(?i)example|sample|placeholder|redacted|changeme|your[-_ ]|xxxx|\*\*\*|\.\.\.|dummy"
)
_NO_VALUE: Final = re.compile(rb"[$<{\[%*(]|[A-Za-z_]\w{0,80}(?:\.[A-Za-z_]\w{0,80})+\Z")
"""A reference to a value: `${NAME}`, `<password>`, `process.env.KEY2`."""
_KEY_LETTERS: Final = 54
"""40 bytes in base64; the shortest private key in PEM, Ed25519, has 48."""
_PASSWORD_BYTES: Final = 8


def is_random(token: bytes) -> bool:
    """Return whether a token looks made by chance: no placeholder, its characters spread over many."""
    if not token or _PLACEHOLDER.search(token):
        return False
    shares = [count / len(token) for count in Tally(token).values()]
    return -sum(share * math.log2(share) for share in shares) >= _RANDOM_BITS


def matching(form: bytes, *, random_from: int) -> Judge:
    """Return a judge: the whole token has this form, and what follows its first `random_from` bytes is random."""
    pattern = re.compile(form)
    return lambda token: pattern.fullmatch(token) is not None and is_random(token[random_from:])


def is_jwt(token: bytes) -> bool:
    """Return whether a token is a JWS or JWE in compact form (RFC 7515, RFC 7516): its header names an algorithm."""
    parts = token.rstrip(b".").split(b".")
    return len(parts) in {3, 5} and parts[-1] != b"" and b'"alg"' in _decoded(parts[0])


def is_private_key(block: bytes) -> bool:
    """Return whether a PEM block (RFC 7468) of a private key has a body, and is no stub of documentation."""
    body = block.partition(b"KEY")[2].partition(b"-----")[2]
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body.replace(rb"\n", b""))
    return len(letters) >= _KEY_LETTERS and is_random(letters)


def is_bearer(token: bytes) -> bool:
    """Return whether what stands behind `Bearer` is a token: 20 random characters or more, digits among them."""
    value = token.split()[-1]
    return len(value) >= 20 and re.search(rb"[0-9]", value) is not None and is_random(value)  # noqa: PLR2004


def is_basic(token: bytes) -> bool:
    """Return whether what stands behind `Basic` is a name and a password (RFC 7617)."""
    name, colon, password = _decoded(token.split()[-1]).partition(b":")
    return bool(name and colon) and len(password) >= _PASSWORD_BYTES and not _PLACEHOLDER.search(password)


def is_in_url(token: bytes) -> bool:
    """Return whether `://name:password@` holds a password, and no word for one."""
    return is_random(token.rstrip(b"@").rpartition(b":")[2])


def is_assigned(token: bytes) -> bool:
    """Return whether what stands behind `password:` or its like is a value: letters, digits, and a mixture of them."""
    value = re.split(rb"[:=]", token, maxsplit=1)[-1].lstrip(b":= \t\\\"'")
    if len(value) < _PASSWORD_BYTES or _NO_VALUE.match(value) or b"://" in value or b"(" in value:
        return False
    kinds = [re.search(kind, value) is not None for kind in (rb"[0-9]", rb"[a-z]", rb"[A-Z]", rb"[^A-Za-z0-9]")]
    return kinds[0] and sum(kinds) >= 3 and is_random(value)  # noqa: PLR2004  (most of four)


def _decoded(token: bytes) -> bytes:
    """Return what base64 of either alphabet holds; nothing if it is none."""
    try:
        return base64.b64decode(token.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(token) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
