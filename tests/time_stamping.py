"""A time stamping authority: what it answers to a request, and a server of it on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client._rust import parse_timestamp_request

from attest.trust.making import authority_of
from tests.evidence_story import change
from tests.sigstore_world import START, TSA, TSA_KEY, TSA_ROOT, TSA_ROOT_KEY, authority, key_of
from tests.timestamp_tokens import imprint_of, stamped
from tests.world import NOW, make_trust_file, trust_of

MINUTE: Final = 60_000
STAMPING: Final = ((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),)
OTHER_ROOT_KEY: Final = key_of(2001)
OTHER_KEY: Final = key_of(2002)
OTHER_ROOT: Final = authority("other tsa root", OTHER_ROOT_KEY)
OTHER: Final = authority("other tsa", OTHER_KEY, OTHER_ROOT, OTHER_ROOT_KEY, extensions=STAMPING, is_ca=False)
EXPIRED: Final = authority(
    "expired", TSA_KEY, TSA_ROOT, TSA_ROOT_KEY, extensions=STAMPING, is_ca=False, end=START + timedelta(minutes=1)
)
"""Nobody may stamp with it any more, and somebody does."""
NOT_FOR_TIME: Final = authority("not for time", TSA_KEY, TSA_ROOT, TSA_ROOT_KEY, is_ca=False)


def pem_of(*certificates: x509.Certificate) -> bytes:
    """The file that an authority publishes."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def trusting(*files: bytes, **changes: Any) -> Any:
    """A trust file of the usual people, and the authorities of these files."""
    authorities = tuple(authority_of(each, where="tsa.pem") for each in files)
    return trust_of(change(make_trust_file(), timestamp_authorities=authorities, **changes))


TRUST: Final = trusting(pem_of(TSA_ROOT))
"""The root alone, as most publish it: tokens bring the rest."""


def moment(milliseconds: int) -> datetime:
    """An instant, in whole seconds, as tokens have it."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC)


def answer_to(request: bytes, *, at: int = NOW, **changes: Any) -> bytes:
    """What the authority answers; `changes` are those of the answer: imprint, nonce, certificate, key, embedded."""
    asked = parse_timestamp_request(request)
    assert asked.cert_req
    certificate = changes.pop("certificate", TSA)
    given: dict[str, Any] = {
        "imprint": imprint_of(asked.message_imprint.message),
        "nonce": asked.nonce,
        "embedded": (certificate,),
    }
    given |= {"certificate": certificate, "key": TSA_KEY, **changes}
    return stamped(at=moment(at), **given)


Reply = tuple[int, dict[str, str], bytes]


@contextmanager
def serving(reply: Callable[[bytes], Reply]) -> Iterator[str]:
    """Answer every POST on this machine with what `reply` returns; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, octets = reply(body)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(octets))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stamping(**changes: Any) -> Callable[[bytes], Reply]:
    """An authority that works; `changes` are those of `answer_to`."""
    return lambda request: (200, {"Content-Type": "application/timestamp-reply"}, answer_to(request, **changes))
