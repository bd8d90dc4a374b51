"""A case outside the system, and the ways in which somebody could have altered it."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.test import Client
from django.urls import reverse

from committees import actions
from committees.models import Attendance, Case, Membership
from committees.verifier import Verifier, read_archive
from evidence.models import Evidence
from people.models import Account
from records.chain import append
from records.checkpoints import first_after, leaf_hash, levels, make_checkpoint, path_of
from records.models import Checkpoint
from tests.committees.factories import HELD, Scene, give_mandate, scene
from tests.evidence.factories import attach
from tests.recorded import record_what_was_made

# --- Taking it out --------------------------------------------------------------------------------

NOTES = b"What I saw in the warehouse.\n"


def read(path: Path) -> tuple[dict[str, Any], str, list[tuple[str, str]]]:
    """Read the case of an archive, its page, and all else by name and hash."""
    written, page, files = read_archive(path)
    return json.loads(written), page, files


@dataclass
class Taken:
    """An archive that somebody has, and what they need to verify it."""

    scene: Scene
    path: Path
    root: str

    def verified(self, root: str = "") -> Verifier:
        told, _page, files = read(self.path)
        verifier = Verifier(told, files, root or self.root)
        verifier.verify()
        return verifier

    def alone(self, *, root: str = "", script: Path | None = None) -> "subprocess.CompletedProcess":
        """Run the verifier of the archive, with nothing of ours around it."""
        if script is None:
            with zipfile.ZipFile(self.path) as archive:
                script = Path(archive.extract("verifier.py", self.path.parent / "alone"))
        return subprocess.run(
            [sys.executable, "-I", "-S", script, self.path, "--root", root or self.root],
            cwd=script.parent,
            env={},
            text=True,
            capture_output=True,
            timeout=60,
        )

    def rewrite(self, name: str, content: bytes) -> None:
        with zipfile.ZipFile(self.path) as archive:
            held = {each: archive.read(each) for each in archive.namelist()}
        with zipfile.ZipFile(self.path, "w") as archive:
            for each, kept in (held | {name: content}).items():
                archive.writestr(each, kept)


def announced() -> Scene:
    """A case with a file in its set, in which a member stood aside, announced and covered."""
    made = scene(pieces=2)
    attach(Evidence.objects.earliest("pk"), NOTES)
    made.freeze()
    actions.recuse(
        case=made.case,
        reason="We are neighbours.",
        by=made.other_member,
        at=made.meeting.reference_at + timedelta(hours=1),
    )
    made.judge(made.chair)
    made.judge(made.member)
    made.open_meeting()
    made.open_judgements()
    made.decide()
    made.announce()
    record_what_was_made()
    covered(hours=1)
    return made


def gone_on(folder: Path) -> Taken:
    """A case taken out once its meeting and its committee went on after the checkpoint of its
    letter: members left, it was closed, a seat was given, another ended, and there is a next
    mandate."""
    made = announced()
    after = HELD + timedelta(hours=2)
    for user in (made.member, made.other_member):
        actions.mark_absent(meeting=made.meeting, person=user.person, by=user, at=after)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=after)
    actions.give_seat(
        committee=made.committee,
        email="next@example.org",
        name="Next",
        role=Membership.Role.MEMBER,
        by=made.coordinator,
        at=after,
    )
    seat = Membership.objects.get(committee=made.committee, person=made.other_member.pk)
    actions.end_seat(seat=seat, by=made.coordinator, at=after)
    give_mandate(made.committee, quorum=2, at=after)
    covered(days=1)
    return taken_out(made, folder)


def contradicted() -> Scene:
    """A case of which a member says, after the announcement was covered, that they were not
    there; the secretary holds that they were."""
    made = scene()
    made.freeze()
    made.judge(made.chair)
    made.judge(made.member)
    actions.mark_present(
        meeting=made.meeting, person=made.other_member.person, by=made.secretary, at=made.at
    )
    made.open_meeting()
    made.open_judgements()
    made.decide()
    made.announce()
    record_what_was_made()
    covered(hours=1)
    noted = Attendance.objects.get(meeting=made.meeting, person=made.other_member.pk)
    said = actions.contradict(attendance=noted, by=made.other_member, at=HELD + timedelta(hours=2))
    actions.answer_contradiction(
        contradiction=said,
        was_there=True,
        reason="I saw them sign.",
        by=made.secretary,
        at=HELD + timedelta(hours=3),
    )
    return made


Early = Callable[[], tuple[Scene, Checkpoint]]


def before_the_case() -> tuple[Scene, Checkpoint]:
    """A checkpoint under which nothing of the case is: only something else was recorded."""
    with transaction.atomic():
        append(f"thing:{uuid4()}", "thing.done", by=None, at=HELD - timedelta(days=91))
    checkpoint = covered(days=-90)
    made = scene()
    made.bring_to(Case.State.ANNOUNCED)
    record_what_was_made()
    return made, checkpoint


def before_the_freezing() -> tuple[Scene, Checkpoint]:
    made = scene()
    record_what_was_made()
    checkpoint = covered(days=-9)
    made.bring_to(Case.State.ANNOUNCED)
    return made, checkpoint


def before_the_judging() -> tuple[Scene, Checkpoint]:
    made = scene()
    made.freeze()
    record_what_was_made()
    checkpoint = covered(hours=-150)
    made.judge(made.chair)
    made.judge(made.member)
    made.open_meeting()
    made.open_judgements()
    made.decide()
    return made, checkpoint


TOO_EARLY = [(before_the_case, 3), (before_the_freezing, 2), (before_the_judging, 2)]


def covered(**since: int) -> Checkpoint:
    """Put a checkpoint over all, so long after the meeting."""
    checkpoint = make_checkpoint(at=HELD + timedelta(**since))
    assert checkpoint is not None
    return checkpoint


def download(made: Scene, by: Account, root: str = "") -> bytes:
    client = Client()
    client.force_login(by)
    answer = client.post(reverse("committees:case_export", args=[made.case.pk]), {"root": root})
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def root_of_letter(made: Scene) -> str:
    covering = first_after(made.case.chain, made.refreshed().standing.announcement.head)
    assert covering is not None
    return covering.root


def taken_out(made: Scene, folder: Path) -> Taken:
    path = folder / "case.zip"
    path.write_bytes(download(made, made.auditor))
    return Taken(made, path, root_of_letter(made))


# --- Altering it ----------------------------------------------------------------------------------

Told = dict[str, Any]


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass
class Forger:
    """Somebody with an archive and all the time in the world. `files` are its files by name and
    hash."""

    told: Told
    files: list[tuple[str, str]]

    def chain(self, kind: str) -> dict[str, Any]:
        return next(row for row in self.told["chains"] if row["key"].startswith(kind + ":"))

    def name(self, model: str, number: int = 0) -> str:
        rows = (name for chain in self.told["chains"] for name in chain["rows"])
        return [name for name in rows if name.partition(":")[0].endswith("." + model)][number]

    def home(self, name: str) -> dict[str, Any]:
        return next(chain for chain in self.told["chains"] if name in chain["rows"])

    def change(self, model: str, restate: bool = False, **values: Any) -> None:
        """Write these values over those of the first row of this kind."""
        name = self.name(model)
        rows = self.home(name)["rows"]
        called, salt, content = json.loads(rows[name])
        rows[name] = written([called, salt, content | values])
        if restate:
            self.restate(name)

    def content(self, model: str) -> Any:
        name = self.name(model)
        return json.loads(self.home(name)["rows"][name])[2]

    def remove(self, model: str) -> str:
        name = self.name(model)
        del self.home(name)["rows"][name]
        return name

    def place_of(self, verb: str) -> int:
        return [json.loads(text)["verb"] for text in self.chain("case")["events"]].index(verb)

    def restate(self, name: str, *, chained: bool = False) -> None:
        """Let the last event that states this row state it as it stands now."""
        chain = self.home(name)
        for place in reversed(range(len(chain["events"]))):
            event = json.loads(chain["events"][place])
            if name in event["statement"]["rows"]:
                event["statement"]["rows"][name] = digest(chain["rows"][name])
                chain["events"][place] = written(event)
                break
        if chained:
            self.rechain(chain)

    def event(self, place: int, **values: Any) -> None:
        texts = self.chain("case")["events"]
        texts[place] = written(json.loads(texts[place]) | values)

    def rechain(self, chain: dict[str, Any]) -> None:
        """Number the events anew, and let each stand upon the one before it."""
        before = json.loads(chain["events"][0])["previous"]
        for place, text in enumerate(chain["events"]):
            event = json.loads(text) | {"number": place + 1, "previous": before}
            chain["events"][place] = written(event)
            before = digest(chain["events"][place])

    def reprove(self, installation: str = "") -> None:
        """Make a tree of one's own over what stands there now."""
        proof = self.told["proofs"][-1]
        first = json.loads(proof["leaves"][0]["leaf"])
        first[1] = installation or first[1]
        heads = [
            [chain["key"], len(chain["events"]), digest(chain["events"][-1])]
            for chain in sorted(self.told["chains"], key=lambda chain: chain["key"])
        ]
        said = [first, *heads]
        tree = levels([leaf_hash(leaf) for leaf in said])
        proof["leaves"] = [
            {"leaf": written(leaf), "path": path_of(place, tree)} for place, leaf in enumerate(said)
        ]

    def item(self, kind: str, number: int = 0) -> dict[str, str]:
        named = [row for row in json.loads(self.told["manifest"])["items"] if row["kind"] == kind]
        wanted = named[number]["digest"]
        return next(item for item in self.told["items"] if item["digest"] == wanted)

    def reword(self, kind: str, old: str, new: str) -> dict[str, str]:
        item = self.item(kind)
        assert old in item["content"]
        item["content"] = item["content"].replace(old, new)
        return item

    def rehash(self, item: dict[str, str]) -> None:
        item["digest"] = sha256(bytes.fromhex(item["salt"]) + item["content"].encode()).hexdigest()


