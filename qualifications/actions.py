from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Account
from qualifications.access import check_draft, check_may_curate, check_withdraw
from qualifications.doubles import doubles_of
from qualifications.models import (
    CoreTask,
    Dossier,
    Place,
    Qualification,
    QualityRequirement,
    Wording,
    WorkProcess,
)
from qualifications.parsed import ParsedDossier, ParsedQualification
from records.chain import append
from records.locking import under_lock
from records.refusals import NotPossible


@transaction.atomic
def keep_dossier(
    *,
    parsed: ParsedDossier,
    content: bytes,
    name: str,
    by: Account | None,
    at: datetime | None = None,
) -> Dossier:
    """Return the dossier with this content, kept now if it was not yet; `parsed` is what was read
    from it, `name` what its file is called."""
    check_may_curate(by)
    at = at or timezone.now()
    dossier, is_new = Dossier.objects.get_or_create(
        digest=sha256(content).hexdigest(),
        defaults={
            "name": name[:255],
            "title": parsed.title,
            "code": parsed.code,
            "content": content,
            "by": by,
            "recorded_at": at,
        },
    )
    if is_new:
        append(dossier.chain, "dossier.kept", by=by, at=at, rows=[dossier])
    return dossier


@transaction.atomic
def import_qualification(
    *,
    dossier: Dossier | None,
    parsed: ParsedQualification,
    by: Account | None,
    at: datetime | None = None,
) -> Qualification:
    """Return the qualification that was read from this dossier, imported now as a draft if it was
    not here yet; each line becomes a requirement of its own. Without a dossier it is in the
    school's own words. Raises NotPossible when the code and edition are here with other content.
    Twenty-two queries, however many lines."""
    check_may_curate(by)
    at = at or timezone.now()
    qualification, is_new = Qualification.objects.get_or_create(
        code=parsed.code,
        edition=parsed.edition,
        defaults={
            "title": parsed.title,
            "level": "" if parsed.level is None else str(parsed.level),
            "framework": parsed.framework,
            "dossier": dossier,
            "recorded_at": at,
        },
    )
    if is_new:
        _store_structure(qualification, parsed)
        facts = {"dossier": dossier.pk, "digest": dossier.digest} if dossier else None
        _state(qualification, "imported", by=by, at=at, facts=facts)
    elif not _is_of(qualification, dossier) and not _holds(qualification.dossier, parsed):
        message = _(
            "%(code)s of %(edition)s is here already, with other content (“%(title)s”). "
            "Nothing was imported."
        )
        raise NotPossible(
            message
            % {
                "code": parsed.code,
                "edition": parsed.edition.isoformat(),
                "title": qualification.title,
            }
        )
    return qualification


def _store_structure(qualification: Qualification, parsed: ParsedQualification) -> None:
    tasks, processes, requirements, places = [], [], [], []
    for task_order, task in enumerate(parsed.core_tasks, start=1):
        core_task = CoreTask(
            qualification=qualification,
            code=task.code,
            title=task.title,
            complexity=task.complexity,
            responsibility=task.responsibility,
            order=task_order,
        )
        tasks.append(core_task)
        for process_order, process in enumerate(task.work_processes, start=1):
            work_process = WorkProcess(
                core_task=core_task,
                code=process.code,
                title=process.title,
                description=process.description,
                result=process.result,
                order=process_order,
            )
            processes.append(work_process)
            for order, text in enumerate(process.requirements, start=1):
                requirement = QualityRequirement(qualification=qualification, text=text)
                requirements.append(requirement)
                places.append(
                    Place(requirement=requirement, work_process=work_process, order=order)
                )
    CoreTask.objects.bulk_create(tasks)
    WorkProcess.objects.bulk_create(processes)
    QualityRequirement.objects.bulk_create(requirements)
    Place.objects.bulk_create(places)


def _is_of(qualification: Qualification, dossier: Dossier | None) -> bool:
    return dossier is not None and qualification.dossier_id == dossier.pk


def _holds(dossier: Dossier | None, parsed: ParsedQualification) -> bool:
    """Tell whether the dossier of an earlier import says the same of this qualification."""
    if dossier is None:
        return False
    told = [
        (other.code, other.edition, other.title, other.level, other.core_tasks)
        for other in dossier.parsed().qualifications
    ]
    return (parsed.code, parsed.edition, parsed.title, parsed.level, parsed.core_tasks) in told


