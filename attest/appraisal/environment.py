"""The environment of a process against the sealed rules; of a value nothing is said here, not even its digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from attest.appraisal.state import make_finding
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import ObservedEnvironment
from attest.statement.profile import EXPECTED_NAMES, FORBIDDEN_NAMES, EnvironmentRules, covers
from attest.statement.salted import salted_digest

WHERE: Final = "process"


def judge_environment(
    rules: EnvironmentRules | None, environment: ObservedEnvironment, given: Mapping[str, str] = MappingProxyType({})
) -> tuple[Finding, ...]:
    """Return the variables that may not be set, or that have another value than the sealed one.

    A name that can load other code is good with its sealed value, or with an empty one, which loads nothing. Without
    rules every other name is good. `given` is what our own launcher set, whose values count like sealed ones. A process
    can rewrite what it shows: that nothing is found proves nothing.
    """
    fixed = {**({} if rules is None else {each.name: each.value for each in rules.fixed}), **given}
    return tuple(
        finding
        for name, digest in environment.variables
        for finding in _judge(name, digest, environment.salt, rules, fixed)
    )


def _judge(
    name: str, digest: str, salt: bytes, rules: EnvironmentRules | None, fixed: dict[str, str]
) -> Iterator[Finding]:
    if name in fixed:
        if digest != _digest(salt, name, fixed[name]):
            yield _finding(name, "its sealed value", "another value")
    elif name in FORBIDDEN_NAMES:
        if digest != _digest(salt, name, ""):
            yield _finding(name, "not set, since it can load other code", "set")
    elif rules is not None and not any(covers(pattern, name) for pattern in (*rules.allowed, *EXPECTED_NAMES)):
        yield _finding(name, "a name that is sealed", "set")


def _digest(salt: bytes, name: str, value: str) -> str:
    return salted_digest(salt, name.encode("utf-8", "surrogateescape"), value.encode())


def _finding(name: str, expected: str, found: str) -> Finding:
    return make_finding(FindingKind.ENVIRONMENT, WHERE, expected=f"{name}: {expected}", found=found)
