"""The demo's own pages; they answer in a demo only."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demo import mailbox
from demo.gallery import gallery_context
from people.access import public


def _only_in_the_demo() -> None:
    if not settings.DEMO:
        raise Http404


@public("the demo's own mails, in demo mode only, on this machine only")
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    _only_in_the_demo()
    page = Paginator(mailbox.kept_mails(), 50).get_page(request.GET.get("page"))
    return render(request, "demo/mailbox.html", {"page": page})


@public("the demo's own mails, in demo mode only, on this machine only")
@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    _only_in_the_demo()
    kept = mailbox.kept_mail(name)
    if kept is None:
        raise Http404
    return render(request, "demo/mail.html", {"mail": kept})


@public("shows the components to who builds with them, in demo mode only")
@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    _only_in_the_demo()
    return render(request, "demo/gallery.html", gallery_context())
