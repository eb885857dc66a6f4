"""The options of `attest seal` about what the process of the command may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from attest.cli.arguments import FILE
from attest.seal.request import ProcessRules


def process_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options."""
    options = (
        click.option(
            "--env",
            multiple=True,
            metavar="NAME[=VALUE]",
            help="A variable that may be set; with =VALUE, to that alone, which is no secret. NAME* for all that begin "
            "so. Given once, every other variable is a finding, save what every program expects (PATH, HOME, ...).",
        ),
        click.option("--cwd", type=FILE, metavar="DIR", help="The directory that the server has to run in."),
        click.option(
            "--child",
            multiple=True,
            metavar="PROGRAM",
            help="A program that it may start, besides itself. Without: all that it could not have written.",
        ),
        click.option(
            "--listen",
            multiple=True,
            metavar="WHERE",
            help="Where it may listen: tcp:ADDRESS:PORT, unix:PATH, or none for nowhere. Without: not judged.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def process_rules_of(given: Mapping[str, Any]) -> ProcessRules:
    """Return what the options say."""
    return ProcessRules(
        environment=given["env"], working_directory=given["cwd"], children=given["child"], listening=given["listen"]
    )
