"""What becomes of somebody whom an outside provider knows: decided over facts, nothing done."""

from dataclasses import dataclass
from enum import StrEnum

from orgs.models import Invite, Membership, User


class Would(StrEnum):
    """What a sign-in does, in the order in which it is done."""

    LINK = "link"
    CREATE_ACCOUNT = "create_account"
    ACCEPT_INVITE = "accept_invite"
    CREATE_MEMBER = "create_member"
    SIGN_IN = "sign_in"
    OFFER_ACCESS = "offer_access"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one identity and one organization, as it was read.

    `account` has the address; `speaks_for_account` says that the organization may tell whose it is:
    it has proved the domain, the provider has the address verified, and so has the account. Of a
    guarded account it may not: an operator's, or an owner's where no owner has named the provider.
    """

    email: str
    is_address_proved: bool
    identified: User | None
    account: User | None
    speaks_for_account: bool
    is_guarded: bool
    membership: Membership | None
    was_removed: bool
    invite: Invite | None
    makes_members: bool

    @property
    def person(self) -> User | None:
        """Return who this is, if anybody: the identity's person, else the address's."""
        if self.identified or not self.speaks_for_account:
            return self.identified
        return self.account


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, and where that is to refuse, why: a code for the audit log."""

    would: tuple[Would, ...]
    reason: str = ""


def decide_admission(facts: Facts) -> Decision:
    """Decide by the first rule that fits: who is shut out, is in, was invited, may become one."""
    person, membership = facts.person, facts.membership
    if person and not person.is_active:
        return Decision((Would.REFUSE,), "account_inactive")
    if membership and not membership.is_active:
        return Decision((Would.REFUSE,), "member_disabled")
    if person is None and facts.is_guarded:
        return Decision((Would.REFUSE,), "account_guarded")
    linking = () if facts.identified or person is None else (Would.LINK,)
    if membership:
        return Decision((*linking, Would.SIGN_IN))
    # Somebody else may have the address: then nothing is made of it.
    coming = None
    if person or (facts.email and facts.account is None):
        coming = _way_in(facts)
    if coming:
        making = () if person else (Would.CREATE_ACCOUNT,)
        return Decision((*linking, *making, coming, Would.SIGN_IN))
    if not (facts.email or person):
        return Decision((Would.REFUSE,), "email_missing")
    return Decision((*linking, Would.OFFER_ACCESS), "access_offered")


def _way_in(facts: Facts) -> Would | None:
    """Say by what somebody becomes a member: invited by a person, or made one by the settings."""
    if facts.invite:
        return Would.ACCEPT_INVITE
    if facts.makes_members and not facts.was_removed:
        return Would.CREATE_MEMBER
    return None
