"""What a provider's metadata may not say, and where a provider may not be."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core import signing
from django.core.cache import cache

from auth_providers.services.outbound_policy import outbound_policy
from auth_providers.services.provider_documents import cache_key
from auth_providers.services.providers import (
    read_discovery,
)
from auth_providers.tests.hostile import (
    METADATA,
    TOKEN,
    Answer,
    Provider,
)
from auth_providers.tests.verifying import begin, code_of, issue, redeem, refusal_of
from orgs.models import Organization
from orgs.tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return OrganizationFactory.create(name="Acme")


class TestMetadata:
    def test_is_asked_for_once_an_hour(self, provider: Provider, acme: Organization) -> None:
        configuration = provider.configure(acme)

        for _time in range(3):
            begin(configuration)

        assert provider.requests[METADATA] == 1

    def test_gives_way_to_endpoints_of_the_configuration(
        self, provider: Provider, acme: Organization
    ) -> None:
        own = "https://login.acme.example/authorize?audience=x"
        configuration = provider.configure(acme, authorization_endpoint=own)

        url = begin(configuration)

        assert url.startswith("https://login.acme.example/authorize?audience=x&")
        assert provider.requests[METADATA] == 0

    def test_is_read_anew_on_request(self, provider: Provider, acme: Organization) -> None:
        read_discovery(acme, provider.issuer)
        metadata = read_discovery(acme, provider.issuer)

        assert metadata.token_endpoint == f"{provider.issuer}{TOKEN}"
        assert metadata.code_challenge_methods_supported == ()
        assert provider.requests[METADATA] == 2

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"issuer": "https://evil.example"}, "metadata_issuer_mismatch"),
            ({"issuer": "https://login.example/{tenantid}/v2.0"}, "metadata_issuer_mismatch"),
            ({"issuer": None}, "metadata_issuer_missing"),
            ({"token_endpoint": None}, "metadata_endpoint_missing"),
            ({"authorization_endpoint": 1}, "metadata_endpoint_refused"),
            ({"token_endpoint": "http://evil.example/token"}, "metadata_endpoint_refused"),
            ({"token_endpoint": "https://me@evil.example/"}, "metadata_endpoint_refused"),
            ({"jwks_uri": "file:///etc/passwd"}, "metadata_endpoint_refused"),
            ({"jwks_uri": "https://evil.example:port/"}, "metadata_endpoint_refused"),
            ({"authorization_endpoint": "javascript:alert(1)"}, "metadata_endpoint_refused"),
            ({"end_session_endpoint": "https://a.example/ b"}, "metadata_endpoint_refused"),
            ({"scopes_supported": "openid"}, "metadata_malformed"),
            ({"scopes_supported": [1]}, "metadata_malformed"),
        ],
        ids=str,
    )
    def test_may_not_say(
        self, provider: Provider, acme: Organization, changes: dict[str, Any], code: str
    ) -> None:
        provider.metadata = changes

        assert refusal_of(lambda: read_discovery(acme, provider.issuer)) == code

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (Answer(body="<html>", content_type="text/html"), "metadata_not_json"),
            (Answer(body="[]"), "metadata_not_json"),
            (Answer(body='{"issuer": "a", "issuer": "b"}'), "metadata_not_json"),
            (Answer(body=b"\xff"), "metadata_not_json"),
            (Answer(body=" " * 300_000), "provider_answer_too_large"),
            (Answer(status=301, headers={"Location": "/elsewhere"}), "metadata_redirects"),
            (Answer(status=404), "metadata_unavailable"),
            (Answer(status=500), "provider_unavailable"),
            (
                Answer(headers={f"X-{number}": "x" for number in range(200)}),
                "provider_answer_too_large",
            ),
        ],
        ids=["html", "list", "twice", "octets", "huge", "redirect", "none", "broken", "headers"],
    )
    def test_cannot_be_read(
        self, provider: Provider, acme: Organization, answer: Answer, code: str
    ) -> None:
        provider.answers[METADATA] = answer
        configuration = provider.configure(acme)

        for _time in range(2):
            assert refusal_of(lambda: begin(configuration)) == code

        # The second one was refused without asking again.
        assert provider.requests == {METADATA: 1}

    def test_that_never_ends_is_not_waited_for(
        self, provider: Provider, acme: Organization, settings: LazySettings
    ) -> None:
        settings.PROVIDER_TIMEOUT = 0.2
        provider.answers[METADATA] = Answer(body='{"issuer":', is_silent=True)

        assert refusal_of(lambda: read_discovery(acme, provider.issuer)) == "provider_timeout"


class TestAddresses:
    @pytest.mark.parametrize(
        ("issuer", "code"),
        [
            ("https://127.0.0.1:1", "provider_address_refused"),
            ("https://10.0.0.1", "provider_address_refused"),
            ("https://169.254.169.254", "provider_address_refused"),
            ("https://[::1]", "provider_address_refused"),
            ("https://localhost:1", "provider_address_refused"),
            ("http://login.example", "issuer_malformed"),
            ("https://login.example?tenant=1", "issuer_malformed"),
            ("https://login.microsoftonline.com/{tenantid}/v2.0", "issuer_malformed"),
            ("https://[1", "issuer_malformed"),
            ("login.example", "issuer_malformed"),
        ],
    )
    def test_of_issuers_are_refused(
        self, acme: Organization, settings: LazySettings, issuer: str, code: str
    ) -> None:
        settings.OUTBOUND_ALLOWED_NETWORKS = ()

        assert refusal_of(lambda: read_discovery(acme, issuer)) == code

    def test_of_endpoints_are_refused_where_the_operator_opened_nothing(
        self, provider: Provider, acme: Organization, settings: LazySettings
    ) -> None:
        settings.OUTBOUND_ALLOWED_NETWORKS = ()
        inside = "https://127.0.0.1:1/token"
        token = provider.configure(acme, token_endpoint=inside)
        keys = provider.configure(acme, jwks_uri=inside)
        plain = provider.configure(acme, token_endpoint=f"{provider.issuer}{TOKEN}")

        assert refusal_of(lambda: redeem(token, "code")) == "provider_address_refused"
        assert code_of(keys, issue(provider)) == "provider_address_refused"
        assert refusal_of(lambda: redeem(plain, "code")) == "endpoint_refused"
        assert not provider.requests

    def test_are_opened_to_one_organization_alone(
        self, provider: Provider, acme: Organization, settings: LazySettings
    ) -> None:
        settings.OUTBOUND_ALLOWED_NETWORKS = ()
        acme.allowed_networks = ["127.0.0.0/8"]

        assert read_discovery(acme, provider.issuer).issuer == provider.issuer
        other = OrganizationFactory.create()
        assert refusal_of(lambda: read_discovery(other, provider.issuer)) == "issuer_malformed"

    def test_of_this_host_may_be_its_name(self, provider: Provider, acme: Organization) -> None:
        issuer = provider.issuer.replace("127.0.0.1", "localhost")
        provider.metadata = {"issuer": issuer}

        assert read_discovery(acme, issuer).issuer == issuer

    def test_where_nobody_listens_are_unreachable(
        self, provider: Provider, acme: Organization
    ) -> None:
        assert refusal_of(lambda: read_discovery(acme, "http://127.0.0.1:1")) == (
            "provider_unreachable"
        )


class TestCache:
    def test_that_is_away_costs_time_alone(
        self, provider: Provider, acme: Organization, no_cache: None
    ) -> None:
        configuration = provider.configure(acme)

        begin(configuration)
        begin(configuration)

        assert provider.requests[METADATA] == 2

    def test_is_not_believed_when_somebody_else_wrote(
        self, provider: Provider, acme: Organization
    ) -> None:
        """Whoever can write to it could name their own keys and endpoints otherwise."""
        configuration = provider.configure(acme)
        key = cache_key("metadata", provider.issuer, outbound_policy(acme))
        begin(configuration)
        assert cache.get(key)
        forged = {
            "is": {"issuer": provider.issuer, "authorization_endpoint": "https://evil.example"}
        }
        cache.set(key, signing.dumps(forged, key="another"))

        assert begin(configuration).startswith(f"{provider.issuer}/authorize?")
