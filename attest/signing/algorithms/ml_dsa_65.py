"""ML-DSA-65 (FIPS 204), security category 3: 3,309-byte signatures."""

from attest.signing.ml_dsa import OWN_TYPE, ParameterSet, ml_dsa

ML_DSA_65 = ml_dsa(ParameterSet(number=65, public_key_bytes=1952, note_type=OWN_TYPE + b"ml-dsa-65"))
