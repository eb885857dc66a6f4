"""BEFORE: verified build evidence, archives and an installed tree become a signed RuntimeReference.

Why: what may run has to be written down while it can still be traced to a build (RFC 9334, Reference Value Provider).
Always: evidence is verified first, every file says how its digest is known, what could not be bound is listed.
Never: code from the tree executed; a key in a process that parses archives or compiles; a file sealed unseen.
"""
