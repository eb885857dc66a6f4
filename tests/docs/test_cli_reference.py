"""The reference of the command line says what the code says."""

from __future__ import annotations

import click
import pytest

from attest.cli.door import VERBS
from scripts import cli_reference


def test_the_page_is_fresh() -> None:
    """`make reference` writes it."""
    assert cli_reference.PAGE.read_text(encoding="utf-8") == cli_reference.page()


def test_every_verb_has_its_section() -> None:
    text = cli_reference.page()
    assert [verb for verb in VERBS if f"\n## attest {verb}\n" not in text] == []


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (click.Option(["--key"], metavar="K", help="A key.", required=True), "- `--key K`: A key. (required)\n"),
        (click.Option(["--sbom"], multiple=True, metavar="FILE"), "- `--sbom FILE` (may be repeated)\n"),
        (click.Option(["--keep"], is_flag=True, help="Keep all."), "- `--keep`: Keep all.\n"),
        (
            click.Option(["-n"], type=click.IntRange(1, 9), default=2, show_default=True),
            "- `-n INTEGER` (default: 2; 1<=x<=9)\n",
        ),
        (click.Option(["--a/--no-a"], help="As attest key does."), "- `--a`, `--no-a`: As attest key does.\n"),
        (click.Option(["--b"], is_flag=True, help="Goes with --a."), "- `--b`: Goes with `--a`.\n"),
    ],
)
def test_an_option_is_told_as_help_tells_it(option: click.Option, told: str) -> None:
    command = click.Command("x", params=[option])
    assert cli_reference.told(option, click.Context(command)) == told


def test_a_changed_option_makes_the_page_stale(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "cli.md"
    stale.write_text(cli_reference.page().replace("--reference", "--refer"))
    monkeypatch.setattr(cli_reference, "PAGE", stale)
    monkeypatch.setattr("sys.argv", ["cli_reference", "--check"])
    assert cli_reference.main() == 1
    assert capsys.readouterr() == ("docs/reference/cli.md: stale\n", "hint: make reference\n")
