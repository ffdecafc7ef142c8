"""Signing in to the console through an organization's provider."""

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from auth_providers.models import LinkedIdentity, SignInTransaction, SingleSignOn
from auth_providers.tests.arriving import arrive, come_back, enabled, leave
from auth_providers.tests.hostile import Provider, state_of
from orgs.models import AuditEvent, JoinRequest, Membership
from orgs.tests.factories import PASSWORD, MembershipFactory, UserFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia() -> Membership:
    return MembershipFactory.create(
        admin=True, organization__name="Acme", user__email="mia@acme.example"
    )


@pytest.fixture
def provider(provider: Provider, mia: Membership) -> Provider:
    enabled(provider, mia.organization)
    return provider


class TestSignInPage:
    def test_leads_on_to_the_provider_of_the_address(
        self, client: Client, provider: Provider
    ) -> None:
        answer = client.post(reverse("sign-in-organization"), {"login": "Mia@Acme.Example"})

        read_page(answer)
        assert answer.context["url"].startswith(f"{provider.issuer}/authorize?")
        assert "login_hint=mia%40acme.example" in answer.context["url"]
        (cookie,) = [value for name, value in client.cookies.items() if name[:8] == "sign_in_"]
        assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == (
            "/sign-in/",
            "Lax",
            True,
        )
        assert cookie["max-age"] == 600

    def test_lets_choose_where_several_fit(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        second = enabled(
            provider, mia.organization, name="Partners", login_hint="For suppliers", key="partners"
        )

        answer = client.post(reverse("sign-in-organization"), {"login": "mia@acme.example"})

        assert read_page(answer).headings == ["Choose an account"]
        assert "For suppliers" in answer.content.decode()
        chosen = client.post(
            reverse("sign-in-begin", args=[second.pk]), {"login": "mia@acme.example"}
        )
        assert chosen.context["url"].startswith(provider.issuer)

    @pytest.mark.parametrize(
        ("email", "sentence"),
        [
            ("bob@other.example", "No single sign-on is set up for this address."),
            ("nobody", "Type your work e-mail address first."),
            ("", "Type your work e-mail address first."),
        ],
    )
    def test_stays_where_none_fits(
        self, client: Client, provider: Provider, email: str, sentence: str
    ) -> None:
        answer = client.post(
            reverse("sign-in-organization"), {"login": email, "next": "/people"}, follow=True
        )

        page = answer.content.decode()
        assert sentence in page
        assert 'name="next" value="/people"' in page
        assert not SignInTransaction.objects.exists()

    def test_begins_no_way_that_the_address_does_not_lead_to(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        configuration = mia.organization.oauth_configurations.get()
        url = reverse("sign-in-begin", args=[configuration.pk])

        for email in ("bob@other.example", ""):
            answer = client.post(url, {"login": email})
            assert answer.headers["Location"] == reverse("account_login"), email

        assert not SignInTransaction.objects.exists()


class TestArrival:
    def test_opens_a_session_that_knows_how_it_was_opened(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        address = leave(client, next="/people")

        answer = come_back(client, provider, address)

        assert answer.headers["Location"] == "/people"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert client.cookies[f"sign_in_{SignInTransaction.objects.get().pk.hex}"].value == ""
        assert AuditEvent.objects.get(act="user.sign_in").changes == {
            "methods": [None, ["single_sign_on"]]
        }
        SingleSignOn.objects.update(is_required=True)
        assert client.get("/people").status_code == 200

    def test_leads_to_our_own_pages_alone(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        address = leave(client, next="https://evil.example/")

        assert come_back(client, provider, address).headers["Location"] == "/"

    def test_works_in_several_tabs_at_once(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        first, second = leave(client, next="/people"), leave(client, next="/invites")

        assert come_back(client, provider, first).headers["Location"] == "/people"
        assert come_back(client, provider, second).headers["Location"] == "/invites"

    def test_asks_for_the_second_factor_that_somebody_has_set_up(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

        TOTP.activate(mia.user, generate_totp_secret())

        answer = come_back(client, provider, leave(client))

        assert answer.headers["Location"] == reverse("mfa_authenticate")
        assert "_auth_user_id" not in client.session

    def test_mails_no_code_to_an_address_that_is_not_proved(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        issuer = f"{provider.issuer}#{mia.organization_id}"
        LinkedIdentity.objects.create(user=mia.user, issuer=issuer, subject="mia")
        EmailAddress.objects.update(verified=False)

        assert come_back(client, provider, leave(client)).headers["Location"] == "/"

    def test_replaces_the_session_of_somebody_else(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        client.force_login(UserFactory.create())

        come_back(client, provider, leave(client))

        assert client.session["_auth_user_id"] == str(mia.user.pk)
        SingleSignOn.objects.update(is_required=True)
        assert client.get("/people").status_code == 200


class TestNoWayIn:
    def test_ends_on_a_page_that_says_so(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        Membership.objects.filter(pk=mia.pk).update(is_active=False)

        answer = come_back(client, provider, leave(client))

        assert answer.headers["Location"] == "/sign-in/ended?reason=sso_refused"
        page = client.get(answer.headers["Location"])
        assert page.status_code == 403
        read_page(page)
        assert "This sign-in was refused." in page.content.decode()
        assert "_auth_user_id" not in client.session

    def test_is_told_as_the_provider_said_it(self, client: Client, provider: Provider) -> None:
        state = state_of(leave(client))

        answer = arrive(client, state=state, error="access_denied")

        assert answer.headers["Location"] == "/sign-in/ended?reason=access_denied"
        assert (
            arrive(client, state=state, code="x")
            .headers["Location"]
            .endswith("transaction_unknown")
        )

    def test_records_what_was_wrong_with_a_token_and_does_not_tell(
        self, client: Client, provider: Provider
    ) -> None:
        answer = come_back(client, provider, leave(client), aud="another")

        assert answer.headers["Location"].endswith("reason=sso_refused")
        refused = AuditEvent.objects.get(act="single_sign_on.refuse")
        assert refused.changes == {"reason": [None, "id_token_aud"]}

    def test_is_there_for_the_answer_of_another_provider(
        self, client: Client, provider: Provider
    ) -> None:
        state = state_of(leave(client))

        answer = arrive(client, state=state, code="x", iss="https://evil.example")

        assert answer.headers["Location"].endswith("response_issuer_mismatch")
        assert not provider.requests["/token"]

    def test_is_there_in_another_browser(self, client: Client, provider: Provider) -> None:
        address = leave(client)

        answer = come_back(Client(), provider, address)

        assert answer.headers["Location"].endswith("transaction_unknown")
        assert come_back(client, provider, address).headers["Location"] == "/"

    @pytest.mark.parametrize("state", ["", "nonsense", "0" * 32 + ".x"])
    def test_is_there_for_a_state_of_nobody(self, client: Client, state: str) -> None:
        answer = arrive(client, state=state, code="x")

        page = client.get(answer.headers["Location"])
        assert page.status_code == 404
        assert reverse("account_login") in page.content.decode()

    def test_is_there_for_who_presses_too_often(
        self, client: Client, provider: Provider, settings: LazySettings
    ) -> None:
        settings.ACCOUNT_RATE_LIMITS = {"way_to_provider": "1/m/ip"}
        leave(client)

        answer = client.post(reverse("sign-in-organization"), {"login": "mia@acme.example"})

        assert answer.headers["Location"] == reverse("account_login")


class TestAskingForAccess:
    def test_is_offered_to_whom_nobody_has_provisioned(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        address = leave(client, "new@acme.example")
        answer = come_back(client, provider, address, sub="new", email="new@acme.example")
        assert answer.headers["Location"] == reverse("sign-in-request")
        assert read_page(client.get(reverse("sign-in-request"))).headings == ["Ask Acme for access"]

        page = client.post(reverse("sign-in-request"), {"message": "Hello"}, follow=True)

        assert read_page(page).headings == ["Your request to Acme"]
        made = JoinRequest.objects.get()
        assert (made.email, made.subject, made.message) == ("new@acme.example", "new", "Hello")

    def test_is_not_there_for_anybody_else(self, client: Client) -> None:
        answer = client.get(reverse("sign-in-request"))

        assert answer.headers["Location"] == reverse("account_login")


class TestSigningOut:
    def test_offers_the_providers_own(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        come_back(client, provider, leave(client))

        page = client.post(reverse("account_logout"), follow=True)

        assert read_page(page).headings == ["Signed out here"]
        assert f"{provider.issuer}/end-session?" in page.content.decode()
        assert "_auth_user_id" not in client.session

    def test_is_as_ever_for_a_password(self, client: Client, provider: Provider) -> None:
        client.post(reverse("account_login"), {"login": "mia@acme.example", "password": PASSWORD})

        assert client.post(reverse("account_logout")).headers["Location"] == "/"

    def test_offers_nothing_where_the_provider_has_no_such_thing(
        self, client: Client, provider: Provider, mia: Membership
    ) -> None:
        provider.metadata["end_session_endpoint"] = None
        come_back(client, provider, leave(client))

        answer = client.post(reverse("account_logout"), follow=True)

        assert answer.redirect_chain[-1][0] == reverse("account_login")
