"""Where people's passwords are kept: here, or where a setting says."""

from collections.abc import Callable
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils.module_loading import import_string

from orgs.models import User

# Notes on a person's row that a password was taken, within a transaction.
NoteTaken = Callable[[User], None]


class PasswordKeeper(Protocol):
    """Keeps the password of a person whose address was proved."""

    def take(self, email: str, password: str, *, first_name: str, last_name: str) -> NoteTaken:
        """Take a first or another password of whoever has this address.

        It may wait for the network, so call it in no transaction; what it returns is for one, and
        waits for nobody. Where that transaction fails, the person does the same again.
        """


class OwnPasswords:
    """Hashes in the database of this installation."""

    def take(self, email: str, password: str, *, first_name: str, last_name: str) -> NoteTaken:
        hashed = make_password(password)  # slow by design: no lock is held meanwhile

        def note(user: User) -> None:
            user.password = hashed
            user.save(update_fields=["password"])

        return note


def take_password(user: User, password: str) -> NoteTaken:
    """Take a password of somebody, who need not be saved yet; as PasswordKeeper.take."""
    names = {"first_name": user.first_name, "last_name": user.last_name}
    return password_keeper().take(user.email, password, **names)


def open_account(email: str, note: NoteTaken, **fields: Any) -> User:
    """Make a person who signs in by the password that was taken.

    In a transaction of the caller's; raises IntegrityError where somebody has the address.
    """
    user = User.objects.create_user(email, **fields)
    note(user)
    return user


def password_keeper() -> PasswordKeeper:
    """Return what keeps passwords in this installation."""
    keeper: PasswordKeeper = import_string(settings.PASSWORD_KEEPER)()
    return keeper
