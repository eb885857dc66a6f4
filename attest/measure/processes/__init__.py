"""What procfs tells about a running process: strict readers of its files, and the looks that are made of them.

Why own code: what is read here is the attacker's own account of itself, told through the kernel; a library that skips a
line which it does not understand would skip the one that matters. Always: a line of another form is an error. Never: a
look believed before `attest.measure.process` has seen that the process is still the same one.
"""
