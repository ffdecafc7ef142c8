"""Values that Python holds, and that JSON, or a reader of it, does not."""

from typing import Any

import pytest


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": [value]}
    return value


HOSTILE = [
    pytest.param(nested(5000), id="bottomless"),
    pytest.param(nested(130), id="deep"),
    pytest.param(10**5000, id="huge"),
    pytest.param([2**64], id="large"),
    pytest.param("\ud800", id="half a character"),
    pytest.param({"\ud800": 1}, id="half a character in a key"),
    pytest.param({1: 2}, id="a number for a key"),
]