@transaction.atomic
def merge_lines(
    *,
    qualification: Qualification,
    lines: Collection[UUID],
    by: Account | None,
    at: datetime | None = None,
) -> int:
    """Make one requirement of each group of identical lines that was chosen: `lines` are the ids
    of their first requirements (see `doubles.Double`). It then stands in all their places and
    counts once, with the first plain wording among them. Returns how many groups were merged;
    those that are there no longer are passed over. Raises NotPossible once it is published."""
    check_may_curate(by)
    qualification = under_lock(Qualification.objects.all(), qualification.pk)
    check_draft(qualification)
    chosen = [double for double in doubles_of(qualification) if double.first.pk in lines]
    merged: dict[str, list[UUID]] = {}
    moved: list[Place] = []
    worded: dict[QualityRequirement, str] = {}
    for double in chosen:
        kept = double.first
        merged[str(kept.pk)] = [other.pk for other in double.requirements[1:]]
        if plain := next((one.plain for one in double.requirements if one.plain), ""):
            worded[kept] = plain
        # Where a line stands twice under one work process, its second place goes with its owner.
        under = {place.work_process_id: place for place in reversed(double.places)}
        for place in under.values():
            place.requirement = kept
            moved.append(place)
    if merged:
        Place.objects.bulk_update(moved, ["requirement"])
        _word(worded, at or timezone.now())
        gone = [pk for others in merged.values() for pk in others]
        QualityRequirement.objects.filter(pk__in=gone).delete()
        _state(qualification, "merged", by=by, at=at, facts={"merged": merged})
    return len(chosen)


@transaction.atomic
def word_plainly(
    *,
    work_process: WorkProcess,
    wordings: Mapping[UUID, str],
    by: Account | None,
    at: datetime | None = None,
) -> None:
    """Give requirements under this work process a wording in plain words, by requirement id; an
    empty one takes it away. Allowed at any time, as it is no official text."""
    check_may_curate(by)
    pk = work_process.core_task.qualification_id
    qualification = under_lock(Qualification.objects.all(), pk)
    at = at or timezone.now()
    requirements = work_process.requirements.filter(pk__in=wordings).with_words()
    changed = _word({one: wordings[one.pk].strip() for one in requirements}, at)
    if changed:
        facts = {"requirements": [requirement.pk for requirement in changed]}
        _state(qualification, "worded", by=by, at=at, facts=facts)


def _word(wordings: Mapping[QualityRequirement, str], at: datetime) -> list[QualityRequirement]:
    """Give these requirements, read `with_words` under a lock, the next version of their wording;
    returns those of which it changes. Two queries."""
    changed = [requirement for requirement, text in wordings.items() if text != requirement.plain]
    versions = []
    for requirement in changed:
        number = requirement.wording.number + 1 if requirement.wording else 1
        version = Wording(
            requirement=requirement, number=number, text=wordings[requirement], recorded_at=at
        )
        requirement.wording = version
        versions.append(version)
    Wording.objects.bulk_create(versions)
    QualityRequirement.objects.bulk_update(changed, ["wording"])
    return changed


@transaction.atomic
def publish(
    *, qualification: Qualification, by: Account | None, at: datetime | None = None
) -> None:
    """Publish a qualification: from now on programmes can use it, and its structure no longer
    changes. Raises NotPossible when it is published already or has no requirement."""
    check_may_curate(by)
    qualification = under_lock(Qualification.objects.all(), qualification.pk)
    at = at or timezone.now()
    check_draft(qualification)
    requirements = qualification.requirements.count()
    if not requirements:
        raise NotPossible(_("This qualification has no requirements, so it cannot be published."))
    qualification.status = Qualification.Status.PUBLISHED
    qualification.published_at = at
    qualification.save(update_fields=["status", "published_at"])
    facts = {"requirements": requirements}
    _state(qualification, "published", by=by, at=at, facts=facts)


@transaction.atomic
def withdraw(
    *, qualification: Qualification, by: Account | None, at: datetime | None = None
) -> None:
    """Make a draft again of a published qualification: its structure can be changed, and no
    programme can use it. Raises InUse where one does, and NotPossible for a draft."""
    check_may_curate(by)
    qualification = under_lock(Qualification.objects.all(), qualification.pk)
    check_withdraw(qualification)
    qualification.status = Qualification.Status.DRAFT
    qualification.published_at = None
    qualification.save(update_fields=["status", "published_at"])
    _state(qualification, "withdrawn", by=by, at=at, facts=None)


@transaction.atomic
def remove_draft(
    *, qualification: Qualification, by: Account | None, at: datetime | None = None
) -> None:
    """Delete a draft with all that stands in it; the dossier from which it was imported stays.
    Raises NotPossible once it is published. Fifteen queries, however many lines."""
    check_may_curate(by)
    qualification = under_lock(Qualification.objects.all(), qualification.pk)
    check_draft(qualification)
    append(qualification.chain, "qualification.removed", by=by, at=at, removed=[qualification])
    qualification.requirements.all().delete()  # with their places and wordings
    WorkProcess.objects.filter(core_task__qualification=qualification).delete()
    qualification.core_tasks.all().delete()
    qualification.delete()


def _state(
    qualification: Qualification,
    what: str,
    *,
    by: Account | None,
    at: datetime | None,
    facts: Mapping[str, Any] | None,
) -> None:
    """Write what was done with a qualification, which is stated anew with all that stands in it."""
    verb = f"qualification.{what}"
    append(qualification.chain, verb, by=by, at=at, rows=[qualification], facts=facts)
