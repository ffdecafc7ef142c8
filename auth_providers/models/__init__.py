"""How people prove who they are: apps, devices, tokens; and the keys that seal secrets."""

from auth_providers.models.apps import App
from auth_providers.models.devices import Device, RefreshRepeat
from auth_providers.models.email_codes import EmailCode
from auth_providers.models.grants import OutsideGrant
from auth_providers.models.identities import LinkedIdentity
from auth_providers.models.oauth_configurations import ConfigurationDomain, OAuthConfiguration
from auth_providers.models.personal_access_tokens import PersonalAccessToken
from auth_providers.models.scim import ScimGroup, ScimToken, ScimUser
from auth_providers.models.sign_in_transactions import SignInTransaction
from auth_providers.models.single_sign_on import SingleSignOn, TestSignIn
from auth_providers.models.vault import DataKey, InstallationKey

__all__ = [
    "App",
    "ConfigurationDomain",
    "DataKey",
    "Device",
    "EmailCode",
    "InstallationKey",
    "LinkedIdentity",
    "OAuthConfiguration",
    "OutsideGrant",
    "PersonalAccessToken",
    "RefreshRepeat",
    "ScimGroup",
    "ScimToken",
    "ScimUser",
    "SignInTransaction",
    "SingleSignOn",
    "TestSignIn",
]
