"""Resources by URI: one exactly, or all below a prefix, and no spelling that leaves it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from attest.appraisal.calls.kinds import RuleKind
from attest.appraisal.calls.readings import readings
from attest.appraisal.calls.ruling import Ruling, permitted, refused
from attest.errors import MalformedError
from attest.statement.tools.rules import ResourceRule

_SEPARATORS: Final = re.compile(r"[/?#&=;]")
_DOTS: Final = frozenset({".", ".."})
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\\]")
"""Control characters, which some readers drop, and backslashes, which some take for slashes."""
_AUTHORITY: Final = re.compile(r"[^/*]*://[^/]*\Z")


class ResourcePlan:
    """The URIs that may be read, compared code point by code point."""

    def __init__(self, rules: Iterable[ResourceRule]) -> None:
        """Read the rules; raise `MalformedError` for a prefix that ends within the name of a host."""
        self._exact: dict[str, str] = {}
        self._prefixes: list[tuple[str, str]] = []
        for rule in rules:
            if not rule.uri.endswith("*"):
                self._exact.setdefault(rule.uri, rule.id)
                continue
            prefix = rule.uri[:-1]
            if _AUTHORITY.fullmatch(prefix):
                raise MalformedError(f"resource {rule.id}", "a prefix beyond the host, `scheme://host/*`", rule.uri)
            self._prefixes.append((prefix, rule.id))

    def judge(self, uri: str | None) -> Ruling:
        """Return whether a URI (or a template, which completion names) may be read."""
        exact = None if uri is None else self._exact.get(uri)
        if exact is not None:
            return permitted(RuleKind.RESOURCE_ALLOWED, of=exact)
        for prefix, rule in self._prefixes if uri is not None else ():
            if uri is not None and uri.startswith(prefix):
                if _could_leave(uri):
                    reason = "the URI holds dot segments, a backslash or control characters, plain or encoded"
                    return refused(RuleKind.RESOURCE_SPELLING, reason, of=rule)
                return permitted(RuleKind.RESOURCE_ALLOWED, of=rule)
        return refused(RuleKind.RESOURCE_UNKNOWN, "no rule allows this resource")


def _could_leave(uri: str) -> bool:
    try:
        return any(_UNPRINTABLE.search(each) or _DOTS & set(_SEPARATORS.split(each)) for each in readings(uri))
    except ValueError:
        return True
