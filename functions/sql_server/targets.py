"""A database, and how we sign in there; plain values, no secret in print."""

from dataclasses import dataclass

from functions.engine.types import Secret

# Their gateways find a database by the name that a client asked for, and by an address none. The
# zones are Microsoft's own, so that no customer decides what a name there resolves to.
_NAMED_ZONES = (
    ".database.windows.net",
    ".database.usgovcloudapi.net",
    ".database.chinacloudapi.cn",
    ".database.fabric.microsoft.com",
    ".datawarehouse.fabric.microsoft.com",
    ".sql.azuresynapse.net",
)


@dataclass(frozen=True, slots=True, repr=False)
class Password:
    user: str
    secret: Secret


@dataclass(frozen=True, slots=True, repr=False)
class AccessToken:
    """A token of Microsoft Entra for a service principal."""

    secret: Secret


@dataclass(frozen=True, slots=True)
class Target:
    """Where a database is and what is asked of the way there; times are in seconds."""

    host: str
    port: int
    database: str
    certificate_name: str = ""
    trusts_any_certificate: bool = False
    is_read_only: bool = False
    is_multi_subnet: bool = False
    connect_seconds: int = 15
    query_seconds: int = 30
    connect_retries: int = 0
    retry_seconds: int = 10

    @property
    def name_to_verify(self) -> str:
        return self.certificate_name or self.host

    @property
    def is_named(self) -> bool:
        """Whether the driver must be given the name itself."""
        return self.host.lower().rstrip(".").endswith(_NAMED_ZONES)


SignIn = Password | AccessToken
