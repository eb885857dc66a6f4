"""JUDGE: what was seen against what was sealed; pure functions, values in, findings out.

Why: a judgement has to come out the same here, in a test and years later. Always: what could not be
seen is a finding. Never: a file, a clock or a process looked at from here, a missing answer taken
for a good one.
"""
