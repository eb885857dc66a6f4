"""What a portal over HTTP needs and the core does not bring."""

from __future__ import annotations

from attest.codec.extras import load_extra


def need_web() -> None:
    """Raise `UnavailableError` where aiohappyeyeballs is not installed."""
    load_extra("aiohappyeyeballs", "portal", where="portal")
