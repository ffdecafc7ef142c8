import pickle

import orjson
import pytest

from jigxmgmt.cache import JSONSerializer


class TestJSONSerializer:
    def test_gives_back_what_it_was_given(self) -> None:
        kept = {"tries": [1.5, 2], "blocked": True, "who": "mia"}

        assert JSONSerializer().loads(JSONSerializer().dumps(kept)) == kept

    def test_runs_nothing(self) -> None:
        with pytest.raises(orjson.JSONDecodeError):
            JSONSerializer().loads(pickle.dumps(print))
