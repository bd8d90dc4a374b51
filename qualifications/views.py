from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from people.access import PersonRequest, allowed, signed_in, with_role
from people.changing import Change
from people.models import InstitutionRole
from people.pages import WayBack, act_and_go_back, ask_page, before_writing, refusals_in
from people.sending import changes, sends
from qualifications import actions
from qualifications.access import check_draft, check_may_curate, check_withdraw
from qualifications.doubles import doubles_among
from qualifications.forms import DossierForm, MergeForm, ProfileForm, WordingForm
from qualifications.models import READERS, Dossier, Place, Qualification, WorkProcess
from records.refusals import NotPossible

CURRICULUM = InstitutionRole.Role.CURRICULUM


@with_role(*READERS)
@require_GET
def qualifications(request: PersonRequest) -> HttpResponse:
    context = {
        "qualifications": Qualification.objects.visible_to(request.user),
        "may_curate": allowed(check_may_curate, request.user),
    }
    return render(request, "qualifications/qualifications.html", context)


@with_role(CURRICULUM)
@require_http_methods(["GET", "POST"])
@sends("the same file again leads to the dossier that it is")
def dossier_load(request: PersonRequest) -> HttpResponse:
    """Load a dossier's file; the same file again leads to the dossier that it is."""
    form = DossierForm()
    if request.method == "POST":
        form = DossierForm(request.POST, request.FILES)
        if form.is_valid():
            name = form.cleaned_data["file"].name
            dossier = actions.keep_dossier(
                parsed=form.parsed, content=form.content, name=name, by=request.user
            )
            return redirect(dossier)
    context = {
        "form": form,
        "dossiers": Dossier.objects.visible_to(request.user).defer("content"),
    }
    status = 422 if form.errors else 200
    return render(request, "qualifications/dossier_load.html", context, status=status)


