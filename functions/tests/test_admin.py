"""What holds for every list of the operators' pages: who may open it, what it shows, its price."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib import admin
from django.db.models import BinaryField
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from auth_providers.models import (
    ConfigurationDomain,
    EmailCode,
    InstallationKey,
    LinkedIdentity,
    OutsideGrant,
    RefreshRepeat,
    ScimGroup,
    ScimToken,
    ScimUser,
    SignInTransaction,
    SingleSignOn,
    TestSignIn,
)
from auth_providers.services.vault import newest_data_key
from auth_providers.tests.factories import (
    AppFactory,
    OAuthConfigurationFactory,
    personal_token,
    signed_in,
)
from functions.models import FunctionDefinition, PublishedVersion
from functions.tests.factories import (
    CallRecordFactory,
    owner_of,
    publish,
    save_secret,
    save_server,
)
from orgs.models import (
    AccessOffer,
    AuditChain,
    AuditEvent,
    AuditLink,
    AuditWait,
    GroupMember,
    IdempotentRequest,
    InviteSolution,
    InviteTemplate,
    MemberRemoval,
    Picture,
    Solution,
    User,
)
from orgs.services.audit_chain import link_all_events
from orgs.tests.factories import (
    DomainFactory,
    InviteFactory,
    JoinRequestFactory,
    SolutionFactory,
    SolutionGroupFactory,
    SolutionMemberFactory,
)
from orgs.tests.statements import spelled

OURS = [apps.get_app_config(name) for name in ("orgs", "auth_providers", "functions")]
LIBRARIES = [AccessToken, EmailAddress, RefreshToken]
MODELS = [model for app in OURS for model in app.get_models()] + LIBRARIES
# Their digests are there to be noted elsewhere.
CHAINS = {AuditChain, AuditLink}
ROWS = 5
# The session, the operator, their memberships, who requires single sign-on of them, the count, the
# rows, and two for dates or filters: none once a row.
MOST_QUERIES = 8

type_of_bound = Callable[[int], AbstractContextManager[CaptureQueriesContext]]


def path_of(model: type) -> str:
    meta = model._meta  # type: ignore[attr-defined]
    return f"/staff/{meta.app_label}/{meta.model_name}/"


def secret_fields(model: type) -> set[str]:
    return {
        field.name
        for field in model._meta.fields  # type: ignore[attr-defined]
        if isinstance(field, BinaryField)
        or ("digest" in field.name and model not in CHAINS)
        or field.name in ("password", "client_secret", "token", "code")
    }


@pytest.fixture
def operator(client: Client, admin_user: User) -> Client:
    """A browser in which an operator of the installation is signed in."""
    client.force_login(admin_user)
    return client


@pytest.fixture
def busy(db: None) -> None:
    """Some rows of everything, each with an organization and a person of its own."""
    for number in range(ROWS):
        solution = SolutionFactory.create()
        owner = owner_of(solution)
        publish(solution, by=owner)
        save_secret(solution, by=owner)
        save_server(solution, by=owner)
        CallRecordFactory.create(solution=solution, user=owner)
        app = AppFactory.create(organization=solution.organization)
        device = signed_in(owner, app=app).device
        personal_token(owner)
        RefreshRepeat.objects.create(
            device=device, key_digest=f"{number}", spent_token_id=1, issued_token_id=2
        )
        IdempotentRequest.objects.create(
            caller=owner, scope="x", key_digest="a", body_digest="b", expires_at=timezone.now()
        )
        EmailCode.objects.create(
            purpose="REGISTER", email=owner.email, code_digest="c", expires_at=timezone.now()
        )
        InstallationKey.objects.create(number=number + 1, wrapped_by="file", wrapped=b"wrapped")
        LinkedIdentity.objects.create(user=owner, issuer="https://idp.example", subject=f"{number}")
        make_people_side(solution)
        make_outside_side(solution, owner)
    link_all_events()
    for event in AuditEvent.objects.all():
        AuditWait.objects.create(event=event, scope=event.scope)


def make_people_side(solution: Solution) -> None:
    """Make who is let in, and how, of the solution's organization."""
    organization = solution.organization
    invite = InviteFactory.create(organization=organization)
    InviteSolution.objects.create(invite=invite, solution=solution)
    InviteTemplate.objects.create(organization=organization, language="de")
    DomainFactory.create(organization=organization)
    JoinRequestFactory.create(organization=organization)
    AccessOffer.objects.create(
        organization=organization,
        email="x@acme.example",
        token_digest=str(solution.pk),
        expires_at=timezone.now(),
    )
    Picture.objects.create(content=b"PNG")
    member = SolutionMemberFactory.create(solution=solution)
    MemberRemoval.objects.create(organization=organization, user=member.membership.user)
    GroupMember.objects.create(group=SolutionGroupFactory.create(solution=solution), member=member)


