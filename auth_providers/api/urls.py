from django.urls import path

import auth_providers.api.schema  # noqa: F401 (loading it is what registers it)
from auth_providers.api import (
    apps,
    connections,
    join_requests,
    joining,
    me,
    oauth_configurations,
    password_reset,
    personal_access_tokens,
    registration,
    sign_in,
    single_sign_on,
    sso,
)

urlpatterns = [
    path("auth/register", registration.Register.as_view(), name="api-register"),
    path(
        "auth/register/confirm",
        registration.ConfirmRegistration.as_view(),
        name="api-register-confirm",
    ),
    path(
        "auth/register/resend",
        registration.ResendRegistrationCode.as_view(),
        name="api-register-resend",
    ),
    path(
        "auth/password/reset",
        password_reset.AskPasswordReset.as_view(),
        name="api-password-reset",
    ),
    path(
        "auth/password/reset/confirm",
        password_reset.ResetPassword.as_view(),
        name="api-password-reset-confirm",
    ),
    path("auth/sign-in", sign_in.SignIn.as_view(), name="api-sign-in"),
    path("auth/sign-out", sign_in.SignOut.as_view(), name="api-sign-out"),
    path("sso/discover", sso.DiscoverSignIn.as_view(), name="api-sso-discover"),
    path("sso/transactions", sso.BeginSignIn.as_view(), name="api-sso-transactions"),
    path(
        "sso/transactions/<uuid:pk>/complete",
        sso.CompleteSignIn.as_view(),
        name="api-sso-complete",
    ),
    path("me", me.ReadMe.as_view(), name="api-me"),
    path("me/devices", me.ListMyDevices.as_view(), name="api-my-devices"),
    path("me/devices/<uuid:pk>", me.OneOfMyDevices.as_view(), name="api-my-device"),
    path("me/connections", connections.ListMyConnections.as_view(), name="api-my-connections"),
    path(
        "me/connections/<uuid:pk>",
        connections.OneOfMyConnections.as_view(),
        name="api-my-connection",
    ),
    path(
        "me/personal-access-tokens",
        personal_access_tokens.MyPersonalAccessTokens.as_view(),
        name="api-my-tokens",
    ),
    path(
        "me/personal-access-tokens/<uuid:pk>",
        personal_access_tokens.OneOfMyPersonalAccessTokens.as_view(),
        name="api-my-token",
    ),
    path(
        "me/personal-access-tokens/<uuid:pk>/extend",
        personal_access_tokens.ExtendPersonalAccessToken.as_view(),
        name="api-my-token-extend",
    ),
    path(
        "me/joinable-organizations",
        joining.ListJoinableOrganizations.as_view(),
        name="api-joinable-organizations",
    ),
    path(
        "organizations/<uuid:pk>/join",
        joining.JoinOrganization.as_view(),
        name="api-organization-join",
    ),
    path(
        "organizations/<uuid:pk>/sso",
        single_sign_on.OrganizationSingleSignOn.as_view(),
        name="api-single-sign-on",
    ),
    path("organizations/<uuid:pk>/apps", apps.OrganizationApps.as_view(), name="api-apps"),
    path(
        "organizations/<uuid:pk>/apps/<uuid:app_id>",
        apps.OneOrganizationApp.as_view(),
        name="api-app",
    ),
    path(
        "organizations/<uuid:pk>/oauth-configurations",
        oauth_configurations.OAuthConfigurations.as_view(),
        name="api-oauth-configurations",
    ),
    path(
        "organizations/<uuid:pk>/oauth-configurations/discovery",
        oauth_configurations.DiscoverOAuthConfiguration.as_view(),
        name="api-oauth-configuration-discovery",
    ),
    path(
        "organizations/<uuid:pk>/oauth-configurations/<uuid:configuration_id>",
        oauth_configurations.OneOAuthConfiguration.as_view(),
        name="api-oauth-configuration",
    ),
    path(
        "organizations/<uuid:pk>/join-requests",
        join_requests.OrganizationJoinRequests.as_view(),
        name="api-join-requests",
    ),
    path(
        "organizations/<uuid:pk>/join-requests/<uuid:request_id>",
        join_requests.OneJoinRequest.as_view(),
        name="api-join-request",
    ),
    path(
        "organizations/<uuid:pk>/join-requests/<uuid:request_id>/approve",
        join_requests.ApproveJoinRequest.as_view(),
        name="api-join-request-approve",
    ),
    path(
        "organizations/<uuid:pk>/join-requests/<uuid:request_id>/deny",
        join_requests.DenyJoinRequest.as_view(),
        name="api-join-request-deny",
    ),
    path(
        "organizations/<uuid:pk>/join-requests/<uuid:request_id>/undo",
        join_requests.UndoJoinRequest.as_view(),
        name="api-join-request-undo",
    ),
    path("me/join-requests", join_requests.MyJoinRequests.as_view(), name="api-my-join-requests"),
    path(
        "me/join-requests/<uuid:pk>",
        join_requests.OneOfMyJoinRequests.as_view(),
        name="api-my-join-request",
    ),
    path(
        "join-requests/<str:token>",
        join_requests.JoinRequestOfToken.as_view(),
        name="api-join-request-of-token",
    ),
]
