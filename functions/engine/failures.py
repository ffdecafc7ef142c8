"""Why a call ended without a result. Each has the name that clients know; no message holds a value.

EngineFailure
├── UpstreamError             the service answered 400 or more
├── UpstreamUnreachable       no connection, or an answer that is not HTTP
├── UpstreamTimeout           no whole answer in time
├── UpstreamTooLarge          a request or an answer beyond its bound
├── BadResponse               an answer that is not what its format says
├── BadRequest                a request that the values given can't make
├── AddressRefused            an address that we do not let calls go to
├── CredentialMissing         a parameter made for a credential names none
├── OAuthCredentialsMissingError   the calling user has not connected a service yet
├── OAuthRefreshFailed        the user's connection to a service is over
├── CredentialOriginRefused   a credential would go where it is not bound to
├── ContinuationRefused       the next page is not where a page may be
├── ContinuationLoop          the next page was already read
├── ContinuationLimit         more pages, bytes or time than allowed
├── ExpressionLimit           an expression beyond its time, depth or memory
└── SqlError                  the database, or the lack of one
"""

from typing import Any


class EngineFailure(Exception):
    """A call that ended without a result; the description is safe to show."""

    title = "The call failed"

    def __init__(
        self,
        description: str,
        *,
        title: str | None = None,
        status: int | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(description)
        self.title = title or self.title
        self.description = description
        self.status = status
        self.details = details

    @property
    def name(self) -> str:
        return type(self).__name__


class UpstreamError(EngineFailure):
    title = "The service refused"


class UpstreamUnreachable(EngineFailure):
    title = "The service can't be reached"


class UpstreamTimeout(EngineFailure):
    title = "The service took too long"


class UpstreamTooLarge(EngineFailure):
    title = "Too much data"


class BadResponse(EngineFailure):
    title = "The service's answer can't be read"


class BadRequest(EngineFailure):
    title = "The request can't be made"


class AddressRefused(EngineFailure):
    title = "This address is not allowed"


class CredentialMissing(EngineFailure):
    title = "A credential is missing"


class OAuthCredentialsMissingError(EngineFailure):
    title = "Sign in to the service first"


class OAuthRefreshFailed(EngineFailure):
    title = "Sign in to the service again"


class CredentialOriginRefused(EngineFailure):
    title = "A credential may not go there"


class ContinuationRefused(EngineFailure):
    title = "The next page is out of bounds"


class ContinuationLoop(EngineFailure):
    title = "The pages go round in circles"


class ContinuationLimit(EngineFailure):
    title = "There are too many pages"


class ExpressionLimit(EngineFailure):
    title = "An expression took too much"


class SqlError(EngineFailure):
    title = "The database refused"
