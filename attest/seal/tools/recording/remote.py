"""Asking a server that listens somewhere what it offers: nothing is started, and its key is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attest.measure.upstreams.asking import Conversation, Era
from attest.measure.upstreams.posting import Poster
from attest.measure.upstreams.talking import talk
from attest.measure.upstreams.tls_files import TlsFiles
from attest.seal.tools.recording.recording import Recording, in_each_era
from attest.seal.tools.session import SESSION_SCHEMA, RecordedUpstream, Sender, SessionMessage, SessionStart, lines_of
from attest.statement.tools.rules import Upstream


@dataclass(frozen=True, kw_only=True)
class RemoteRequest:
    """Where to ask and how; seconds."""

    url: str
    files: TlsFiles
    capabilities: Mapping[str, Any]
    timeout: float
    eras: tuple[Era, ...] = tuple(Era)


@dataclass(frozen=True, kw_only=True)
class _Run:
    upstream: RecordedUpstream
    messages: list[SessionMessage]


def record_remote(request: RemoteRequest) -> Recording:
    """Ask once in each era that the server speaks; raise `UnavailableError` if it speaks none in time.

    Raises `UntrustedError` for a server that nobody vouches for, `RefusedError` for plain HTTP to another machine.
    """
    runs = in_each_era(request.eras, lambda era, seconds: _run(request, era, seconds), request.timeout)
    return Recording(
        lines=lines_of((SessionStart(schema=SESSION_SCHEMA, upstream=run.upstream), run.messages) for _, run in runs),
        eras=tuple(era for era, _ in runs),
        kept_from=(),
    )


def _run(request: RemoteRequest, era: Era, seconds: float) -> _Run:
    messages: list[SessionMessage] = []

    def note(sender: Sender, text: str) -> None:
        messages.append(SessionMessage(sender=sender, text=text))

    poster = Poster(Upstream(url=request.url), files=request.files, seconds=seconds)
    talk(
        poster,
        Conversation(era, request.capabilities),
        said=lambda line: note(Sender.CLIENT, line),
        heard=lambda line: note(Sender.SERVER, line),
    )
    shown = None if poster.shown is None else poster.shown.spki
    return _Run(upstream=RecordedUpstream(url=request.url, spki=shown), messages=messages)
