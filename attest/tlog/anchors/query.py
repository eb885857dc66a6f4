"""What is sent to whoever anchors."""

import msgspec


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a request by POST, its media type, and the nonce that the answer has to repeat."""

    body: bytes
    media_type: str
    nonce: int
