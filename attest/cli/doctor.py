"""`attest doctor`: what this machine can see and do, what each ability gives, and how to get more."""

from __future__ import annotations

import json
from typing import Final

import click

from attest.cli.arguments import example

_GREEN, _DIM, _BOLD, _PLAIN = "\x1b[32m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_MARKS: Final = {True: "yes", False: "no"}


@click.command(epilog=example("attest doctor", "attest doctor --format json"))
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For whom."
)
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


def _print(rows: list[tuple[str, str, bool, str, str, str]]) -> None:
    from attest.cli.output import wants_colours

    colours = wants_colours()
    name_width = max(len(name) for _, name, *_ in rows)
    gives_width = max(len(gives) for *_, gives, _ in rows)
    group = ""
    for where, name, there, what, gives, more in rows:
        if where != group:
            click.echo(("" if not group else "\n") + _in(_BOLD, where, colours=colours))
            group = where
        mark = _in(_GREEN if there else _DIM, f"{_MARKS[there]:3}", colours=colours)
        click.echo(f"  {mark} {name:{name_width}}  {gives:{gives_width}}  {_in(_DIM, what, colours=colours)}")
        if not there:
            click.echo(_in(_DIM, f"      {'':{name_width}}  to get it: {more}", colours=colours))


def _in(colour: str, text: str, *, colours: bool) -> str:
    return f"{colour}{text}{_PLAIN}" if colours else text