ALTERATIONS: dict[str, tuple[Callable[[Forger], object], str]] = {}


def alters(named: str) -> Callable[[Callable[[Forger], object]], Callable[[Forger], object]]:
    """Keep a way to alter an archive, under its name, and how the verifier names it."""

    def kept(alter: Callable[[Forger], object]) -> Callable[[Forger], object]:
        ALTERATIONS[alter.__name__] = (alter, named)
        return alter

    return kept


# --- Rows -----------------------------------------------------------------------------------------


@alters(r"the decision \(\w+\) is not as event \d+ \(decision.made")
def a_comma_in_the_motivation(forger: Forger) -> None:
    forger.change("decision", motivation="The set, shows it.")


@alters(r"event \d+ \(decision.made, .*\) was altered")
def a_comma_and_the_event_that_states_it(forger: Forger) -> None:
    forger.change("decision", restate=True, motivation="The set, shows it.")


@alters(r"event \d+ \(decision.announced, .*\) was altered")
def a_comma_and_all_events_since(forger: Forger) -> None:
    forger.change("decision", motivation="The set, shows it.")
    forger.restate(forger.name("decision"), chained=True)


@alters("nothing here leads to this root")
def a_comma_and_a_root_of_ones_own(forger: Forger) -> None:
    a_comma_and_all_events_since(forger)
    forger.reprove()


