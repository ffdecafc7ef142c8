"""The way to a provider and back: begun once, ended once, by the same hands."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from auth_providers.models import App, OAuthConfiguration, SignInTransaction
from auth_providers.oidc.authorization import CODE_CHALLENGE, fits_challenge
from auth_providers.services.providers import authorization_url_of
from auth_providers.services.sign_in_digests import digest_of
from jigxmgmt.errors import Conflict, FieldFault, Invalid, NotFound
from orgs.models import Solution, User

LIFETIME = timedelta(minutes=10)


class ChallengeInvalid(Invalid):
    code = "code_challenge_invalid"


class NoSuchTransaction(NotFound):
    """Unknown, of another kind, or not this caller's: state or verifier do not fit."""

    code = "transaction_unknown"


class TransactionOver(Conflict):
    """Completed before, too old, or its configuration was changed meanwhile."""

    code = "transaction_over"


@dataclass(frozen=True, slots=True)
class Begun:
    """What a browser needs to be sent on its way; the state comes back with the answer."""

    transaction: SignInTransaction
    authorization_url: str = field(repr=False)
    state: str = field(repr=False)


def begin_transaction(
    configuration: OAuthConfiguration,
    *,
    purpose: SignInTransaction.Purpose,
    redirect_uri: str,
    code_challenge: str,
    now: datetime,
    app: App | None = None,
    user: User | None = None,
    email: str = "",
    solution: Solution | None = None,
    credential_key: str = "",
) -> Begun:
    """Open a transaction for who holds the verifier of this S256 challenge (RFC 7636).

    The caller has asked whether they may, and whether the redirect URI is registered. The state
    begins with the transaction's id, so that a browser that comes back tells which it was.
    Raises ChallengeInvalid or ProviderRefused.
    """
    if not CODE_CHALLENGE.fullmatch(code_challenge):
        raise _challenge_invalid()
    return _send(
        SignInTransaction(
            purpose=purpose,
            configuration=configuration,
            revision=configuration.revision,
            app=app,
            user=user,
            solution=solution,
            credential_key=credential_key,
            email=email,
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )


def _send(transaction: SignInTransaction) -> Begun:
    """Save a transaction with its state and nonce, and return where the browser goes."""
    state = f"{transaction.pk.hex}.{secrets.token_urlsafe(24)}"
    nonce = secrets.token_urlsafe(24)
    # The provider first: it may be away, and then nothing was begun.
    url = authorization_url_of(
        transaction.configuration,
        redirect_uri=transaction.redirect_uri,
        state=state,
        nonce=nonce,
        code_challenge=transaction.code_challenge,
        email=transaction.email,
        offline=transaction.purpose == SignInTransaction.Purpose.CONSENT,
    )
    transaction.state_digest = digest_of("state", state)
    transaction.nonce_digest = digest_of("nonce", nonce)
    transaction.save(force_insert=True)
    return Begun(transaction, url, state)


def _challenge_invalid() -> ChallengeInvalid:
    sentence = _("Give an S256 code challenge: 43 characters of base64url.")
    fault = FieldFault("/code_challenge", sentence, ChallengeInvalid.code)
    return ChallengeInvalid(sentence, faults=[fault])


def spend_transaction(
    transaction_id: UUID,
    *,
    purpose: SignInTransaction.Purpose,
    state: str,
    code_verifier: str,
    now: datetime,
    user: User | None = None,
) -> SignInTransaction:
    """Return the transaction, which nobody can complete any more, whatever comes of it.

    Who holds neither state nor verifier spends nothing. Where somebody was signed in when it
    began, the same person ends it. Raises NoSuchTransaction or TransactionOver.
    """
    found = SignInTransaction.objects.select_related(
        "configuration__organization", "configuration__data_key", "app__organization", "solution"
    )
    transaction = found.filter(pk=transaction_id, purpose=purpose, user=user).first()
    if transaction is None or not _fits(transaction, state, code_verifier):
        raise NoSuchTransaction(_("There is no such sign-in, or it was begun elsewhere."))
    is_first = transaction.complete(now)
    if not is_first or transaction.revision != transaction.configuration.revision:
        raise TransactionOver(_("This sign-in is over; begin again."))
    return transaction


def transaction_id_of(state: str) -> UUID | None:
    """Return which transaction a state that came back belongs to; None for what is none."""
    try:
        return UUID(hex=state.partition(".")[0])
    except ValueError:
        return None


def _fits(transaction: SignInTransaction, state: str, code_verifier: str) -> bool:
    is_state = hmac.compare_digest(transaction.state_digest, digest_of("state", state))
    return is_state and fits_challenge(code_verifier, transaction.code_challenge)
