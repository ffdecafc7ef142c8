"""What a device is given of credentials: what its own functions name, and no more."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auth_providers.models import Device, OAuthConfiguration
from auth_providers.services.accounts import disable_account
from auth_providers.services.configuration_fields import ConfigurationFields
from auth_providers.services.configuration_secrets import put_client_secret
from auth_providers.services.devices import revoke_device
from auth_providers.tests.factories import OAuthConfigurationFactory, connected, signed_in
from functions.models import Credential
from functions.services.credentials import save_credential
from functions.services.oauth_credentials import save_oauth_alias, save_oauth_credential
from functions.tests.doors import phone_of
from functions.tests.factories import PASSWORD, SECRET, WITH_CONNECTION, publish, save_server
from orgs.models import Membership, Solution, SolutionMember, User

pytestmark = pytest.mark.django_db

ORIGINS = ["https://geo.example.com"]
CLIENT = ConfigurationFields(
    client_id="field-app",
    issuer="https://login.example",
    redirect_urls=("https://app.example/callback",),
)


def function(*keys: str, on_device: bool = True) -> str:
    """Write a function that names these keys, where a default is replaced by its secret."""
    parameters = "".join(
        f"  x-{number}: {{location: header, value: {key}}}\n" for number, key in enumerate(keys)
    )
    local = "useLocalCall: true\n" if on_device else ""
    return (
        "provider: DATA_PROVIDER_REST\nurl: https://geo.example.com/near\n"
        f"{local}parameters:\n{parameters}"
    )


def save(solution: Solution, key: str, *, by: User, to_devices: bool = True, **more: Any) -> None:
    save_credential(
        solution,
        key=key,
        type=more.pop("type", Credential.Type.API_KEY),
        secret=more.pop("secret", SECRET),
        allowed_origins=ORIGINS,
        available_to_devices=to_devices,
        by=by,
        **more,
    )


def alias(solution: Solution, key: str, *, by: User) -> OAuthConfiguration:
    """Point a key at a confidential client, whose secret is the marker."""
    configuration = OAuthConfigurationFactory.create(
        organization=solution.organization,
        client_authentication=OAuthConfiguration.ClientAuthentication.BASIC,
    )
    put_client_secret(configuration, SECRET, by=by, now=timezone.now())
    configuration.save()
    save_oauth_alias(
        solution, key=key, configuration_id=configuration.pk, allowed_origins=ORIGINS, by=by
    )
    return configuration


def sync(phone: Client, solution: Solution, *, etag: str = "") -> Any:
    headers = {"If-None-Match": etag} if etag else {}
    return phone.get(reverse("api-solution-definition", args=[solution.pk]), headers=headers)


class TestKeychain:
    def test_holds_what_local_functions_name_and_no_more(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        for key in ("maps", "server", "unused"):
            save(solution, key, by=owner)
        save(solution, "held-back", by=owner, to_devices=False)
        publish(
            solution,
            by=owner,
            near=function("maps", "held-back"),
            far=function("server", on_device=False),
        )

        answer = sync(phone_of(worker), solution)

        assert answer.json()["keychain"] == [
            {
                "key": "maps",
                "type": "api_key",
                "allowed_origins": ORIGINS,
                "secret": {"value": SECRET},
            }
        ]
        assert answer["Cache-Control"] == "private, no-store"

    def test_never_holds_a_connection(self, solution: Solution, owner: User, worker: User) -> None:
        save_server(solution, by=owner)
        local = function("erp") + "connection: erp\n"
        publish(solution, by=owner, orders=WITH_CONNECTION, near=local)

        synced = sync(phone_of(worker), solution)

        assert synced.status_code == 200
        assert synced.json()["keychain"] == []
        for told in (b"sql.example.com", b"reader", PASSWORD.encode()):
            assert told not in synced.content

    def test_names_what_a_function_is_not_given(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        for key in ("maps", "held-back"):
            save(solution, key, by=owner, to_devices=key == "maps")
        publish(
            solution,
            by=owner,
            near=function("maps", "held-back", "a-text"),
            far=function("held-back", on_device=False),
        )

        functions = sync(phone_of(worker), solution).json()["functions"]

        assert {f["name"]: f["held_back"] for f in functions} == {"far": [], "near": ["held-back"]}

    def test_holds_user_name_and_password_apart(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        basic = Credential.Type.BASIC_AUTH
        save(solution, "maps", by=owner, type=basic, username="mia", secret="a:b")
        publish(solution, by=owner, near=function("maps"))

        (entry,) = sync(phone_of(worker), solution).json()["keychain"]

        assert entry["secret"] == {"username": "mia", "password": "a:b"}

    def test_holds_of_oauth_what_is_public(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        configuration = alias(solution, "graph", by=owner)
        publish(solution, by=owner, near=function("graph"))

        answer = sync(phone_of(worker), solution)

        (entry,) = answer.json()["keychain"]
        assert entry == {
            "key": "graph",
            "type": "oauth_alias",
            "allowed_origins": ORIGINS,
            "configuration": {
                "id": str(configuration.pk),
                "name": configuration.name,
                "type": "OPENID",
                "client_id": "portal",
                "issuer": "https://login.example",
                "authorization_endpoint": "",
                "token_endpoint": "",
                "scopes": "openid email profile",
                "redirect_urls": ["http://127.0.0.1/callback"],
                "uses_pkce": True,
            },
        }
        assert SECRET.encode() not in answer.content


def save_as(type: Credential.Type, solution: Solution, *, by: User) -> None:
    """Save the marker as the secret of a credential `crm` of this type, open to devices."""
    if type == Credential.Type.OAUTH_ALIAS:
        alias(solution, "crm", by=by)
    elif type == Credential.Type.OAUTH:
        save_oauth_credential(
            solution,
            key="crm",
            fields=CLIENT,
            client_secret=SECRET,
            allowed_origins=ORIGINS,
            by=by,
            now=timezone.now(),
        )
    else:
        username = "mia" if type == Credential.Type.BASIC_AUTH else ""
        save(solution, "crm", by=by, type=type, username=username)


@pytest.mark.parametrize("type", Credential.Type)
class TestEveryType:
    def test_of_what_the_server_runs_is_not_there(
        self, type: Credential.Type, solution: Solution, owner: User, worker: User
    ) -> None:
        save_as(type, solution, by=owner)
        publish(solution, by=owner, far=function("crm", on_device=False), near=function())

        answer = sync(phone_of(worker), solution)

        assert answer.json()["keychain"] == []
        assert SECRET.encode() not in answer.content

    def test_gives_no_refresh_token_and_no_client_secret(
        self, type: Credential.Type, solution: Solution, owner: User, worker: User
    ) -> None:
        save_as(type, solution, by=owner)
        connected(SolutionMember.objects.get(membership__user=worker))
        publish(solution, by=owner, near=function("crm"))

        answer = sync(phone_of(worker), solution)

        (entry,) = answer.json()["keychain"]
        is_of_each_person = type in (Credential.Type.OAUTH, Credential.Type.OAUTH_ALIAS)
        assert ("secret" in entry) != is_of_each_person
        assert (SECRET.encode() in answer.content) != is_of_each_person
        assert not any(token in answer.content for token in (b"access-1", b"refresh-1"))


class TestEnds:
    @pytest.mark.parametrize(
        ("end", "status"),
        [
            (lambda phone: revoke_device(phone, by=phone.user, now=timezone.now()), 401),
            (lambda phone: disable_account(phone.user, now=timezone.now()), 401),
            (lambda phone: Membership.objects.filter(user=phone.user).delete(), 404),
            (lambda phone: Membership.objects.update(is_active=False), 404),
            (lambda phone: SolutionMember.objects.update(role=SolutionMember.Role.DENY), 404),
        ],
        ids=["revoked", "disabled", "removed", "member_disabled", "denied"],
    )
    def test_with_the_next_request(
        self,
        end: Callable[[Device], object],
        status: int,
        solution: Solution,
        owner: User,
        worker: User,
    ) -> None:
        save(solution, "maps", by=owner)
        publish(solution, by=owner, near=function("maps"))
        tokens = signed_in(worker)
        phone = Client(headers={"Authorization": f"Bearer {tokens.access_token}"})
        tag = sync(phone, solution)["ETag"]

        end(tokens.device)

        answer = sync(phone, solution, etag=tag)
        assert answer.status_code == status
        assert SECRET.encode() not in answer.content


class TestTag:
    def test_is_another_after_whatever_changes_the_keychain(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        publish(solution, by=owner, near=function("maps"))
        configuration = alias(solution, "graph", by=owner)
        phone = phone_of(worker)
        tags = [sync(phone, solution)["ETag"]]

        save(solution, "maps", by=owner)
        tags.append(sync(phone, solution, etag=tags[-1])["ETag"])
        save(solution, "maps", by=owner, secret="another")
        tags.append(sync(phone, solution, etag=tags[-1])["ETag"])
        OAuthConfiguration.objects.filter(pk=configuration.pk).update(revision=2)
        tags.append(sync(phone, solution, etag=tags[-1])["ETag"])
        SolutionMember.objects.filter(membership__user=worker).update(role="OWNER")
        tags.append(sync(phone, solution, etag=tags[-1])["ETag"])

        assert len(set(tags)) == len(tags)
        assert sync(phone, solution, etag=tags[-1]).status_code == 304

    def test_tells_nothing_of_a_secret(self, solution: Solution, owner: User, worker: User) -> None:
        publish(solution, by=owner, near=function("maps"))
        save(solution, "maps", by=owner)
        before = sync(phone_of(worker), solution)["ETag"]

        Credential.objects.update(sealed=b"other octets")

        assert sync(phone_of(worker), solution, etag=before).status_code == 304