@signed_in
@require_GET
def dossier(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show what a dossier holds, and which of its qualifications are here."""
    dossiers = Dossier.objects.visible_to(request.user).select_related("by__person")
    dossier = get_object_or_404(dossiers, pk=pk)
    parsed = dossier.parsed()
    here = {
        (qualification.code, qualification.edition): qualification
        for qualification in Qualification.objects.visible_to(request.user).filter(
            code__in=[one.code for one in parsed.qualifications]
        )
    }
    context = {
        "dossier": dossier,
        "warnings": parsed.warnings,
        "held": [(one, here.get((one.code, one.edition))) for one in parsed.qualifications],
        "may_curate": allowed(check_may_curate, request.user),
    }
    return render(request, "qualifications/dossier.html", context)


@with_role(CURRICULUM)
@require_POST
@sends("a qualification that is here already is refused, and shown")
def dossier_import(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Import one qualification of the dossier as a draft; one that is here already is shown."""
    dossier = get_object_or_404(Dossier.objects.visible_to(request.user), pk=pk)
    form = ProfileForm(request.POST, parsed=dossier.parsed())
    try:
        if not form.is_valid():
            raise NotPossible(_("This dossier does not hold that qualification."))
        qualification = actions.import_qualification(
            dossier=dossier, parsed=form.cleaned_data["code"], by=request.user
        )
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect(dossier)
    return redirect(qualification)


@signed_in
@require_GET
def qualification(request: PersonRequest, pk: UUID) -> HttpResponse:
    qualification = get_object_or_404(
        Qualification.objects.visible_to(request.user).for_page(), pk=pk
    )
    return _page(request, qualification)


@with_role(CURRICULUM)
@require_POST
@sends("lines that are one are no doubles any more")
def qualification_merge(request: PersonRequest, pk: UUID) -> HttpResponse:
    qualification = get_object_or_404(
        Qualification.objects.visible_to(request.user).for_page(), pk=pk
    )
    check_draft(qualification)
    form = MergeForm(request.POST, doubles=doubles_among(_places(qualification)))
    if not form.is_valid():
        return _page(request, qualification, form)
    merged = actions.merge_lines(
        qualification=qualification, lines=form.cleaned_data["lines"], by=request.user
    )
    text = ngettext("%(count)d line was merged.", "%(count)d lines were merged.", merged)
    messages.success(request, text % {"count": merged})
    return redirect(qualification)


@with_role(CURRICULUM)
@require_POST
@sends("what is published stays so")
def qualification_publish(request: PersonRequest, pk: UUID) -> HttpResponse:
    qualification = get_object_or_404(Qualification.objects.visible_to(request.user), pk=pk)
    return act_and_go_back(
        request,
        lambda: actions.publish(qualification=qualification, by=request.user),
        done_text=_("Published. Programmes can use it from now on."),
        back=qualification,
    )


@with_role(CURRICULUM)
@require_http_methods(["GET", "POST"])
@sends("what is a draft again stays so")
def qualification_withdraw(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask whether a published qualification that nobody uses is to be a draft again."""
    qualification = get_object_or_404(Qualification.objects.visible_to(request.user), pk=pk)
    return ask_page(
        request,
        partial(actions.withdraw, qualification=qualification, by=request.user),
        title=_("Withdraw %(name)s?") % {"name": qualification},
        text=_("It is a draft again: no programme can use it until it is published anew."),
        label=_("Withdraw"),
        done_text=_("It is a draft again."),
        back=qualification,
        check=partial(check_withdraw, qualification),
    )


@with_role(CURRICULUM)
@require_http_methods(["GET", "POST"])
@sends("what is removed is not there a second time")
def qualification_remove(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask whether a draft is to be removed."""
    qualification = get_object_or_404(Qualification.objects.visible_to(request.user), pk=pk)
    before_writing(request, check_draft, qualification)
    before = WayBack(reverse("qualifications:qualifications"), _("Qualifications"))
    return ask_page(
        request,
        partial(actions.remove_draft, qualification=qualification, by=request.user),
        title=_("Remove %(name)s?") % {"name": qualification},
        text=_(
            "It goes with its plain wordings and merged lines. The dossier stays: you can import "
            "it anew."
        ),
        label=_("Remove the draft"),
        done_text=_("The draft is removed."),
        back=qualification if request.method == "GET" else before,
    )


@with_role(CURRICULUM)
@require_http_methods(["GET", "POST"])
@changes
def wording(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show the plain wordings of the requirements under one work process, and keep them as
    changed."""
    work_process = get_object_or_404(
        WorkProcess.objects.select_related("core_task__qualification"),
        pk=pk,
        core_task__qualification__in=Qualification.objects.visible_to(request.user),
    )

    def draw(data: QueryDict | None = None) -> WordingForm:
        return WordingForm(data, places=work_process.places.select_related("requirement__wording"))

    change = Change(request, draw, about=pk)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.word_plainly(
                    work_process=work_process, wordings=form.wordings(), by=request.user
                )
            messages.success(request, _("The plain wordings are saved."))
            return redirect(f"{work_process.core_task.qualification.get_absolute_url()}#{pk}")
    context = {"work_process": work_process, "form": form}
    status = 422 if form.errors else 200
    return render(request, "qualifications/wording.html", context, status=status)


def _places(qualification: Qualification) -> list[Place]:
    """List all places of a qualification that was read with `for_page`, in order."""
    return [
        place
        for core_task in qualification.core_tasks.all()
        for work_process in core_task.work_processes.all()
        for place in work_process.places.all()
    ]


def _page(
    request: PersonRequest, qualification: Qualification, form: MergeForm | None = None
) -> HttpResponse:
    """Show the page of a qualification that was read with `for_page`; with the form that was
    wrong."""
    places = _places(qualification)
    is_draft = qualification.status == Qualification.Status.DRAFT
    may_curate = allowed(check_may_curate, request.user)
    doubles = doubles_among(places) if is_draft and may_curate else []
    context = {
        "qualification": qualification,
        "work_process_count": sum(
            len(task.work_processes.all()) for task in qualification.core_tasks.all()
        ),
        "requirement_count": len({place.requirement_id for place in places}),
        "place_count": len(places),
        "is_draft": is_draft,
        "may_curate": may_curate,
        "merge_form": form or (MergeForm(doubles=doubles) if doubles else None),
    }
    return render(
        request, "qualifications/qualification.html", context, status=422 if form else 200
    )