@alters(r"the decision \(\w+\) is not as")
def a_finding_turned_round(forger: Forger) -> None:
    findings = forger.content("decision")["findings"]
    for finding in findings.values():
        finding["outcome"] = "not_yet"
    forger.change("decision", findings=findings)


@alters(r"the decision \(\w+\) is not as")
def somebody_was_present(forger: Forger) -> None:
    panel = forger.content("decision")["panel"]
    for seat in panel["seats"]:
        seat["present"] = True
    forger.change("decision", panel=panel)


@alters(r"the decision \(\w+\) is not as")
def nobody_stood_aside(forger: Forger) -> None:
    panel = forger.content("decision")["panel"]
    assert any(seat["aside"] for seat in panel["seats"])
    for seat in panel["seats"]:
        seat["aside"] = ""
    forger.change("decision", panel=panel)


@alters(r"the decision \(\w+\) is not as")
def another_recorded_it(forger: Forger) -> None:
    forger.change("decision", by=forger.content("recusal")["person"])


@alters(r"a judgement \(\w+\) was removed; event \d+ \(judgement.written")
def a_judgement_removed(forger: Forger) -> None:
    forger.remove("judgement")


@alters(r"event \d+ is missing, or another stands in its place")
def a_judgement_removed_with_its_event(forger: Forger) -> None:
    forger.remove("judgement")
    del forger.chain("case")["events"][forger.place_of("judgement.written")]


@alters(r"the last 1 of \d+ events are missing")
def a_judgement_removed_and_all_numbered_anew(forger: Forger) -> None:
    a_judgement_removed_with_its_event(forger)
    forger.rechain(forger.chain("case"))


