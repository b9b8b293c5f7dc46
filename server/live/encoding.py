"""A frame as text: once for each audience, not once for each receiver."""

import orjson

from server.protocol.base import Wire


def encode(frame: Wire) -> str:
    """JSON without what is None."""
    return orjson.dumps(frame.model_dump(mode="json", exclude_none=True)).decode()
