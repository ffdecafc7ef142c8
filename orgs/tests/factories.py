"""People, organizations and solutions for tests."""

import factory
from allauth.account.models import EmailAddress
from factory.django import DjangoModelFactory

from orgs.models import Membership, Organization, Solution, SolutionMember, User

PASSWORD = "correct horse battery staple"


class EmailAddressFactory(DjangoModelFactory[EmailAddress]):
    class Meta:
        model = EmailAddress

    verified = True
    primary = True


class UserFactory(DjangoModelFactory[User]):
    """A person with a proved address, who knows PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda number: f"person{number}@acme.example")
    first_name = "Mia"
    last_name = factory.Sequence(lambda number: f"Person{number}")
    password = factory.django.Password(PASSWORD)
    address = factory.RelatedFactory(
        EmailAddressFactory, factory_related_name="user", email=factory.SelfAttribute("user.email")
    )


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda number: f"Organization {number}")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Membership.Role.USER

    class Params:
        owner = factory.Trait(role=Membership.Role.OWNER)
        admin = factory.Trait(role=Membership.Role.ADMIN)
        creator = factory.Trait(role=Membership.Role.CREATOR)


class SolutionFactory(DjangoModelFactory[Solution]):
    class Meta:
        model = Solution

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda number: f"solution-{number}")
    title = factory.Sequence(lambda number: f"Solution {number}")


class SolutionMemberFactory(DjangoModelFactory[SolutionMember]):
    """Someone of the solution's own organization."""

    class Meta:
        model = SolutionMember

    solution = factory.SubFactory(SolutionFactory)
    membership = factory.SubFactory(
        MembershipFactory, organization=factory.SelfAttribute("..solution.organization")
    )
    role = SolutionMember.Role.USER
