"""What a verb says that has signed something which counts only with further signatures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from attest.signing.dsse import Envelope
    from attest.trust.trust import Trust


def tell_missing(path: Path, envelope: Envelope, trust: Trust) -> None:
    """Say how many sealers have to sign besides, if any."""
    from attest.trust.cosigning import signatures_missing

    missing = signatures_missing(envelope, trust)
    if missing:
        click.echo(f"counts once {missing} more sealer(s) have run: attest sign {path}", err=True)
