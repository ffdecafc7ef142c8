from django.urls import path

from orgs.api import audit, domains, invite_templates, invites, members, organizations

urlpatterns = [
    path("organizations", organizations.Organizations.as_view(), name="api-organizations"),
    path(
        "organizations/<uuid:pk>", organizations.OneOrganization.as_view(), name="api-organization"
    ),
    path("organizations/<uuid:pk>/domains", domains.Domains.as_view(), name="api-domains"),
    path(
        "organizations/<uuid:pk>/domains/<uuid:domain_id>",
        domains.OneDomain.as_view(),
        name="api-domain",
    ),
    path(
        "organizations/<uuid:pk>/domains/<uuid:domain_id>/verify",
        domains.VerifyDomain.as_view(),
        name="api-domain-verify",
    ),
    path("organizations/<uuid:pk>/members", members.ListMembers.as_view(), name="api-members"),
    path(
        "organizations/<uuid:pk>/members/<uuid:member_id>",
        members.OneMember.as_view(),
        name="api-member",
    ),
    path(
        "organizations/<uuid:pk>/audit-events",
        audit.ListAuditEvents.as_view(),
        name="api-audit-events",
    ),
    path(
        "organizations/<uuid:pk>/audit-events/export",
        audit.ExportAuditEvents.as_view(),
        name="api-audit-export",
    ),
    path(
        "organizations/<uuid:pk>/invite-templates",
        invite_templates.ListInviteTemplates.as_view(),
        name="api-invite-templates",
    ),
    path(
        "organizations/<uuid:pk>/invite-templates/<slug:language>",
        invite_templates.OneInviteTemplate.as_view(),
        name="api-invite-template",
    ),
    path(
        "organizations/<uuid:pk>/invite-templates/<slug:language>/preview",
        invite_templates.PreviewInviteTemplate.as_view(),
        name="api-invite-template-preview",
    ),
    path(
        "organizations/<uuid:pk>/invite-templates/<slug:language>/test",
        invite_templates.SendTestInvitation.as_view(),
        name="api-invite-template-test",
    ),
    path("organizations/<uuid:pk>/invites", invites.Invites.as_view(), name="api-invites"),
    path(
        "organizations/<uuid:pk>/invites/<uuid:invite_id>",
        invites.OneInvite.as_view(),
        name="api-invite",
    ),
    path(
        "organizations/<uuid:pk>/invites/<uuid:invite_id>/resend",
        invites.ResendInvite.as_view(),
        name="api-invite-resend",
    ),
    path("invites/accept", invites.AcceptInvite.as_view(), name="api-invite-accept"),
]
