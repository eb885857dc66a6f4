"""A variable is good by its name, by its sealed value, or where it cannot load other code."""

from __future__ import annotations

import pytest

from attest.appraisal.environment import judge_environment
from attest.measure.processes.environ import parse_environment
from attest.statement.findings import FindingKind
from attest.statement.profile import FORBIDDEN_NAMES, EnvironmentRules, EnvironmentValue

SALT = b"s" * 32
RULES = EnvironmentRules(
    allowed=("HOME", "LC_*"),
    fixed=(EnvironmentValue(name="TZ", value="UTC"), EnvironmentValue(name="PYTHONPATH", value="/srv/lib")),
)


def names(octets: bytes, rules: EnvironmentRules | None = None) -> list[str]:
    findings = judge_environment(rules, parse_environment(octets, SALT))
    assert all(finding.kind is FindingKind.ENVIRONMENT and finding.where == "process" for finding in findings)
    return [(finding.expected or "").partition(":")[0] for finding in findings]


def test_without_rules_every_name_is_good_that_cannot_load_other_code() -> None:
    assert names(b"HOME=/root\0TOKEN=secret\0OLDPWD=/\0") == []


@pytest.mark.parametrize("name", sorted(FORBIDDEN_NAMES))
def test_a_name_that_can_load_other_code_is_a_finding_unless_it_is_empty(name: str) -> None:
    assert names(f"HOME=/root\0{name}=/tmp/x\0".encode()) == [name]
    assert names(f"{name}=\0".encode()) == []


def test_with_rules_only_sealed_names_and_values_are_good() -> None:
    assert names(b"HOME=/root\0LC_ALL=C\0TZ=UTC\0PYTHONPATH=/srv/lib\0", RULES) == []
    assert names(b"TZ=CET\0TOKEN=secret\0LC=C\0PYTHONPATH=/tmp\0LD_PRELOAD=x\0", RULES) == [
        "TZ",
        "TOKEN",
        "LC",
        "PYTHONPATH",
        "LD_PRELOAD",
    ]


def test_the_second_of_two_values_is_judged_too() -> None:
    assert names(b"TZ=UTC\0TZ=CET\0", RULES) == ["TZ"]


def test_no_value_stands_in_a_finding() -> None:
    (finding,) = judge_environment(RULES, parse_environment(b"TOKEN=secret\0", SALT))
    assert "secret" not in repr(finding)


def test_a_name_of_a_function_that_a_shell_exports_is_a_finding_where_rules_are_sealed() -> None:
    assert names(b"BASH_FUNC_ls%%=() { evil; }\0", RULES) == ["BASH_FUNC_ls%%"]
    assert names(b"\xff=1\0", RULES) == ["\\udcff"]


def test_the_name_of_a_program_that_writes_over_its_environment_is_no_variable() -> None:
    assert names(b"server: worker --port=80\0\0\0\0=x\0", RULES) == []


def test_what_our_launcher_set_is_good_with_its_value_alone() -> None:
    given = {"PYTHONPYCACHEPREFIX": "/private"}
    ours, other = (parse_environment(b"PYTHONPYCACHEPREFIX=" + value, SALT) for value in (b"/private", b"/other"))
    for rules in (None, RULES):
        assert judge_environment(rules, ours, given) == ()
        assert len(judge_environment(rules, other, given)) == 1
        assert len(judge_environment(rules, ours)) == 1
