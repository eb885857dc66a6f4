"""Strict JSON in, RFC 8785 out, and the records in between.

One reader of YAML, for the part of it that lock files need.

Why: two programs that read the same bytes differently are an attack. So there is one reader and one writer.
Always: bounded size, UTF-8, no duplicate keys, no NaN, UTC times; a document of ours equals its RFC 8785 form.
Never: a default that hides a missing field, a float in a document of ours, a bare dict past this room.
"""
