"""Compares what people were told with what is there. Knows nothing of the application but its
tables and its files: it reads the journal, the database, the folder of the files and the mails that
came in."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from tools.fault_day.journal import read

# Of each kind of act how often it is there; %s is its key.
COUNTS: dict[str, LiteralString] = {
    "piece": "SELECT count(*) FROM evidence_revision WHERE title = %s",
    "question": "SELECT count(*) FROM evidence_feedbackrequest WHERE asked_as = %s",
    "answer": "SELECT count(*) FROM evidence_remark WHERE text = %s",
    "check-in": "SELECT count(*) FROM portfolio_checkin WHERE summary = %s",
    "judgement": "SELECT count(*) FROM committees_judgement WHERE motivation = %s",
    "decision": "SELECT count(*) FROM committees_decision WHERE motivation = %s",
    "meeting": "SELECT count(*) FROM committees_meeting WHERE place = %s",
    "opening": "SELECT count(*) FROM committees_meeting WHERE id = %s AND opened_at IS NOT NULL",
    "closing": "SELECT count(*) FROM committees_meeting WHERE id = %s AND closed_at IS NOT NULL",
    "unsealing": "SELECT count(*) FROM committees_case WHERE id = %s AND opened_at IS NOT NULL",
    "announcement": """
        SELECT count(*) FROM committees_announcement JOIN committees_decision ON decision_id =
        committees_decision.id WHERE case_id = %s
    """,
    "presence": """
        SELECT count(*) FROM committees_attendance JOIN people_address USING (person_id)
        WHERE meeting_id || ' ' || address = %s AND committees_attendance.ended_at IS NULL
    """,
}
# Of each kind the mail that it causes: its template, and the row that it is about.
MAILS: dict[str, tuple[str, LiteralString]] = {
    "question": (
        "evidence/request",
        "SELECT id FROM evidence_feedbackrequest WHERE asked_as = %s",
    ),
    "answer": ("evidence/given", "SELECT feedback_id FROM evidence_remark WHERE text = %s"),
    "check-in": ("portfolio/check_in", "SELECT id FROM portfolio_checkin WHERE summary = %s"),
    "announcement": ("committees/decision", "SELECT %s::uuid"),
}
FILES: LiteralString = """
    SELECT file.id, file.digest FROM evidence_revision revision
    JOIN evidence_attachment attachment ON attachment.revision_id = revision.id
    JOIN files_storedfile file ON file.id = attachment.file_id WHERE title = %s
"""
LINES: LiteralString = """
    SELECT requirement_id::text FROM evidence_requirementlink link
    JOIN evidence_revision revision USING (evidence_id) WHERE title = %s AND link.ended_at IS NULL
