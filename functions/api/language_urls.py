from django.urls import path

from functions.api import language

urlpatterns = [
    path("schemas/function.json", language.function_schema, name="function-schema"),
]
