from django.urls import path

from functions.api import (
    authorizations,
    connections,
    credentials,
    functions,
    groups,
    run,
    solution_members,
    solution_settings,
    solutions,
)

CREDENTIAL = "solutions/<uuid:pk>/credentials/<str:key>"
CONNECTION = "solutions/<uuid:pk>/connections/<str:name>"

urlpatterns = [
    path("solutions", solutions.ListSolutions.as_view(), name="api-solutions"),
    path(
        "organizations/<uuid:pk>/solutions",
        solutions.CreateSolution.as_view(),
        name="api-solution-create",
    ),
    path("organizations/<uuid:pk>/calls", functions.ListCalls.as_view(), name="api-calls"),
    path("solutions/<uuid:pk>", solutions.OneSolution.as_view(), name="api-solution"),
    path("solutions/<uuid:pk>/copy", solutions.CopySolution.as_view(), name="api-solution-copy"),
    path(
        "solutions/<uuid:pk>/settings",
        solution_settings.SolutionSettings.as_view(),
        name="api-solution-settings",
    ),
    path(
        "solutions/<uuid:pk>/members",
        solution_members.SolutionMembers.as_view(),
        name="api-solution-members",
    ),
    path(
        "solutions/<uuid:pk>/members/<uuid:member_id>",
        solution_members.OneSolutionMember.as_view(),
        name="api-solution-member",
    ),
    path("solutions/<uuid:pk>/groups", groups.SolutionGroups.as_view(), name="api-groups"),
    path("solutions/<uuid:pk>/groups/<uuid:group_id>", groups.OneGroup.as_view(), name="api-group"),
    path(
        "solutions/<uuid:pk>/groups/<uuid:group_id>/members",
        groups.GroupMembers.as_view(),
        name="api-group-members",
    ),
    path(
        "solutions/<uuid:pk>/groups/<uuid:group_id>/members/<uuid:member_id>",
        groups.OneGroupMember.as_view(),
        name="api-group-member",
    ),
    path(
        "solutions/<uuid:pk>/content",
        solutions.SolutionContent.as_view(),
        name="api-solution-content",
    ),
    path("solutions/<uuid:pk>/versions", solutions.ListVersions.as_view(), name="api-versions"),
    path(
        "solutions/<uuid:pk>/versions/<int:number>/restore",
        solutions.RestoreVersion.as_view(),
        name="api-version-restore",
    ),
    path(
        "solutions/<uuid:pk>/definition",
        solutions.SyncDefinition.as_view(),
        name="api-solution-definition",
    ),
    path(
        "solutions/<uuid:pk>/credentials",
        credentials.ListCredentials.as_view(),
        name="api-credentials",
    ),
    path(
        CREDENTIAL,
        credentials.OneCredential.as_view(),
        name="api-credential",
    ),
    path(
        f"{CREDENTIAL}/authorizations",
        authorizations.BeginAuthorization.as_view(),
        name="api-authorization-begin",
    ),
    path(
        f"{CREDENTIAL}/authorizations/<uuid:transaction_id>/complete",
        authorizations.CompleteAuthorization.as_view(),
        name="api-authorization-complete",
    ),
    path(
        f"{CREDENTIAL}/authorization",
        authorizations.OwnAuthorization.as_view(),
        name="api-authorization",
    ),
    path(f"{CREDENTIAL}/token", authorizations.DeviceToken.as_view(), name="api-device-token"),
    path(
        "solutions/<uuid:pk>/connections",
        connections.ListConnections.as_view(),
        name="api-connections",
    ),
    path(CONNECTION, connections.OneConnection.as_view(), name="api-connection"),
    path(f"{CONNECTION}/test", connections.RunConnectionTest.as_view(), name="api-connection-test"),
    path("solutions/<uuid:pk>/functions", functions.ListFunctions.as_view(), name="api-functions"),
    path(
        "solutions/<uuid:pk>/functions/<str:name>",
        functions.ReadFunction.as_view(),
        name="api-function",
    ),
    path(
        "solutions/<uuid:solution_id>/functions/<str:name>/calls", run.run_call, name="api-call-run"
    ),
]
