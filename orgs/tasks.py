"""Celery's shells: they deliver, they never decide."""

from celery import shared_task
from django.core.management import call_command

CLOCKED_COMMANDS = frozenset({"clear_expired"})


@shared_task(ignore_result=True)
def run_command(*, name: str) -> None:
    """Run a command that the clock starts; only those meant for it."""
    if name not in CLOCKED_COMMANDS:
        raise ValueError("Not a command for the clock.")
    call_command(name)
