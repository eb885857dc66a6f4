"""The part of SARIF 2.1.0 that we write, as records; the numbers are clauses of the OASIS standard."""

from __future__ import annotations

from typing import Final

import msgspec

from attest.codec.records import Record

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


class Message(Record, kw_only=True):
    """3.11; braces are doubled in it, since single ones are placeholders."""

    text: str
    markdown: str | None = None


class RuleProperties(Record, kw_only=True):
    """What GitHub reads of a rule's property bag (3.8)."""

    tags: tuple[str, ...]
    precision: str
    security_severity: str = msgspec.field(name="security-severity")
    """0.1 to 10.0."""


class Configuration(Record, kw_only=True):
    """3.50."""

    level: str


class Rule(Record, kw_only=True):
    """3.49: one of our checks."""

    id: str
    name: str
    short_description: Message
    full_description: Message
    help: Message
    help_uri: str
    default_configuration: Configuration
    properties: RuleProperties


class ArtifactLocation(Record, kw_only=True):
    """3.4: relative to the workspace if there is a base."""

    uri: str
    uri_base_id: str | None = None


class Region(Record, kw_only=True):
    """3.30."""

    start_line: int


class PhysicalLocation(Record, kw_only=True):
    """3.29."""

    artifact_location: ArtifactLocation
    region: Region


class Location(Record, kw_only=True):
    """3.28."""

    physical_location: PhysicalLocation


class Result(Record, kw_only=True):
    """3.27: a check that did not pass."""

    rule_id: str
    rule_index: int
    level: str
    message: Message
    locations: tuple[Location, ...]
    partial_fingerprints: dict[str, str]


class Driver(Record, kw_only=True):
    """3.19: this program."""

    name: str
    version: str
    information_uri: str
    rules: tuple[Rule, ...]


class Tool(Record, kw_only=True):
    """3.18."""

    driver: Driver


class RuleReference(Record, kw_only=True):
    """3.52: one of the rules, by its place among them."""

    id: str
    index: int


class Notification(Record, kw_only=True):
    """3.58: something about the report itself, or about what the evidence was held to."""

    level: str
    message: Message
    associated_rule: RuleReference | None = None
    locations: tuple[Location, ...] = ()


class Invocation(Record, kw_only=True):
    """3.20."""

    execution_successful: bool
    tool_execution_notifications: tuple[Notification, ...] = ()


class RunProperties(Record, kw_only=True):
    """The verdict over all files, and how many there were."""

    verdict: str
    files: int
    passed: int


class Run(Record, kw_only=True):
    """3.14: one for all files of a call."""

    tool: Tool
    invocations: tuple[Invocation, ...]
    results: list[Result]
    column_kind: str
    properties: RunProperties


class Log(Record, kw_only=True):
    """3.13."""

    schema: str = msgspec.field(name="$schema")
    version: str
    runs: tuple[Run, ...]