@alters(r"a judgement \(\w+\) is not as event \d+ \(judgement.written")
def a_view_given_to_somebody_who_stood_aside(forger: Forger) -> None:
    forger.change("judgement", person=forger.content("recusal")["person"])


@alters(r"a judgement \(\w+\) is not as")
def a_view_turned_round(forger: Forger) -> None:
    findings = forger.content("judgement")["findings"]
    forger.change("judgement", findings=dict.fromkeys(findings, "not_yet"))


@alters(r"a judgement \(ffffffff\) was put in")
def a_view_put_in(forger: Forger) -> None:
    name = forger.name("judgement")
    rows = forger.home(name)["rows"]
    other = name.partition(":")[0] + ":ffffffff-ffff-4fff-8fff-ffffffffffff"
    rows[other] = written([other, *json.loads(rows[name])[1:]])


@alters(r"a judgement \(\w+\) is not as")
def one_view_in_the_place_of_another(forger: Forger) -> None:
    one, other = forger.name("judgement"), forger.name("judgement", 1)
    rows = forger.home(one)["rows"]
    rows[one] = rows[other]


@alters(r"who stands aside \(\w+\) was removed")
def who_stood_aside_removed(forger: Forger) -> None:
    forger.remove("recusal")


@alters(r"who stands aside \(\w+\) is not as")
def another_ground_to_stand_aside(forger: Forger) -> None:
    forger.change("recusal", ground="own_case")


@alters(r"the announcement \(\w+\) is not as")
def more_days_to_object(forger: Forger) -> None:
    forger.change("announcement", last_day="2027-12-31")


@alters(r"the announcement \(\w+\) is not as")
def another_control_code(forger: Forger) -> None:
    forger.change("announcement", head="0" * 64)


@alters(r"the case \(\w+\) is not as")
def another_student(forger: Forger) -> None:
    forger.change("case", enrolment="ffffffff-ffff-4fff-8fff-ffffffffffff")


@alters("holds what it should not, or misses what it should: note")
def a_note_put_in(forger: Forger) -> None:
    forger.told["note"] = "Attained."


@alters("misses what it should: zone")
def no_zone(forger: Forger) -> None:
    del forger.told["zone"]


# --- The committee --------------------------------------------------------------------------------


@alters(r"the mandate \(\w+\) is not as")
def a_lower_quorum(forger: Forger) -> None:
    forger.change("mandate", quorum=1)


@alters(r"a seat \(\w+\) is not as")
def a_seat_with_a_vote(forger: Forger) -> None:
    forger.change("membership", role="member" if forger.content("membership")["role"] != "member"
                  else "chair")  # fmt: skip


@alters(r"who is present \(\w+\) was removed")
def who_was_present_removed(forger: Forger) -> None:
    forger.remove("attendance")


@alters(r"the meeting \(\w+\) is not as")
def an_earlier_reference_moment(forger: Forger) -> None:
    forger.change("meeting", reference_at="2026-01-01T00:00:00.000000+00:00")


@alters(r"the chain committee:[\w-]+ is missing")
def no_committee(forger: Forger) -> None:
    forger.told["chains"].remove(forger.chain("committee"))


# --- Events ---------------------------------------------------------------------------------------


@alters(r"event \d+ \(judgement.written, 2020-01-01T00:00.*\) was altered")
def a_judgement_written_earlier(forger: Forger) -> None:
    place = forger.place_of("judgement.written")
    forger.event(place, recorded_at="2020-01-01T00:00:00.000000+00:00")


@alters(r"event \d+ \(decision.made, .*\) was altered")
def an_event_by_somebody_else(forger: Forger) -> None:
    forger.event(forger.place_of("decision.made"), by=forger.content("recusal")["person"])


@alters(r"event \d+ is missing, or another stands in its place")
def two_events_in_another_order(forger: Forger) -> None:
    texts = forger.chain("case")["events"]
    texts[2], texts[3] = texts[3], texts[2]


@alters(r"the last 1 of \d+ events are missing")
def the_announcement_never_was(forger: Forger) -> None:
    forger.remove("announcement")
    forger.chain("case")["events"].pop()


@alters(r"event \d+ \(decision.superseded.*\) is later than this checkpoint")
def a_decision_that_comes_later(forger: Forger) -> None:
    chain = forger.chain("case")
    event = json.loads(chain["events"][-1])
    told = event | {"verb": "decision.superseded", "statement": {"rows": {}}, "number": 0}
    chain["events"].append(written(told))
    forger.rechain(chain)


