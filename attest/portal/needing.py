"""What a portal over HTTP needs and the core does not bring."""

from __future__ import annotations

from attest.errors import UnavailableError


def need_web() -> None:
    """Raise `UnavailableError` where aiohappyeyeballs is not installed."""
    try:
        import aiohappyeyeballs  # noqa: F401  (only whether it is there)
    except ImportError as error:
        raise UnavailableError(
            "portal", "the extra 'portal'", "no module aiohappyeyeballs", hint="pip install 'mcp-attest[portal]'"
        ) from error
