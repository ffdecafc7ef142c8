"""An Amazon Cognito user pool as the keeper of people's passwords: its calls, and its refusals.

Nothing that the service or its library says is repeated here: their words may hold an address.
"""

import base64
import hashlib
import hmac
import secrets
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

SECONDS = 5
TRIES = 2


class Refusal(Enum):
    """What a pool said no to, as far as it matters here."""

    WRONG_CREDENTIALS = auto()
    NOT_CONFIRMED = auto()
    RESET_REQUIRED = auto()
    CHALLENGE = auto()
    CODE_WRONG = auto()
    PASSWORD_WEAK = auto()
    TOO_MANY = auto()
    EXISTS = auto()
    AWAY = auto()


REFUSALS: Mapping[str, Refusal] = {
    "NotAuthorizedException": Refusal.WRONG_CREDENTIALS,
    "UserNotFoundException": Refusal.WRONG_CREDENTIALS,
    "UserNotConfirmedException": Refusal.NOT_CONFIRMED,
    "PasswordResetRequiredException": Refusal.RESET_REQUIRED,
    "CodeMismatchException": Refusal.CODE_WRONG,
    "ExpiredCodeException": Refusal.CODE_WRONG,
    "TooManyFailedAttemptsException": Refusal.TOO_MANY,
    "TooManyRequestsException": Refusal.TOO_MANY,
    "LimitExceededException": Refusal.TOO_MANY,
    "InvalidPasswordException": Refusal.PASSWORD_WEAK,
    "PasswordHistoryPolicyViolationException": Refusal.PASSWORD_WEAK,
    "UsernameExistsException": Refusal.EXISTS,
    "AliasExistsException": Refusal.EXISTS,
}


