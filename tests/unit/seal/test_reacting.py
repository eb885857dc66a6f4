"""What is sealed about drift: a hook is bound to its program's content, and whatever acts has a breaker."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from attest.errors import RefusedError, UnavailableError
from attest.seal.reacting import DEFAULT_BREAKER, enforcement_of, read_breaker, read_hook
from attest.seal.request import Rules
from attest.statement.enforcing import Action, Breaker


def test_a_hook_is_split_as_in_a_shell_and_bound_to_its_content(tmp_path: Path) -> None:
    program = tmp_path / "told you"
    program.write_bytes(b"#!/bin/sh\n")
    program.chmod(0o755)
    hook = read_hook(f"'{program}' --to 'the team' $HOME")
    assert hook.argv == (str(program), "--to", "the team", "$HOME")
    assert hook.sha256 == hashlib.sha256(b"#!/bin/sh\n").hexdigest()


@pytest.mark.parametrize("words", ["", "  ", "true", "./true", "'/bin/true", "/tmp"])
def test_what_names_no_program_is_refused(words: str) -> None:
    with pytest.raises(RefusedError, match="--hook"):
        read_hook(words)


def test_a_file_that_may_not_be_executed_is_refused_and_an_absent_one_unavailable(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"")
    with pytest.raises(RefusedError, match="executable"):
        read_hook(str(tmp_path / "text"))
    with pytest.raises(UnavailableError):
        read_hook(str(tmp_path / "absent"))


def test_a_breaker_is_a_count_and_seconds() -> None:
    assert read_breaker("5/60") == Breaker(actions=5, within_seconds=60)


@pytest.mark.parametrize(
    "words", ["", "5", "0/60", "5/0", "1001/60", "5/60s", "-5/60", "5/316224001", "5/ 60", "5/60\n"]
)
def test_any_other_breaker_is_refused(words: str) -> None:
    with pytest.raises(RefusedError, match="--breaker"):
        read_breaker(words)


@pytest.mark.parametrize("action", [action for action in Action if action not in {Action.ALERT, Action.HOOK}])
def test_whatever_acts_has_a_breaker(action: Action) -> None:
    assert enforcement_of(Rules(on_drift=action)).breaker == DEFAULT_BREAKER
    mine = Breaker(actions=1, within_seconds=1)
    assert enforcement_of(Rules(on_drift=action, breaker=mine)).breaker == mine


def test_an_alert_needs_no_breaker_until_a_hook_is_run() -> None:
    assert enforcement_of(Rules()).breaker is None
    assert enforcement_of(Rules(hook=read_hook("/bin/true"))).breaker == DEFAULT_BREAKER
