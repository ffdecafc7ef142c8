"""What people run: published versions, credentials, and the log of calls without their values."""

from functions.models.calls import CallRecord
from functions.models.credentials import Credential, CredentialStamp
from functions.models.versions import FunctionDefinition, PublishedVersion

__all__ = [
    "CallRecord",
    "Credential",
    "CredentialStamp",
    "FunctionDefinition",
    "PublishedVersion",
]
