"""What a mail server's refusal means: that nobody is there, or that one should try again."""

import smtplib

PERMANENT = 500  # RFC 5321 4.2.1: replies from here on are final


def is_refused_for_good(error: Exception) -> bool:
    """Answer whether this recipient, or this message, was refused once and for all.

    The mail library does so, by a ValueError, before any server is asked.

    That it does not want us (our name, our password) says nothing about the recipient.
    """
    if isinstance(error, ValueError):
        return True
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= PERMANENT
