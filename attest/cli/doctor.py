"""`attest doctor`: what this machine can see and do, what each ability gives, and how to get more."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from typing import Final

import click

from attest.cli.arguments import example, format_option

_GREEN, _DIM, _BOLD, _PLAIN = "\x1b[32m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_MARKS: Final = {True: "yes", False: "no"}
_INDENT: Final = 6

_Row = tuple[str, str, bool, str, str, str]
"""Group, name, whether it is there, what was found, what it gives, how to get it."""


@click.command(epilog=example("attest doctor", "attest doctor --format json"))
@format_option
def doctor(form: str) -> int:
    """Say what this machine can see and do, what each ability gives, and how to get more.

    Needs no keys, changes nothing, and exits 0 whatever is missing: each of them makes measuring stronger, none is
    needed.
    """
    from attest.measure.abilities import ABILITIES

    found = [(ability, ability.probe()) for ability in ABILITIES]
    if form == "json":
        rows = [
            {
                "group": ability.group, "name": ability.name, "there": answer.there, "found": answer.what,
                "gives": ability.gives, "more": ability.more,
            }
            for ability, answer in found
        ]  # fmt: skip
        click.echo(json.dumps({"abilities": rows}, indent=2))
        return 0
    _print([(each.group, each.name, answer.there, answer.what, each.gives, each.more) for each, answer in found])
    return 0


def _print(rows: list[_Row]) -> None:
    from attest.cli.output import wants_colours

    colours = wants_colours()
    columns = shutil.get_terminal_size().columns
    names, gives = max(len(row[1]) for row in rows), max(len(row[4]) for row in rows)
    # Only a terminal has an end of the line.
    narrow = sys.stdout.isatty() and _INDENT + names + gives + max(len(row[3]) for row in rows) + 4 > columns
    group = ""
    for row in rows:
        if row[0] != group:
            click.echo(("" if not group else "\n") + _in(_BOLD, row[0], colours=colours))
            group = row[0]
        _, name, there, what, gain, more = row
        mark = _in(_GREEN if there else _DIM, f"{_MARKS[there]:3}", colours=colours)
        if narrow:
            click.echo(f"  {mark} {name}  {_in(_DIM, what, colours=colours)}")
            click.echo(_filled(gain, columns))
        else:
            click.echo(f"  {mark} {name:{names}}  {gain:{gives}}  {_in(_DIM, what, colours=colours)}")
        if not there:
            told = f"to get it: {more}"
            aside = _filled(told, columns) if narrow else f"{'':{_INDENT + names}}  {told}"
            click.echo(_in(_DIM, aside, colours=colours))


def _filled(text: str, columns: int) -> str:
    margin = " " * _INDENT
    return textwrap.fill(text, columns - 1, initial_indent=margin, subsequent_indent=margin)


def _in(colour: str, text: str, *, colours: bool) -> str:
    return f"{colour}{text}{_PLAIN}" if colours else text
