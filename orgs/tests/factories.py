"""People, organizations and solutions for tests."""

import factory
from allauth.account.models import EmailAddress
from django.utils import timezone
from factory.django import DjangoModelFactory

from orgs.models import (
    Domain,
    Invite,
    JoinRequest,
    Membership,
    Organization,
    Solution,
    SolutionGroup,
    SolutionMember,
    User,
)
from orgs.models.invites import INVITE_LIFETIME, link_digest

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


class JoinRequestFactory(DjangoModelFactory[JoinRequest]):
    """Somebody with an account asks to be let in."""

    class Meta:
        model = JoinRequest

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    email = factory.SelfAttribute("user.email")
    first_name = "Mia"
    last_name = factory.SelfAttribute("user.last_name")
    source = JoinRequest.Source.APP

    class Params:
        offered = factory.Trait(
            user=None,
            email=factory.Sequence(lambda number: f"outside{number}@acme.example"),
            last_name="Outside",
            issuer="https://idp.example",
            subject=factory.Sequence(lambda number: f"subject-{number}"),
            source=JoinRequest.Source.SINGLE_SIGN_ON,
        )


class DomainFactory(DjangoModelFactory[Domain]):
    """A domain that shows its organization to the people who `UserFactory` makes."""

    class Meta:
        model = Domain

    organization = factory.SubFactory(OrganizationFactory)
    name = "acme.example"

    class Params:
        proved = factory.Trait(
            proved_at=factory.LazyFunction(timezone.now), proved_by=Domain.ProvedBy.OPERATOR
        )


class SolutionGroupFactory(DjangoModelFactory[SolutionGroup]):
    class Meta:
        model = SolutionGroup

    solution = factory.SubFactory(SolutionFactory)
    name = factory.Sequence(lambda number: f"Group {number}")


class InviteFactory(DjangoModelFactory[Invite]):
    """An open invitation by an owner; with a `token` its link has gone out."""

    class Meta:
        model = Invite

    organization = factory.SubFactory(OrganizationFactory)
    email = factory.Sequence(lambda number: f"invited{number}@acme.example")
    expires_at = factory.LazyFunction(lambda: timezone.now() + INVITE_LIFETIME)

    class Params:
        token = ""
        inviter = factory.SubFactory(
            MembershipFactory,
            organization=factory.SelfAttribute("..organization"),
            role=Membership.Role.OWNER,
        )

    invited_by = factory.SelfAttribute("inviter.user")
    token_digest = factory.LazyAttribute(
        lambda invite: link_digest(invite.token) if invite.token else ""
    )
