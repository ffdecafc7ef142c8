"""A definition for SendGrid as people write it: a nested body, an empty answer."""

import json

from aiohttp import web

from functions.tests.engine.upstream import ADDRESS, credential, play

SENDGRID_KEY = "SG.ngeVfQFYQlKU0ufo8x5d1A"

SENDGRID = {
    "provider": "DATA_PROVIDER_REST",
    "method": "POST",
    "url": f"{ADDRESS}/v3/mail/send",
    "parameters": {
        "accessToken": {"location": "header", "required": True, "type": "string", "value": "mail"},
        "to": {"location": "body", "required": True, "type": "string"},
        "subject": {"location": "body", "required": True, "type": "string"},
        "text": {"location": "body", "required": True, "type": "string"},
        "copies": {"location": "body", "required": False, "type": "array"},
    },
    "inputTransform": """
        {
          "personalizations": [{
            "to": [{"email": to}],
            "cc": copies.{"email": $}[]
          }],
          "from": {"email": "noreply@example.com", "name": @ctx.user.displayName},
          "subject": subject,
          "content": [{"type": "text/plain", "value": text}]
        }
    """,
}


class TestSendGrid:
    def test_builds_the_nested_body_and_takes_an_empty_answer(self) -> None:
        played = play(
            SENDGRID,
            service=lambda _request: web.Response(status=202, headers={"X-Message-Id": "abc"}),
            parameters={
                "to": "bob@example.com",
                "subject": "Hi",
                "text": "Line 1\nLine 2",
                "copies": ["carol@example.com"],
            },
            credentials=(credential("mail", SENDGRID_KEY),),
            call={"user": {"displayName": "Ann"}},
        )

        assert json.loads(played.request.body) == {
            "personalizations": [
                {"to": [{"email": "bob@example.com"}], "cc": [{"email": "carol@example.com"}]}
            ],
            "from": {"email": "noreply@example.com", "name": "Ann"},
            "subject": "Hi",
            "content": [{"type": "text/plain", "value": "Line 1\nLine 2"}],
        }
        assert played.request.headers["Authorization"] == f"Bearer {SENDGRID_KEY}"
        assert played.request.headers["Content-Type"] == "application/json"
        assert played.outcome.status == "ok"
        assert played.outcome.output is None
        assert played.outcome.records == []
        assert played.outcome.upstream_status == 202
