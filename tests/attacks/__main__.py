"""`python -m tests.attacks`: print the tables of `docs/detection.md`."""

from tests.attacks.page import found_table, prevented_table, undetected_table

print(found_table())
print(prevented_table())
print(undetected_table(), end="")
