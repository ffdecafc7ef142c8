"""For the operators of the installation: look at everything, change nothing behind a service."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from orgs.models import (
    AccessOffer,
    AuditChain,
    AuditEvent,
    AuditLink,
    AuditWait,
    Domain,
    GroupMember,
    IdempotentRequest,
    Invite,
    InviteSolution,
    InviteTemplate,
    JoinRequest,
    MemberRemoval,
    Membership,
    Organization,
    Picture,
    Solution,
    SolutionGroup,
    SolutionMember,
    User,
)

admin.site.unregister(Group)  # roles are ours; a group would grant nothing


class ReadOnly(admin.ModelAdmin[Any]):
    """Pages that show; what an operator may do is an action that calls a service.

    `hidden` are fields of which not even a digest is shown; they are not even read.
    """

    hidden: ClassVar[tuple[str, ...]] = ()
    view_on_site = False
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.hidden)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.hidden

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnly):
    hidden = ("password",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")


@admin.register(Organization)
class OrganizationAdmin(ReadOnly):
    list_display = ("name", "allows_scripts", "created_at")
    search_fields = ("name",)


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ("user", "organization", "role", "is_active", "created_at")
    list_filter = ("role", "is_active")
    list_select_related = ("user", "organization")
    search_fields = ("user__email", "organization__name")


@admin.register(MemberRemoval)
class MemberRemovalAdmin(ReadOnly):
    list_display = ("user", "organization", "removed_by", "removed_at")
    list_select_related = ("user", "organization", "removed_by")
    search_fields = ("user__email", "organization__name")


@admin.register(Solution)
class SolutionAdmin(ReadOnly):
    list_display = ("title", "name", "organization", "version", "created_at")
    list_select_related = ("organization",)
    search_fields = ("title", "name", "organization__name")


@admin.register(SolutionMember)
class SolutionMemberAdmin(ReadOnly):
    list_display = ("membership", "solution", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("membership__user", "membership__organization", "solution")
    search_fields = ("membership__user__email", "solution__title")


@admin.register(Domain)
class DomainAdmin(ReadOnly):
    list_display = ("name", "organization", "join_policy", "proved_at", "proved_by", "checked_at")
    list_filter = ("join_policy", "proved_by")
    list_select_related = ("organization",)
    search_fields = ("name", "organization__name")


@admin.register(Invite)
class InviteAdmin(ReadOnly):
    hidden = ("token_digest",)
    list_display = ("email", "organization", "role", "state", "sent_at", "expires_at")
    list_filter = ("state",)
    list_select_related = ("organization",)
    search_fields = ("email", "organization__name")


@admin.register(InviteSolution)
class InviteSolutionAdmin(ReadOnly):
    list_display = ("invite", "solution", "role")
    list_select_related = ("invite__organization", "solution")


@admin.register(InviteTemplate)
class InviteTemplateAdmin(ReadOnly):
    list_display = ("organization", "language", "subject", "changed_at")
    list_select_related = ("organization",)


@admin.register(JoinRequest)
class JoinRequestAdmin(ReadOnly):
    list_display = ("email", "organization", "source", "status", "created_at", "decided_at")
    list_filter = ("status", "source")
    list_select_related = ("organization",)
    search_fields = ("email", "organization__name")


@admin.register(AccessOffer)
class AccessOfferAdmin(ReadOnly):
    hidden = ("token_digest",)
    list_display = ("email", "organization", "issuer", "created_at", "expires_at")
    list_select_related = ("organization",)


@admin.register(Picture)
class PictureAdmin(ReadOnly):
    hidden = ("content",)
    list_display = ("id", "is_public", "created_at")


@admin.register(SolutionGroup)
class SolutionGroupAdmin(ReadOnly):
    list_display = ("name", "solution", "created_at")
    list_select_related = ("solution",)


@admin.register(GroupMember)
class GroupMemberAdmin(ReadOnly):
    list_display = ("member", "group", "created_at")
    list_select_related = ("member__membership__user", "member__solution", "group")


@admin.register(AuditChain)
class AuditChainAdmin(ReadOnly):
    list_display = ("scope", "length", "digest")


@admin.register(AuditWait)
class AuditWaitAdmin(ReadOnly):
    list_display = ("event", "scope")
    list_select_related = ("event",)


@admin.register(AuditLink)
class AuditLinkAdmin(ReadOnly):
    list_display = ("scope", "number", "digest")
    search_fields = ("scope", "digest")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ("created_at", "actor_label", "act", "subject_label", "organization", "address")
    list_select_related = ("organization",)
    search_fields = ("actor_label", "act", "subject_label", "correlation_id")
    date_hierarchy = "created_at"


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnly):
    hidden = ("key_digest", "body_digest")
    list_display = ("created_at", "caller", "scope", "state", "outcome_status")
    list_filter = ("state",)
    list_select_related = ("caller",)
