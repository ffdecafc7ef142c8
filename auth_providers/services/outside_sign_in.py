"""Signing in on a device by the provider of an organization."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from auth_providers.models import App, Device, OAuthConfiguration, SignInTransaction
from auth_providers.models.devices import describe_device
from auth_providers.services.apps import may_use_app
from auth_providers.services.arrivals import identify_by_code
from auth_providers.services.issuing import IssuedTokens, issue_tokens
from auth_providers.services.outside_admission import SsoRefused, admit_claims, refuse_sign_in
from auth_providers.services.provider_refusals import ProviderAway, ProviderRefused, refused
from auth_providers.services.providers import (
    Claims,
    check_response_issuer,
    end_session_url_of,
    verify_identity,
)
from auth_providers.services.redirect_urls import RedirectUrlUnusable
from auth_providers.services.registration import ClientUnknown
from auth_providers.services.routing import (
    Option,
    find_options,
    find_way,
    may_return_to,
    takes_password,
)
from auth_providers.services.sign_in import CacheAway, TooManyAttempts
from auth_providers.services.sign_in_transactions import (
    Begun,
    begin_transaction,
    spend_transaction,
)
from jigxmgmt.errors import FieldFault, Invalid, NotFound

Authentication = OAuthConfiguration.ClientAuthentication
AWAY = "provider_unavailable"


class NoSuchConfiguration(NotFound):
    """Unknown, or not for this address in this app: which of them is nobody's business."""

    code = "configuration_unknown"


class AnswerInvalid(Invalid):
    code = "answer_invalid"


