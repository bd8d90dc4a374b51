"""Lays a school through the application's own actions, and says as JSON whom it knows. Runs within
the application: `python -m tools.fault_day.school STUDENTS`."""

import json
import os
import sys
from datetime import timedelta
from io import StringIO

import django

PASSWORD = "fietsbel-op-zolder"  # noqa: S105 - of people made up, on a machine of one day
MEMBERS = {
    "Ruud van Dijk": "chair",
    "Anneke Smit": "secretary",
    "Fatma Yilmaz": "member",
    "Sara de Wit": "member",
    "Joris Bos": "member",
}


def lay(students: int) -> dict[str, object]:
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command
    from django.utils import timezone

    from committees import actions as committees
    from committees.models import Membership
    from people import actions as people
    from people.models import Account, InstitutionRole
    from programmes import actions as programmes
    from qualifications.models import CoreTask, Qualification

    sample = "qualifications/samples/dossier-klein.xml"
    call_command("import_qualification", sample, "--crebo", "99901", "--publish", stdout=StringIO())
    qualification = Qualification.objects.get()
    password, today = make_password(PASSWORD), timezone.localdate()

    def account(name: str) -> Account:
        made = people.register(email=address(name), name=name, by=None)
        made.password = password
        made.save()
        people.note_mailbox(account=made)
        return made

    mirjam, hilde = account("Mirjam Postma"), account("Hilde Brandsma")
    for person, role in (
        (mirjam, InstitutionRole.Role.COORDINATOR),
        (hilde, InstitutionRole.Role.EXAM_BOARD),
    ):
        people.give_role(person=person.person, role=role, by=None)
    programme = programmes.make_programme(
        title="Dienstverlening",
        cohort="2026-2028",
        qualification=qualification,
        notice_working_days=0,
        by=mirjam,
    )
    unit = programmes.add_unit(
        programme=programme,
        title="Basisdeel",
        purpose="",
        parts=list(CoreTask.objects.filter(qualification=qualification)),
        by=mirjam,
    )
    adviser = account("Karim Haddad")
    enrolled = {}
    for number in range(1, students + 1):
        student = account(f"Student {number:02}")
        enrolment = programmes.enrol(
            programme=programme,
            student=student.person,
            starts_on=today - timedelta(days=60),
            adviser=adviser.person,
            by=mirjam,
        )
        enrolled[student.name] = str(enrolment.pk)
    committee = committees.make_committee(programme=programme, name="Commissie", by=mirjam)
    for name, role_of_seat in MEMBERS.items():
        account(name)
        committees.give_seat(
            committee=committee,
            email=address(name),
            name=name,
            role=Membership.Role(role_of_seat),
            by=mirjam,
        )
    committees.give_mandate(
        committee=committee,
        text="Namens de examencommissie beslissen.",
        procedure="Ieder oordeelt eerst alleen.",
        given_on=today,
        quorum=3,
        judgements_asked=2,
        by=hilde,
    )
    return {"students": enrolled, "committee": str(committee.pk), "unit": str(unit.pk)}


def address(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@school.example"


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    print(json.dumps(lay(int(sys.argv[1]))))
