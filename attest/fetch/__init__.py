"""Get what a server was installed from: its archives, and whatever attestations the package indexes offer for them.

Why: evidence that nobody has at hand proves nothing. Always: through the ordinary clients (pip, npm) as their owner set
them up, and bounded. Never: believed because it was fetched (`seal` and `verify` judge it), a script of a package run,
anything overwritten.
"""