"""
# What excuses a 503, and what can kill who sends a mail.
NOT_THERE = ("database killed", "database restarted", "disk full")
GRACE = 3.0  # seconds after which a connection that broke is made anew
LEASE = 300  # seconds: a clock that is put forward by more ends what a sender holds, as a kill does
SENDS = ("worker", "worker child", "beat", *NOT_THERE)


@dataclass
class Found:
    wrong: list[str] = field(default_factory=list)
    summary: list[str] = field(default_factory=list)


def check(folder: Path, database_url: str, files: Path) -> Found:
    lines = defaultdict(list)
    for line in read(folder / "journal"):
        lines[line["what"]].append(line)
    found = Found()
    with psycopg.connect(database_url, autocommit=True) as database:
        found.wrong += [
            *acts(database, lines["tries"], lines["told"], files),
            *answers(lines["request"], lines["outage"]),
            *mails(database, folder / "mails", lines),
            *others(database, lines),
        ]
    found.summary = summary(lines)
    return found


# --- Acts -----------------------------------------------------------------------------------------


def acts(database: Any, tries: list[Any], told: list[Any], files: Path) -> Iterator[str]:
    """What was said to be done is there, once; what was only tried is there once at most."""
    done = {(line["kind"], line["key"]): line for line in told}
    for kind, key in dict.fromkeys((line["kind"], line["key"]) for line in tries):
        line = done.get((kind, key))
        if kind in COUNTS:
            [count] = database.execute(COUNTS[kind], [key]).fetchone()
            if line and not count:
                yield f"lost: {kind} {key!r}, {line['how']}"
            if count > 1:
                yield f"doubled: {kind} {key!r} is there {count} times"
        if line and kind == "piece":
            yield from _bytes_of(database, key, line["digests"], files)
        if line and kind == "lines":
            laid = {row for [row] in database.execute(LINES, [key])}
            if laid != set(line["lines"]):
                yield f"lost: {key!r} is laid against {len(laid)} lines, not {len(line['lines'])}"


def _bytes_of(database: Any, title: str, digests: list[str], files: Path) -> Iterator[str]:
    rows = database.execute(FILES, [title]).fetchall()
    if sorted(digest for _id, digest in rows) != sorted(digests):
        yield f"lost: {title!r} has {len(rows)} files, not the {len(digests)} that were sent"
    for key, digest in rows:
        path = files / UUID(str(key)).hex[:2] / str(key)
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"lost: the bytes of a file of {title!r}"


# --- Answers --------------------------------------------------------------------------------------


def answers(requests: list[Any], outages: list[Any]) -> Iterator[str]:
    """No fault is answered but 503 while what everything stands on is away."""
    away = [(each["began"], each["at"] + GRACE) for each in outages if each["kind"] in NOT_THERE]
    for line in requests:
        if line["status"] < 500:
            continue
        began, ended = line["at"] - line["took"], line["at"]
        is_excused = any(since <= ended and began <= until for since, until in away)
        if line["status"] != 503 or not is_excused:
            yield f"{line['status']} at {line['method']} {line['path']}, {line['at']:.1f}"


# --- Mails ----------------------------------------------------------------------------------------


def mails(database: Any, folder: Path, lines: dict[str, list[Any]]) -> Iterator[str]:
    """Each mail that is sent came in, each that came in was sent; each act has its mail; and a mail
    came twice only where who sent it was killed, once for each kill."""
    received = defaultdict(list)
    for line, path in zip(lines["mail"], sorted(folder.glob("*.eml")), strict=True):
        message = message_from_bytes(path.read_bytes(), EmailMessage, policy=policy.default)
        if message["Message-ID"] != line["id"]:
            yield f"{path.name} is not the mail that came in"
        received[line["id"].strip("<>").partition("@")[0]].append(line["at"])
    rows = {
        str(key): (template, about, state)
        for key, template, about, state in database.execute(
            "SELECT id, template, about, state FROM post_outboxmail"
        )
    }
    for key, (template, _about, state) in rows.items():
        if state not in ("sent", "cancelled"):
            yield f"lost: mail {key} ({template}) is {state}"
        elif state == "sent" and key not in received:
            yield f"lost: mail {key} ({template}) is said to be sent, and did not come in"
    for key in received.keys() - rows.keys():
        yield f"mail {key} came in, and nobody knows of it"
    queued = Counter((template, str(about)) for template, about, _state in rows.values())
    for line in lines["told"]:
        if line["kind"] in MAILS:
            template, of = MAILS[line["kind"]]
            for [about] in database.execute(of, [line["key"]]):
                if queued[template, str(about)] != 1:
                    count = queued[template, str(about)]
                    yield f"{line['kind']} {line['key']!r} has {count} mails {template}"
    kills = [line["at"] for line in lines["kill"] if line["kind"] in SENDS]
    kills += [line["began"] for line in lines["outage"] if line["kind"] in NOT_THERE]
    kills += [line["at"] for line in lines["clock"] if line["by"] > LEASE]
    twice = [pair for times in received.values() for pair in pairwise(times)]
    if left := unexplained(twice, kills):
        yield f"doubled: {left} mails came twice where nobody was killed"


def unexplained(twice: Iterable[tuple[float, float]], kills: Iterable[float]) -> int:
    """Count the pairs of moments at which the same mail came in between which no kill can be found,
    where each kill explains one pair."""
    waiting, left = sorted(kills), 0
    for first, second in sorted(twice, key=lambda pair: pair[1]):
        between = [moment for moment in waiting if first - 5 <= moment <= second]
        if between:
            waiting.remove(between[0])
        else:
            left += 1
    return left


# --- The rest -------------------------------------------------------------------------------------


def others(database: Any, lines: dict[str, list[Any]]) -> Iterator[str]:
    for line in lines["unexpected"]:
        yield f"{line['status']} for {line['by']} at {line['path']}: unexpected/{line['page']}"
    for what in ("gave up", "fault of the day", "verification"):
        for line in lines[what]:
            yield f"{what}: {line.get('path') or line.get('words')}"
    [waiting] = database.execute(
        "SELECT count(*) FROM files_storedfile WHERE preparation IN ('waiting', 'in_hand')"
    ).fetchone()
    if waiting:
        yield f"{waiting} files still wait to be prepared"


def summary(lines: dict[str, list[Any]]) -> list[str]:
    requests, told = lines["request"], lines["told"]
    by_kind = Counter(line["kind"] for line in told)
    began = {(line["kind"], line["key"]): line["at"] for line in reversed(lines["tries"])}
    pauses = [line["at"] - began[line["kind"], line["key"]] for line in told]
    kills, outages = (Counter(line["kind"] for line in lines[what]) for what in ("kill", "outage"))
    ids = Counter(line["id"] for line in lines["mail"])
    statuses = Counter(line["status"] for line in requests)
    longest = max((line["took"] for line in requests if line["status"]), default=0)
    steps = [f"{line['by']:+.0f} s" for line in lines["clock"]]
    return [
        f"{len(requests)} requests: {statuses[0]} without an answer, {statuses[503]} times 503",
        f"{len(told)} acts acknowledged: {_counted(by_kind)}",
        f"{sum(kills.values())} kills: {_counted(kills)}",
        f"{sum(outages.values())} outages: {_counted(outages)}",
        f"{len(ids)} mails, {sum(ids.values()) - len(ids)} of them twice",
        f"clock: {', '.join(steps) or 'not stepped'}",
        f"longest answer {longest:.1f} s, from trying to knowing {max(pauses, default=0):.1f} s",
    ]


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
