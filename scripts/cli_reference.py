"""Write docs/reference/cli.md from the click commands; `--check` only compares, and exits 1 if the page is stale."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from attest.cli.door import EXIT_CODES, VERBS, ExitCode, attest

PAGE: Final = Path(__file__).resolve().parent.parent / "docs/reference/cli.md"

HEAD: Final = """\
# The command line

Every verb and every flag, written from the code by `make reference`. `-` means standard input or output. Results go to
standard output, everything else to standard error; `NO_COLOR` is honoured; files are written through a rename. No flag
turns a check off. After `attest init` the flags `--trust`, `--key` and `--log` have defaults. What each check of a
verdict means is told in [checks.md](../checks.md), and what each rule of calls means in [rules.md](../rules.md).

What `-o` and its like name is written over if it is empty, or a file of the kind that is written: evidence by evidence,
a page by a page. Anything else is refused (5), so that no slip costs a key. New keys, trust files, tool rules,
revocations and closed segments of a log are written over nothing at all. A pipe or a device, as `/dev/stdout`, is
written to.

## Exit codes

"""

MEANINGS: Final = {
    ExitCode.PASSED: "passed",
    ExitCode.FAILED: "the verdict failed; of `agent --once` and `run`: something was not as sealed",
    ExitCode.USAGE: "the call itself is wrong: a verb, a flag or a value that there is not",
    ExitCode.MALFORMED: "a file of yours is malformed",
    ExitCode.UNTRUSTED: "a file of yours is not signed by anybody whom you trust",
    ExitCode.REFUSED: "refused",
    ExitCode.UNAVAILABLE: "something that is needed is not there: a kernel feature, a file, room, an extra",
    ExitCode.INTERRUPTED: "interrupted",
}


def page() -> str:
    """Return the whole page."""
    codes = "".join(f"- `{code}`: {MEANINGS[code]}\n" for code in ExitCode)
    assert set(EXIT_CODES.values()) <= set(MEANINGS)  # noqa: S101  (a new code needs its meaning here)
    root = click.Context(attest, info_name="attest")
    verbs = [part for verb in VERBS for part in section(attest.get_command(root, verb), verb, root)]
    return HEAD + codes + "".join(verbs)


def section(command: click.Command | None, name: str, parent: click.Context) -> Iterator[str]:
    """Yield the parts of one verb, and of the verbs below it."""
    if command is None or command.hidden:
        return
    under = click.Context(command, info_name=name, parent=parent, **command.context_settings)
    yield f"\n## {under.command_path}\n\n{description(command)}\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(under):
            yield from section(command.get_command(under, below), below, under)
        return
    usage = " ".join(command.collect_usage_pieces(under))
    yield f"\n```text\nUsage: {under.command_path} {usage}\n```\n"
    if options := [option for option in command.params if isinstance(option, click.Option) and not option.hidden]:
        yield "\n" + "".join(told(option, under) for option in options)
    if examples := (command.epilog or "").partition("Example:\n")[2]:
        yield f"\n```sh\n{inspect.cleandoc(examples)}\n```\n"


def description(command: click.Command) -> str:
    """Return what --help says, in Markdown: a paragraph that click leaves alone is a block of its own."""
    paragraphs = inspect.cleandoc(command.help or "").split("\f")[0].strip().split("\n\n")
    return "\n\n".join(
        f"```text\n{paragraph.removeprefix(chr(8)).strip()}\n```" if paragraph.startswith("\b") else literal(paragraph)
        for paragraph in paragraphs
    )


def literal(text: str) -> str:
    """Return running text in which Markdown finds nothing to interpret: names of arguments and flags as code."""
    return re.sub(r"(?<![\w`])((?:attest [a-z]+ )?--[a-z][\w-]*|\*[\w.]*)", r"`\1`", text).replace("<", "&lt;")


def told(option: click.Option, under: click.Context) -> str:
    """Return one flag as an item of a list: how it is written, what it does, how often, its default."""
    names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
    if option.secondary_opts:
        names += ", " + ", ".join(f"`{name}`" for name in option.secondary_opts)
    if not option.is_flag and not option.count:
        names = names[:-1] + f" {option.make_metavar(under).strip().removesuffix(' RANGE')}`"
    notes = [
        *(["required"] if option.required else []),
        *(["may be repeated"] if option.multiple else []),
        *limits(option, under),
    ]
    said = ": " + literal(option.help) if option.help else ""
    return f"- {names}{said}" + (f" ({'; '.join(notes)})" if notes else "") + "\n"


def limits(option: click.Option, under: click.Context) -> Iterator[str]:
    """Yield the default and the range that --help shows."""
    shown = option.get_help_extra(under)
    if "default" in shown:
        yield "default: " + shown["default"].strip("()")
    if "range" in shown:
        yield shown["range"]


def main() -> int:
    """Write, or compare; return 1 if the comparison finds something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if not parser.parse_args().check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/reference/cli.md: stale")
    print("hint: make reference", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
