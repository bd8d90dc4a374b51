from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from home.help import TOPICS, topic_of
from home.privacy import KINDS_OF_READERS
from home.roles import roles_here
from home.today import today_for
from home.tour import is_tour, tour_for
from people import actions
from people.access import PersonRequest, public, signed_in
from people.sending import sends


@signed_in
@require_safe
def home(request: PersonRequest) -> HttpResponse:
    roles = roles_here(request)
    context = {
        "roles": roles,
        "today": today_for(request.user, roles),
        "tour": tour_for(request.user, roles),
    }
    return render(request, "home/home.html", context)


@signed_in
@require_POST
@sends("a tour that is closed stays so")
def tour_close(request: PersonRequest, key: str) -> HttpResponse:
    if not is_tour(key):
        raise Http404
    actions.close_tour(by=request.user, tour=key)
    messages.success(request, _("The tour is closed. You find the same and more under Help."))
    return redirect("home:home")


@public("help is there before somebody has an account")
@require_safe
def help_index(request: HttpRequest) -> HttpResponse:
    return render(request, "home/help/index.html", {"topics": TOPICS})


@public("help is there before somebody has an account")
@require_safe
def help_topic(request: HttpRequest, key: str) -> HttpResponse:
    topic = topic_of(key)
    if topic is None:
        raise Http404
    return render(request, topic.template, {"topic": topic})


@public("everybody may know who sees what, also who gives feedback without an account")
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "home/privacy.html", {"readers": KINDS_OF_READERS})
