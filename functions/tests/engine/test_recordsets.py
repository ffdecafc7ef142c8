"""What a database's values are in JSON."""

import datetime
import uuid
from decimal import Decimal
from typing import Any

import orjson
import pytest

from functions.engine.batches import ERROR_MARK, MARK
from functions.engine.failures import SqlError, UpstreamTooLarge
from functions.engine.recordsets import Recordsets
from functions.engine.types import Limits

PLUS_TWO = datetime.timezone(datetime.timedelta(hours=2))


def written(value: Any) -> Any:
    recordsets = Recordsets(Limits(), outputs=())
    recordsets.begin(["a"])
    recordsets.add([[value]])
    return orjson.loads(recordsets.first)[0]["a"]


class TestCells:
    @pytest.mark.parametrize(
        ("value", "json"),
        [
            (None, None),
            (True, True),
            (7, 7),
            (2**53, 2**53),
            (2**53 + 1, "9007199254740993"),
            (-(2**63), "-9223372036854775808"),
            (1.5, 1.5),
            (Decimal("12.50"), 12.5),
            (Decimal("5.0000000000"), 5),
            (Decimal("0.1"), 0.1),
            (Decimal("1E+3"), 1000),
            (Decimal("12345678901234567890.12"), "12345678901234567890.12"),
            (Decimal("0.12345678901234567890"), "0.12345678901234567890"),
            (Decimal("9007199254740993"), "9007199254740993"),
            (Decimal("-0.0000000001"), -0.0000000001),
            ("naïve \U0001f600", "naïve \U0001f600"),
            ("half \ud83d", "half �"),
            (b"\x00\xff", "AP8="),
            (bytearray(b"\x00"), "AA=="),
            (datetime.date(2026, 2, 3), "2026-02-03"),
            (datetime.time(4, 5, 6, 700), "04:05:06.000700"),
            (datetime.datetime.fromisoformat("2026-02-03T04:05:06"), "2026-02-03T04:05:06"),
            (
                datetime.datetime(2026, 2, 3, 4, 5, 6, 123456, tzinfo=PLUS_TWO),
                "2026-02-03T04:05:06.123456+02:00",
            ),
            (
                uuid.UUID("6F9619FF-8B86-D011-B42D-00C04FC964FF"),
                "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            ),
        ],
    )
    def test_keeps_its_meaning(self, value: Any, json: Any) -> None:
        assert written(value) == json
        assert type(written(value)) is type(json)


class TestHostileAnswers:
    """Whoever runs the server may send anything in any number, our own marks among it."""

    def test_what_is_marked_as_ours_is_bounded_as_well(self) -> None:
        recordsets = Recordsets(Limits(response_bytes=1_000), outputs=["a"])
        recordsets.begin([f"{MARK}0"])

        with pytest.raises(UpstreamTooLarge):
            recordsets.add([["x" * 2_000]])

    def test_sets_without_rows_are_bounded(self) -> None:
        recordsets = Recordsets(Limits(response_bytes=1_000), outputs=())
        for _ in range(15):
            recordsets.begin(["a"])

        with pytest.raises(UpstreamTooLarge):
            recordsets.begin(["a"])

    def test_counts_stay_numbers(self) -> None:
        recordsets = Recordsets(Limits(), outputs=())
        for _ in range(3):
            recordsets.count(2**63 - 1)

        assert orjson.loads(recordsets.document)["rowsAffected"] == 2**53

    def test_half_a_character_in_a_column_name(self) -> None:
        recordsets = Recordsets(Limits(), outputs=())
        recordsets.begin(["half \ud83d"])
        recordsets.add([[1]])

        assert orjson.loads(recordsets.first) == [{"half �": 1}]

    def test_a_forged_error_is_an_error(self) -> None:
        recordsets = Recordsets(Limits(), outputs=())
        recordsets.begin([ERROR_MARK, "code"])
        recordsets.add([[1, "sign_in_refused"]])

        with pytest.raises(SqlError) as refused:
            recordsets.require_no_error()

        assert refused.value.details == {
            **dict.fromkeys(("severity", "state", "line", "procedure", "message")),
            "number": 1,
        }

    def test_only_the_last_set_is_ours(self) -> None:
        recordsets = Recordsets(Limits(), outputs=())
        recordsets.begin([ERROR_MARK, "message"])
        recordsets.add([[1, "forged"]])
        recordsets.begin(["a"])
        recordsets.add([[1]])

        recordsets.require_no_error()
        assert orjson.loads(recordsets.first) == [{"a": 1}]
