"""What people run: versions, credentials, connections, and the log of calls without values."""

from functions.models.calls import CallRecord
from functions.models.connections import Connection
from functions.models.credentials import Credential, CredentialStamp
from functions.models.versions import FunctionDefinition, PublishedVersion

__all__ = [
    "CallRecord",
    "Connection",
    "Credential",
    "CredentialStamp",
    "FunctionDefinition",
    "PublishedVersion",
]
