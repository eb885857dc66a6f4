"""A cycle over a server elsewhere: asked for its tools, in an era of the protocol in which they are the sealed ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from attest.agent.closure import Looks
from attest.agent.cycle import Cycle
from attest.agent.looking import Judged
from attest.agent.sealed import SealedServer
from attest.agent.target import Target
from attest.appraisal.state import make_findings
from attest.appraisal.upstream import judge_upstream
from attest.codec import instant
from attest.measure.upstreams.asking import Era
from attest.measure.upstreams.looking import look_at
from attest.measure.upstreams.tls_files import TlsFiles
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import ObservedUpstream
from attest.statement.predicates.runtime_measurement import Coverage, Measured, MeasuredUpstream
from attest.statement.tools.definitions import digest_of_set
from attest.statement.tools.described import LISTS
from attest.statement.tools.rules import ToolRules, Upstream

_MOST_SECONDS: Final = 10.0
"""For one era: a server that thinks longer about the list of its tools is not there."""
_SECOND: Final = 1000

_Seen = tuple[ObservedUpstream, tuple[Finding, ...]]


@final
class UpstreamLook:
    """Looks at one server, cycle after cycle; for one thread at a time."""

    def __init__(self, rules: ToolRules, upstream: Upstream, *, files: TlsFiles, clock_ms: Callable[[], int]) -> None:
        """`files` are those that connections to the server need."""
        self._rules = rules
        described = rules.described
        self._lists = [each for each in LISTS if described is not None and described.of(each) is not None]
        self._upstream = upstream
        self._files = files
        self._clock_ms = clock_ms
        self._eras = [Era.MODERN, Era.LEGACY]
        """The one first in which the tools were last as sealed; in the newer one no session has to be opened."""

    def measure(self, target: Target, looks: Looks) -> Judged:
        """Look once and judge it; what goes wrong while looking is a finding, never a match."""
        server = target.server
        seen, findings = self._look(min(target.patience_ms / _SECOND / len(self._eras), _MOST_SECONDS))
        every = (*looks.around, *looks.judge(server, seen.started_at), *findings)
        measured = Measured(
            started_at=instant.text(seen.started_at),
            finished_at=instant.text(seen.finished_at),
            coverage=_coverage(seen),
        )
        return Judged(by=server, cycle=Cycle(measured=measured, findings=make_findings(every)))

    def _look(self, seconds: float) -> _Seen:
        """Return the first look that found everything as sealed, else the one that found out most."""
        tried: list[_Seen] = []
        for era in tuple(self._eras):
            seen = look_at(
                self._upstream,
                era,
                lists=self._lists,
                files=self._files,
                seconds=seconds,
                clock_ms=self._clock_ms,
            )
            findings = judge_upstream(self._rules, seen)
            if not findings:
                self._eras.sort(key=lambda each: each is not era)
                return seen, findings
            tried.append((seen, findings))
            if seen.trouble is not None and seen.trouble.kind is FindingKind.UPSTREAM_OTHER:
                # Nobody else is asked anything.
                return tried[-1]
        return next((each for each in tried if each[0].trouble is None), tried[0])


def _coverage(seen: ObservedUpstream) -> Coverage:
    told = seen.definitions
    return Coverage(
        files=0,
        bytes=0,
        rehashed=0,
        cached=0,
        derived=0,
        oldest_hash_age_milliseconds=0,
        upstream=None
        if told is None
        else MeasuredUpstream(url=seen.url, spki=seen.spki, spiffe_id=seen.spiffe_id, definitions=digest_of_set(told)),
    )


def sealed_upstream(server: SealedServer) -> tuple[ToolRules, Upstream]:
    """Return the rules and the upstream of a reference without files, which always has both."""
    rules = server.reference.tools
    if rules is None or rules.upstream is None:
        msg = "a reference without files and without an upstream"
        raise AssertionError(msg)
    return rules, rules.upstream
