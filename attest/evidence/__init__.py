"""AFTER: export of evidence, its numbered offline verification, the verdict, and reports about it.

Why: evidence is worth what a stranger can check with it, offline, knowing only a trust file and what he expects.
Always: `verify` is pure, takes bytes and values, and returns a verdict; a check that was left out counts as failed.
Never: an exception for bad evidence, a network, an argument that skips a check, a line that nothing binds.
"""
