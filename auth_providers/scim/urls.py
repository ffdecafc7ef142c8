from django.urls import path

from auth_providers.scim import door

urlpatterns = [
    path("scim/v2", door.answer),
    path("scim/v2/", door.answer),
    path("scim/v2/<path:path>", door.answer, name="scim"),
]
