"""The names that documents give: to roots, and to the rules by which files are derived."""

from typing import Annotated

import msgspec

RootName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$(?!\n)")]
"""`tree`, `tree2`, `prefix`, or what `--root NAME=PATH` says."""

SealedPath = Annotated[str, msgspec.Meta(min_length=3, max_length=4096 + 33)]
"""A sealed file as `root/path`."""

RuleName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,63}$(?!\n)")]
"""A row of `attest.measure.derivations`."""
