from django.urls import path

from auth_providers.api import oauth, published_keys

urlpatterns = [
    path("oauth/authorize/", oauth.Authorize.as_view(), name="oauth-authorize"),
    path("oauth/token/", oauth.token, name="oauth-token"),
    path("oauth/revoke_token/", oauth.revoke_token, name="oauth-revoke-token"),
    path("oauth/introspect/", oauth.introspect, name="oauth-introspect"),
    path(
        ".well-known/oauth-authorization-server",
        oauth.server_metadata,
        name="oauth-server-metadata",
    ),
    path(".well-known/jwks.json", published_keys.json_web_key_set, name="published-keys"),
]
