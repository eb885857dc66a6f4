"""One look at a server that nobody can measure: who shows itself at its address, and how it describes its tools."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from attest.errors import AttestError, UntrustedError
from attest.measure.upstreams.asking import Conversation, Era
from attest.measure.upstreams.posting import Poster
from attest.measure.upstreams.talking import talk
from attest.measure.upstreams.tls_files import TlsFiles
from attest.statement.findings import FindingKind
from attest.statement.observation import ObservedUpstream, Trouble
from attest.statement.tools.definitions import MAX_DEFINITIONS, named_definition
from attest.statement.tools.described import digest_of_instructions, item_of
from attest.statement.tools.rules import Upstream

_TOOLS: Final = "tools/list"


def look_at(
    upstream: Upstream,
    era: Era,
    *,
    lists: Collection[str],
    files: TlsFiles,
    seconds: float,
    clock_ms: Callable[[], int],
) -> ObservedUpstream:
    """Ask the server for its tools in one era of the protocol; what goes wrong is reported, never raised.

    `lists` are further ones to ask for; `clock_ms` gives milliseconds since 1970.
    """
    began = clock_ms()
    poster: Poster | None = None
    conversation = Conversation(era, {}, lists=(_TOOLS, *lists))
    trouble: Trouble | None = None
    try:
        poster = Poster(upstream, files=files, seconds=seconds)
        talk(poster, conversation)
        if _TOOLS not in conversation.found or len(conversation.found[_TOOLS]) > MAX_DEFINITIONS:
            trouble = Trouble(kind=FindingKind.UNREACHABLE, detail="it did not list its tools, or listed too many")
    except UntrustedError as error:
        trouble = Trouble(kind=FindingKind.UPSTREAM_OTHER, detail=error.found, expected=error.expected)
    except AttestError as error:
        trouble = Trouble(kind=FindingKind.UNREACHABLE, detail=f"{error.expected}: {error.found}")
    shown = None if poster is None else poster.shown
    return ObservedUpstream(
        url=upstream.url,
        started_at=began,
        finished_at=max(began, clock_ms()),
        spki=None if shown is None else shown.spki,
        spiffe_id=upstream.spiffe_id if shown is not None and shown.uris == (upstream.spiffe_id,) else None,
        definitions=None if trouble is not None else tuple(map(named_definition, conversation.found[_TOOLS])),
        instructions=digest_of_instructions(conversation.opening),
        described={
            method: tuple(item_of(method, each) for each in conversation.found.get(method, ())) for method in lists
        },
        trouble=trouble,
    )
