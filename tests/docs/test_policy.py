"""The page on gate policies: its tables are those of the schema, and its TOML can be read."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from attest.codec.shipped import folder
from attest.evidence.policy import document
from attest.evidence.policy.excusing import MATCHED
from attest.evidence.policy.rules import RULES
from tests.policies import policy_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "policy.md"
MARK: Final = "<!-- tables: tests/docs/test_policy.py -->"
SCHEMA: Final[dict[str, Any]] = json.loads((folder("schemas") / "policy.schema.json").read_bytes())
DEFS: Final = SCHEMA["$defs"]


def tables() -> str:
    """What the page has to say: a table of keys for each table of a policy."""
    parts, told = [], dict[str, str]()
    for name in document.GatePolicy.__struct_encode_fields__:
        rule = DEFS["GatePolicy"]["properties"][name]
        referred = re.findall(r'"#/\$defs/(\w+Table)"', json.dumps(rule))
        if referred:
            heading = f"### `[[{name}]]`" if rule.get("type") == "array" else f"### `[{name}]`"
            if referred[0] in told:
                parts.append(f"{heading}\n\n{rule['description']} The keys are those of `[{told[referred[0]]}]`.")
                continue
            told[referred[0]] = name
            rows = "\n".join(rows_of(referred[0]))
            parts.append(f"{heading}\n\n{DEFS[referred[0]]['description']}\n\n{rows}")
    return "\n\n".join(parts)


def rows_of(table: str) -> Iterator[str]:
    yield "| key | value | |\n| --- | --- | --- |"
    for key in getattr(document, table).__struct_encode_fields__:
        rule = DEFS[table]["properties"][key]
        needed = " (needed)" if key in DEFS[table]["required"] else ""
        yield f"| `{key}` | {value_of(rule)}{needed} | {' '.join(rule['description'].split())} |"


def value_of(rule: dict[str, Any]) -> str:
    """A value as a person writes it."""
    if "$ref" in rule:
        return value_of(DEFS[rule["$ref"].rpartition("/")[2]])
    if "enum" in rule:
        return ", ".join(f"`{word}`" for word in rule["enum"])
    match rule["type"]:
        case "array":
            told = f"list of {value_of(rule['items'])}"
        case "integer":
            most = f" to {rule['maximum']}" if rule["maximum"] < 10 else ""
            told = f"number from {rule['minimum']}{most}"
        case "boolean":
            told = "`true` or `false`"
        case "number":
            told = "share, 0 to 1"
        case _:
            told = rule.get("format") or "text"
    return told


def test_the_tables_are_those_of_the_schema() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"{MARK}\n\n{tables()}\n\n" in page, tables()


def test_the_page_tells_what_is_checked_by_each_rule() -> None:
    rows = (PAGE.parent / "checks.md").read_text(encoding="utf-8")
    assert all(f"| `{check}` |" in rows for check in (*RULES, MATCHED))


def test_every_example_of_the_page_is_a_policy() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) > 1
    for block in blocks:
        tomllib.loads(block)
        policy_of(block)


@pytest.mark.parametrize("link", ["starter", "strict", "air-gapped"])
def test_every_example_policy_is_named(link: str) -> None:
    assert f"../ci/policies/{link}.toml" in PAGE.read_text(encoding="utf-8")
