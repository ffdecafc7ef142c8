"""Mail shown inside a page: it is somebody's HTML, so it may draw, and do nothing else."""

from django.http import HttpResponse

CONTENT_SECURITY_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


def sandboxed(html: str) -> HttpResponse:
    """Answer a document that runs no script, whoever wrote it, and that our pages may frame."""
    response = HttpResponse(html)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
