"""Who holds a letter checks it by its code: they read what it says in short, and no more."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from committees.forms import LetterForm
from committees.models import Announcement, Case, Outcome
from people.actions import erase_person
from people.models import Attempt, Person
from people.signing_in import AT_AN_ADDRESS, WRONG_CODES
from records.checkpoints import make_checkpoint
from records.models import Checkpoint
from tests.committees.factories import Scene, found_in, scene
from tests.factories import UnitPartFactory, WorkProcessFactory
from tests.triggers import lifted

pytestmark = pytest.mark.django_db

CHECK = "/letters/"
MOST = WRONG_CODES[0].often
WRONG = (
    "No letter bears this code: look whether you typed it as it stands on the letter. If it stays "
    f"wrong, call {settings.INSTITUTION}: the letter may not be real."
)

Queries = Callable[[int], AbstractContextManager[object]]


def announced(*outcomes: str) -> Scene:
    made = scene(state=Case.State.OPENED)
    made.decide(*(outcomes or (Outcome.ATTAINED,)))
    made.announce()
    return made


def code_of(made: Scene) -> str:
    return made.refreshed().standing.announcement.code


def check(code: str, client: Client | None = None, language: str = "en") -> HttpResponse:
    client = client or Client()
    return client.post(CHECK, {"code": code}, headers={"accept-language": language})


def text_of(answer: HttpResponse) -> str:
    """The words on the page itself, without its frame."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub("<[^>]+>", " ", main.partition(">")[2]).split())


def letter_of(made: Scene) -> str:
    Person.objects.filter(pk=made.student.pk).update(language="en")
    client = Client()
    client.force_login(made.student)
    return client.get(reverse("committees:letter", args=[made.case.pk])).content.decode()


# --- The letter -----------------------------------------------------------------------------------


def test_the_letter_bears_a_code_to_type_and_where_to_type_it() -> None:
    made = announced()
    announcement = made.refreshed().standing.announcement

    letter = letter_of(made)

    [typed] = re.findall(r'class="letter-code large">([^<]+)<', letter)
    assert re.fullmatch(r"([0-9a-f]{4} ){4}[0-9a-f]{4}", typed)
    assert announcement.head.startswith(typed.replace(" ", ""))
    assert f"{settings.BASE_URL}{CHECK}" in letter
    assert announcement.head in letter
    assert check(typed).status_code == 200


def test_there_is_no_code_before_the_announcement() -> None:
    made = scene(state=Case.State.DECIDED)
    client = Client()
    client.force_login(made.chair)

    page = client.get(reverse("committees:letter_preview", args=[made.case.pk])).content.decode()

    assert "letter-code" not in page
    assert CHECK not in page


def test_a_code_is_the_beginning_of_its_head() -> None:
    announced()

    with lifted(), pytest.raises(IntegrityError), transaction.atomic():
        Announcement.objects.update(code="0" * 20)


# --- Right ----------------------------------------------------------------------------------------


def test_a_right_code_says_what_the_letter_says_in_short() -> None:
    made = announced()
    case = made.refreshed()

    answer = check(code_of(made))

    assert answer.status_code == 200
    for words in (
        settings.INSTITUTION,
        made.student.name,
        str(made.programme),
        made.programme.qualification.title,
        made.unit.title,
        made.committee.name,
        "Decided 9 November 2026",
        "Announced 9 November 2026",
        case.unit.parts.get().target.title,
        "attained",
        "This decision stands.",
    ):
        assert words in text_of(answer), words


def test_each_part_has_its_own_finding() -> None:
    made = scene()
    other = WorkProcessFactory(
        core_task__qualification=made.programme.qualification, title="Presents the result"
    )
    UnitPartFactory(unit=made.unit, work_process=other)
    made.bring_to(Case.State.OPENED)
    found = found_in(made.case, Outcome.ATTAINED, Outcome.NOT_YET)
    made.decide(*(each.outcome for each in found.values()))
    made.announce()

    answer = check(code_of(made))

    said = re.findall(r'row">([^<]+)</th>.*?<b>([^<]+)</b>', answer.content.decode(), re.DOTALL)
    titles = [str(row.part) for row in made.refreshed().standing.findings.all()]
    assert said == list(zip(titles, ["attained", "not yet attained"], strict=True))


