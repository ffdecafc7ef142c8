"""What goes into the cache: JSON alone.

Django's own way is pickle, with which whoever can write to the broker could run code here. The
broker is trusted with nothing.
"""

from typing import Any

import orjson


class JSONSerializer:
    """Named in settings for the Redis cache; raises TypeError for what JSON can't hold."""

    def dumps(self, value: Any) -> bytes:
        return orjson.dumps(value)

    def loads(self, written: bytes) -> Any:
        return orjson.loads(written)
