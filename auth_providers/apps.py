from django.apps import AppConfig


class AuthProvidersConfig(AppConfig):
    name = "auth_providers"
    verbose_name = "Sign-in"
