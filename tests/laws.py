"""How hard a law is tried: a share of what the profile says, so that `make laws` tries all of them harder."""

from __future__ import annotations

from hypothesis import settings


def examples(times: float) -> settings:
    """Return the settings of a law that is tried so many times as often as the others."""
    return settings(max_examples=round(settings().max_examples * times))
