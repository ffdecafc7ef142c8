"""Who may use what: people, organizations, solutions, and the record of every act."""

from orgs.models.audit import AuditEvent
from orgs.models.idempotency import IdempotentRequest
from orgs.models.organizations import Membership, Organization
from orgs.models.solutions import Solution, SolutionMember
from orgs.models.users import User, display_name

__all__ = [
    "AuditEvent",
    "IdempotentRequest",
    "Membership",
    "Organization",
    "Solution",
    "SolutionMember",
    "User",
    "display_name",
]
