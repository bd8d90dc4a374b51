"""What the views of this room share: who they are for, and the page with a form."""

from functools import partial
from uuid import UUID

from django.shortcuts import get_object_or_404

from people.access import PersonRequest
from people.pages import form_page
from programmes.access import check_may_manage
from programmes.models import Enrolment, Programme

# The fields of its forms stand in groups (programmes.forms.GroupedForm).
grouped_page = partial(form_page, template="programmes/form.html")


def managed_programme(request: PersonRequest, pk: UUID) -> Programme:
    """Return the programme to one of its coordinators; 404 or 403 for anybody else. Two queries."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user).for_page(), pk=pk)
    check_may_manage(request.user, programme)
    return programme


def managed_enrolment(request: PersonRequest, pk: UUID) -> Enrolment:
    """Return the enrolment to a coordinator of its programme; 404 for anybody else. Two queries."""
    return get_object_or_404(Enrolment.objects.managed_by(request.user).for_list(), pk=pk)
