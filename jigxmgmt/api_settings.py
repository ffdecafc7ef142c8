"""How the API answers and describes itself: settings that no environment changes."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["auth_providers.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["auth_providers.authentication.TokenAllows"],
    "DEFAULT_RENDERER_CLASSES": ["jigxmgmt.api.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["jigxmgmt.api.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "jigxmgmt.api.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "jigxmgmt.api.answer_refusal",
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "jigxmgmt",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ConfigurationType": "auth_providers.models.OAuthConfiguration.Type",
        "ConnectionStageStatus": "functions.services.connection_tests.STATUSES",
        "CredentialType": "functions.models.Credential.Type",
        "JoinRequestStatus": "orgs.models.JoinRequest.Status",
        "OrganizationRole": "orgs.models.Membership.Role",
        "SolutionRole": "orgs.models.SolutionMember.Role",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "functions.api.schema.describe_calls",
    ],
}
