"""ML-DSA-87 (FIPS 204), security category 5: 4,627-byte signatures, as CNSA 2.0 asks for."""

from attest.signing.ml_dsa import OWN_TYPE, ParameterSet, ml_dsa

ML_DSA_87 = ml_dsa(ParameterSet(number=87, public_key_bytes=2592, note_type=OWN_TYPE + b"ml-dsa-87"))
