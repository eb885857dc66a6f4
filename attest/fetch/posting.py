"""One bounded request by POST, to a server that anchors: in time as a whole, in size, and without redirects.

Plain http is allowed, as most time stamping authorities have nothing else: what comes back is signed, repeats a nonce,
and is about a digest that says nothing.
"""

from __future__ import annotations

import queue
import threading
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import urlsplit

from attest.errors import AttestError, UnavailableError
from attest.version import VERSION

TIMEOUT_SECONDS: Final = 30
"""For all of it: name, connection, request, answer."""

MAX_ANSWER_BYTES: Final = 64 * 1024


def post(url: str, body: bytes, *, media_type: str, timeout: float = TIMEOUT_SECONDS) -> bytes:
    """Return what a server answers; raise `UnavailableError` for anything but an answer of at most 64 KiB in time.

    The time limits of sockets begin anew with every byte: a thread of its own is asked, and left alone when it is over.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UnavailableError("address", "http:// or https:// and a host", parts.scheme[:20] or "none")
    headers = {"Content-Type": media_type, "User-Agent": f"mcp-attest/{VERSION}"}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310  (checked)
    where = f"{parts.scheme}://{parts.hostname}{parts.path}"[:300]
    results: queue.SimpleQueue[bytes | AttestError] = queue.SimpleQueue()
    threading.Thread(target=lambda: results.put(_send(request, where, timeout)), daemon=True).start()
    try:
        found = results.get(timeout=timeout)
    except queue.Empty:
        raise _late(where, timeout) from None
    if isinstance(found, AttestError):
        raise found
    return found


def _send(request: urllib.request.Request, where: str, timeout: float) -> bytes | AttestError:
    try:
        with urllib.request.build_opener(_Straight).open(request, timeout=timeout) as answer:
            octets: bytes = answer.read(MAX_ANSWER_BYTES + 1)
    except urllib.error.HTTPError as error:
        return UnavailableError(where, "an answer", f"HTTP {error.code}")
    except Exception as error:  # noqa: BLE001  (whatever it is, the caller's thread has to hear of it)
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, TimeoutError):
            return _late(where, timeout)
        return UnavailableError(where, "an answer", type(reason).__name__, hint="check address and network")
    if len(octets) > MAX_ANSWER_BYTES:
        return UnavailableError(where, f"at most {MAX_ANSWER_BYTES} bytes", "more")
    return octets


def _late(where: str, timeout: float) -> UnavailableError:
    return UnavailableError(where, f"an answer within {timeout:g} s", "none")


class _Straight(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: `urllib` then ends with the status of the redirect."""
