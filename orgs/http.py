"""Request types that have a signed-in person."""

import uuid

from django.http import HttpRequest
from rest_framework.request import Request

from orgs.models import User


class UserHttpRequest(HttpRequest):
    user: User
    correlation_id: uuid.UUID


class UserRequest(Request):
    user: User
