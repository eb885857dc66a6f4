"""Every command of the documentation runs, or says why not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.commands import attest, passed
from tests.docs.blocks import PAGES, ROOT, SHELL, Block, blocks_of, commands_of, run, shows
from tests.docs.page_world import page_world
from tests.docs.stories import ELSEWHERE, NOT_RUN, OTHER_OUTPUT, STORIES, Story

RUN = tuple(page for page in PAGES if commands_of(page) and page not in ELSEWHERE)
LANGUAGES = {*SHELL, "text", "markdown", "json", "toml", "yaml", "makefile", "groovy", "xml"}
GROUPS = {"key", "trust", "log", "tools", "policy"}
COMMAND = re.compile(r"(?:\$ |attest (?!\S+ \[OPTIONS\])|make |pip |uv |npm |git |sudo )")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is_and_no_command_hides_in_text(page: str) -> None:
    for block in blocks_of(page):
        assert block.language in LANGUAGES, f"{page}:{block.line}: {block.language!r}"
        if block.language == "text":
            hidden = [line for line in block.text.splitlines() if COMMAND.match(line.strip())]
            assert hidden == [], f"{page}:{block.line}: sh or console, so that it runs"


def listed(page: str, beginnings: Iterable[str]) -> dict[str, Block]:
    """Return the blocks of a page by their beginnings, each of which is that of one block."""
    found = {words: [block for block in commands_of(page) if block.begins(words)] for words in beginnings}
    assert {words: len(blocks) for words, blocks in found.items() if len(blocks) != 1} == {}, page
    return {words: block for words, (block,) in found.items()}


def test_what_the_stories_say_is_about_something_that_is_there() -> None:
    assert set(STORIES) | set(ELSEWHERE) <= set(PAGES)
    for page, story in STORIES.items():
        text = "".join(block.script for block in commands_of(page))
        assert [old for old in story.replaced if old not in text] == [], page
        listed(page, story.before)


def test_what_does_not_run_is_there_and_so_is_what_runs_it_instead() -> None:
    for page, words in NOT_RUN:
        listed(page, [words])
    for reason in [*NOT_RUN.values(), *ELSEWHERE.values()]:
        assert [path for path in re.findall(r"tests/\S+\.py", reason) if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_run_one_after_the_other(page: str, tmp_path: Path) -> None:
    story = STORIES.get(page, Story())
    with page_world(tmp_path, installed=story.installed) as world:
        for block in commands_of(page):
            if any(block.begins(words) for listed_page, words in NOT_RUN if listed_page == page):
                continue
            before = [commands for words, commands in story.before.items() if block.begins(words)]
            run("\n".join(before), world.folder, world.environment)
            for command, shown in block.dialogue:
                printed = run(replaced(command, story.replaced), world.folder, world.environment)
                if page not in OTHER_OUTPUT:
                    assert shows(shown, printed), f"{page}:{block.line}: shown\n{shown}\nprinted\n{printed}"


def replaced(text: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("", "anything\n", True),
        ("a\n", "first\na\nlast\n", True),
        ("a\nb\n", "a\nx\nb\n", False),
        ("a\n…\nb\n", "a\nx\ny\nb\n", True),
        ("a …: c\n", "a b: c\n", True),
        ("a …: c\n", "a b: d\n", False),
        ("a*\n", "aa\n", False),
    ],
)
def test_a_page_shows_what_is_printed(shown: str, printed: str, same: bool) -> None:  # noqa: FBT001
    assert shows(shown, printed) == same


@cache
def flags_of(verb: str) -> set[str]:
    """Every flag that --help of a verb shows."""
    told = passed(attest(ROOT, *verb.split(), "--help")).decode()
    return set(re.findall(r"^  (?:-\w, )?(--?[\w-]+)(?:, (?:--?[\w-]+))*", told, re.MULTILINE)) | {"--help"}


def test_what_does_not_run_names_verbs_and_flags_that_are_there() -> None:
    for page, words in NOT_RUN:
        (block,) = listed(page, [words]).values()
        for line in re.findall(r"^attest .*$", block.script.replace("\\\n", " "), re.MULTILINE):
            parts = shlex.split(line.partition(" -- ")[0], comments=True)
            verb = " ".join(parts[1:3] if parts[1] in GROUPS else parts[1:2])
            assert {part for part in parts[2:] if part.startswith("-")} <= flags_of(verb), line
