"""A gate policy that demands something by every key, and the least one."""

from __future__ import annotations

from typing import Final

REQUIRED_REFERENCE: Final = "sha256:" + "0" * 64

POLICY: Final = f"""\
#:schema https://mcp-attest.github.io/schemas/policy/v0.1
# What evidence has to show, beyond being true, before a release.

schema = "https://mcp-attest.github.io/schemas/policy/v0.1"

[required]
references = ["{REQUIRED_REFERENCE}"]
servers = ["tiny-server"]
logs = ["mcp-attest/0123456789abcdef0123456789abcdef"]
tier = "receipts"
runtime = true
proven-axes = ["completeness", "freshness"]

[measured]
min-seconds = 60
min-cycles = 6
max-gap-seconds = 15
max-uncovered-seconds = 0
max-age-seconds = 3600
min-binding = "launched"
min-isolation = "other-uid"

[assurance]
least = "locked"
min-built = 0.25
min-listed = 0.5
min-locked = 1

[runtime-assurance]
least = "listed"

[site]
allowed = ["tree/etc/*", "settings.json"]

[build]
min-slsa-level = 2
builders = ["https://builder.example/release@v1"]
artifacts = ["tiny_server-*.whl"]

[calls]
tools = ["get_current_time", "convert_time"]
min-permitted = 2
max-denied = 0
max-let-pass = 0
max-unanswered = 0
max-drifted = 0
path = "sole"

[[exceptions]]
checks = ["policy.site"]
reason = "the settings are still written by hand; issue 12"
expires = 2026-12-31
reference = "{REQUIRED_REFERENCE}"
paths = ["tree/local.json"]

[[exceptions]]
checks = ["policy.calls"]
reason = "one test asks for a tool that is not allowed, and has to be refused"
expires = "2027-01-31"
""".encode()

LEAST: Final = b"""\
schema = "https://mcp-attest.github.io/schemas/policy/v0.1"

[measured]
min-cycles = 6
"""
