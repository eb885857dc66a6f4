"""Limits: how many calls, how many at a time, how much, how fast, and for whom it is counted."""

from enum import StrEnum
from typing import Annotated

import msgspec

from attest.codec.records import Count, Record
from attest.errors import MalformedError
from attest.statement.enforcing import Seconds

RuleId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9._-]{0,63}$(?!\n)")]
"""What a receipt names a sealed rule by; unique in its reference."""


class Unit(StrEnum):
    """What is counted."""

    CALLS = "calls"
    BYTES = "bytes"
    """Of arguments and results together, as they were on the wire."""
    CONCURRENCY = "concurrency"
    """Calls that were permitted and have no outcome yet."""
    COST = "cost"
    """Calls, each with the sealed cost of its tool."""
    ROUNDS = "rounds"
    """Requests for input that one call came back with."""


class Per(StrEnum):
    """Whose count it is."""

    PRINCIPAL = "principal"
    TOOL = "tool"
    """Of each tool, for each principal."""
    REFERENCE = "reference"
    """Of everybody together."""


class Limit(Record, kw_only=True):
    """At most so much; with `within_seconds` in any span of that length, else as long as the session lasts."""

    id: RuleId
    unit: Unit
    per: Per
    amount: Count
    within_seconds: Seconds | None = None

    def __post_init__(self) -> None:
        """Refuse a rate of what is no flow."""
        if self.within_seconds is not None and self.unit in {Unit.CONCURRENCY, Unit.ROUNDS}:
            raise MalformedError(f"limit {self.id}", f"no withinSeconds with {self.unit}", f"{self.within_seconds}")


class Counter(Record, kw_only=True):
    """A limit as a decision found it: how much was used, this call not counted."""

    limit: RuleId
    used: Count
    amount: Count
