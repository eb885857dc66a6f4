"""Vectors of what a portal reads and writes: references with tool rules, permits, outcomes, denials, drifts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from attest.codec import canonical
from attest.codec.octets import sha256_hex, to_base64
from attest.statement.tools.committing import commit
from attest.statement.tools.disclosures import disclosure_line
from scripts.faults import Fault, Places, base64_faults, value_at, with_value, without
from scripts.json_vectors import strict_faults
from scripts.vector import Vector, bad, good
from tests.call_documents import (
    DENIAL_PAYLOAD,
    DISCLOSURES,
    DRIFT_PAYLOAD,
    OUTCOME_PAYLOAD,
    PERMIT_PAYLOAD,
    WITH_LEAST_RULES,
    WITH_RULES,
    WITHHELD_PAYLOAD,
)
from tests.remote_documents import REMOTE_PAYLOAD


def references() -> Iterator[Vector]:
    """Yield references with tool rules."""
    yield from good("good-tools", WITH_LEAST_RULES, "runtime-reference")
    yield from good("good-tools-all", WITH_RULES, "runtime-reference")
    yield from good("good-remote", REMOTE_PAYLOAD, "runtime-reference")
    yield from bad("runtime-reference", ((f"remote-{name}", octets) for name, octets in _remote_faults()))
    yield from bad("runtime-reference", ((f"tools-{name}", octets) for name, octets in _definition_faults()))
    yield from bad("runtime-reference", ((f"tools-{name}", octets) for name, octets in _order_faults()))
    yield from bad("runtime-reference", ((f"tools-{name}", octets) for name, octets in _rule_faults()))


def _remote_faults() -> Iterator[Fault]:
    value = json.loads(REMOTE_PAYLOAD)
    with_files = json.loads(WITH_RULES)["predicate"]
    for name, changes in (
        ("with-entries", {"manifest": {**value["predicate"]["manifest"], "entries": 1}}),
        ("with-a-process", {"process": with_files["process"]}),
        ("with-places", {"places": with_files["places"]}),
        ("with-an-action-on-a-process", {"enforcement": with_files["enforcement"]}),
        ("without-an-upstream", {"tools": {**value["predicate"]["tools"], "upstream": None}}),
        ("without-a-key", {"tools": {**value["predicate"]["tools"], "upstream": {"url": "https://time.example/mcp"}}}),
    ):
        predicate = {**value["predicate"], **changes}
        if predicate["tools"]["upstream"] is None:
            del predicate["tools"]["upstream"]
        yield name, canonical.encode_value({**value, "predicate": predicate})


def disclosures() -> Iterator[Vector]:
    """Yield lines that open commitments."""
    lines = DISCLOSURES.splitlines(keepends=True)
    line = json.loads(lines[0])
    yield from good("good", DISCLOSURES, "disclosures")
    yield from good("good-empty", b"", "disclosures")
    salt = bytes.fromhex(line["salt"])
    yield from good("good-short", disclosure_line(commit(salt, b"{}"), salt, b"{}"), "disclosures")

    def with_value_of(text: str) -> bytes:
        return canonical.encode_value({**line, "value": text}) + b"\n"

    faults: list[Fault] = [
        ("cut-line-feed", DISCLOSURES[:-1]),
        ("empty-line", b"\n" + DISCLOSURES),
        ("another-value", with_value_of(to_base64(b"another"))),
        ("another-salt", canonical.encode_value({**line, "salt": "0" * 32}) + b"\n"),
        ("salt-too-short", canonical.encode_value({**line, "salt": "0" * 30}) + b"\n"),
        ("another-commitment", disclosure_line(commit(salt, b"another"), salt, b"a value")),
        *base64_faults(b"four", with_value_of),
    ]
    yield from bad("disclosures", faults)
    for name, octets in strict_faults(lines[0][:-1], Places(text=("value",), digest=("sha256",))):
        yield from bad("disclosures", [(f"line-{name}", octets + b"\n")])


def _put(*place: str | int, value: object) -> bytes:
    return with_value(WITH_RULES, ("predicate", "tools", *place), value)


def _at(*place: str | int) -> Any:  # noqa: ANN401  (any JSON value)
    return value_at(WITH_RULES, ("predicate", "tools", *place))


def _defined(text: str, *, name: str = "convert_time") -> bytes:
    """A reference whose first definition is this text, with every digest right."""
    definition = {"name": name, "sha256": sha256_hex(text.encode()), "text": text}
    pairs = [{"name": each["name"], "sha256": each["sha256"]} for each in (definition, _at("definitions", 1))]
    digest = sha256_hex(json.dumps({"tools": pairs}, separators=(",", ":")).encode())
    changed = _put("definitions", 0, value=definition)
    return with_value(changed, ("predicate", "tools", "definitionsDigest"), digest)


def _definition_faults() -> Iterator[Fault]:
    text = _at("definitions", 0, "text")
    yield "definition-of-another-digest", _put("definitions", 0, "text", value=text.replace("Convert", "convert"))
    yield "definition-with-a-digest-of-its-own", _put("definitions", 0, "sha256", value="0" * 64)
    yield "definitions-of-another-digest", _put("definitionsDigest", value="0" * 64)
    yield "definition-left-out", _put("definitions", value=_at("definitions")[1:])
    yield "definition-of-another-name", _defined(text.replace("convert_time", "convert_date"))
    yield "definition-without-a-name", _defined('{"description":"no name"}')
    yield "definition-spelled-with-space", _defined(text.replace('":', '": '))
    yield "definition-with-a-key-twice", _defined('{"name":"convert_time","name":"convert_time"}')
    yield "definition-that-is-a-list", _defined('["convert_time"]')
    yield "definition-with-a-number-spelled-twice", _defined('{"name":"convert_time","x":1.0}')
    yield "definition-with-a-large-integer", _defined('{"name":"convert_time","x":9007199254740993}')
    yield "definition-that-is-cut", _defined(text[:-1])
    yield "egress-over-udp", _put("egress", value=["udp:53"])
    yield "decoys-that-nobody-sees", _put("decoys", value=[{"path": "/srv/ops/.netrc", "text": "x"}])
    yield "schema-that-is-true", _put("tools", 0, "arguments", value="true")
    yield "schema-in-another-order", _put("tools", 0, "arguments", value='{"type":"object","properties":{}}')


def _order_faults() -> Iterator[Fault]:
    for name in ("definitions", "tools", "principals", "limits"):
        yield f"{name}-in-another-order", _put(name, value=_at(name)[::-1])
        yield f"{name}-with-one-twice", _put(name, value=[_at(name, 0), *_at(name)])
    for name in ("prompts", "methods", "egress", "inputRequests"):
        yield f"{name}-with-one-twice", _put(name, value=[_at(name, 0), *_at(name)])
    requests = _at("tools", 0, "result", "inputRequests")
    yield "result-in-another-order", _put("tools", 0, "result", "inputRequests", value=requests[::-1])
    yield "directories-in-another-order", _put("tools", 0, "paths", 0, "below", value=["/b", "/a"])
    yield "limits-of-a-tool-in-another-order", _put("tools", 1, "limits", value=_at("tools", 1, "limits")[::-1])
    yield "id-of-two-rules", _put("resources", 0, "id", value=_at("limits", 0, "id"))
    yield "id-of-rules-of-two-tools", _put("tools", 0, "limits", 0, "id", value=_at("tools", 1, "limits", 0, "id"))


def _rule_faults() -> Iterator[Fault]:
    yield "tool-that-is-not-defined", _put("tools", 0, "name", value="convert_date")
    yield "principal-that-is-none", _put("tools", 0, "principals", value=["stranger"])
    yield "principals-that-are-empty", _put("tools", 0, "principals", value=[])
    yield "sequence-of-a-tool-that-may-not-be-called", _put("sequences", 0, "then", value=["convert_date"])
    yield "sequence-of-nothing", _put("sequences", 0, "first", value=[])
    yield "result-that-says-nothing", _put("tools", 0, "result", value={})
    yield "method-that-has-rules", _put("methods", value=["tools/call"])
    yield "directory-that-is-relative", _put("tools", 0, "paths", 0, "below", value=["zones"])
    yield "directories-that-are-none", _put("tools", 0, "paths", 0, "below", value=[])
    yield "pointer-without-slash", _put("tools", 0, "paths", 0, "argument", value="file")
    yield "pointer-with-a-stray-tilde", _put("tools", 0, "paths", 0, "argument", value="/a~2")
    yield "rate-of-what-is-at-once", _put("limits", 0, "withinSeconds", value=60)
    yield "limit-without-a-unit", without(WITH_RULES, ("predicate", "tools", "limits", 0, "unit"))
    yield "limit-id-in-upper-case", _put("limits", 0, "id", value="All")
    yield "request-for-anything", _put("inputRequests", value=["elicit"])
    yield "default-written-out", _put("onCallerDrift", value="stop")
    yield "cost-of-one-written-out", _put("tools", 1, "cost", value=1)
    yield "name-with-line-feed", _put("prompts", value=["plan\nmeeting"])
    principals = _at("principals")
    yield "caller-that-is-two-principals", _put("principals", value=[principals[0], {**principals[0], "name": "cj"}])
    yield "local-principal-with-a-subject", _put("principals", 1, "subject", value="root")
    yield "token-without-audience", without(WITH_RULES, ("predicate", "tools", "principals", 2, "audience"))


def receipts() -> Iterator[Vector]:
    """Yield what becomes of calls."""
    yield from good("good-outcome", OUTCOME_PAYLOAD, "tool-permit")
    yield from good("good-withheld", WITHHELD_PAYLOAD, "tool-denial")
    yield from bad("tool-permit", _permit_faults())
    yield from bad("tool-denial", _denial_faults())
    yield from bad("caller-drift", _drift_faults())


def _permit_faults() -> Iterator[Fault]:
    permit = ("predicate", "permit")
    outcome = value_at(OUTCOME_PAYLOAD, ("predicate", "outcome"))
    yield "permit-and-outcome", with_value(PERMIT_PAYLOAD, ("predicate", "outcome"), outcome)
    yield "neither-permit-nor-outcome", without(PERMIT_PAYLOAD, permit)
    yield "permit-of-no-method", without(PERMIT_PAYLOAD, ("predicate", "call", "method"))
    yield "permit-of-two-lines", with_value(PERMIT_PAYLOAD, (*permit, "rule"), "a\nb")
    yield "round-zero-written-out", with_value(PERMIT_PAYLOAD, ("predicate", "call", "round"), 0)
    yield "commitment-without-length", without(PERMIT_PAYLOAD, ("predicate", "call", "arguments", "bytes"))
    yield "counter-of-no-limit", without(PERMIT_PAYLOAD, (*permit, "counters", 0, "limit"))
    yield "counters-that-are-empty", with_value(PERMIT_PAYLOAD, (*permit, "counters"), [])
    place = ("predicate", "outcome")
    yield "answer-without-bytes", without(OUTCOME_PAYLOAD, (*place, "result"))
    yield "bytes-of-no-answer", with_value(OUTCOME_PAYLOAD, (*place, "status"), "lost")
    yield "outcome-of-no-decision", without(OUTCOME_PAYLOAD, (*place, "decision"))


def _denial_faults() -> Iterator[Fault]:
    place = ("predicate", "denial")
    result = value_at(WITHHELD_PAYLOAD, (*place, "result"))
    yield "decision-of-a-request", with_value(DENIAL_PAYLOAD, (*place, "decision"), 3)
    yield "answer-to-a-request", with_value(DENIAL_PAYLOAD, (*place, "result"), result)
    yield "withheld-without-decision", without(WITHHELD_PAYLOAD, (*place, "decision"))
    yield "unknown-stage", with_value(DENIAL_PAYLOAD, (*place, "stage"), "later")
    yield "repeated-never", with_value(DENIAL_PAYLOAD, (*place, "repeated"), 0)
    yield "repeated-once-written-out", with_value(DENIAL_PAYLOAD, (*place, "repeated"), 1)
    yield "not-said-whether-enforced", without(DENIAL_PAYLOAD, (*place, "enforced"))


def _drift_faults() -> Iterator[Fault]:
    place = ("predicate", "drift")
    yield "drift-of-nobody", without(DRIFT_PAYLOAD, (*place, "principal"))
    yield "unknown-response", with_value(DRIFT_PAYLOAD, (*place, "response"), "terminate")
    yield "usual-never", without(DRIFT_PAYLOAD, (*place, "atMost"))
