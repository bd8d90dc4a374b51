from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evidence.models import Evidence
from people.drafts import draft_again
from people.models import Account
from portfolio import access
from portfolio.models import Acknowledgement, Agreement, CheckIn, SetAside
from post.outbox import queue
from post.undoing import call_off_mails, check_nothing_rests, wait_of_mail
from programmes.models import Enrolment, Unit
from records.actions import blank_words
from records.chain import append
from records.locking import under_lock
from records.refusals import NotPossible


@transaction.atomic
def hold_check_in(
    *,
    enrolment: Enrolment,
    held_on: date,
    light: str,
    summary: str,
    agreements: Iterable[tuple[str, date]],
    done: Iterable[Agreement] = (),
    by: Account,
    at: datetime | None = None,
) -> CheckIn:
    """Keep what adviser and student said about the set; the student is told by mail. `agreements`
    are texts with the date by which; `done` are earlier ones that were kept. Raises NotPossible
    for a light where the house rules have none, or none where they have one, and for dates that
    cannot be."""
    access.check_may_advise(by, enrolment)
    under_lock(Enrolment.objects.all(), enrolment.pk)
    at = at or timezone.now()
    agreements = list(agreements)
    due = [due_on for _text, due_on in agreements]
    access.check_hold_check_in(enrolment.programme, light, held_on, due, at)
    check_in = CheckIn.objects.create(
        enrolment=enrolment,
        by_id=by.pk,
        held_on=held_on,
        light=light,
        summary=summary,
        recorded_at=at,
    )
    made = Agreement.objects.bulk_create(
        Agreement(check_in=check_in, text=text, due_on=due_on, recorded_at=at)
        for text, due_on in agreements
    )
    event = append(
        check_in.chain,
        "check_in.held",
        by=by,
        at=at,
        rows=[check_in],
        facts={"check_in": check_in.pk, "agreements": len(made)},
    )
    for agreement in done:
        finish(agreement=agreement, by=by, at=at)
    due_at = at + wait_of_mail()
    queue(
        "portfolio/check_in",
        to=enrolment.student_id,
        about=check_in.pk,
        cause=event,
        at=at,
        due_at=due_at,
    )
    return check_in


@transaction.atomic
def undo_check_in(*, check_in: CheckIn, by: Account, at: datetime | None = None) -> None:
    """Take a check-in back: it counts for nothing, and what it said was done is not done. Raises
    NotPossible once its mail is on its way, the student gave their word on it, something that was
    agreed in it is done, or a set was frozen with it."""
    access.check_may_undo_check_in(by, check_in)
    rows = CheckIn.objects.current().select_related("enrolment", "acknowledgement")
    check_in = under_lock(rows, check_in.pk)
    at = at or timezone.now()
    access.check_undo_check_in(check_in)
    call_off_mails([check_in.pk], check_in.recorded_at, wait_of_mail(), at)
    check_nothing_rests(check_in, check_in.recorded_at, at)
    CheckIn.objects.filter(pk=check_in.pk).update(taken_back_at=at)
    blank_words(check_in)
    done = list(
        Agreement.objects.filter(
            check_in__enrolment=check_in.enrolment_id, done_at=check_in.recorded_at
        ).select_related("check_in__enrolment")
    )
    Agreement.objects.filter(pk__in=[each.pk for each in done]).update(done_at=None)
    append(
        check_in.chain,
        "check_in.taken_back",
        by=by,
        at=at,
        rows={row.pk: row for row in (check_in, *(each.check_in for each in done))}.values(),
        facts={"check_in": check_in.pk, "not_done": [each.pk for each in done]},
    )
    draft_again(check_in.pk)


@transaction.atomic
def acknowledge(
    *, check_in: CheckIn, refused: bool, note: str, by: Account, at: datetime | None = None
) -> Acknowledgement:
    """Keep the student's word on a check-in: read, or not accepted as it stands. A refusal says
    why; it is noted and blocks nothing. The same word twice is said once; another word after the
    first raises NotPossible."""
    access.check_may_acknowledge(by, check_in)
    under_lock(CheckIn.objects.all(), check_in.pk)
    at = at or timezone.now()
    if refused and not note.strip():
        raise NotPossible(_("Say in a few words what you see differently."))
    said, is_new = Acknowledgement.objects.get_or_create(
        check_in=check_in, defaults={"refused": refused, "note": note.strip(), "recorded_at": at}
    )
    if is_new:
        append(
            check_in.chain,
            "check_in.refused" if refused else "check_in.read",
            by=by,
            at=at,
            rows=[check_in],
            facts={"check_in": check_in.pk},
        )
    access.check_acknowledge(said, refused)
    return said


@transaction.atomic
def finish(*, agreement: Agreement, by: Account, at: datetime | None = None) -> None:
    """Mark an agreement as done. Done twice is done once."""
    access.check_may_finish(by, agreement)
    under_lock(Agreement.objects.all(), agreement.pk)
    at = at or timezone.now()
    if Agreement.objects.filter(pk=agreement.pk, done_at=None).update(done_at=at):
        append(
            agreement.check_in.chain,
            "agreement.done",
            by=by,
            at=at,
            rows=[agreement.check_in],
            facts={"agreement": agreement.pk},
        )


@transaction.atomic
def set_aside(
    *,
    enrolment: Enrolment,
    unit: Unit,
    evidence: Evidence,
    reason: str,
    by: Account,
    at: datetime | None = None,
) -> SetAside:
    """Keep a piece out of the set for this unit; the committee will see its title and the reason.
    Raises NotPossible without a reason, or for a piece that is not laid against this unit."""
    access.check_may_act_as_student(by, enrolment)
    if not reason.strip():
        raise NotPossible(_("Say why this piece should not count; the committee reads it."))
    evidence = under_lock(Evidence.objects.all(), evidence.pk)
    at = at or timezone.now()
    access.check_set_aside(evidence, unit, enrolment)
    row, is_new = SetAside.objects.get_or_create(
        enrolment=enrolment,
        unit=unit,
        evidence=evidence,
        ended_at=None,
        defaults={"reason": reason.strip(), "recorded_at": at},
    )
    if is_new:
        append(
            row.chain,
            "evidence.set_aside",
            by=by,
            at=at,
            rows=[row],
            facts={"evidence": evidence.pk, "unit": unit.pk},
        )
    return row


@transaction.atomic
def take_back(*, row: SetAside, by: Account, at: datetime | None = None) -> None:
    """Let a piece count again."""
    access.check_may_act_as_student(by, row.enrolment)
    under_lock(SetAside.objects.all(), row.pk)
    at = at or timezone.now()
    if SetAside.objects.current().filter(pk=row.pk).update(ended_at=at):
        append(
            row.chain,
            "evidence.taken_back",
            by=by,
            at=at,
            rows=[row],
            facts={"evidence": row.evidence_id, "unit": row.unit_id},
        )
