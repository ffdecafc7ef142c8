"""What is taken from verified claims: an address counts as verified only where it was said so."""

from typing import Any

import pytest

from auth_providers.services.provider_claims import read_claims
from auth_providers.services.providers import Claims

ADDRESS = "mia@acme.example"


def read(kind: str = "OPENID", **claims: Any) -> Claims:
    return read_claims({"iss": "https://login.example", "sub": "mia"} | claims, kind=kind)


class TestAddress:
    @pytest.mark.parametrize("kind", ["OPENID", "OKTA", "AUTH0", "ENTRA"])
    def test_is_verified_where_the_provider_says_so(self, kind: str) -> None:
        claims = read(kind, email=ADDRESS, email_verified=True)

        assert (claims.email, claims.is_email_verified) == (ADDRESS, True)

    @pytest.mark.parametrize("said", [False, None, "true", 1, "yes", ["true"]], ids=str)
    def test_is_not_verified_by_anything_else(self, said: object) -> None:
        assert not read(email=ADDRESS, email_verified=said).is_email_verified
        assert not read("ENTRA", email=ADDRESS, xms_edov=said).is_email_verified

    def test_is_verified_by_microsofts_own_mark_there_alone(self) -> None:
        assert read("ENTRA", email=ADDRESS, xms_edov=True).is_email_verified
        assert not read("OPENID", email=ADDRESS, xms_edov=True).is_email_verified

    @pytest.mark.parametrize("name", ["preferred_username", "upn"])
    def test_is_the_tenants_own_where_people_sign_in_by_it(self, name: str) -> None:
        alone: dict[str, Any] = {name: ADDRESS}
        other: dict[str, Any] = {name: "mia@other.example"}

        assert read("ENTRA", **alone).email == ADDRESS
        assert read("ENTRA", **alone).is_email_verified
        assert read("ENTRA", email="Mia@acme.example", **alone).is_email_verified
        assert not read("ENTRA", email=ADDRESS, **other).is_email_verified
        assert read("OPENID", **alone).email == ""
        assert not read("OPENID", email=ADDRESS, **alone).is_email_verified

    @pytest.mark.parametrize(
        "said", ["", "mia", 7, None, ["mia@acme.example"], "mia\n@acme.example", "m@" + "a" * 300]
    )
    def test_is_blank_for_what_is_none(self, said: object) -> None:
        claims = read(email=said, email_verified=True)

        assert (claims.email, claims.is_email_verified) == ("", False)


class TestNames:
    def test_are_taken_as_they_come(self) -> None:
        claims = read(given_name=" Mia ", family_name="Field", name="Somebody Else")

        assert (claims.first_name, claims.last_name) == ("Mia", "Field")

    def test_come_from_the_whole_name_where_there_is_no_other(self) -> None:
        claims = read(name="Mia van Field")

        assert (claims.first_name, claims.last_name) == ("Mia", "van Field")

    def test_of_another_type_are_none(self) -> None:
        claims = read(given_name=["Mia"], family_name={"a": 1}, name=7)

        assert (claims.first_name, claims.last_name) == ("", "")

    def test_are_not_printed_with_all_claims(self) -> None:
        assert "secret" not in repr(read(note="secret"))
