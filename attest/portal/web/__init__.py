"""Streamable HTTP around the session: what only HTTP has, streams of events, mirrored fields, origins, connections.

Why: a proxy that reads one part of a request while the server reads another is how requests are smuggled. Always:
judged by the body, and every field that repeats a part of it has to be equal. Never: an answer that is buffered as a
whole, a connection to an address that nobody checked.
"""
