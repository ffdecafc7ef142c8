"""Reads the parameters of a call: how each is declared, and its value ([MS-TDS] 2.2.5.4)."""

import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

from tests.tds.reading import Reader

_MAX = 0xFFFF
_FIXED = {0x30: 1, 0x32: 1, 0x34: 2, 0x38: 4, 0x3A: 4, 0x3B: 4, 0x3C: 8, 0x3D: 8, 0x3E: 8, 0x7F: 8}
_BY_LENGTH = {
    (0x26, 1): "tinyint",
    (0x26, 2): "smallint",
    (0x26, 4): "int",
    (0x26, 8): "bigint",
    (0x68, 1): "bit",
    (0x6D, 4): "real",
    (0x6D, 8): "float",
    (0x6E, 4): "smallmoney",
    (0x6E, 8): "money",
    (0x6F, 4): "smalldatetime",
    (0x6F, 8): "datetime",
    (0x24, 16): "uniqueidentifier",
    (0x30, 1): "tinyint",
    (0x32, 1): "bit",
    (0x34, 2): "smallint",
    (0x38, 4): "int",
    (0x3A, 4): "smalldatetime",
    (0x3B, 4): "real",
    (0x3C, 8): "money",
    (0x3D, 8): "datetime",
    (0x3E, 8): "float",
    (0x7F, 8): "bigint",
}
_NAMES = {
    0x22: "image",
    0x23: "text",
    0x28: "date",
    0x29: "time",
    0x2A: "datetime2",
    0x2B: "datetimeoffset",
    0x62: "sql_variant",
    0x63: "ntext",
    0x6A: "decimal",
    0x6C: "numeric",
    0xA5: "varbinary",
    0xA7: "varchar",
    0xAD: "binary",
    0xAF: "char",
    0xE7: "nvarchar",
    0xEF: "nchar",
    0xF1: "xml",
}
_TIMES = (0x29, 0x2A, 0x2B)
_DECIMALS = (0x6A, 0x6C)
_STRINGS = (0xA7, 0xAF, 0xE7, 0xEF)
_BINARIES = (0xA5, 0xAD)
_LARGE = (0x22, 0x23, 0x63)
_WIDE = (0xE7, 0xEF, 0xF1, 0x63)


@dataclass(frozen=True)
class TypeInfo:
    """A declared type. Length is in bytes; None where there is none, or no bound."""

    type_id: int
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        """Spell it as T-SQL does."""
        if (self.type_id, self.length) in _BY_LENGTH:
            return _BY_LENGTH[self.type_id, self.length or 0]
        name = _NAMES[self.type_id]
        if self.type_id in _DECIMALS:
            return f"{name}({self.precision},{self.scale})"
        if self.type_id in _TIMES:
            return f"{name}({self.scale})"
        if self.type_id in _STRINGS + _BINARIES:
            width = 2 if self.type_id in _WIDE else 1
            return f"{name}({'max' if self.length is None else self.length // width})"
        return name


@dataclass(frozen=True)
class Parameter:
    name: str
    type: TypeInfo
    value: Any
    is_output: bool


def read_parameter(reader: Reader) -> Parameter:
    name = reader.text(reader.byte())
    status = reader.byte()
    declared = _read_type(reader)
    raw = _read_raw(reader, declared)
    value = None if raw is None else _decode(declared, raw)
    return Parameter(name, declared, value, bool(status & 1))


def _read_type(reader: Reader) -> TypeInfo:
    type_id = reader.byte()
    if type_id in _FIXED:
        return TypeInfo(type_id, _FIXED[type_id])
    if type_id in _TIMES:
        return TypeInfo(type_id, scale=reader.byte())
    if type_id in _DECIMALS:
        length, precision, scale = reader.take(3)
        return TypeInfo(type_id, length, precision, scale)
    if type_id in _STRINGS + _BINARIES:
        length = reader.short()
        reader.take(5 if type_id in _STRINGS else 0)
        return TypeInfo(type_id, None if length == _MAX else length)
    if type_id in _LARGE:
        reader.take(4 if type_id == 0x22 else 9)
        return TypeInfo(type_id)
    if type_id == 0xF1:
        assert reader.byte() == 0, "a schema of XML is not read here"
        return TypeInfo(type_id)
    if type_id == 0x28:
        return TypeInfo(type_id)
    assert type_id in (0x24, 0x26, 0x68, 0x6D, 0x6E, 0x6F), f"type {type_id:#x} is not read here"
    return TypeInfo(type_id, reader.byte())


def _read_raw(reader: Reader, declared: TypeInfo) -> bytes | None:
    if declared.type_id in _FIXED:
        return reader.take(_FIXED[declared.type_id])
    if declared.type_id in _LARGE:
        length = reader.long()
        return None if length == 0xFFFFFFFF else reader.take(length)
    if declared.type_id in (*_STRINGS, *_BINARIES, 0xF1):
        if declared.length is None:
            return reader.chunks()
        length = reader.short()
        return None if length == _MAX else reader.take(length)
    return reader.take(reader.byte()) or None


def _decode(declared: TypeInfo, raw: bytes) -> Any:
    kind, scale = declared.type_id, declared.scale or 0
    if kind in _WIDE:
        return raw.decode("utf-16-le", "surrogatepass")
    if kind in _DECIMALS:
        unscaled = int.from_bytes(raw[1:], "little")
        return Decimal(unscaled if raw[0] else -unscaled).scaleb(-scale, Context(prec=38))
    if kind == 0x28:
        return _date(raw)
    if kind == 0x29:
        return _time(raw, scale)
    if kind == 0x2A:
        return datetime.combine(_date(raw[-3:]), _time(raw[:-3], scale))
    if kind == 0x2B:
        [minutes] = struct.unpack("<h", raw[-2:])
        moment = datetime.combine(_date(raw[-5:-2]), _time(raw[:-5], scale), UTC)
        return moment.astimezone(timezone(timedelta(minutes=minutes)))
    if kind in (0xA7, 0xAF, 0x23):
        return raw.decode("cp1252")
    if kind in (*_BINARIES, 0x22):
        return raw
    return _decode_short(str(declared), raw)


def _decode_short(name: str, raw: bytes) -> Any:
    if name == "uniqueidentifier":
        return UUID(bytes_le=raw)
    if name == "bit":
        return bool(raw[0])
    if name in ("real", "float"):
        [number] = struct.unpack("<f" if name == "real" else "<d", raw)
        return number
    if name == "money":
        high, low = struct.unpack("<iI", raw)
        return Decimal(high * 2**32 + low).scaleb(-4)
    if name == "smallmoney":
        return Decimal(int.from_bytes(raw, "little", signed=True)).scaleb(-4)
    if name == "datetime":
        days, ticks = struct.unpack("<iI", raw)
        return datetime(1900, 1, 1) + timedelta(days=days, seconds=ticks / 300)  # noqa: DTZ001
    if name == "smalldatetime":
        days, minutes = struct.unpack("<HH", raw)
        return datetime(1900, 1, 1) + timedelta(days=days, minutes=minutes)  # noqa: DTZ001
    return int.from_bytes(raw, "little", signed=name != "tinyint")


def _date(raw: bytes) -> date:
    return date.min + timedelta(days=int.from_bytes(raw, "little"))


def _time(raw: bytes, scale: int) -> time:
    microseconds = int.from_bytes(raw, "little") * 1_000_000 // 10**scale
    return (datetime(1, 1, 1) + timedelta(microseconds=microseconds)).time()  # noqa: DTZ001
