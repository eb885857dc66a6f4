"""Vectors of gate policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scripts.faults import Fault, replaced
from scripts.vector import Vector, bad, good
from tests.policy_documents import LEAST, POLICY

REPLACED: Final = (
    ("unknown-table", "[measured]", "[measures]"),
    ("unknown-key", "min-cycles", "least-cycles"),
    ("unknown-key-of-an-exception", "reason = ", "because = "),
    ("unknown-tier", 'tier = "receipts"', 'tier = "all"'),
    ("unknown-axis", '"freshness"]', '"freshnes"]'),
    ("axis-of-the-policy-itself", '"freshness"]', '"policy"]'),
    ("unknown-binding", '"launched"', '"started"'),
    ("unknown-origin", 'least = "locked"', 'least = "derived"'),
    ("unknown-path", 'path = "sole"', 'path = "advisory"'),
    ("another-format", 'schema = "https://mcp-attest.github.io/schemas/policy/v0.1"', 'schema = "policy/v0.2"'),
    ("table-twice", "[measured]", "[build]"),
    ("key-twice", "min-cycles = 6", "min-cycles = 6\nmin-cycles = 1"),
    ("digest-without-its-algorithm", '["sha256:0', '["0'),
    ("digest-in-upper-case", "sha256:0", "sha256:A"),
    ("number-as-text", "min-cycles = 6", 'min-cycles = "6"'),
    ("number-below-zero", "min-cycles = 6", "min-cycles = -6"),
    ("number-as-a-float", "min-cycles = 6", "min-cycles = 6.0"),
    ("number-of-very-many-digits", "min-cycles = 6", f"min-cycles = {'6' * 5000}"),
    ("number-that-is-a-boolean", "min-cycles = 6", "min-cycles = true"),
    ("share-above-one", "min-built = 0.25", "min-built = 25"),
    ("share-that-is-no-number", "min-built = 0.25", "min-built = nan"),
    ("level-that-is-none", "min-slsa-level = 2", "min-slsa-level = 4"),
    ("glob-with-a-line-feed", '"settings.json"', '"settings\\n.json"'),
    ("exception-without-an-end", "expires = 2026-12-31\n", ""),
    ("exception-until-a-time", "expires = 2026-12-31", "expires = 2026-12-31T12:00:00Z"),
    ("exception-until-no-day", "expires = 2026-12-31", "expires = 2026-02-30"),
    ("exception-without-a-reason", '"one test asks for a tool that is not allowed, and has to be refused"', '""'),
    ("exception-of-nothing", '["policy.calls"]', "[]"),
    ("exception-of-an-unknown-check", '["policy.calls"]', '["policy.call"]'),
    ("exception-of-integrity", '["policy.calls"]', '["integrity.tree"]'),
    ("exception-of-authenticity", '["policy.calls"]', '["authenticity.receipts"]'),
    ("exception-of-freshness", '["policy.calls"]', '["freshness.age"]'),
    ("exception-of-isolation", '["policy.calls"]', '["conformance.isolation"]'),
    ("exception-of-exceptions", '["policy.calls"]', '["policy.exceptions"]'),
    ("exception-of-any-drift", '["policy.calls"]', '["conformance.matched"]'),
    ("exception-with-paths-of-no-file", '["policy.site"]', '["policy.tier"]'),
    ("entries-alone-and-what-they-do-not-show", 'tier = "receipts"', 'tier = "structural"'),
    ("end-of-a-string-missing", 'path = "sole"', 'path = "sole'),
)


def policies() -> Iterator[Vector]:
    """Yield gate policies."""
    yield from good("good", POLICY, "policy")
    yield from good("good-least", LEAST, "policy")
    yield from bad("policy", _faults())


def _faults() -> Iterator[Fault]:
    text = POLICY.decode()
    yield from replaced(text, REPLACED)
    drift = text.replace('["policy.site"]', '["conformance.matched"]')
    yield "exception-of-drift-everywhere", drift.replace('"tree/local.json"', '"tree/*"').encode()
    yield "empty", b""
    yield "json", b'{"schema": "https://mcp-attest.github.io/schemas/policy/v0.1"}'
    yield "invalid-utf8", POLICY + b"# \xff\n"
    yield "nesting-too-deep", POLICY + b"x = " + b"[" * 2000 + b"]" * 2000
    yield "key-of-too-many-parts", POLICY + b"a" + b".a" * 30_000 + b" = 1\n"
    yield "too-long", POLICY + b"#" * 70_000
