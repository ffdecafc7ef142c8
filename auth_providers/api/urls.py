from django.urls import path

import auth_providers.api.schema  # noqa: F401 (loading it is what registers it)
from auth_providers.api import apps, me, personal_access_tokens, sign_in

urlpatterns = [
    path("auth/sign-in", sign_in.SignIn.as_view(), name="api-sign-in"),
    path("auth/sign-out", sign_in.SignOut.as_view(), name="api-sign-out"),
    path("me", me.ReadMe.as_view(), name="api-me"),
    path("me/devices", me.ListMyDevices.as_view(), name="api-my-devices"),
    path("me/devices/<uuid:pk>", me.OneOfMyDevices.as_view(), name="api-my-device"),
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
    path("organizations/<uuid:pk>/apps", apps.OrganizationApps.as_view(), name="api-apps"),
]