@alters("the chain case:ffffffff-[f-]* is of another case")
def a_chain_of_another_case(forger: Forger) -> None:
    other = json.loads(json.dumps(forger.chain("case")))
    forger.told["chains"].append(other | {"key": "case:ffffffff-ffff", "rows": {}})


@alters("its first event was altered, or is of another installation")
def a_beginning_of_another_installation(forger: Forger) -> None:
    forger.event(0, previous=digest(written(["chains of", "elsewhere"])))


# --- The root -------------------------------------------------------------------------------------


@alters("nothing here leads to this root")
def another_installation(forger: Forger) -> None:
    forger.reprove("elsewhere")


@alters("nothing here leads to this root")
def a_step_of_the_path(forger: Forger) -> None:
    for proof in forger.told["proofs"]:
        side, beside = proof["leaves"][1]["path"][0]
        proof["leaves"][1]["path"][0] = [side, beside[::-1]]


@alters("nothing under this root says how it was")
def a_head_left_out(forger: Forger) -> None:
    key = forger.chain("case")["key"]
    for proof in forger.told["proofs"]:
        kept = (leaf for leaf in proof["leaves"] if json.loads(leaf["leaf"])[0] != key)
        proof["leaves"] = list(kept)


@alters("the first leaf under this root is not that of a checkpoint")
def no_first_leaf(forger: Forger) -> None:
    for proof in forger.told["proofs"]:
        proof["leaves"].pop(0)


# --- The set --------------------------------------------------------------------------------------


@alters(r"item \d+ of the set \(feedback\) was altered")
def a_word_of_a_giver(forger: Forger) -> None:
    forger.reword("feedback", "Works with care.", "Works without care.")


@alters(r"an item was put into the set")
def a_word_of_a_giver_with_its_hash(forger: Forger) -> None:
    forger.rehash(forger.reword("feedback", "Works with care.", "Works without care."))


@alters("the manifest is not the one that was recorded as the frozen set")
def a_word_of_a_giver_with_the_manifest(forger: Forger) -> None:
    item = forger.reword("feedback", "Works with care.", "Works without care.")
    before = item["digest"]
    forger.rehash(item)
    forger.told["manifest"] = forger.told["manifest"].replace(before, item["digest"])


@alters(r"the frozen set \(\w+\) is not as event \d+ \(set.frozen")
def a_word_of_a_giver_with_the_snapshot(forger: Forger) -> None:
    a_word_of_a_giver_with_the_manifest(forger)
    forger.change("snapshot", digest=digest(forger.told["manifest"]))


@alters(r"item \d+ of the set \(feedback\) was removed")
def a_feedback_removed(forger: Forger) -> None:
    forger.told["items"].remove(forger.item("feedback"))


@alters(r"item \d+ of the set \(feedback\) is empty, and no erasure was recorded")
def a_feedback_as_if_it_were_erased(forger: Forger) -> None:
    item = forger.item("feedback")
    del item["content"], item["salt"]


@alters(r"an erasure \(\w+\) was put in")
def a_feedback_with_an_erasure_of_ones_own(forger: Forger) -> None:
    a_feedback_as_if_it_were_erased(forger)
    name = "records.erasure:ffffffff-ffff-4fff-8fff-ffffffffffff"
    content = {"digest": forger.item("feedback")["digest"], "columns": ["content", "salt"]}
    forger.chain("case")["rows"][name] = written([name, "0" * 32, content])


@alters("an item stands in the set twice")
def a_feedback_twice(forger: Forger) -> None:
    forger.told["items"].append(dict(forger.item("feedback")))


@alters(r"item \d+ of the set \(member\) was altered")
def another_name_of_a_member(forger: Forger) -> None:
    item = forger.item("member")
    item["content"] = written(json.loads(item["content"]) | {"name": "Somebody Else"})


@alters(r"item \d+ of the set \(terms\) was altered")
def other_house_rules(forger: Forger) -> None:
    forger.reword("terms", '"givers_may_judge":true', '"givers_may_judge":false')


# --- Somewhere else -------------------------------------------------------------------------------


