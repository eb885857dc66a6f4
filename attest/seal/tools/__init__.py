"""Tool rules as people write them: a TOML file beside the recorded definitions, and what is sealed of both.

Why: somebody has to review what callers may do, and a signed document is no place to write it. Always: unknown keys
are refused with their place, objects are closed, sets are sorted. Never: a rule that the file does not show, or that a
server's own annotations (`readOnlyHint`, ...) decided.
"""
