"""Why a server has not answered, in words for whoever asked: what happened, and nothing of where or with what."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Final

from attest.portal.web.connecting import ComplaintError, ElsewhereError, NotSealedError
from attest.portal.web.http1.connection import NoAnswerError, NoHttpError

_WORDS: Final[tuple[tuple[type[OSError], str], ...]] = (
    (socket.gaierror, "the name of the server was not found"),
    (ElsewhereError, "the name of the server leads to another machine, and the server is sealed to be on this one"),
    (NotSealedError, "the server did not show the key or SPIFFE ID that is sealed"),
    (ssl.SSLCertVerificationError, "nobody who is trusted vouches for the certificate that the server showed"),
    (ssl.SSLError, "no connection by TLS could be agreed on with the server"),
    (ConnectionRefusedError, "the server refused the connection: nothing listens where it is sealed to be"),
    (FileNotFoundError, "there is no socket where the server is to listen"),
    (TimeoutError, "the server could not be reached in time"),
    (NoHttpError, "what the server said is no HTTP"),
    (NoAnswerError, "the server closed the connection before its answer was whole"),
)
"""The first kind that fits counts."""
_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


def why_unanswered(error: OSError) -> str:
    """Return what kept a server from answering; of the error's own words only those that are ours."""
    if isinstance(error, ComplaintError):
        return f"the server was not asked: {error}"
    if error.errno in _NO_WAY:
        return "there is no way to the server's machine"
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "the server could not be asked")