def test_it_says_nothing_else() -> None:
    made = announced(Outcome.NOT_YET)
    case = made.refreshed()
    decision = case.standing
    hidden = [
        decision.motivation,
        decision.findings.get().to_show,
        *(row.motivation for row in case.judgements.all()),
        made.student.person.evidence.get().current.title,  # type: ignore[union-attr]  # it has one
        made.chair.name,
        made.committee.mandate.text,
        decision.announcement.head,
        *(str(row.pk) for row in (case, decision, made.student, made.unit, made.committee)),
        str(decision.announcement.pk),
    ]
    letter = letter_of(made)
    assert {decision.motivation, "Show it to a client.", decision.announcement.head} <= {
        each for each in hidden if each in letter
    }

    page = check(code_of(made)).content.decode()

    assert [words for words in hidden if not words or words in page] == []
    inside = re.findall(r'href="([^"#]*)"', page.partition("<main")[2].partition("</main>")[0])
    assert inside == [CHECK]


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code.upper(),
        lambda code: "-".join(code[n : n + 4] for n in range(0, 20, 4)),
        lambda code: f"  {code[:4]}  {code[4:8]}\t{code[8:]} .",
        lambda code: code.replace("0", "O").replace("1", "l"),
        lambda code: code.replace("0", "o").replace("1", "I"),
    ],
)
def test_a_code_can_be_typed_in_many_ways(typed: Callable[[str], str]) -> None:
    made = announced()

    assert check(typed(code_of(made))).status_code == 200


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["This is what the letter says", "This decision stands.", "not yet attained"]),
        ("nl", ["Dit staat in de brief", "Deze beslissing geldt.", "nog niet behaald"]),
    ],
)
def test_it_speaks_the_language_of_the_browser(language: str, words: list[str]) -> None:
    made = announced(Outcome.NOT_YET)

    said = text_of(check(code_of(made), language=language))

    assert [each for each in words if each not in said] == []


def test_who_was_erased_has_no_name_there() -> None:
    made = announced()
    name, code = made.student.name, code_of(made)
    erase_person(person=made.student.person, ground="Asked for it.", by=None)

    said = text_of(check(code))

    assert "(name removed)" in said
    assert name not in said
    assert "This decision stands." in said


def test_a_letter_that_was_replaced_says_so_and_the_newer_one_stands() -> None:
    made = announced(Outcome.NOT_YET)
    first = code_of(made)
    made.supersede()
    second = code_of(made)
    made.supersede("not_yet", reason="The first was right.")

    earlier, between, newest = (text_of(check(each)) for each in (first, second, code_of(made)))

    for said in (earlier, between):
        assert "This decision stands no longer" in said
        assert "A decision of 11 November 2026 took its place." in said
        assert "This decision stands." not in said
    assert "This decision stands." in newest
    assert "not yet attained" in earlier
    assert "not yet attained" not in between
    for reason in ("The wrong box was ticked.", "The first was right."):
        assert reason not in earlier + between + newest


# --- Wrong ----------------------------------------------------------------------------------------


def another(figure: str) -> str:
    return "0" if figure != "0" else "1"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda code: another(code[0]) + code[1:],
        lambda code: code[:-1] + another(code[-1]),
        lambda code: code[:-1],
        lambda code: code + "0",
        lambda code: code[::-1],
        lambda code: "0" * 20,
        lambda code: "Where is my letter?",
        lambda code: "%" + code[1:],
        lambda code: "²" * 20,
    ],
)
def test_a_wrong_code_is_wrong_however_near(wrong: Callable[[str], str]) -> None:
    made = announced()

    answer = check(wrong(code_of(made)))

    assert answer.status_code == 422
    assert answer.context["form"].errors == {"code": [WRONG]}
    assert made.student.name not in answer.content.decode()


def test_what_was_only_decided_or_put_off_has_no_code() -> None:
    for state in (Case.State.DECIDED, Case.State.DEFERRED):
        made = scene(state=state)
        with connection.cursor() as cursor:
            cursor.execute("SELECT digest FROM records_event")
            digests = [row[0] for row in cursor.fetchall()]

        assert digests
        assert not any(Announcement.objects.filter(code=each[:20]).exists() for each in digests)
        assert check(digests[-1][:20]).status_code == 422
        assert made.refreshed().state == state
        Attempt.objects.all().delete()


def test_nothing_filled_in_is_no_guess() -> None:
    answer = check("  ")

    assert (answer.status_code, Attempt.objects.count()) == (422, 0)


def browser(**extra: str) -> Client:
    """One that has the cookie against forgery, as each that was on the page."""
    client = Client(**extra)
    client.get(CHECK)
    return client