class PoolRefused(Exception):
    """The pool said no, or did not answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class PoolUser:
    """Somebody in a pool, by the subject that stays whatever else changes."""

    subject: str
    email: str
    is_email_verified: bool
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Pool:
    """A user pool, and our client in it, which may have a secret."""

    region: str
    pool_id: str
    client_id: str
    client_secret: str = field(default="", repr=False)

    def __repr__(self) -> str:
        return f"<Pool {self.pool_id}>"

    @property
    def issuer(self) -> str:
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.pool_id}"

    def sign_up(self, email: str, *, first_name: str, last_name: str) -> None:
        """Make an unconfirmed user, to whom the pool mails a code; no password is known yet."""
        with _refusals():
            _client(self.region).sign_up(
                ClientId=self.client_id,
                Username=email,
                Password=_nobodys_password(),
                UserAttributes=_attributes(email, first_name, last_name),
                **self._proof(email),
            )

    def sign_up_or_send_again(self, email: str, *, first_name: str, last_name: str) -> None:
        """Sign up, or have the code mailed again to who did and never confirmed."""
        try:
            self.sign_up(email, first_name=first_name, last_name=last_name)
        except PoolRefused as refused:
            if refused.refusal is not Refusal.EXISTS:
                raise
            self.send_code_again(email)

    def send_code_again(self, email: str) -> None:
        with _refusals():
            _client(self.region).resend_confirmation_code(
                ClientId=self.client_id, Username=email, **self._proof(email)
            )

    def confirm(self, email: str, code: str) -> None:
        """Take the code that was mailed at sign-up."""
        with _refusals():
            _client(self.region).confirm_sign_up(
                ClientId=self.client_id,
                Username=email,
                ConfirmationCode=code,
                **self._proof(email),
            )

    def send_reset_code(self, email: str) -> None:
        with _refusals():
            _client(self.region).forgot_password(
                ClientId=self.client_id, Username=email, **self._proof(email)
            )

    def reset(self, email: str, *, code: str, password: str) -> None:
        """Take the code that was mailed for a lost password, with the new one."""
        with _refusals():
            _client(self.region).confirm_forgot_password(
                ClientId=self.client_id,
                Username=email,
                ConfirmationCode=code,
                Password=password,
                **self._proof(email),
            )

    def check_password(self, email: str, password: str) -> PoolUser:
        """Return whose password this is."""
        parameters = {"USERNAME": email, "PASSWORD": password}
        if proof := self._proof(email).get("SecretHash"):
            parameters["SECRET_HASH"] = proof
        with _refusals():
            answer: Any = _client(self.region).admin_initiate_auth(
                UserPoolId=self.pool_id,
                ClientId=self.client_id,
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters=parameters,
            )
        challenge = answer.get("ChallengeName")
        if challenge == "NEW_PASSWORD_REQUIRED":
            raise PoolRefused(Refusal.RESET_REQUIRED)
        if challenge or "AccessToken" not in answer.get("AuthenticationResult", {}):
            raise PoolRefused(Refusal.CHALLENGE)
        return self.find(email)

    def find(self, email: str) -> PoolUser:
        with _refusals():
            found = _client(self.region).admin_get_user(UserPoolId=self.pool_id, Username=email)
        named = {item["Name"]: item.get("Value", "") for item in found["UserAttributes"]}
        return PoolUser(
            subject=named["sub"],
            email=named.get("email", ""),
            is_email_verified=named.get("email_verified") == "true",
            first_name=named.get("given_name", ""),
            last_name=named.get("family_name", ""),
        )

    def keep(self, email: str, password: str, *, first_name: str, last_name: str) -> PoolUser:
        """Make a user whose address was proved here, or take the one that is there, by password."""
        attributes = _attributes(email, first_name, last_name)
        verified: Any = {"Name": "email_verified", "Value": "true"}
        try:
            with _refusals():
                _client(self.region).admin_create_user(
                    UserPoolId=self.pool_id,
                    Username=email,
                    MessageAction="SUPPRESS",
                    UserAttributes=[*attributes, verified],
                )
        except PoolRefused as refused:
            if refused.refusal is not Refusal.EXISTS:
                raise
        self.set_password(email, password)
        return self.find(email)

    def set_password(self, email: str, password: str) -> None:
        with _refusals():
            _client(self.region).admin_set_user_password(
                UserPoolId=self.pool_id, Username=email, Password=password, Permanent=True
            )

    def disable(self, email: str) -> None:
        """Let nobody in by this user's password, and end what the pool itself has let in."""
        with _refusals():
            _client(self.region).admin_disable_user(UserPoolId=self.pool_id, Username=email)
            _client(self.region).admin_user_global_sign_out(UserPoolId=self.pool_id, Username=email)

    def enable(self, email: str) -> None:
        with _refusals():
            _client(self.region).admin_enable_user(UserPoolId=self.pool_id, Username=email)

    def _proof(self, email: str) -> Any:
        """Return the hash by which a client with a secret shows it; nothing without one."""
        if not self.client_secret:
            return {}
        message = (email + self.client_id).encode()
        digest = hmac.new(self.client_secret.encode(), message, hashlib.sha256).digest()
        return {"SecretHash": base64.b64encode(digest).decode()}


def configured_pool() -> Pool | None:
    """Return the installation's user pool, where its settings name one."""
    if not settings.COGNITO_USER_POOL_ID:
        return None
    return Pool(
        region=settings.COGNITO_REGION,
        pool_id=settings.COGNITO_USER_POOL_ID,
        client_id=settings.COGNITO_CLIENT_ID,
        client_secret=settings.COGNITO_CLIENT_SECRET,
    )


@lru_cache(maxsize=1)
def _client(region: str) -> "CognitoIdentityProviderClient":
    """Return the client of a region; it may be used by several threads."""
    # Here, since loading it takes as long as all the rest, and few installations have a pool.
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=SECONDS,
        read_timeout=SECONDS,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
    )
    client: CognitoIdentityProviderClient = boto3.client(
        "cognito-idp", region_name=region, config=config
    )
    return client


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the library raises into ours, without its words."""
    from botocore.exceptions import BotoCoreError, ClientError

    refusal = None
    try:
        yield
    except ClientError as error:
        refusal = REFUSALS.get(error.response.get("Error", {}).get("Code", ""), Refusal.AWAY)
    except BotoCoreError:
        refusal = Refusal.AWAY
    if refusal is not None:  # outside the except clause, so that no context holds their words
        raise PoolRefused(refusal)


def _attributes(email: str, first_name: str, last_name: str) -> Any:
    named = {"email": email, "given_name": first_name, "family_name": last_name}
    return [{"Name": name, "Value": value} for name, value in named.items() if value]


def _nobodys_password() -> str:
    """Return a password that passes any policy and that nobody keeps."""
    return secrets.token_urlsafe(32) + "aA1" + secrets.choice(string.punctuation)
