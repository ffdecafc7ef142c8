"""Who may use what: people, organizations, solutions, and the record of every act."""

from orgs.models.audit import AuditChain, AuditEvent, AuditLink, AuditWait
from orgs.models.domains import Domain
from orgs.models.groups import GroupMember, SolutionGroup
from orgs.models.idempotency import IdempotentRequest
from orgs.models.invites import Invite, InviteSolution, InviteTemplate
from orgs.models.join_requests import AccessOffer, JoinRequest
from orgs.models.organizations import Membership, Organization
from orgs.models.pictures import Picture
from orgs.models.removals import MemberRemoval
from orgs.models.solutions import Solution, SolutionMember
from orgs.models.users import User, display_name

__all__ = [
    "AccessOffer",
    "AuditChain",
    "AuditEvent",
    "AuditLink",
    "AuditWait",
    "Domain",
    "GroupMember",
    "IdempotentRequest",
    "Invite",
    "InviteSolution",
    "InviteTemplate",
    "JoinRequest",
    "MemberRemoval",
    "Membership",
    "Organization",
    "Picture",
    "Solution",
    "SolutionGroup",
    "SolutionMember",
    "User",
    "display_name",
]
