"""Judge evidence: lines and values in, a verdict out; no file, no clock, no network.

Why: everybody must be able to repeat it. Always: the checks that apply are laid out first, each as failed ("not
reached"), and only what was looked at can pass. Never: an exception for bad evidence. `MalformedError` and
`UntrustedError` become failed checks; an error of the machine that reads the lines goes through.
"""
