"""Phantom execution: a caller that left the baseline goes on against a sandbox, and everything it does is kept.

Why: a caller that is cut off tells whoever drives it that it was found. Always: no byte of it reaches the real server
any more, every call is a signed receipt. Never: a claim that nobody can tell; `docs/phantom.md` says what gives it
away.
"""
