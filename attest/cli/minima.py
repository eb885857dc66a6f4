"""The least that a measurement has to show, as options of whoever demands it: a sealer, or a trust file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from attest.statement.levels import Binding, Isolation


def minima_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add them."""
    isolation = click.option(
        "--min-isolation",
        type=click.Choice([level.value for level in Isolation]),
        help="How the agent has to be kept apart from the server, at least.",
    )
    binding = click.option(
        "--min-binding",
        type=click.Choice([binding.value for binding in Binding]),
        help="How measurements have to be tied to a process, at least.",
    )
    return binding(isolation(command))
