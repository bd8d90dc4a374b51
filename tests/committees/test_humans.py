"""Humans who are asked under whatever name, at whatever mailbox, of whom is noted what they said,
who get accounts, move, sit in a committee and leave it, and are said to be one: in any order no
more people are counted than there are, and nobody judges unseen a set in which they spoke."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from committees import actions
from committees.access import check_may_judge
from committees.models import Membership
from committees.who_sits import panel_of
from evidence.actions import answer, ask, confirm, note
from evidence.asking import Asked
from evidence.models import Feedback, FeedbackRequest, GiverRole
from people.access import allowed
from people.actions import (
    change_address,
    confirm_address,
    known_at_mailbox_of,
    register,
    rename,
    say_same,
    stop_access,
    take_back_same,
)
from people.identity import plain_name
from people.models import Account, Person, SamePerson
from portfolio.evidence_set import CONFIRMED, WRITTEN
from portfolio.loading import load_many
from records.refusals import NotPossible
from tests.committees.factories import REFERENCE, scene
from tests.evidence.factories import EvidenceFactory
from tests.factories import EnrolmentFactory, ProgrammeFactory, set_rules
from tests.people.factories import been_here
from tests.recorded import faults

# Each human, as they call themselves and as others do.
HUMANS = {
    "jan": ("Jan Baas", "jan baas", "J. Baas"),
    "petra": ("Petra Klein", "Petra  Klein", "P. Klein"),
    "ad": ("Ad Smit", "AD SMIT", "Adje"),
}
# A mailbox in two spellings, and who reads its mail.
MAILBOXES = {
    ("info@shop.example", "Info+orders@shop.example"): ("jan", "petra"),
    ("jan@home.example", "JAN@home.example"): ("jan",),
    ("petra@school.example", "petra@school.example"): ("petra",),
    ("office@school.example", "office@School.example"): ("petra", "ad"),
}
READS = [(human, box) for box, readers in MAILBOXES.items() for human in readers]
readers = st.sampled_from(READS)


class Humans(RuleBasedStateMachine):
    """What is true of the humans stands in `persons` (which rows are of whom), `spoke` (who spoke
    from which mailbox), `noted` (who said, at which mailbox, what waits for their word) and `boxes`
    (at which mailboxes an account of theirs was)."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.scene = scene(pieces=0)
        set_rules(self.scene.programme, givers_may_judge=False)
        self.enrolments = [self.scene.case.enrolment]
        self.now = datetime(2026, 9, 10, tzinfo=UTC)
        self.persons: dict[str, set[UUID]] = defaultdict(set)
        self.spoke: dict[UUID, tuple[str, tuple[str, str]]] = {}
        self.noted: dict[UUID, tuple[str, tuple[str, str]]] = {}
        self.pairs: set[tuple[str, tuple[str, str]]] = set()
        self.boxes: dict[UUID, set[tuple[str, str]]] = defaultdict(set)

    def teardown(self) -> None:
        """However it went, what must hold is looked at once more."""
        try:
            self.are_counted()
            self.the_set_is_frozen_and_read()
            assert faults() == []
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    def later(self) -> datetime:
        self.now += timedelta(hours=1)
        return self.now

    def accounts(self, human: str) -> list[Account]:
        return list(Account.objects.filter(pk__in=self.persons[human], is_active=True))

    @initialize(reads=readers)
    def somebody_sits(self, reads: tuple[str, tuple[str, str]]) -> None:
        self.gets_an_account(reads=reads, called=0)
        self.sits(human=reads[0])

    @precondition(lambda self: len(self.enrolments) == 1)
    @rule()
    def the_student_enrols_again(self) -> None:
        """In another programme of the same qualification, in the frame of which they ask too."""
        first = self.scene.case.enrolment
        other = ProgrammeFactory(qualification=first.programme.qualification)
        self.enrolments.append(EnrolmentFactory(programme=other, student=first.student))

    @rule(
        reads=readers,
        spelt=st.integers(0, 1),
        called=st.integers(0, 2),
        corrects=st.booleans(),
        frame=st.integers(0, 1),
    )
    def is_asked_and_answers(
        self,
        reads: tuple[str, tuple[str, str]],
        spelt: int,
        called: int,
        corrects: bool,
        frame: int,
    ) -> None:
        """Whoever reads the mail chooses their own name among those they are shown, perhaps spells
        it otherwise, and puts one right that is not theirs."""
        human, box = reads
        piece = EvidenceFactory(owner=self.scene.student.person, on=[self.scene.requirement])
        asked = Asked(HUMANS[human][called], box[spelt], GiverRole.CLIENT, "nl")
        [question] = ask(
            evidence=piece,
            enrolment=self.enrolments[frame % len(self.enrolments)],
            people=[asked],
            requirements=[self.scene.requirement],
            by=self.scene.student,
            at=self.later(),
        )
        if hasattr(question.person, "account") and question.person_id not in self.persons[human]:
            return  # it is for whose mailbox it is
        said = answer(
            question=question,
            text="Calm and clear.",
            at=self.later(),
            **self.chosen_by(human, question, corrects=corrects),
        )
        self.has_spoken(said, human, box)

    def has_spoken(self, said: Feedback, human: str, box: tuple[str, str]) -> None:
        self.persons[human].add(said.person_id)
        self.spoke[said.person_id] = (human, box)
        self.pairs.add((human, box))

    @rule(
        reads=readers,
        spelt=st.integers(0, 1),
        called=st.integers(0, 2),
        frame=st.integers(0, 1),
    )
    def is_noted(
        self, reads: tuple[str, tuple[str, str]], spelt: int, called: int, frame: int
    ) -> None:
        """The student notes what they said, by a name of theirs and a mailbox that they read."""
        human, box = reads
        piece = EvidenceFactory(owner=self.scene.student.person, on=[self.scene.requirement])
        speaker = Asked(HUMANS[human][called], box[spelt], GiverRole.CLIENT, "nl")
        said = note(
            evidence=piece,
            enrolment=self.enrolments[frame % len(self.enrolments)],
            speaker=speaker,
            given_on=self.now.date(),
            text="Calm and clear.",
            requirements=[self.scene.requirement],
            by=self.scene.student,
            at=self.later(),
        )
        if hasattr(said.person, "account"):  # it is of whose mailbox it is
            [human] = [one for one, rows in self.persons.items() if said.person_id in rows]
        self.noted[said.pk] = (human, box)

    @precondition(lambda self: self.noted)
    @rule(data=st.data(), said_it=st.booleans(), by_own_name=st.booleans())
    def says_whether_they_said_it(
        self, data: st.DataObject, said_it: bool, by_own_name: bool
    ) -> None:
        """By the link, or signed in; perhaps by another name than was noted."""
        key = data.draw(st.sampled_from(list(self.noted)))
        human, box = self.noted[key]
        noted = Feedback.objects.select_related("person__account").get(pk=key)
        other: dict[str, Any] = {}
        if by_own_name:
            other = {
                "name": HUMANS[human][0],
                "is_another": noted.person_id in self.of_others(human),
            }
        try:
            with transaction.atomic():
                word = confirm(feedback=noted, confirmed=said_it, at=self.later(), **other)
        except NotPossible:  # somebody of that name has an account by now, and has to sign in
            return
        del self.noted[key]
        if said_it:
            self.has_spoken(word.feedback, human, box)

    def of_others(self, human: str) -> set[UUID]:
        """The rows that are of somebody else."""
        return {row for one, rows in self.persons.items() if one != human for row in rows}

    def chosen_by(self, human: str, question: FeedbackRequest, *, corrects: bool) -> dict[str, Any]:
        """Of several names that are shown the one that they went by before, else one of theirs;
        else they write it. Of one nothing: it is left as it is."""
        asked, *others = known_at_mailbox_of(question.person)
        if not others:
            return {}
        own = {plain_name(name) for name in HUMANS[human]}
        called = asked.name if asked.named_at else question.asked_as
        shown = {asked.pk: called} | {one.pk: one.name for one in others}
        mine = [pk for pk, name in shown.items() if plain_name(name) in own]
        if not mine:
            return {"name": HUMANS[human][0]}
        chosen = min(mine, key=lambda pk: pk not in self.persons[human])
        return {"chosen": chosen} | ({"name": HUMANS[human][2]} if corrects else {})

    @rule(reads=readers, called=st.integers(0, 1))
    def gets_an_account(self, reads: tuple[str, tuple[str, str]], called: int) -> None:
        human, box = reads
        if any(box in self.boxes[one] for one in self.boxes):
            return  # it is somebody's own mailbox
        name = HUMANS[human][called]
        account = been_here(register(email=box[0], name=name, by=None, at=self.later()))
        self.persons[human].add(account.pk)
        self.boxes[account.pk].add(box)

    @rule(reads=readers)
    def moves(self, reads: tuple[str, tuple[str, str]]) -> None:
        human, box = reads
        for account in self.accounts(human)[:1]:
            try:
                with transaction.atomic():
                    row = change_address(
                        person=account.person, address=box[0], by=None, at=self.later()
                    )
                    confirm_address(address=row, by=None, at=self.later())
            except NotPossible:  # the address of now, or somebody else's own
                continue
            self.boxes[account.pk].add(box)

    @precondition(lambda self: any(self.persons.values()))
    @rule(data=st.data(), called=st.integers(0, 2))
    def is_called_otherwise(self, data: st.DataObject, called: int) -> None:
        """They, or the school, correct how one of their rows is called."""
        human = data.draw(st.sampled_from([one for one, rows in self.persons.items() if rows]))
        row = data.draw(st.sampled_from(sorted(self.persons[human])))
        person = Person.objects.get(pk=row)
        rename(person=person, name=HUMANS[human][called], by=None, at=self.later())

    @rule(human=st.sampled_from(list(HUMANS)), stops=st.booleans())
    def are_said_to_be_one(self, human: str, stops: bool) -> None:
        """A coordinator says it of all rows of a human, pair by pair; of two open accounts only
        once one is closed."""
        accounts = self.accounts(human)
        for account in accounts[1:] if stops else []:
            stop_access(account=account, by=None, at=self.later())
        rows = list(Person.objects.filter(pk__in=self.persons[human]).order_by("pk"))
        for one, other in pairwise(rows):
            both = {one.pk, other.pk}
            said = SamePerson.objects.current().filter(one__in=both, other__in=both)
            if said.exists():
                continue
            try:
                with transaction.atomic():
                    say_same(one=one, other=other, reason="I know them.", by=None, at=self.later())
            except NotPossible:
                continue

    @precondition(lambda self: SamePerson.objects.current().exists())
    @rule()
    def it_is_taken_back(self) -> None:
        statement = SamePerson.objects.current().order_by("recorded_at")[0]
        take_back_same(statement=statement, by=None, at=self.later())

    @rule(human=st.sampled_from(list(HUMANS)))
    def sits(self, human: str) -> None:
        committee = self.scene.committee
        for account in self.accounts(human)[:1]:
            if not committee.memberships.current().filter(person=account.pk).exists():
                actions.give_seat(
                    committee=committee,
                    email=account.sign_in,
                    name=account.name,
                    role=Membership.Role.MEMBER,
                    by=None,
                    at=self.later(),
                )

    @rule(human=st.sampled_from(list(HUMANS)))
    def sits_no_longer(self, human: str) -> None:
        seats = self.scene.committee.memberships.current()
        for seat in seats.filter(person__in=self.persons[human]):
            actions.end_seat(seat=seat, by=None, at=self.later())

    @rule()
    def everybody_is_said_to_be_who_they_are(self) -> None:
        """Then no more are counted than there are humans; and all is as it was again."""
        with transaction.atomic():
            for human in HUMANS:
                self.are_said_to_be_one(human=human, stops=True)
            spoke = {human for human, _box in self.pairs}
            assert self.counted() <= len(spoke)
            transaction.set_rollback(True)

    @rule()
    def are_counted(self) -> None:
        assert self.counted() <= len(self.pairs)

    @rule()
    def the_set_is_frozen_and_read(self) -> None:
        """Who sits and spoke is disclosed, and may not judge before it is known to be theirs;
        where it is said to be theirs, they stand aside. What was noted of them and waits keeps them
        from judging too; who sits no longer has no seat. And all is as it was again."""
        with transaction.atomic():
            self.scene.freeze()
            at = REFERENCE + timedelta(days=1)
            panel = panel_of(self.scene.refreshed(), at)
            for human in HUMANS:
                for account in self.accounts(human):
                    if panel.seat_of(account.pk) is None:
                        continue
                    as_themselves, from_own_mailbox = self.how_they_spoke(human, account)
                    if as_themselves:
                        assert account.pk in panel.aside
                    if from_own_mailbox:
                        assert account.pk in panel.givers
                    if as_themselves or from_own_mailbox:
                        assert not allowed(check_may_judge, account, panel)
            transaction.set_rollback(True)

    def how_they_spoke(self, human: str, account: Account) -> tuple[bool, bool]:
        """Whether one of the rows that are said to be this account spoke, and whether somebody
        did from a mailbox at which they have been known."""
        said = {account.pk}
        pairs = list(SamePerson.objects.current().values_list("one", "other"))
        for _step in pairs:
            said |= {one for pair in pairs if said & set(pair) for one in pair}
        boxes = {box for one in said for box in self.boxes[one]}
        boxes |= {self.spoke[one][1] for one in said if one in self.spoke}
        return (
            bool(said & self.spoke.keys()),
            any(box in boxes for _human, box in [*self.spoke.values(), *self.noted.values()]),
        )

    def counted(self) -> int:
        """Of whom it is not only noted, in the set of each enrolment."""
        return len(
            {
                item.counted
                for evidence_set in load_many(self.enrolments).values()
                for item in evidence_set.feedback
                if item.standing in (WRITTEN, CONFIRMED)
            }
        )


@pytest.mark.any_database
@pytest.mark.django_db
def test_in_any_order_no_more_people_than_there_are_and_nobody_judges_unseen() -> None:
    """Without shrinking, which would take minutes: the steps of a failure are few enough."""
    run_state_machine_as_test(
        Humans,
        settings=settings(
            max_examples=15, stateful_step_count=14, deadline=None, phases=[Phase.generate]
        ),
    )
