"""DURING: the measurement cycle and what follows from it (RFC 9334: an Attester with a local Verifier).

Why: only what is looked at again and again can be said to be running as built. Always: the receipt is durable before
its result is reported or acted upon; the intent before the action. Never: a cycle that failed reported as one that
matched; an action that the verified reference does not name.
"""
