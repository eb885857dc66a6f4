"""LEARN: ask a server what it offers, from outside of it, before anything is sealed.

Why: rules begin with what there is. Always: with a clean environment, without network where the machine can take it
away, with one scratch directory to write into, bounded in time and bytes, and ended with all that it started. Never: a
key, a tool called, an answer believed: what is recorded is for a person to review.
"""
