"""A gate with a policy over what a real portal wrote about a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attest.evidence.policy.document import POLICY_SCHEMA
from tests.commands import Done, attest, passed
from tests.installed import Bench
from tests.policies import exception
from tests.portal_world import portal, seal_server

POLICY = f"""\
schema = "{POLICY_SCHEMA}"

[required]
proven-axes = ["integrity", "authenticity", "completeness", "freshness"]

[measured]
min-cycles = 1
max-gap-seconds = 60
max-age-seconds = 600
max-uncovered-seconds = 0
min-binding = "launched"

[calls]
tools = ["echo", "fail"]
min-permitted = 2
max-denied = 1
max-unanswered = 0
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    made = seal_server(tmp_path_factory.mktemp("policy"))
    with portal(made) as client:
        client.open()
        client.call(1, "echo", "hi")
        client.call(2, "hidden", "x")
        client.call(3, "fail")
        code, err = client.close()
    assert code == 0, err
    passed(attest(made.folder, "bundle", "log", "-o", "evidence.jsonl"))
    return made


def gate(bench: Bench, text: str) -> Done:
    Path(bench.folder / "attest-policy.toml").write_text(text)
    words = ("--trust", "trust.json", "--reference", "server.ref", "--policy", "attest-policy.toml", "--format", "json")
    return attest(bench.folder, "verify", "evidence.jsonl", *words)


def failed(done: Done) -> dict[str, Any]:
    assert done.returncode == 1, done.stderr
    [line] = done.stdout.splitlines()
    checks = json.loads(line)["checks"]
    return {check["id"]: check["found"] for check in checks if check["status"] in {"fail", "unproven"}}


def test_what_a_real_run_shows_keeps_a_policy(bench: Bench) -> None:
    verdict = json.loads(passed(gate(bench, POLICY)))
    assert verdict["axes"]["policy"] == "pass"


@pytest.mark.parametrize(
    ("old", "new", "check", "found"),
    [
        ('"echo", "fail"', '"echo"', "policy.tools", "fail"),
        ("max-denied = 1", "max-denied = 0", "policy.calls", "1"),
        ("min-permitted = 2", "min-permitted = 3", "policy.calls", "2"),
        ("min-cycles = 1", "min-cycles = 1000", "policy.measured", None),
        ("max-unanswered = 0", '[site]\nallowed = ["tree/nothing*"]', "policy.site", None),
        ("max-unanswered = 0", "[build]\nmin-slsa-level = 3", "policy.build", None),
    ],
)
def test_what_it_does_not_show_is_named(bench: Bench, old: str, new: str, check: str, found: str | None) -> None:
    text = POLICY.replace(old, new)
    broken = failed(gate(bench, text))
    assert broken.keys() == {check}
    assert found is None or broken[check] == found
    excused = exception(check, expires="2099-12-31")
    assert json.loads(passed(gate(bench, f"{text}\n{excused}")))["axes"]["policy"] == "asserted"
