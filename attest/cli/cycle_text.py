"""What a cycle came to, as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from attest.codec.printable import printable

if TYPE_CHECKING:
    from attest.agent.keeping import Reported

_SHOWN: Final = 10


def cycle_lines(reported: Reported) -> Iterator[str]:
    """Yield one line for the cycle, then its findings, then what was done about it; none of them drives a terminal."""
    return map(printable, _lines(reported))


def _lines(reported: Reported) -> Iterator[str]:
    cycle = reported.cycle
    coverage = cycle.measured.coverage
    runtime = reported.server.runtime
    on = "" if runtime is None else f" on {runtime.reference.server.name}"
    name = f"{reported.server.reference.server.name}{on}"
    receipt = "in the next receipt" if reported.sequence is None else f"receipt {reported.sequence}"
    seen = f"{coverage.files} files, {coverage.bytes / 1e6:.1f} MB"
    if reported.server.reference.is_remote:
        seen = "no file" if coverage.upstream is None else f"no file, {coverage.upstream.name}"
    yield f"{cycle.measured.started_at} {cycle.state.value.upper():7} {name}: {seen}, {receipt}"
    for finding in cycle.findings.findings[:_SHOWN]:
        yield f"  {finding.kind.value} {finding.where}"
        if finding.expected is not None or finding.found is not None:
            yield f"    expected {finding.expected or '-'}, found {finding.found or '-'}"
    if cycle.findings.total > _SHOWN:
        yield f"  and {cycle.findings.total - _SHOWN} more findings, in the receipt"
    if reported.outcome is not None:
        yield f"  {reported.server.reference.enforcement.on_drift.value}: {reported.outcome}"
