"""Mail to people: what a letter is, and how it leaves."""

from orgs.mail.letters import Letter, deliver

__all__ = ["Letter", "deliver"]
