# The gate for plain make. In a Makefile, with the variables that ci/gate/gate.sh names set or in the environment:
#
#     include gate.mk
#     publish: attest-gate
#
# Values reach the script by the environment and never as part of a command.
ATTEST_PYTHON ?= $(dir $(shell realpath -- "$$(command -v attest)"))python
ATTEST_SHIPPED ?= $(shell '$(ATTEST_PYTHON)' -I -c 'from attest.codec.shipped import folder; print(folder("ci"))')

export ATTEST_EVIDENCE ATTEST_TRUST ATTEST_TRUST_SHA256 ATTEST_REFERENCE ATTEST_ARTIFACT ATTEST_COMMIT ATTEST_RUN
export ATTEST_NONCE ATTEST_POLICY ATTEST_POLICY_SHA256 ATTEST_MAX_EVIDENCE_AGE ATTEST_REPORTS

.PHONY: attest-gate
# After a semicolon, because whoever includes this may have chosen another .RECIPEPREFIX.
attest-gate: ; @bash '$(ATTEST_SHIPPED)/gate/gate.sh'
