"""The apps of organizations, and the installation's own."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from auth_providers.models import App
from jigxmgmt.errors import FieldFault, Invalid
from orgs import policies
from orgs.models import Organization, User
from orgs.services.audit import record_event

OWN_APP_NAME = "jigxmgmt"
OWN_REDIRECT_URL = "http://127.0.0.1/callback"
LOOPBACK = frozenset({"127.0.0.1", "::1"})
# RFC 8252 7.1: a scheme of one's own is a reversed domain name, so it has a dot.
OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


class RedirectUrlUnusable(Invalid):
    code = "redirect_url_invalid"


@transaction.atomic
def create_app(
    organization: Organization, *, name: str, redirect_urls: Sequence[str], by: User
) -> App:
    """Register a public app (RFC 6749 2.1) of an organization, for code with PKCE.

    Raises NotAllowed or RedirectUrlUnusable.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    _check_redirect_urls(redirect_urls)
    app = App.objects.create(organization=organization, **_public(name, redirect_urls))
    record_event(
        "app.create",
        by=by,
        subject=app,
        organization=organization,
        changes={"redirect_urls": (None, list(redirect_urls))},
    )
    return app


def apps_of(organization: Organization, *, by: User) -> QuerySet[App]:
    """Return the organization's apps; raises NotAllowed."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    return App.objects.filter(organization=organization)


@transaction.atomic
def installation_app() -> App:
    """Return the installation's own first-party app, made if it is missing."""
    app, is_new = App.objects.get_or_create(
        organization=None,
        is_first_party=True,
        defaults=_public(OWN_APP_NAME, [OWN_REDIRECT_URL]),
    )
    if is_new:
        record_event("app.create", by=None, subject=app)
    return app


def may_use_app(user: User, app: App) -> bool:
    """Answer whether the person may sign in with the app.

    An organization's app is for its members; the installation's own is for everybody.
    """
    if not user.is_active:
        return False
    organization = app.organization
    if organization is None:
        return True
    return organization.memberships.active().filter(user=user).exists()


def _public(name: str, redirect_urls: Sequence[str]) -> dict[str, str]:
    """Return the fields of an app that keeps no secret."""
    return {
        "name": name,
        "redirect_uris": " ".join(redirect_urls),
        "client_type": App.CLIENT_PUBLIC,
        "authorization_grant_type": App.GRANT_AUTHORIZATION_CODE,
    }


def _check_redirect_urls(urls: Sequence[str]) -> None:
    faults = [
        FieldFault(f"/redirect_urls/{index}", fault, RedirectUrlUnusable.code)
        for index, url in enumerate(urls)
        if (fault := _fault_of(url))
    ]
    if not urls:
        faults = [FieldFault("/redirect_urls", _("Give at least one."), RedirectUrlUnusable.code)]
    if faults:
        raise RedirectUrlUnusable(_("Some redirect URLs can't be used."), faults=faults)


def _fault_of(url: str) -> str | None:
    """Say what is wrong with a redirect URL (RFC 6749 3.1.2, RFC 8252 7), if anything."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (parsing it is the check)
    except ValueError:
        return _("This is not a URL.")
    if (
        "#" in url
        or "@" in parts.netloc
        or not url.isascii()
        or not url.isprintable()
        or " " in url
    ):
        return _("It may not have a fragment, a user name, spaces or other than ASCII characters.")
    return (
        None
        if _is_safe(parts)
        else _("Use https, a loopback address, or a scheme with a dot in it.")
    )


def _is_safe(parts: SplitResult) -> bool:
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return parts.hostname in LOOPBACK
    return bool(OWN_SCHEME.fullmatch(parts.scheme))
