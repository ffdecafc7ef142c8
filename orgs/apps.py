from django.apps import AppConfig


class OrgsConfig(AppConfig):
    name = "orgs"
    verbose_name = "Organizations"

    def ready(self) -> None:
        import jigxmgmt.celery  # noqa: F401 (tasks sent by the web need the application)
