"""How the device's tables say no. No message holds a value, a row or a part of a statement."""


class DeviceRefusal(Exception):
    """A refusal of the tables: a code for programs, a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class NotStorable(DeviceRefusal):
    """Nothing of this was written."""


class NotReadable(DeviceRefusal):
    """The statement is not one that may read, or ran past its bounds."""
