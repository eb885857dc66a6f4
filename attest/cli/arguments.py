"""What people type, as values: paths, times, names with values, digests; one click type each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Literal

import click

from attest.codec import instant
from attest.errors import MalformedError

FILE: Final = click.Path(path_type=Path, readable=False)
"""A path; whether it exists and may be read is found out by reading it, with our own message and exit code."""


class Time(click.ParamType[int]):
    """A UTC time such as 2026-11-22T12:00:00Z, as milliseconds since 1970."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        """Read the time or complain about the usage."""
        if isinstance(value, int):
            return value
        try:
            return instant.parse_argument(value, where="time")
        except MalformedError as error:
            self.fail(str(error), param, ctx)


class NameValue(click.ParamType[tuple[str, str]]):
    """NAME=VALUE, split at the first `=`."""

    name = "NAME=VALUE"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, str]:
        """Split, or complain about the usage."""
        if isinstance(value, tuple):
            return value
        name, sign, rest = value.partition("=")
        if not sign or not name or not rest:
            self.fail(f"expected NAME=VALUE, found {value!r}", param, ctx)
        return name, rest


class Process(click.ParamType[tuple[str | None, int | Literal["auto"]]]):
    """PID, or NAME=PID for the server of that name; `auto` for one that is to be found."""

    name = "[NAME=]PID|auto"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str | None, int | Literal["auto"]]:
        """Split, or complain about the usage."""
        if isinstance(value, tuple):
            return value
        name, _, number = value.rpartition("=")
        if number == "auto":
            return name or None, "auto"
        if not re.fullmatch("[1-9][0-9]{0,9}", number):
            self.fail(f"expected PID, NAME=PID or auto, found {value!r}", param, ctx)
        return name or None, int(number)


class Seconds(click.IntRange):
    """Whole seconds; click would call them an INTEGER RANGE."""

    name = "SECONDS"


class Hexadecimal(click.ParamType[str]):
    """Bytes in lower-case hexadecimal, 8 to 64 of them."""

    name = "HEX"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Check the form, or complain about the usage."""
        if not re.fullmatch("([0-9a-f]{2}){8,64}", value):
            self.fail("expected 8 to 64 bytes in lower-case hexadecimal", param, ctx)
        return str(value)


class Range(click.ParamType[range]):
    """N, or N-N: numbers of entries in a log, the last included."""

    name = "N|N-N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> range:  # noqa: ANN401
        """Read it, or complain about the usage."""
        if isinstance(value, range):
            return value
        match = re.fullmatch("([0-9]{1,15})(?:-([0-9]{1,15}))?", value)
        found = None if match is None else range(int(match[1]), int(match[2] or match[1]) + 1)
        if not found:
            self.fail(f"expected a number, or two in order as 3-9, found {value!r}", param, ctx)
        return found


class Verbs(click.Group):
    """Verbs below a verb, in the order in which they are used, each with the few words that it has for this."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return the verbs in the order of their file."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the verbs whole: click would cut each at the end of its line."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, command.short_help or "") for name, command in self.commands.items()])


class WithCommand(click.Command):
    """A verb that ends in `-- COMMAND...`: what follows the two dashes is another program's and not parsed here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the command off, then parse the rest."""
        ours, dashes, command = _cut(args)
        if dashes and not command:
            raise click.UsageError("expected a COMMAND after --, found none", ctx)
        ctx.meta[_COMMAND] = tuple(command)
        return super().parse_args(ctx, ours)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Name the command in the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def command_of(context: click.Context) -> tuple[str, ...]:
    """Return the command that followed the two dashes; empty without one."""
    command: tuple[str, ...] = context.meta[_COMMAND]
    return command


def _cut(arguments: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in arguments:
        return arguments, False, []
    at = arguments.index("--")
    return arguments[:at], True, arguments[at + 1 :]


_COMMAND: Final = "attest.command"

TIME: Final = Time()
NAME_VALUE: Final = NameValue()
SECONDS: Final = Seconds(min=1)
HEX: Final = Hexadecimal()
PROCESS: Final = Process()


def unique(pairs: tuple[tuple[str, str], ...], option: str) -> dict[str, str]:
    """Return the pairs as a dict; a name given twice is a usage error."""
    names = dict(pairs)
    if len(names) != len(pairs):
        raise click.UsageError(f"{option}: each name once, found one twice")
    return names


format_option: Final = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs.",
)
"""Of verbs that only show something."""


def example(*lines: str) -> str:
    """Return the end of a verb's help: examples that run."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


RANGE: Final = Range()
