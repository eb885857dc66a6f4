"""The stand-in for GitHub's runner is at least as strict as GitHub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ci.expressions import UnknownExpressionError, evaluate, filled, holds
from tests.ci.machine import Machine, run_composite, run_steps, status_of
from tests.ci.messages import RefusedByGitHubError, annotations_in, pairs_in, summary_in

NAMES = {"inputs": {"a-b": "Text", "empty": ""}, "github": {"sha": "c0ffee"}, "steps": {"one": {"outputs": {"x": "1"}}}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inputs.a-b", "Text"),
        ("inputs['a-b'] == 'text'", True),
        ("inputs.empty || github.sha", "c0ffee"),
        ("inputs.empty && 'never' || 'else'", "else"),
        ("!(inputs.empty == '') || steps.one.outputs.x != '2'", True),
        ("format('{0}-{1}', github.sha, 7)", "c0ffee-7"),
        ("contains(fromJSON('[\"a\", \"b\"]'), 'b') && startsWith(github.sha, 'C0')", True),
        ("'it''s'", "it's"),
    ],
)
def test_an_expression_has_github_s_value(text: str, value: object) -> None:
    assert evaluate(text, NAMES) == value


@pytest.mark.parametrize(
    "text",
    [
        "inputs.absent",
        "inputs.a-b.c",
        "absent",
        "hashFiles('x')",
        "1 + 1",
        "inputs.a-b inputs.empty",
        "(true",
        "",
        "1 == 'a'",
    ],
)
def test_an_expression_that_is_not_known_is_an_error(text: str) -> None:
    with pytest.raises(UnknownExpressionError):
        evaluate(text, NAMES)


def test_text_is_filled_once() -> None:
    names = {"inputs": {"evil": "${{ github.sha }}"}, "github": {"sha": "c0ffee"}}
    assert filled("a ${{ inputs.evil }} b", names) == "a ${{ github.sha }} b"


@pytest.mark.parametrize(
    ("condition", "failed", "runs"),
    [
        (None, True, False),
        (None, False, True),
        ("inputs.empty == ''", True, False),
        ("always() && inputs.empty == ''", True, True),
        ("failure()", True, True),
        ("failure()", False, False),
        ("${{ !cancelled() }}", True, True),
    ],
)
def test_a_condition_without_a_status_means_success(condition: str | None, failed: bool, runs: bool) -> None:  # noqa: FBT001
    assert holds(condition, NAMES, status_of(failed=failed)) is runs


def test_annotations_are_read_as_github_does() -> None:
    (found,) = annotations_in("said\n::error title=a%3Ab,file=x.py::50%25%0Aof it\n::add-mask::x\n")
    assert (found.kind, found.properties, found.message) == ("error", {"title": "a:b", "file": "x.py"}, "50%\nof it")


@pytest.mark.parametrize("printed", ["::set-output name=a::b", "::error::x\n" * 11])
def test_what_github_would_not_show_is_an_error(printed: str) -> None:
    with pytest.raises(RefusedByGitHubError):
        annotations_in(printed)


def test_environment_files_are_read_as_github_does(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("a=1=2\nb<<END\nx\ny=z\nEND\n")
    assert pairs_in(file) == {"a": "1=2", "b": "x\ny=z"}
    for bad in ("a", "b<<END\nx\n"):
        file.write_text(bad)
        with pytest.raises(RefusedByGitHubError):
            pairs_in(file)


def test_a_summary_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "summary").write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(RefusedByGitHubError):
        summary_in(tmp_path / "summary")


def test_steps_hand_on_outputs_and_variables_and_end_as_github_s_do(tmp_path: Path) -> None:
    machine = Machine(folder=tmp_path)
    steps: list[dict[str, Any]] = [
        {
            "id": "a",
            "run": 'echo "x=1" >>"$GITHUB_OUTPUT"; echo "V=2" >>"$GITHUB_ENV"; mkdir b; echo "$PWD/b" >>"$GITHUB_PATH"',
        },
        {"id": "b", "run": "echo $V; false; echo never", "continue-on-error": True},
        {"id": "c", "run": 'echo "$IN-$PATH"', "env": {"IN": "${{ steps.a.outputs.x }}-${{ steps.b.outcome }}"}},
        {"id": "d", "run": "false"},
        {"id": "e", "run": "true"},
        {"id": "f", "run": "true", "if": "always()"},
    ]
    done = run_steps(machine, steps, {"github": machine.github}, {})
    assert [step.conclusion for step in done] == ["success", "success", "success", "failure", "skipped", "success"]
    assert done[1].printed == "2\n"
    assert done[2].printed.startswith(f"1-failure-{machine.workspace}/b:")


def test_an_action_takes_what_it_declares_and_no_more(tmp_path: Path) -> None:
    machine = Machine(folder=tmp_path / "machine")
    (tmp_path / "action.yml").write_text("inputs: {a: {required: true}}\nruns: {steps: []}\n")
    with pytest.raises(ValueError, match="no input"):
        run_composite(machine, tmp_path, {"a": "", "b": ""})
    with pytest.raises(ValueError, match="required"):
        run_composite(machine, tmp_path, {})
