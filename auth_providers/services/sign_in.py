"""Signing in by e-mail, password and code on the screen of a first-party app."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from auth_providers.models import App
from auth_providers.services.apps import may_use_app
from auth_providers.services.issuing import IssuedTokens, issue_tokens
from auth_providers.services.required_sign_on import note_break_glass, require_open_password
from auth_providers.services.tokens import NotSignedIn
from jigxmgmt.errors import NotAllowed, TooMuch, Unavailable
from orgs.models import User
from orgs.models.addresses import normal_email

THROTTLED = "too_many_login_attempts"


class AppUnknown(NotSignedIn):
    code = "invalid_client"


class InvalidCredentials(NotSignedIn):
    code = "invalid_credentials"


class CodeRequired(NotSignedIn):
    code = "code_required"


class NotYourApp(NotAllowed):
    code = "not_a_member"


class EmailNotProved(NotAllowed):
    code = "email_not_proved"


class TooManyAttempts(TooMuch):
    retry_after = 60


class CacheAway(Unavailable):
    code = "cache_unavailable"
    retry_after = 5


@dataclass(frozen=True, slots=True)
class Credentials:
    email: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)


def sign_in(
    request: HttpRequest,
    credentials: Credentials,
    *,
    client_id: str,
    description: Mapping[str, str],
    now: datetime,
) -> IssuedTokens:
    """Open a device for a person who knows the password, and the code when one is set up.

    The request is there for allauth, whose limits count by its address. What is said before the
    password was right is the same for every address, known or not. Raises AppUnknown,
    InvalidCredentials, CodeRequired, EmailNotProved, NotYourApp, SingleSignOnRequired,
    TooManyAttempts or CacheAway.
    """
    app = App.objects.filter(client_id=client_id, is_first_party=True).first()
    if app is None:
        raise AppUnknown(_("This is not an app that may ask for a password."))
    with _attempts_counted():
        user = _authenticate(request, credentials)
        if is_mfa_enabled(user):
            _check_code(user, credentials.code)
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        raise EmailNotProved(_("Prove your e-mail address first, by signing in on the web."))
    if not may_use_app(user, app):
        sentence = _("You are not a member of %(organization)s.")
        raise NotYourApp(sentence % {"organization": app.organization})
    require_open_password(user)
    note_break_glass(user, methods=["password"])
    return issue_tokens(user, app=app, description=description, now=now)


@contextmanager
def _attempts_counted() -> Iterator[None]:
    """Refuse to look at a password or code while the cache cannot count who guesses."""
    try:
        yield
    except RedisError as error:
        raise CacheAway(_("Nobody can sign in for a moment; try again.")) from error


def _authenticate(request: HttpRequest, credentials: Credentials) -> User:
    try:
        user = get_adapter(request).authenticate(
            request, email=normal_email(credentials.email), password=credentials.password
        )
    except ValidationError as error:
        raise TooManyAttempts(_("Too many attempts; wait a little.")) from error
    if not isinstance(user, User) or not user.is_active:
        raise InvalidCredentials(_("The e-mail address or the password is wrong."))
    return user


def _check_code(user: User, code: str) -> None:
    """Raise unless this is a fresh code of the person's; allauth counts and spends them."""
    if not code:
        raise CodeRequired(_("Give the code of your authenticator app too."))
    form = AuthenticateForm(user=user, data={"code": code})
    if form.is_valid():
        return
    if form.has_error("code", THROTTLED):
        raise TooManyAttempts(_("Too many attempts; wait a little."))
    raise InvalidCredentials(_("The code is wrong, or was used before."))
