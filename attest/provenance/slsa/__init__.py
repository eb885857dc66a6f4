"""SLSA provenance: one model for its versions, and the numbered steps of "Verifying artifacts".

Why: v0.2 and v1 say the same in other words, and a rule that exists twice is kept once. Always: what a certificate says
and what the predicate says agree. Never: an unknown external parameter passed over where somebody said which to expect.
"""
