from django.contrib.sessions.models import Session
from django.utils import timezone

from post.work import background


@background("sessions")
def sweep() -> int:
    """Forget the sessions that have expired; returns how many."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