def test_guesses_in_a_browser_are_limited_and_a_right_code_waits_too() -> None:
    """As the page says: the same was tried many times."""
    made, client, neighbour = announced(), browser(), browser()
    for _number in range(MOST):
        assert check("0" * 20, client).status_code == 422

    answers = [check(code, client).status_code for code in ("1" * 20, code_of(made))]

    assert answers == [429, 429]
    assert check("1" * 20, neighbour).status_code == 422
    assert check(code_of(made), neighbour).status_code == 200
    ago = timezone.now() - WRONG_CODES[0].within - timedelta(seconds=1)
    Attempt.objects.update(recorded_at=ago)
    assert check(code_of(made), client).status_code == 200


def test_guesses_at_an_address_are_limited_and_a_right_code_waits_too() -> None:
    """However many browsers they come from, or none; who is elsewhere is not kept from it."""
    made = announced()
    check("0" * 20)
    [row] = Attempt.objects.all()
    others = range(1, AT_AN_ADDRESS[0].often)
    Attempt.objects.bulk_create(
        Attempt(key=row.key, recorded_at=row.recorded_at) for _each in others
    )

    assert [check("1" * 20, one).status_code for one in (Client(), browser())] == [429, 429]
    assert check(code_of(made), browser()).status_code == 429
    assert check(code_of(made), browser(REMOTE_ADDR="192.0.2.7")).status_code == 200
    assert check("1" * 20, browser(REMOTE_ADDR="192.0.2.7")).status_code == 422


def test_a_right_code_counts_for_nothing() -> None:
    made, client = announced(), browser()

    answers = [check(code_of(made), client).status_code for _number in range(MOST + 1)]

    assert ({*answers}, Attempt.objects.count()) == ({200}, 0)


def test_who_types_what_is_for_auditors_is_helped() -> None:
    made = announced()
    head = made.refreshed().standing.announcement.head
    root = "3" * 64

    control_code, checkpoint = check(head), check(root)

    assert "This is what the letter says" in text_of(control_code)
    assert checkpoint.status_code == 422
    assert "which are for auditors" in text_of(checkpoint)
    assert "five groups of four" in text_of(checkpoint)
    assert check(head[:-1] + another(head[-1])).status_code == 422


def test_the_code_is_the_last_of_the_letter() -> None:
    made = announced()
    make_checkpoint()
    announcement = made.refreshed().standing.announcement

    letter = letter_of(made)

    auditors, code = letter.index("For auditors"), letter.index(announcement.typed_code)
    root = letter.index(Checkpoint.objects.get().root)
    assert auditors < root < letter.index(announcement.head) < code
    assert not re.search("[0-9a-f]{8}", letter[code + 30 :].partition("</article>")[0])


# --- The page -------------------------------------------------------------------------------------


def test_a_code_is_not_read_from_an_address(client: Client) -> None:
    made = announced()

    page = client.get(CHECK, {"code": code_of(made)})

    assert page.context["letter"] is None
    assert page.context["form"]["code"].value() is None
    assert made.student.name not in page.content.decode()


def test_nobody_keeps_the_page_finds_it_or_is_told_of_it(client: Client) -> None:
    made = announced()

    for answer in (client.get(CHECK), check(code_of(made), client), check("0" * 20, client)):
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "same-origin"
        assert '<meta name="robots" content="noindex, nofollow">' in answer.content.decode()


@pytest.mark.any_database
@pytest.mark.parametrize("parts", [1, 3])
def test_a_code_is_looked_up_in_few_queries(django_assert_num_queries: Queries, parts: int) -> None:
    made = scene(parts=parts).bring_to(Case.State.ANNOUNCED)
    client, code = browser(), code_of(made)

    with django_assert_num_queries(2 + 3):
        right = check(code, client)
    locks = 2 if connection.vendor == "postgresql" else 0
    with django_assert_num_queries(2 + 1 + 5 + locks):  # and the guess is counted
        wrong = check("0" * 20, client)

    assert (right.status_code, wrong.status_code) == (200, 422)
    assert right.content.decode().count('<td class="finding">') == parts


def test_a_code_is_found_by_its_index() -> None:
    announced()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Announcement.objects.filter(code="0" * 20).explain()

    assert re.search(r"(?is)index .*\(+code\W", plan)


def test_the_form_takes_no_more_than_a_code() -> None:
    form = LetterForm({"code": "0" * 101})

    assert not form.is_valid()