def said_later(forger: Forger, kind: str, rows: dict[str, str]) -> None:
    """Let an event of ones own, at the end of this chain, state these rows."""
    chain = forger.chain(kind)
    last = json.loads(chain["events"][-1])
    statement = {"rows": {name: digest(text) for name, text in rows.items()}}
    told = {"verb": "seat.ended", "number": last["number"] + 1, "statement": statement}
    chain["events"].append(written(last | told | {"previous": digest(chain["events"][-1])}))
    chain["rows"] |= rows


@alters(r"the decision \(ffffffff\) has no place on committee:")
def a_decision_on_the_chain_of_the_committee(forger: Forger) -> None:
    own = forger.chain("case")["rows"]
    _name, salt, decision = json.loads(own[forger.name("decision")])
    case, other, said = json.loads(own[forger.name("case")])
    name = "committees.decision:ffffffff-ffff-4fff-8fff-ffffffffffff"
    rows = {
        name: written([name, salt, decision | {"motivation": "Forged."}]),
        case: written([case, other, said | {"decision": name.partition(":")[2]}]),
    }
    said_later(forger, "committee", rows)
    forger.told["chains"].insert(0, forger.told["chains"].pop(2))


@alters(r"the mandate \(\w+\) was stated otherwise by event \d+ \(seat.ended, ")
def a_mandate_stated_anew(forger: Forger) -> None:
    name = forger.name("mandate")
    _name, salt, mandate = json.loads(forger.chain("committee")["rows"][name])
    said_later(forger, "committee", {name: written([name, salt, mandate | {"quorum": 1}])})


ANEW = r" \(\w+\) was stated otherwise by event \d+ \(seat.ended, .*nothing but an erasure"


def stated_anew(forger: Forger, model: str, erased: Told | None = None, **values: Any) -> None:
    """Let a later event of the case state other words of a row; and an erasure, with these values,
    which would explain that."""
    name = forger.name(model)
    _name, salt, content = json.loads(forger.chain("case")["rows"][name])
    rows = {name: written([name, salt, content | values])}
    if erased is not None:
        rows |= an_erasure(name=name, **erased)
    said_later(forger, "case", rows)


def an_erasure(**values: Any) -> dict[str, str]:
    name = "records.erasure:ffffffff-ffff-4fff-8fff-ffffffffffff"
    told = {"name": "", "columns": [], "digest": "", "ground": "Asked."} | values
    return {name: written([name, "0" * 32, told])}


@alters("the decision" + ANEW)
def a_decision_stated_anew(forger: Forger) -> None:
    stated_anew(forger, "decision", motivation="Forged.")


@alters("the decision" + ANEW)
def a_panel_stated_anew(forger: Forger) -> None:
    panel = forger.content("decision")["panel"]
    for seat in panel["seats"]:
        seat |= {"aside": "", "present": True}
    stated_anew(forger, "decision", panel=panel)


@alters("the decision" + ANEW)
def a_finding_stated_anew(forger: Forger) -> None:
    findings = forger.content("decision")["findings"]
    for finding in findings.values():
        finding["outcome"] = "not_yet"
    stated_anew(forger, "decision", findings=findings)


@alters("a judgement" + ANEW)
def a_judgement_stated_anew(forger: Forger) -> None:
    stated_anew(forger, "judgement", person=forger.content("recusal")["person"])


@alters("the frozen set" + ANEW)
def a_frozen_set_stated_anew(forger: Forger) -> None:
    forger.told["manifest"] += " "
    stated_anew(forger, "snapshot", digest=digest(forger.told["manifest"]))


@alters("who stands aside" + ANEW)
def an_erasure_that_leaves_other_words(forger: Forger) -> None:
    stated_anew(forger, "recusal", {"columns": ["reason"]}, reason="None.")


@alters("who stands aside" + ANEW)
def an_erasure_of_no_column(forger: Forger) -> None:
    stated_anew(forger, "recusal", {"columns": []}, reason="")


@alters("the decision" + ANEW)
def an_erasure_of_what_is_never_erased(forger: Forger) -> None:
    stated_anew(forger, "decision", {"columns": ["panel"]}, panel="")


@alters("a judgement" + ANEW)
def an_erasure_of_another_row(forger: Forger) -> None:
    other = forger.name("judgement", 1)
    erased = {"columns": ["motivation"], "name": other}
    name = forger.name("judgement")
    _name, salt, content = json.loads(forger.chain("case")["rows"][name])
    rows = {name: written([name, salt, content | {"motivation": ""}])}
    said_later(forger, "case", rows | an_erasure(**erased))


