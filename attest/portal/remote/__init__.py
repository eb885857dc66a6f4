"""A server that nobody can measure: who answers at its address, and how it describes its tools, looked at each cycle.

No file of it was ever seen, and no process: what is recorded has the binding `remote` and proves no more than that the
sealed peer answered, with the sealed tools. Never used for a reference that has files.
"""
