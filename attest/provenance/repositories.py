"""Which repository a source URI names.

Sources are compared whole, never by prefix: `https://host/a` is not `https://host/ab`. Only the spelling that SPDX and
SLSA share is undone: `git+URL@REF` means the repository at URL.
"""

from __future__ import annotations

import re
from typing import Any, Final

_GIT: Final = "git+"
_GIT_DIGESTS: Final = ("gitCommit", "sha1")
"""How resolved dependencies name a commit; old builders call it sha1."""

# The @ of a reference stands in the path: user@host comes before the first slash, and /@scope is a name.
_LOCATOR: Final = r"(?s)(?P<url>[a-z][a-z0-9+.-]*://[^/]+/.*?[^/])@(?P<reference>[^/].*)"


def repository_of(uri: str) -> str:
    """Return the repository that a source URI names: `git+` taken off, and with it the reference behind `@`."""
    if not uri.startswith(_GIT):
        return uri
    url = uri.removeprefix(_GIT)
    match = re.fullmatch(_LOCATOR, url)
    return url if match is None else match["url"]


def reference_of(uri: str) -> str | None:
    """Return the reference behind the `@` of a `git+` URI, as it stands there; None without one."""
    match = re.fullmatch(_LOCATOR, uri.removeprefix(_GIT)) if uri.startswith(_GIT) else None
    return None if match is None else match["reference"]


def is_commit_of(digest: Any) -> bool:  # noqa: ANN401  (a JSON value)
    """Return whether a digest set names a git commit."""
    return isinstance(digest, dict) and any(name in digest for name in _GIT_DIGESTS)
