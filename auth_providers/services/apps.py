"""The apps of organizations, and the installation's own."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from auth_providers.models import App
from auth_providers.services.redirect_urls import check_redirect_urls
from orgs import policies
from orgs.models import Organization, User
from orgs.services.audit import record_event

OWN_APP_NAME = "jigxmgmt"
OWN_REDIRECT_URL = "http://127.0.0.1/callback"


@transaction.atomic
def create_app(
    organization: Organization, *, name: str, redirect_urls: Sequence[str], by: User
) -> App:
    """Register a public app (RFC 6749 2.1) of an organization, for code with PKCE.

    Raises NotAllowed or RedirectUrlUnusable.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    check_redirect_urls(redirect_urls)
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
