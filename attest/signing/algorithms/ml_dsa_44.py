"""ML-DSA-44 (FIPS 204), security category 2: 2,420-byte signatures, C2SP's choice for checkpoints."""

from attest.signing.ml_dsa import COSIGNATURE_TYPE, ParameterSet, ml_dsa

ML_DSA_44 = ml_dsa(ParameterSet(number=44, public_key_bytes=1312, note_type=COSIGNATURE_TYPE))
