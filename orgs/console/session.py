"""What the browser's question about an unused session is answered with."""

from django.http import HttpResponse

from orgs.console.entrance import posted_from
from orgs.console.idle import sign_out_idle
from orgs.console.views import next_page
from orgs.http import UserHttpRequest


@posted_from("overview")
def keep_session(request: UserHttpRequest) -> HttpResponse:
    """Nothing more: that it came in time is noted as for every request."""
    return HttpResponse(status=204)


@posted_from("overview")
def end_session(request: UserHttpRequest) -> HttpResponse:
    return sign_out_idle(request, page=next_page(request))
