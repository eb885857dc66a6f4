"""Every verb and every flag is explained where somebody would look for it, and not in the generated reference alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from attest.cli.door import VERBS, attest

ROOT: Final = Path(__file__).parents[2]
GENERATED: Final = ROOT / "docs/reference/cli.md"
PAGES: Final = {
    page: page.read_text(encoding="utf-8")
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    if page != GENERATED
}
ROOT_CONTEXT: Final = click.Context(attest, info_name="attest")


def verbs(command: click.Command, name: str, parent: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Yield each verb with its whole name."""
    under = click.Context(command, info_name=name, parent=parent)
    if not isinstance(command, click.Group):
        yield under.command_path, command
        return
    for below in command.list_commands(under):
        inner = command.get_command(under, below)
        assert inner is not None
        yield from verbs(inner, below, under)


def _every_verb() -> Iterator[tuple[str, click.Command]]:
    for name in VERBS:
        command = attest.get_command(ROOT_CONTEXT, name)
        assert command is not None
        yield from verbs(command, name, ROOT_CONTEXT)


def mentioned(words: str) -> bool:
    """Whether a page names a verb or a flag, and not merely one that begins so."""
    return any(re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", text) for text in PAGES.values())


@pytest.mark.parametrize(
    ("path", "command"), tuple(_every_verb()), ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_page_names_the_verb_and_each_of_its_flags(path: str, command: click.Command) -> None:
    assert mentioned(path)
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    for option in options:
        names = [*option.opts, *option.secondary_opts]
        assert any(map(mentioned, names)), names


def test_a_flag_that_nobody_explains_would_be_found() -> None:
    assert mentioned("--max-gap")
    assert not mentioned("--max-ga")
    assert not mentioned("--no-such-flag")
