"""What allauth asks of us."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

UNIX_SOCKET = "127.0.0.1"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People come by invitation or bootstrap; nobody signs up by themselves yet."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the peer's address, which the server has taken from trusted proxies alone."""
        return request.META.get("REMOTE_ADDR") or UNIX_SOCKET
