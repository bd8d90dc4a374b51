"""Two at the same moment, each in a transaction of their own: PostgreSQL."""

import pytest
from django.db import connection

from committees import actions
from committees.models import Attendance, Case, Contradiction
from post.models import OutboxMail
from records.refusals import NotPossible
from tests.committees.factories import HELD, exam_board, scene
from tests.people.test_races import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite writes one at a time"),
]


@pytest.mark.tampers
def test_who_says_that_they_were_not_there_holds_it_or_goes_to_the_exam_board() -> None:
    for _ in range(3):
        made, board = scene(state=Case.State.DECIDED), exam_board()
        noted = Attendance.objects.get(meeting=made.meeting, person=made.other_member.pk)
        Attendance.objects.filter(pk=noted.pk).update(by=made.secretary.person)

        announced, said = at_once(
            lambda made=made: actions.announce(case=made.case, by=made.chair, at=HELD),
            lambda made=made, noted=noted: actions.contradict(
                attendance=noted, by=made.other_member, at=HELD
            ),
        )

        told = OutboxMail.objects.filter(
            template="committees/contradicted_exam_board", to=board.pk
        ).exists()
        assert isinstance(said, Contradiction)
        assert isinstance(announced, NotPossible) is not told


def test_two_presses_are_one_presence() -> None:
    made = scene()

    rows = at_once(
        *[
            lambda: actions.mark_present(
                meeting=made.meeting, person=made.member.person, by=made.member, at=HELD
            )
        ]
        * 2
    )

    assert rows[0] == rows[1] == Attendance.objects.get()
