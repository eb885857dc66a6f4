"""Read and verify build evidence: who built an artifact, from which source, out of which parts.

Why: a RuntimeReference is worth what is known about the build behind it. Always: the signature first, then the bytes
that were signed; whatever was checked, and what could not be, is written down as a check. Never: a builder, a level or
a source believed because the evidence claims it; a part of foreign evidence ignored so that a refusal turns into a yes.
"""
