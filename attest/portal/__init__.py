"""During: the MCP policy enforcement point. Every request is judged by the sealed rules before a byte of it goes on.

Why: a server that is what was built can still be used for what nobody meant. Always: the decision is on disk before the
request is forwarded; what is allowed passes byte for byte; in doubt, denied. Never: a request without a measured server
behind it, an answer invented or re-encoded, a token passed on.
"""
