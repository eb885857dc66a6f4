"""One bounded request to an index: for what its client does not fetch itself, the attestations.

The standard library's client honours the caller's proxies and certificate store. A redirect from https to anything else
is refused, and plain http is for this machine alone (an index under test).
"""

from __future__ import annotations

import urllib.error
import urllib.request
from http import HTTPStatus
from typing import IO, Final
from urllib.parse import urlsplit

from attest.errors import UnavailableError
from attest.version import VERSION

TIMEOUT_SECONDS: Final = 30
MAX_BYTES: Final = 32 * 1024 * 1024
"""A project's page of an index can have megabytes; attestations stay far below."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def get(url: str, *, accept: str = "application/json", max_bytes: int = MAX_BYTES) -> bytes | None:
    """Return what lies at `url`, None if the index says that nothing does.

    Raises `UnavailableError` for everything else: no network, a refusal, too large an answer.
    """
    _check(url)
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": f"mcp-attest/{VERSION}"})  # noqa: S310  (checked)
    try:
        with urllib.request.build_opener(_Redirects).open(request, timeout=TIMEOUT_SECONDS) as answer:
            octets: bytes = answer.read(max_bytes + 1)
    except urllib.error.HTTPError as error:
        if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return None
        raise UnavailableError(_shown(url), "an answer", f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise UnavailableError(_shown(url), "an answer", type(error).__name__, hint="check the network") from error
    if len(octets) > max_bytes:
        raise UnavailableError(_shown(url), f"at most {max_bytes} bytes", "more")
    return octets


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> urllib.request.Request | None:
        _check(newurl)
        if urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            raise UnavailableError(_shown(req.full_url), "a redirect of the same scheme", _shown(newurl))
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]  # as it was given


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise UnavailableError(_shown(url), "an https address", parts.scheme[:20] or "none")


def _shown(url: str) -> str:
    """Return an address without what may be a secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:300]
