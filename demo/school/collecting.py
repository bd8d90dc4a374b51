"""What a student collects in a year: pieces of evidence, what others say of them, check-ins, and
what is set aside. The acts and their events are those of the actions, in many rows at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from demo.school.groundwork import BEGUN, Demand
from demo.school.learners import Giver, Learner
from demo.school.ledger import Ledger, Made, day, plain
from demo.school.wording import drawn_title, of_school
from evidence.models import (
    AskedRequirement,
    Confirmation,
    Evidence,
    Feedback,
    FeedbackRequest,
    GiverRole,
    Remark,
    RemarkRequirement,
    RequirementLink,
    Revision,
)
from portfolio.models import Acknowledgement, Agreement, CheckIn, SetAside

FEEDBACKS = 3  # of each piece
LINES = 4  # requirements of each piece, and of each feedback
SETTLED = 9  # days after which all was said of a piece


def collect(learner: Learner, pieces: int, rng: Random, ledger: Ledger) -> None:
    """Let a student keep so many pieces, spread over the year until now, each laid against LINES
    requirements, with FEEDBACKS feedbacks; nothing is written yet."""
    collecting = _Collecting(learner, rng, ledger)
    span = BEGUN - SETTLED - 3
    for number in range(pieces):
        collecting.piece(number, ago=BEGUN - 2 - number * span / pieces)
    collecting.set_aside(pieces // 10)


def advise(learner: Learner, rng: Random, ledger: Ledger) -> None:
    """Let the adviser of a student hold two check-ins in each period, as far as the year is."""
    collecting = _Collecting(learner, rng, ledger)
    now = learner.outline.calendar.at(2)
    for first, last in learner.outline.periods:
        for share in (3, 7):
            at = (first + (last - first) * share / 10).replace(minute=0, second=0, microsecond=0)
            if at < now:
                collecting.check_in(at)


class _Collecting:
    def __init__(self, learner: Learner, rng: Random, ledger: Ledger) -> None:
        self.learner, self.rng, self.ledger = learner, rng, ledger
        self.words = of_school()
        self.chain, self.by = learner.chain, learner.student
        self.roles = list(learner.givers)
        self.laid: list[str] = []  # pieces that can be set aside

    # --- Evidence ---

    def piece(self, number: int, ago: float) -> None:
        """Keep a piece, lay it against requirements, and ask for feedback; of some a second
        version, or a question that is still open or was declined."""
        learner, rng = self.learner, self.rng
        at = learner.outline.calendar.at(ago, 15 + rng.random())
        piece = self.ledger.new(Evidence, owner=learner.student, recorded_at=plain(at))
        kind, title = drawn_title(rng)
        said = kind, f"{title} ({number + 1})", day(at)
        revision = self._revision(piece, 1, said, at)
        self._keep("evidence.added", piece, revision, at)
        first = rng.randrange(len(learner.outline.demands) - LINES + 1)
        lines = learner.outline.demands[first : first + LINES]
        self._lay(piece, lines, at)
        roles = rng.sample(self.roles, min(FEEDBACKS, len(self.roles)))
        for hour, role in enumerate(roles, start=1):
            self._hear(piece, revision, lines, role, at + timedelta(hours=hour / 2))
        left = [role for role in self.roles if role not in roles]
        if number % 10 == 7 and left:
            self._unanswered(piece, revision, lines, left[0], at + timedelta(hours=3))
        if number % 15 == 4:
            later = at + timedelta(days=SETTLED - 1)
            second = self._revision(piece, 2, said, later)
            self._keep("evidence.revised", piece, second, later)
        if any(task in learner.outline.tasks for _line, _wording, task in lines):
            self.laid.append(piece.id)

    def _revision(self, piece: Made, number: int, said: tuple[str, str, str], at: datetime) -> Made:
        kind, title, happened_on = said
        words = self.words["evidence"]
        revision = self.ledger.new(
            Revision,
            evidence=piece.id,
            number=number,
            kind=kind,
            title=title,
            happened_on=happened_on,
            place="",
            context=self.rng.choice(words["contexts"]),
            reflection=self.rng.choice(words["reflections"]),
            recorded_at=plain(at),
        )
        piece.values["current"] = revision.id
        return revision

    def _keep(self, verb: str, piece: Made, revision: Made, at: datetime) -> None:
        self.ledger.state(
            self.chain,
            verb,
            by=self.by,
            at=at,
            rows=[piece, revision],
            evidence=piece.id,
            revision=revision.id,
        )

    def _lay(self, piece: Made, lines: Sequence[Demand], at: datetime) -> None:
        now = plain(at)
        for place, (line, _wording, _task) in enumerate(lines):
            why = self.rng.choice(self.words["evidence"]["whys"]) if place == 0 else ""
            link = self.ledger.new(
                RequirementLink, evidence=piece.id, requirement=line, why=why, recorded_at=now
            )
            self.ledger.state(
                self.chain,
                "evidence.laid_against",
                by=self.by,
                at=at,
                rows=[link],
                evidence=piece.id,
                requirement=line,
                link=link.id,
            )

    # --- Feedback ---

    def _hear(
        self, piece: Made, revision: Made, lines: Sequence[Demand], role: GiverRole, at: datetime
    ) -> None:
        giver = self.rng.choice(self.learner.givers[role])
        if self.rng.random() < 0.15:
            self._noted(piece, revision, lines, giver, at)
        else:
            question = self._asked(piece, revision, lines, giver, at)
            waits = timedelta(
                days=self.rng.randint(1, SETTLED - 3), minutes=self.rng.randint(1, 90)
            )
            self._answered(piece, revision, lines, giver, question, at + waits)

    def _asked(
        self, piece: Made, revision: Made, lines: Sequence[Demand], giver: Giver, at: datetime
    ) -> Made:
        ledger, now = self.ledger, plain(at)
        question = ledger.new(
            FeedbackRequest,
            enrolment=self.learner.enrolment,
            evidence=piece.id,
            revision=revision.id,
            person=giver.id,
            asked_as=giver.name,
            role=giver.role.value,
            message=self.rng.choice(self.words["evidence"]["messages"]),
            language="nl",
            expires_at=plain(at + timedelta(days=self.learner.outline.link_days)),
            recorded_at=now,
        )
        for line, _wording, _task in lines:
            ledger.part(question, "about", AskedRequirement, requirement=line, recorded_at=now)
        self._say("asked", "question", question, self.by, at)
        return question

    def _unanswered(
        self, piece: Made, revision: Made, lines: Sequence[Demand], role: GiverRole, at: datetime
    ) -> None:
        """Ask somebody who declines, or does not answer."""
        giver = self.learner.givers[role][0]
        question = self._asked(piece, revision, lines, giver, at)
        if self.rng.random() < 0.5:
            later = at + timedelta(days=1)
            question.values |= {
                "state": "declined",
                "settled_at": plain(later),
                "reason": "not_seen",
            }
            self._say("declined", "question", question, giver.account, later)

    def _answered(
        self,
        piece: Made,
        revision: Made,
        lines: Sequence[Demand],
        giver: Giver,
        question: Made,
        at: datetime,
    ) -> None:
        question.values |= {"state": "answered", "settled_at": plain(at)}
        feedback = self._feedback(
            piece, revision, giver, at, source="written", request=question.id, given_on=day(at)
        )
        self._remarks(feedback, lines, at)
        self._say(
            "given",
            "feedback",
            feedback,
            giver.account,
            at,
            question,
            revision=revision.id,
            files=[],
            wordings=[wording for _line, wording, _task in lines if wording],
        )

    def _noted(
        self, piece: Made, revision: Made, lines: Sequence[Demand], giver: Giver, at: datetime
    ) -> None:
        """Note what somebody said; most of them confirm it, a few deny it or say nothing."""
        feedback = self._feedback(
            piece,
            revision,
            giver,
            at,
            source="noted",
            noted_by=self.by,
            given_on=revision.values["happened_on"],
            place="Op de werkplek",
        )
        self._remarks(feedback, lines, at)
        self._say("noted", "feedback", feedback, self.by, at, revision=revision.id)
        drawn = self.rng.random()
        if drawn < 0.6:
            later, confirmed = at + timedelta(days=1, minutes=7), drawn < 0.57
            self.ledger.part(
                feedback,
                "confirmation",
                Confirmation,
                confirmed=confirmed,
                recorded_at=plain(later),
            )
            verb = "confirmed" if confirmed else "denied"
            self._say(verb, "feedback", feedback, giver.account, later)

    def _feedback(
        self, piece: Made, revision: Made, giver: Giver, at: datetime, **values: str
    ) -> Made:
        return self.ledger.new(
            Feedback,
            evidence=piece.id,
            revision=revision.id,
            enrolment=self.learner.enrolment,
            person=giver.id,
            spoke_as=giver.name,
            role=giver.role.value,
            recorded_at=plain(at),
            **values,
        )

    def _remarks(self, feedback: Made, lines: Sequence[Demand], at: datetime) -> None:
        """Say one thing of all these requirements, or one of most, and words of its own for the
        last; sometimes of the whole too."""
        words, rng = self.words["feedback"], self.rng
        drawn = rng.random()
        said = [(rng.choice(words["texts"]), lines, drawn > 0.95)]
        if drawn < 0.25:
            said = [(said[0][0], lines[:-1], False), (rng.choice(words["own"]), lines[-1:], False)]
        now = plain(at)
        for order, (text, about, on_whole) in enumerate(said):
            remark = self.ledger.part(
                feedback,
                "remarks",
                Remark,
                order=order,
                text=text,
                on_whole=on_whole,
                recorded_at=now,
            )
            for line, _wording, _task in about:
                self.ledger.part(
                    remark, "about", RemarkRequirement, requirement=line, recorded_at=now
                )

    def _say(
        self,
        verb: str,
        kind: str,
        row: Made,
        by: str | None,
        at: datetime,
        *also: Made,
        **seen: object,
    ) -> None:
        """Write what was done with a question or a feedback, as `evidence.actions.feedback`."""
        facts = {
            kind: row.id,
            "evidence": row.values["evidence"],
            "person": row.values["person"],
            **seen,
        }
        self.ledger.state(self.chain, f"feedback.{verb}", by=by, at=at, rows=[row, *also], **facts)

    # --- Check-ins, and what is set aside ---

    def check_in(self, at: datetime) -> None:
        """Hold a check-in, with two agreements, most of which are kept; the student reads it."""
        ledger, words, now = self.ledger, self.words["check_in"], plain(at)
        adviser = self.learner.adviser
        held = ledger.new(
            CheckIn,
            enrolment=self.learner.enrolment,
            by=adviser,
            held_on=day(at),
            light=self.rng.choice(("green", "green", "green", "amber", "red")),
            summary=self.rng.choice(words["summaries"]),
            recorded_at=now,
        )
        agreed = [
            ledger.part(
                held,
                "agreements",
                Agreement,
                text=text,
                due_on=day(at + timedelta(days=days)),
                recorded_at=now,
            )
            for text, days in zip(self.rng.sample(words["agreements"], 2), (10, 25), strict=True)
        ]
        ledger.state(
            self.chain,
            "check_in.held",
            by=adviser,
            at=at,
            rows=[held],
            check_in=held.id,
            agreements=len(agreed),
        )
        read = at + timedelta(hours=5)
        ledger.part(held, "acknowledgement", Acknowledgement, recorded_at=plain(read))
        ledger.state(
            self.chain, "check_in.read", by=self.by, at=read, rows=[held], check_in=held.id
        )
        most = 2 if self.rng.random() < 0.85 else 1
        for agreement, days in zip(agreed[:most], (8, 20), strict=False):
            done = at + timedelta(days=days)
            if done < self.learner.outline.calendar.at(1):
                agreement.values["done_at"] = plain(done)
                ledger.state(
                    self.chain,
                    "agreement.done",
                    by=self.by,
                    at=done,
                    rows=[held],
                    agreement=agreement.id,
                )

    def set_aside(self, pieces: int) -> None:
        """Set some of the first pieces aside for the programme's first unit, at most three."""
        at = self.learner.outline.calendar.at(1, 17)
        for piece in self.laid[: min(pieces, 3)]:
            row = self.ledger.new(
                SetAside,
                enrolment=self.learner.enrolment,
                unit=self.learner.outline.unit,
                evidence=piece,
                reason=self.words["check_in"]["set_aside"],
                recorded_at=plain(at),
            )
            self.ledger.state(
                self.chain,
                "evidence.set_aside",
                by=self.by,
                at=at,
                rows=[row],
                evidence=piece,
                unit=self.learner.outline.unit,
            )
