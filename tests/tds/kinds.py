"""The column types of an answer, as they stand in COLMETADATA and in rows ([MS-TDS] 2.2.5)."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

LATIN = bytes.fromhex("0904d00034")  # SQL_Latin1_General_CP1_CI_AS
CYRILLIC = bytes.fromhex("1904d00000")  # Cyrillic_General_CI_AS
TABLE = "answers"

Pack = Callable[[Any], bytes]
Frame = Callable[[bytes | None], bytes]


@dataclass(frozen=True)
class Kind:
    """A type: how it is declared, how a value is packed, and the length before it."""

    declaration: bytes
    pack: Pack
    frame: Frame

    def encode(self, value: Any) -> bytes:
        return self.frame(None if value is None else self.pack(value))


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind
    is_nullable: bool = True

    def describe(self) -> bytes:
        flags = 0x0009 if self.is_nullable else 0x0008
        name = bytes([len(self.name)]) + self.name.encode("utf-16-le")
        return struct.pack("<IH", 0, flags) + self.kind.declaration + name


def _short_form(packed: bytes | None) -> bytes:
    return b"\x00" if packed is None else bytes([len(packed)]) + packed


def _sized(packed: bytes | None) -> bytes:
    return b"\xff\xff" if packed is None else struct.pack("<H", len(packed)) + packed


def _in_chunks(packed: bytes | None) -> bytes:
    if packed is None:
        return b"\xff" * 8
    chunks = [packed[start : start + 8000] for start in range(0, len(packed), 8000)]
    framed = b"".join(struct.pack("<I", len(chunk)) + chunk for chunk in chunks)
    return struct.pack("<Q", len(packed)) + framed + bytes(4)


def _behind_pointer(packed: bytes | None) -> bytes:
    if packed is None:
        return b"\x00"
    return bytes([16]) + bytes(24) + struct.pack("<I", len(packed)) + packed


def _long_form(packed: bytes | None) -> bytes:
    return bytes(4) if packed is None else struct.pack("<I", len(packed)) + packed


def _number(form: str) -> Pack:
    return lambda value: struct.pack(form, value)


def _unscaled(value: Any, scale: int) -> int:
    return int(Decimal(value).scaleb(scale, Context(prec=38)))


def _money(value: Any) -> bytes:
    high, low = divmod(_unscaled(value, 4), 2**32)
    return struct.pack("<iI", high, low)


def _smallmoney(value: Any) -> bytes:
    return struct.pack("<i", _unscaled(value, 4))


def _decimal(precision: int, scale: int) -> Pack:
    length = decimal_length(precision) - 1

    def pack(value: Any) -> bytes:
        unscaled = _unscaled(value, scale)
        return bytes([unscaled >= 0]) + abs(unscaled).to_bytes(length, "little")

    return pack


def decimal_length(precision: int) -> int:
    """Count the bytes of a decimal, its sign included."""
    return 5 + 4 * sum(precision > bound for bound in (9, 19, 28))


def _days(value: date, since: date) -> int:
    return value.toordinal() - since.toordinal()


def _date(value: date) -> bytes:
    return _days(value, date.min).to_bytes(3, "little")


def ticks_length(scale: int) -> int:
    """Count the bytes of a time of day."""
    return 3 if scale < 3 else 4 if scale < 5 else 5


def _time(scale: int) -> Pack:
    def pack(value: time) -> bytes:
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        ticks: int = (seconds * 1_000_000 + value.microsecond) * 10**scale // 1_000_000
        return ticks.to_bytes(ticks_length(scale), "little")

    return pack


def _datetime2(scale: int) -> Pack:
    return lambda value: _time(scale)(value.time()) + _date(value.date())


def _datetimeoffset(scale: int) -> Pack:
    def pack(value: datetime) -> bytes:
        offset = value.utcoffset() or timedelta()
        in_utc = value.replace(tzinfo=None) - offset
        return _datetime2(scale)(in_utc) + struct.pack("<h", offset // timedelta(minutes=1))

    return pack


def _datetime(value: datetime) -> bytes:
    passed = value - datetime.combine(value, time.min)
    return struct.pack("<iI", _days(value, date(1900, 1, 1)), round(passed.total_seconds() * 300))


def _smalldatetime(value: datetime) -> bytes:
    return struct.pack("<HH", _days(value, date(1900, 1, 1)), value.hour * 60 + value.minute)


def _variant(value: Any) -> bytes:
    """Pack what a sql_variant holds, its base type before it."""
    if isinstance(value, bool):
        return bytes([0x32, 0, value])
    if isinstance(value, int):
        return bytes([0x7F, 0]) + struct.pack("<q", value)
    if isinstance(value, float):
        return bytes([0x3E, 0]) + struct.pack("<d", value)
    if isinstance(value, Decimal):
        return bytes([0x6C, 2, 38, 4]) + _decimal(38, 4)(value)
    return bytes([0xE7, 7]) + LATIN + struct.pack("<H", 8000) + _utf16(value)


def _utf16(value: str) -> bytes:
    return value.encode("utf-16-le", "surrogatepass")


def _text(encoding: str) -> Pack:
    def pack(value: str) -> bytes:
        return value.encode(encoding)

    return pack


def _short(type_id: int, length: int, pack: Pack) -> Kind:
    return Kind(bytes([type_id, length]), pack, _short_form)


def _string(type_id: int, length: int | None, tail: bytes, pack: Pack) -> Kind:
    """Declare a type of so many bytes, or without a bound."""
    bound = 0xFFFF if length is None else length
    frame = _in_chunks if length is None else _sized
    return Kind(struct.pack("<BH", type_id, bound) + tail, pack, frame)


def _large(type_id: int, tail: bytes, pack: Pack) -> Kind:
    table = b"\x01" + struct.pack("<H", len(TABLE)) + TABLE.encode("utf-16-le")
    declaration = struct.pack("<Bi", type_id, 2**31 - 1) + tail + table
    return Kind(declaration, pack, _behind_pointer)


BIT = _short(0x68, 1, _number("<?"))
TINYINT = _short(0x26, 1, _number("<B"))
SMALLINT = _short(0x26, 2, _number("<h"))
INT = _short(0x26, 4, _number("<i"))
BIGINT = _short(0x26, 8, _number("<q"))
REAL = _short(0x6D, 4, _number("<f"))
FLOAT = _short(0x6D, 8, _number("<d"))
MONEY = _short(0x6E, 8, _money)
SMALLMONEY = _short(0x6E, 4, _smallmoney)
DATETIME = _short(0x6F, 8, _datetime)
SMALLDATETIME = _short(0x6F, 4, _smalldatetime)
UNIQUEIDENTIFIER = _short(0x24, 16, lambda value: UUID(str(value)).bytes_le)
DATE = Kind(b"\x28", _date, _short_form)
TEXT = _large(0x23, LATIN, _text("cp1252"))
NTEXT = _large(0x63, LATIN, _utf16)
IMAGE = _large(0x22, b"", bytes)
XML = Kind(b"\xf1\x00", _utf16, _in_chunks)
SQL_VARIANT = Kind(struct.pack("<BI", 0x62, 8009), _variant, _long_form)


def decimal(precision: int, scale: int) -> Kind:
    declaration = bytes([0x6A, decimal_length(precision), precision, scale])
    return Kind(declaration, _decimal(precision, scale), _short_form)


def numeric(precision: int, scale: int) -> Kind:
    declaration = bytes([0x6C, decimal_length(precision), precision, scale])
    return Kind(declaration, _decimal(precision, scale), _short_form)


def time_of_day(scale: int = 7) -> Kind:
    return Kind(bytes([0x29, scale]), _time(scale), _short_form)


def datetime2(scale: int = 7) -> Kind:
    return Kind(bytes([0x2A, scale]), _datetime2(scale), _short_form)


def datetimeoffset(scale: int = 7) -> Kind:
    return Kind(bytes([0x2B, scale]), _datetimeoffset(scale), _short_form)


def nvarchar(length: int | None) -> Kind:
    """Declare nvarchar(length), or nvarchar(max)."""
    return _string(0xE7, None if length is None else length * 2, LATIN, _utf16)


def nchar(length: int) -> Kind:
    return _string(0xEF, length * 2, LATIN, lambda value: _utf16(value.ljust(length)))


def varchar(length: int | None, collation: bytes = LATIN, encoding: str = "cp1252") -> Kind:
    """Declare varchar(length), or varchar(max); the collation tells the driver the encoding."""
    return _string(0xA7, length, collation, _text(encoding))


def char(length: int) -> Kind:
    return _string(0xAF, length, LATIN, lambda value: value.ljust(length).encode("cp1252"))


def varbinary(length: int | None) -> Kind:
    return _string(0xA5, length, b"", bytes)


def binary(length: int) -> Kind:
    return _string(0xAD, length, b"", lambda value: value.ljust(length, b"\0"))
