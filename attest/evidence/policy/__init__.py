"""The gate policy: what evidence has to show beyond being true, for this project, at this gate.

Why: a verdict says whether evidence holds, and a release may demand more of it: longer measured, better known, kept
further apart. Always: a policy is given by whoever verifies, and what it demands is shown, or it failed. Never: a
policy that makes a verdict better, save by its exceptions; and those excuse what the policy itself demands, and known
drift of named files: no signature, no entry, no identity, nothing by which a forged file is told from an honest one.
"""
