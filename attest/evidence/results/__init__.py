"""What verification came to, in the field's own result predicates, for consumers that know no verdict of ours.

Only ever about what passed: generic tools read "signed, subject matches, type matches" and no further. Pure: who signs
and where it is written is the door's business.
"""
