"""Whether an answer holds what has the form of a secret: a key, a token, a password.

It finds what a server gives away by accident, or because a prompt made it read a file. A server that hides a secret
on purpose (encoded, in pieces, in a picture) is not found out: that is what `below`, `egress` and isolation are for.
Each row of `secret_forms.FORMS` reads each byte a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attest.appraisal.calls.secret_forms import FORMS, SecretForm

_MAX_TOKEN_BYTES: Final = 20_000
"""What is longer is no single secret: a private key of 8192 bits has 6400."""
_OF_WORDS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def first_secret(answer: Mapping[str, Any]) -> str | None:
    """Return the kind of a secret that an answer holds, for a reason; None if it holds none."""
    text = "\n".join(_texts(answer)).encode(errors="surrogatepass")
    lower = text.lower()
    return next((form.kind for form in FORMS if _holds(form, text, lower if form.any_case else text)), None)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401  (any JSON value)
    """Yield all text of a JSON value; a field as `name=value`, as it would stand in a file."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, Mapping):
            for name, inner in each.items():
                if isinstance(inner, str):
                    yield f"{name}={inner}"
                else:
                    yield name
                    waiting.append(inner)


def _holds(form: SecretForm, text: bytes, searched: bytes) -> bool:
    for begins in form.begins:
        at = searched.find(begins)
        while at >= 0:
            match = form.token.match(text, at)
            end = at + len(begins) if match is None else max(match.end(), at + len(begins))
            starts = form.inside or at == 0 or text[at - 1] not in _OF_WORDS
            if match is not None and starts and end - at <= _MAX_TOKEN_BYTES and form.is_secret(match[0]):
                return True
            at = searched.find(begins, end)
    return False
