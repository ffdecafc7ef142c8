import pytest

from orgs.services.domain_names import (
    NotADomain,
    PublicMailDomain,
    domain_of,
    is_public_mail_domain,
    normal_domain,
)


class TestNormalDomain:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("Acme.Example", "acme.example"),
            (" acme.example. ", "acme.example"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("\uff41\uff43\uff4d\uff45\u3002example", "acme.example"),  # wide letters and dot
            ("sales.acme.co.uk", "sales.acme.co.uk"),
            ("acme.github.io", "acme.github.io"),
            ("acme.internal", "acme.internal"),
        ],
    )
    def test_has_one_spelling(self, written: str, kept: str) -> None:
        assert normal_domain(written) == kept

    @pytest.mark.parametrize(
        "written",
        [
            "",
            ".",
            "acme",
            "acme..example",
            "-acme.example",
            "a_b.example",
            "https://acme.example/",
            "@acme.example",
            "a" * 64 + ".example",
            "a." * 127 + "example",
            "xn--zzzz.example",
            "127.0.0.1",
            "0x7f.1",
            "[::1]",
            "::1",
            "com",
            "co.uk",
            "github.io",
            "localhost",
            "公司.cn",
        ],
    )
    def test_refuses_what_nobody_can_own(self, written: str) -> None:
        with pytest.raises(NotADomain) as refusal:
            normal_domain(written)

        assert [fault.pointer for fault in refusal.value.faults] == ["/name"]
        assert refusal.value.code == "domain_invalid"

    @pytest.mark.parametrize("written", ["gmail.com", "GMX.de", "icloud.com."])
    def test_refuses_a_public_mail_service(self, written: str) -> None:
        with pytest.raises(PublicMailDomain) as refusal:
            normal_domain(written)

        assert refusal.value.faults[0].code == "domain_public_mail"


class TestDomainOf:
    @pytest.mark.parametrize(
        ("email", "domain"),
        [
            ("mia@acme.example", "acme.example"),
            ("Mia@BÜCHER.example", "xn--bcher-kva.example"),
            ('"mia@home"@acme.example', "acme.example"),
            ("mia@[127.0.0.1]", "[127.0.0.1]"),
        ],
    )
    def test_is_spelled_as_domains_are_kept(self, email: str, domain: str) -> None:
        assert domain_of(email) == domain


def test_knows_public_mail_services() -> None:
    assert is_public_mail_domain("gmail.com")
    assert not is_public_mail_domain("acme.example")