def make_outside_side(solution: Solution, owner: User) -> None:
    """Make what outside providers have to do with the solution's organization."""
    organization, now = solution.organization, timezone.now()
    configuration = OAuthConfigurationFactory.create(organization=organization)
    ConfigurationDomain.objects.create(configuration=configuration, pattern="*")
    SingleSignOn.objects.create(organization=organization)
    TestSignIn.objects.create(configuration=configuration, user=owner, revision=1)
    SignInTransaction.objects.create(
        purpose="TEST", configuration=configuration, revision=1, expires_at=now
    )
    ScimToken.objects.create(organization=organization, digest=str(organization.pk))
    ScimUser.objects.create(organization=organization, user_name="mia")
    ScimGroup.objects.create(organization=organization, display_name="Field")
    OutsideGrant.objects.create(
        user=owner,
        solution=solution,
        configuration=configuration,
        data_key=newest_data_key(organization),
        sealed_access_token=b"sealed",
    )


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
class TestStaff:
    def test_shows_every_model_and_edits_none(self, model: type) -> None:
        page: admin.ModelAdmin[Any] = admin.site.get_model_admin(model)

        assert not page.has_add_permission(HttpRequest())
        assert not page.has_change_permission(HttpRequest())
        assert not page.has_delete_permission(HttpRequest())

    def test_never_shows_what_is_sealed_or_hashed(self, model: type) -> None:
        page: admin.ModelAdmin[Any] = admin.site.get_model_admin(model)
        secret = secret_fields(model)

        assert secret <= set(page.get_exclude(HttpRequest()) or ())
        assert not secret & {str(name) for name in page.list_display}

    def test_opens_for_operators_alone(
        self, model: type, operator: Client, django_user_model: type[User]
    ) -> None:
        assert operator.get(path_of(model)).status_code == 200
        operator.force_login(django_user_model.objects.create_user("mia@acme.example"))
        assert operator.get(path_of(model)).status_code in (302, 403)

    def test_lists_rows_at_a_bounded_price(
        self,
        model: type,
        operator: Client,
        busy: None,
        django_assert_max_num_queries: type_of_bound,
    ) -> None:
        with django_assert_max_num_queries(MOST_QUERIES) as queries:
            answer = operator.get(path_of(model))

        assert len(answer.context["cl"].result_list) >= ROWS
        table = model._meta.db_table  # type: ignore[attr-defined]
        statements = [spelled(query["sql"]) for query in queries]
        reading = [sql for sql in statements if f'FROM "{table}"' in sql]
        unread = secret_fields(model) - {"password"}  # that of the operator who looks is read
        assert not [name for name in unread for sql in reading if f'"{name}"' in sql]


@pytest.mark.parametrize("model", [PublishedVersion, FunctionDefinition])
class TestArchives:
    """One has 20 MB, and a list has a hundred rows."""

    def test_are_not_read_to_show_a_list_or_a_row(
        self,
        model: type[PublishedVersion] | type[FunctionDefinition],
        operator: Client,
        busy: None,
        django_assert_max_num_queries: type_of_bound,
    ) -> None:
        row = model.objects.first()
        assert row is not None

        with django_assert_max_num_queries(2 * MOST_QUERIES) as queries:
            operator.get(path_of(model))
            operator.get(f"{path_of(model)}{row.pk}/change/")

        assert not [query["sql"] for query in queries if '"archive"' in spelled(query["sql"])]
