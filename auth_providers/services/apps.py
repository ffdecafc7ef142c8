"""The apps of organizations, and the installation's own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from auth_providers.models import App, Device
from auth_providers.services.redirect_urls import check_redirect_urls
from jigxmgmt.errors import FieldFault, Invalid, NotFound
from orgs import policies
from orgs.models import Organization, User
from orgs.services.audit import record_event
from orgs.services.typed_names import require_typed_name

OWN_APP_NAME = "jigxmgmt"
OWN_REDIRECT_URL = "http://127.0.0.1/callback"
# Of an app that keeps no secret.
PUBLIC = {
    "client_type": App.CLIENT_PUBLIC,
    "authorization_grant_type": App.GRANT_AUTHORIZATION_CODE,
}


NAME_LENGTH = 100
MOST_APPS = 100
MOST_REDIRECT_URLS = 20
CHANGEABLE = ("name", "platforms", "redirect_urls", "is_first_party")


class AppInvalid(Invalid):
    code = "app_invalid"


class AppGone(NotFound):
    code = "app_unknown"


class TooManyApps(Invalid):
    code = "too_many_apps"


class AppFields(TypedDict, total=False):
    """What is said of an app; each may be changed by itself."""

    name: str
    platforms: Sequence[str]
    redirect_urls: Sequence[str]
    is_first_party: bool


@transaction.atomic
def create_app(organization: Organization, *, by: User, **fields: Unpack[AppFields]) -> App:
    """Register a public app (RFC 6749 2.1) of an organization, for code with PKCE.

    Raises NotAllowed, AppInvalid, RedirectUrlUnusable or TooManyApps.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    if organization.apps.count() >= MOST_APPS:
        sentence = _("An organization has at most %(most)s apps.") % {"most": MOST_APPS}
        raise TooManyApps(sentence)
    _normalize(fields)
    check_redirect_urls(fields["redirect_urls"])
    app = App.objects.create(organization=organization, **_columns_of(fields), **PUBLIC)
    changes = {name: (None, getattr(app, name)) for name in CHANGEABLE}
    record_event("app.create", by=by, subject=app, organization=organization, changes=changes)
    return app


@transaction.atomic
def change_app(app: App, *, by: User, **fields: Unpack[AppFields]) -> App:
    """Change what is given of an organization's app, and leave the rest.

    A redirect URL that goes is refused from now on, also to who is on the way. Raises NotAllowed,
    AppGone, AppInvalid or RedirectUrlUnusable.
    """
    current = _hold(app, by=by)
    _normalize(fields)
    if "redirect_urls" in fields:
        check_redirect_urls(fields["redirect_urls"])
    before = {name: getattr(current, name) for name in CHANGEABLE}
    for column, value in _columns_of(fields).items():
        setattr(current, column, value)
    after = {name: getattr(current, name) for name in CHANGEABLE}
    changes = {name: (before[name], after[name]) for name in CHANGEABLE}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if changes:
        current.save(update_fields=list(_columns_of(fields)))
        record_event(
            "app.change", by=by, subject=app, organization=current.organization, changes=changes
        )
    return current


@transaction.atomic
def remove_app(app: App, *, typed_name: str, by: User) -> None:
    """End an app: whoever is signed in with it is signed out, for good.

    Raises NotAllowed, AppGone or NameMistyped.
    """
    current = _hold(app, by=by)
    require_typed_name(typed_name, current.name)
    changes = {"devices": (current.devices.count(), 0), "client_id": (current.client_id, None)}
    record_event(
        "app.remove", by=by, subject=current, organization=current.organization, changes=changes
    )
    current.delete()


def apps_of(organization: Organization, *, by: User) -> QuerySet[App]:
    """Return the organization's apps; raises NotAllowed."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    return App.objects.filter(organization=organization)


def devices_signed_in(app: App, *, now: datetime) -> int:
    """Return on how many devices somebody is signed in with it."""
    return Device.objects.usable(now).filter(app=app).count()


@transaction.atomic
def installation_app() -> App:
    """Return the installation's own first-party app, made if it is missing."""
    app, is_new = App.objects.get_or_create(
        organization=None,
        is_first_party=True,
        defaults={"name": OWN_APP_NAME, "redirect_uris": OWN_REDIRECT_URL, **PUBLIC},
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


def _hold(app: App, *, by: User) -> App:
    """Return an organization's app as it stands now, and hold it."""
    rows = App.objects.select_for_update(of=("self",)).select_related("organization")
    current = rows.filter(pk=app.pk).first()
    if current is None or current.organization is None:
        raise AppGone(_("There is no such app."))
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, current.organization)
    return current


def _normalize(fields: AppFields) -> None:
    """Bring what is given into the form that is kept; raises AppInvalid."""
    faults = []
    if "name" in fields:
        fields["name"] = fields["name"].strip()
        if not fields["name"] or len(fields["name"]) > NAME_LENGTH:
            sentence = _("Give a name of at most %(most)s characters.") % {"most": NAME_LENGTH}
            faults.append(FieldFault("/name", sentence, "invalid"))
        elif not fields["name"].isprintable():
            sentence = _("A name has printable characters only.")
            faults.append(FieldFault("/name", sentence, "invalid"))
    if "platforms" in fields:
        wanted = set(fields["platforms"])
        fields["platforms"] = [name for name in App.Platform.values if name in wanted]
        if wanted - set(App.Platform.values):
            sentence = _("Choose among %(names)s.") % {"names": ", ".join(App.Platform.values)}
            faults.append(FieldFault("/platforms", sentence, "invalid"))
    if "redirect_urls" in fields:
        fields["redirect_urls"] = list(dict.fromkeys(fields["redirect_urls"]))
        if len(fields["redirect_urls"]) > MOST_REDIRECT_URLS:
            sentence = _("Give at most %(most)s.") % {"most": MOST_REDIRECT_URLS}
            faults.append(FieldFault("/redirect_urls", sentence, "invalid"))
    if faults:
        raise AppInvalid(_("Some fields are at fault."), faults=faults)


def _columns_of(fields: AppFields) -> dict[str, Any]:
    columns: dict[str, Any] = dict(fields)
    if "redirect_urls" in columns:
        columns["redirect_uris"] = " ".join(columns.pop("redirect_urls"))
    return columns
