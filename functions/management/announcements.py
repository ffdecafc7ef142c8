"""What `up` says to the person in front of it."""

import json
import sys
from dataclasses import dataclass
from typing import Self

PLACEHOLDER = "THE-PASSWORD"


@dataclass(frozen=True)
class Demo:
    """Who and what the demo consists of; passwords only when they were made just now."""

    client_id: str
    solution_id: str
    owner: str
    owner_password: str | None
    app_user: str
    app_user_password: str | None

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


def describe_people(demo: Demo) -> str:
    """Say who may sign in; a password is in here once, at the first start."""
    if demo.owner_password and demo.app_user_password:
        return (
            "The demo organization is new. Its passwords are shown this once:\n"
            f"  console  {demo.owner:<24} {demo.owner_password}\n"
            f"  device   {demo.app_user:<24} {demo.app_user_password}"
        )
    return (
        f"The demo's people are {demo.owner} (console) and {demo.app_user} (device).\n"
        "Their passwords were shown at the first start; to set a new one:\n"
        f"  {sys.executable} {sys.argv[0]} changepassword {demo.app_user}"
    )


def describe_calls(demo: Demo, public_url: str) -> str:
    """Give two lines to paste into a shell: one signs a device in, one runs a function."""
    password = demo.app_user_password or PLACEHOLDER
    credentials = json.dumps(
        {
            "client_id": demo.client_id,
            "email": demo.app_user,
            "password": password,
            "device": {"name": "curl", "platform": "shell"},
        }
    )
    json_header = "-H 'Content-Type: application/json'"
    sign_in = (
        f"TOKEN=$(curl -s {public_url}/api/v1/auth/sign-in {json_header} -d '{credentials}'"
        """ | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')"""
    )
    call = (
        f"curl -s {public_url}/api/v1/solutions/{demo.solution_id}/functions/list-customers/calls"
        f""" -H "Authorization: Bearer $TOKEN" {json_header} -d '{{"parameters": {{}}}}'"""
    )
    return f"Sign a device in:\n  {sign_in}\nRun a function:\n  {call}"


def describe_device(demo: Demo, public_url: str) -> str:
    """Give the lines that do the same by the device client."""
    device = f"{sys.executable} {sys.argv[0]} device"
    return (
        "Or be the phone yourself:\n"
        f"  {device} sign-in {public_url} --client-id {demo.client_id} --email {demo.app_user}\n"
        f"  {device} sync field-service\n"
        f"  {device} run field-service list-customers --entity customers"
    )