@alters("the decision" + ANEW)
def an_erasure_in_a_step_of_its_own(forger: Forger) -> None:
    stated_anew(forger, "decision", motivation="")
    name = forger.name("decision")
    said_later(forger, "case", an_erasure(name=name, columns=["motivation"]))


@alters(r"item \d+ of the set \(feedback\) is empty, and no erasure was recorded")
def an_item_erased_on_the_chain_of_the_committee(forger: Forger) -> None:
    a_feedback_as_if_it_were_erased(forger)
    said_later(forger, "committee", an_erasure(digest=forger.item("feedback")["digest"]))


@alters(r"item \d+ of the set \(feedback\) is empty, and no erasure was recorded")
def an_item_erased_on_the_chain_of_the_meeting(forger: Forger) -> None:
    a_feedback_as_if_it_were_erased(forger)
    said_later(forger, "meeting", an_erasure(digest=forger.item("feedback")["digest"]))


@alters(r"meeting:[\w-]+: nothing under this root says how it was")
def a_head_of_the_meeting_left_out(forger: Forger) -> None:
    key = forger.chain("meeting")["key"]
    for proof in forger.told["proofs"]:
        kept = (leaf for leaf in proof["leaves"] if json.loads(leaf["leaf"])[0] != key)
        proof["leaves"] = list(kept)


@alters(r"who is present \(\w+\) is as event \d+ \(seat.ended, .* states it")
def a_member_who_left_before_the_decision(forger: Forger) -> None:
    name = forger.name("attendance")
    _name, salt, attendance = json.loads(forger.chain("meeting")["rows"][name])
    ended = attendance | {"ended_at": "2026-01-01T00:00:00.000000+00:00"}
    said_later(forger, "meeting", {name: written([name, salt, ended])})


@alters(r"a member's word that they were not there \(ffffffff\) is as event")
def a_word_of_a_member_put_after(forger: Forger) -> None:
    name = "committees.contradiction:ffffffff-ffff-4fff-8fff-ffffffffffff"
    attendance = forger.name("attendance").partition(":")[2]
    said_later(forger, "meeting", {name: written([name, "0", {"attendance": attendance}])})


@alters(r"a seat \(\w+\) is not as event \d+ \(seat.ended, .* states it")
def a_seat_that_its_later_event_does_not_state(forger: Forger) -> None:
    name = forger.name("membership")
    rows = forger.chain("committee")["rows"]
    said_later(forger, "committee", {name: rows[name]})
    forger.change("membership", role="other")


@alters("case:.*: this chain stands here twice")
def a_chain_twice(forger: Forger) -> None:
    forger.told["chains"].append(forger.chain("case"))


# --- Files ----------------------------------------------------------------------------------------


@alters(r"the file notes\.txt \(\w+\) is missing, or was altered")
def a_file_altered(forger: Forger) -> None:
    name, _digest = forger.files[0]
    forger.files[0] = (name, digest("something else"))


@alters(r"the file notes\.txt \(\w+\) is missing, or was altered")
def a_file_removed(forger: Forger) -> None:
    forger.files.clear()


@alters(r"no piece of the set shows what is in files/\w+ plan\.txt, under that name")
def a_file_under_the_name_of_another(forger: Forger) -> None:
    name, held = forger.files[0]
    forger.files[0] = (name.replace("notes.txt", "plan.txt"), held)


@alters(r"no piece of the set shows what is in decision\.pdf")
def something_beside_it(forger: Forger) -> None:
    forger.files.append(("decision.pdf", digest("something else")))


@alters(r"no piece of the set shows what is in __MACOSX/decision\.pdf")
def something_where_an_operating_system_puts_other_things(forger: Forger) -> None:
    forger.files.append(("__MACOSX/decision.pdf", digest("something else")))


@alters(r"no piece of the set shows what is in files/extra\.txt")
def a_file_put_in(forger: Forger) -> None:
    forger.files.append(("files/extra.txt", digest("something else")))


def altered(told: Told, files: list[tuple[str, str]]) -> Iterator[tuple[str, Forger, str]]:
    """Each of them by itself: its name, what came of the archive, and how it is named."""
    for name, (alter, named) in ALTERATIONS.items():
        forger = Forger(json.loads(json.dumps(told)), list(files))
        alter(forger)
        yield name, forger, named
