"""What the functions' side knows of an OAuth configuration that is about to go."""

import pytest

from auth_providers.services.configuration_uses import CredentialUse, uses_of, with_uses
from auth_providers.services.oauth_configurations import (
    ConfigurationInUse,
    organization_configurations,
    remove_configuration,
)
from auth_providers.tests.factories import OAuthConfigurationFactory, connected
from functions.models import Credential
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory

pytestmark = pytest.mark.django_db


class TestCredentials:
    def test_keep_a_configuration_from_removal(self) -> None:
        owner = MembershipFactory.create(owner=True)
        configuration = OAuthConfigurationFactory.create(organization=owner.organization)
        member = SolutionMemberFactory.create(
            solution__organization=owner.organization, solution__title="Field work"
        )
        connected(member, configuration=configuration)
        Credential.objects.create(
            solution=member.solution, key="crm", type="oauth_alias", configuration=configuration
        )

        with pytest.raises(ConfigurationInUse, match=r"crm of Field work, 1 person's connection"):
            remove_configuration(configuration, by=owner.user)

        use = CredentialUse(member.solution.pk, "Field work", "crm")
        assert uses_of(configuration).credentials == (use,)
        listed = with_uses(organization_configurations(owner.organization, by=owner.user))
        shown = vars(listed.get())
        assert (shown["credential_count"], shown["connection_count"]) == (1, 1)
        assert not shown["in_single_sign_on"]
