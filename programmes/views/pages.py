"""What the views of this room share: who they are for, and the page with a form."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.shortcuts import get_object_or_404

from people.access import PersonRequest
from people.pages import before_writing, form_page
from programmes.access import check_may_manage, check_not_archived
from programmes.models import Enrolment, Programme

# The fields of its forms stand in groups (programmes.forms.GroupedForm).
grouped_page = partial(form_page, template="programmes/form.html")


def managed_programme(
    request: PersonRequest, pk: UUID, check: Callable[[Programme], None] = check_not_archived
) -> Programme:
    """Return the programme to one of its coordinators; 404 or 403 for anybody else. `check` says
    whether the page is of use to it as it is. Two queries."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user).for_page(), pk=pk)
    check_may_manage(request.user, programme)
    before_writing(request, check, programme)
    return programme


def in_any_state(programme: Programme) -> None:
    """Refuse nothing, see `managed_programme`."""


def managed_enrolment(request: PersonRequest, pk: UUID) -> Enrolment:
    """Return the enrolment to a coordinator of its programme; 404 for anybody else. Two queries."""
    rows = Enrolment.objects.managed_by(request.user).for_list()
    enrolment = get_object_or_404(rows, pk=pk)
    before_writing(request, check_not_archived, enrolment.programme)
    return enrolment
