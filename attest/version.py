"""The version, as one constant, because asking the installed metadata costs more than all of `attest --version`."""

VERSION = "0.1.0"
