"""A first look at a machine: every MCP server that is configured or running, and what really executes.

Why: before anything is sealed, people want to know what they have. Always: says how little a record on the same disk
proves. Never: a key, a write, a network access, code of a server; a value of an environment or an argument shown, since
secrets stand there.
"""