@dataclass(frozen=True, slots=True)
class Ways:
    """How an address may sign in: the single sign-ons, and whether a password is taken too."""

    options: list[Option]
    password: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What an app brings back from the provider, with the verifier that shows that it began.

    The code is for the server to redeem, the ID token of a public client was redeemed by itself.
    """

    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    code: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    iss: str = ""


def discover_ways(request: HttpRequest, *, client_id: str, email: str, redirect_uri: str) -> Ways:
    """Return how an address may sign in with an app, whoever has it, or nobody.

    The request is there for allauth, whose limits count by its address. Raises ClientUnknown,
    RedirectUrlUnusable, TooManyAttempts or CacheAway.
    """
    _count(request, key=email)
    app = _app_returning_to(client_id, redirect_uri)
    options = find_options(email=email, app=app, redirect_uri=redirect_uri)
    return Ways(options, takes_password(email))


def begin_device_sign_in(
    request: HttpRequest,
    *,
    client_id: str,
    configuration_id: UUID,
    redirect_uri: str,
    code_challenge: str,
    now: datetime,
    email: str = "",
) -> Begun:
    """Send an app's person to the provider, where the address leads there.

    It waits for the network, so call it in no transaction. Raises as discover_ways does, and
    NoSuchConfiguration, ChallengeInvalid, ProviderAway or SsoRefused.
    """
    # Without an address there is only the caller's own to count by.
    _count(request, key=email or uuid4().hex)
    app = _app_returning_to(client_id, redirect_uri)
    configuration = find_way(configuration_id, email=email, app=app, redirect_uri=redirect_uri)
    if configuration is None:
        raise NoSuchConfiguration(_("There is no such way to sign in."))
    try:
        return begin_transaction(
            configuration,
            purpose=SignInTransaction.Purpose.DEVICE,
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
            now=now,
            app=app,
            email=email,
        )
    except ProviderRefused as refusal:
        raise _refused(configuration, refusal, who=email) from refusal


def complete_device_sign_in(
    request: HttpRequest,
    transaction_id: UUID,
    *,
    answer: Answer,
    description: Mapping[str, str],
    now: datetime,
) -> IssuedTokens:
    """Open a device for who the provider says has come back, once.

    It waits for the network, so call it in no transaction. Raises AnswerInvalid,
    NoSuchTransaction, TransactionOver, SsoRefused, AccessOffered, ProviderAway, TooManyAttempts or
    CacheAway.
    """
    _count(request, key=str(transaction_id))
    _require_one_form(answer)
    spent = spend_transaction(
        transaction_id,
        purpose=SignInTransaction.Purpose.DEVICE,
        state=answer.state,
        code_verifier=answer.code_verifier,
        now=now,
    )
    app = spent.app
    assert app is not None  # noqa: S101 (for types: a device's transaction is by an app)
    claims, way = _identify(spent, answer, now), spent.configuration
    device = describe_device(description)
    user = admit_claims(way, claims, app=app, now=now, device=device).user
    if not may_use_app(user, app):
        raise refuse_sign_in(way, "app_of_another", by=user)
    # By the clock again: in the time that the provider took, another device of theirs may have made
    # them a member, and a device from before that would be good for nothing.
    opened_at = max(now, timezone.now())
    return issue_tokens(user, app=app, description=description, now=opened_at, configuration=way)


def end_session_url(device: Device) -> str | None:
    """Return where the provider's own session ends, of a device that was opened by one.

    None while the provider does not say. It waits for the network.
    """
    if device.configuration is None:
        return None
    return end_session_url_of(device.configuration, post_logout_redirect_uri="")


def _identify(spent: SignInTransaction, answer: Answer, now: datetime) -> Claims:
    """Return who the answer is about; what is wrong with it is recorded, and not told."""
    configuration = spent.configuration
    try:
        check_response_issuer(configuration, answer.iss or None)
        if answer.code:
            return identify_by_code(
                spent, code=answer.code, code_verifier=answer.code_verifier, now=now
            )
        _require_brought(configuration)
        return verify_identity(
            configuration, answer.id_token, nonce_digest=spent.nonce_digest, now=now
        )
    except ProviderRefused as refusal:
        raise _refused(configuration, refusal, who=spent.email) from refusal


def _refused(
    configuration: OAuthConfiguration, refusal: ProviderRefused, *, who: str
) -> SsoRefused | ProviderRefused:
    """Record what was wrong, and return what is told of it: that it was, or to try again."""
    told = refuse_sign_in(configuration, refusal.code, who=who)
    # One code for all, since how a provider is away says something of the network that it is in.
    return refused(AWAY) if isinstance(refusal, ProviderAway) else told


def _require_brought(configuration: OAuthConfiguration) -> None:
    """Raise ProviderRefused unless an app may bring the ID token itself: a public client's.

    What is brought is tied to its one use by the nonce alone, so there must be one.
    """
    if configuration.client_authentication != Authentication.NONE:
        raise ProviderRefused(_("The server redeems the code here."), code="client_not_public")
    if not configuration.uses_nonce:
        raise ProviderRefused(_("An ID token takes a nonce here."), code="nonce_required")


def _app_returning_to(client_id: str, redirect_uri: str) -> App:
    app = App.objects.filter(client_id=client_id).first()
    if app is None:
        sentence = _("There is no such app.")
        fault = FieldFault("/client_id", sentence, ClientUnknown.code)
        raise ClientUnknown(sentence, faults=[fault])
    if not may_return_to(app, redirect_uri):
        sentence = _("The app has not registered this redirect URL.")
        fault = FieldFault("/redirect_uri", sentence, RedirectUrlUnusable.code)
        raise RedirectUrlUnusable(sentence, faults=[fault])
    return app


def _require_one_form(answer: Answer) -> None:
    """Raise AnswerInvalid unless there is either a code or an ID token."""
    if bool(answer.code) != bool(answer.id_token):
        return
    sentence = _("Give either the code or the ID token.")
    faults = [FieldFault(f"/{name}", sentence, AnswerInvalid.code) for name in ("code", "id_token")]
    raise AnswerInvalid(sentence, faults=faults)


def _count(request: HttpRequest, *, key: str) -> None:
    """Count who asks, by address and by what they ask about; raises TooManyAttempts or CacheAway.

    Nothing is answered while the cache can't count.
    """
    try:
        if ratelimit.consume(request, action="single_sign_on", key=key.lower()):
            return
    except RedisError as error:
        raise CacheAway(_("Nobody can sign in for a moment; try again.")) from error
    raise TooManyAttempts(_("Too many attempts; wait a little."))
