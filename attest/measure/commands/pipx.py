"""`pipx run`: makes an environment in a cache that pipx renews, so that there is nothing to seal."""

from __future__ import annotations

import shlex

from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation


def refuse_pipx(invocation: Invocation) -> Invocation:
    """Refuse, and say how to install the same for good."""
    named = [word for word in invocation.words[1:] if word != "run" and not word.startswith("-")]
    package = shlex.quote(named[0]) if named else "PACKAGE"
    folder = f'"$(pipx environment --value PIPX_LOCAL_VENVS)"/{package}'
    raise RefusedError(
        shlex.join(invocation.words[:3]),
        "a command of an installed package",
        "an environment in the cache of pipx, which is made anew",
        hint=f"pipx install {package}, then seal the TREE {folder} with its command, {folder}/bin/{package}",
    )
