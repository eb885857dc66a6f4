"""Who may say it: the trust file, its roles and keys, and what they may say.

Why: nothing inside a document is trusted because the document says so. Always: the trust file is the relying party's
own; a key has one role. Never: a key, a role, a level or a minimum from the evidence, or from the party under audit.
"""
