"""What the installation has sent, where mail lands in a folder: for its operators alone."""

from django.http import Http404, HttpResponse
from django.shortcuts import render

from orgs.console.entrance import personal_page
from orgs.console.sandbox import sandboxed
from orgs.http import UserHttpRequest
from orgs.services.mail_folder import newest_mail, read_mail


@personal_page
def mail_folder(request: UserHttpRequest) -> HttpResponse:
    return render(request, "orgs/mail_folder.html", {"mails": newest_mail(by=request.user)})


@personal_page
def mail(request: UserHttpRequest, name: str) -> HttpResponse:
    return render(request, "orgs/mail.html", {"mail": read_mail(name, by=request.user)})


@personal_page
def mail_as_html(request: UserHttpRequest, name: str) -> HttpResponse:
    mail = read_mail(name, by=request.user)
    if not mail.html:
        raise Http404
    return sandboxed(mail.html)
