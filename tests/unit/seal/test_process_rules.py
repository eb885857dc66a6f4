"""What a process may do is sealed as it is found later: real paths with placeholders, addresses in one spelling."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.seal.process_rules import add_rules
from attest.seal.request import ProcessRules
from attest.statement.profile import EnvironmentRules, EnvironmentValue, ProcessProfile

PROFILE = ProcessProfile(argv=("{tree}/server",))


def sealed(rules: ProcessRules, places: dict[str, str] | None = None) -> ProcessProfile:
    profile = add_rules(PROFILE, rules, places or {})
    assert profile is not None
    return profile


def test_without_rules_nothing_is_sealed_and_nothing_is_asked() -> None:
    assert add_rules(None, ProcessRules(), {}) is None
    assert add_rules(PROFILE, ProcessRules(), {}) is PROFILE


def test_rules_without_a_process_are_refused() -> None:
    with pytest.raises(RefusedError, match="COMMAND"):
        add_rules(None, ProcessRules(listening=("none",)), {})


def test_variables_are_names_patterns_or_values() -> None:
    rules = ProcessRules(environment=("LC_*", "HOME", "TZ=UTC", "PYTHONPATH=/a=b", "EMPTY="))
    assert sealed(rules).environment == EnvironmentRules(
        allowed=("HOME", "LC_*"),
        fixed=(
            EnvironmentValue(name="EMPTY", value=""),
            EnvironmentValue(name="PYTHONPATH", value="/a=b"),
            EnvironmentValue(name="TZ", value="UTC"),
        ),
    )


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_*", "NODE_OPTIONS", "P*", "PYTHONPATH"])
def test_a_name_that_can_load_other_code_needs_a_value(name: str) -> None:
    with pytest.raises(RefusedError, match="load other code") as caught:
        sealed(ProcessRules(environment=(name,)))
    assert caught.value.hint is not None
    assert "=VALUE" in caught.value.hint


@pytest.mark.parametrize("given", ["", "*", "A B", "A=x\ny", "1A", "A**", "=x"])
def test_what_is_no_variable_is_refused(given: str) -> None:
    with pytest.raises(RefusedError, match="--env"):
        sealed(ProcessRules(environment=(given,)))


def test_two_values_of_one_variable_are_refused() -> None:
    with pytest.raises(RefusedError, match="one value"):
        sealed(ProcessRules(environment=("A=1", "A=2")))


def test_directory_and_children_are_sealed_with_placeholders(tmp_path: Path) -> None:
    program = tmp_path / "tree" / "bin" / "helper"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "link").symlink_to(tmp_path / "tree")
    rules = ProcessRules(working_directory=tmp_path / "link" / "bin", children=(str(program), "sh"))
    profile = sealed(rules, {"tree": str(tmp_path / "tree")})
    assert profile.working_directory == "{tree}/bin"
    assert profile.children == ("{tree}/bin/helper", shutil.which("sh"))


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="--cwd"):
        sealed(ProcessRules(working_directory=tmp_path / "none"))


def test_addresses_are_spelled_as_they_are_found() -> None:
    rules = ProcessRules(listening=("tcp:127.0.0.1:08080", "tcp:[0::1]:443", "tcp:[::1]:443", "unix:@name"))
    assert sealed(rules).listening == ("tcp:127.0.0.1:8080", "tcp:[::1]:443", "unix:@name")
    assert sealed(ProcessRules(listening=("none",))).listening == ()


@pytest.mark.parametrize("given", ["localhost:80", "tcp:localhost:80", "tcp:127.0.0.1:65536", "udp:1.1.1.1:1", "unix:"])
def test_what_is_no_place_to_listen_at_is_refused(given: str) -> None:
    with pytest.raises(RefusedError, match="--listen"):
        sealed(ProcessRules(listening=(given,)))


def test_nowhere_beside_somewhere_is_refused() -> None:
    with pytest.raises(RefusedError, match="--listen"):
        sealed(ProcessRules(listening=("none", "tcp:127.0.0.1:80")))
