"""The pages of a portfolio: who sees them, what they show, what they cost."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from people.models import Account
from portfolio.kept import keep_figures
from portfolio.models import Agreement
from programmes.models import Enrolment
from tests.evidence.factories import (
    EvidenceFactory,
    FeedbackFactory,
    RequirementLinkFactory,
)
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
)
from tests.portfolio.factories import (
    AgreementFactory,
    CheckInFactory,
    GuidelineFactory,
    Scene,
    SetAsideFactory,
    people_around,
    scene,
)
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db


def visit(client: Client, user: Account | None, method: str, url: str) -> int:
    client.logout()
    if user:
        client.force_login(user)
    response = getattr(client, method)(url, {"word": "read"} if method == "post" else {})
    if user is None:
        assert response.url == f"{reverse('account_login')}?next={url}"
    return response.status_code


# Who gets which answer; everybody not named gets 404, and who is not signed in is asked to sign in.
PAGES = [
    ("get", "coverage", {"student": 200, "adviser": 200, "teacher": 200}),
    ("get", "check_ins", {"student": 200, "adviser": 200, "teacher": 403}),
    ("get", "check_in_new", {"student": 403, "adviser": 200, "teacher": 403}),
    ("get", "set_aside", {"student": 200}),
    ("get", "set_aside_piece", {"student": 200}),
    ("post", "acknowledge", {"student": 302}),
    ("post", "agreement_done", {"student": 302, "adviser": 302, "teacher": 403}),
    ("post", "take_back", {"student": 302}),
]


@pytest.mark.parametrize(("method", "name", "answers"), PAGES, ids=[name for _, name, _ in PAGES])
def test_who_gets_a_page(client: Client, method: str, name: str, answers: dict[str, int]) -> None:
    place = scene()
    people = people_around(place)
    piece = EvidenceFactory(owner=place.student, on=[place.a])
    check_in = CheckInFactory(enrolment=place.enrolment)
    enrolment, unit = place.enrolment.pk, place.unit.pk
    arguments = {
        "coverage": [enrolment],
        "check_ins": [enrolment],
        "check_in_new": [enrolment],
        "set_aside": [enrolment, unit],
        "set_aside_piece": [enrolment, unit, piece.pk],
        "acknowledge": [check_in.pk],
        "agreement_done": [AgreementFactory(check_in=check_in).pk],
        "take_back": [
            SetAsideFactory(enrolment=place.enrolment, unit=place.unit, evidence=piece).pk
        ],
    }
    url = reverse(f"portfolio:{name}", args=arguments[name])
    # Who may, comes last: what they do can be done once.
    order = sorted(people, key=lambda who: answers.get(who, 404) == 302)

    found = {who: visit(client, people[who], method, url) for who in order}

    expected = dict.fromkeys(people, 404) | {"anonymous": 302} | answers
    assert found == expected


def test_lists_of_ones_own_are_for_everybody_who_is_signed_in(client: Client) -> None:
    place = scene()
    people = people_around(place)
    mine, students = reverse("portfolio:mine"), reverse("portfolio:students")

    found = {who: visit(client, user, "get", mine) for who, user in people.items()}
    lists = {who: visit(client, user, "get", students) for who, user in people.items()}

    has_one = {"student": 302, "other student": 302, "anonymous": 302}
    assert found == dict.fromkeys(people, 200) | has_one
    assert lists == dict.fromkeys(people, 200) | {"anonymous": 302}


def test_once_an_enrolment_is_over_only_the_student_sees_it(client: Client) -> None:
    place = scene()
    people = people_around(place)
    url = reverse("portfolio:coverage", args=[place.enrolment.pk])
    before = {who for who, user in people.items() if visit(client, user, "get", url) == 200}

    place.enrolment.ends_on = date(2026, 9, 2)
    place.enrolment.save()
    after = {who for who, user in people.items() if visit(client, user, "get", url) == 200}

    assert before == {"student", "adviser", "teacher"}
    assert after == {"student"}


# --- My portfolio ---------------------------------------------------------------------------------


def test_one_portfolio_opens_at_once_and_several_are_listed(client: Client) -> None:
    place = scene()
    client.force_login(place.student)
    page = reverse("portfolio:mine")

    one = client.get(page)
    EnrolmentFactory(student=place.student, programme=ProgrammeFactory(title="Second study"))
    several = client.get(page)

    assert one.url == reverse("portfolio:coverage", args=[place.enrolment.pk])
    assert several.status_code == 200
    assert [one.url in several.text, "Second study" in several.text] == [True, True]


def test_who_studies_nothing_is_told_what_a_portfolio_is(client: Client) -> None:
    client.force_login(AccountFactory(language="en"))

    page = client.get(reverse("portfolio:mine"))

    assert "You are not enrolled in a programme" in page.text


# --- The coverage ---------------------------------------------------------------------------------


def shown(client: Client, place: Scene, user: Account | None = None) -> str:
    client.force_login(user or place.student)
    return client.get(reverse("portfolio:coverage", args=[place.enrolment.pk])).text


def bare(html: str) -> str:
    """The text of the page, with single spaces."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def opened(client: Client, place: Scene, key: object, query: str = "", **headers: str) -> str:
    """What stands behind a line, for whoever is signed in."""
    url = reverse("portfolio:line", args=[place.enrolment.pk, key])
    answer = client.get(url + query, headers=headers)
    assert answer.status_code == 200
    assert "HX-Request" in answer["Vary"]
    return answer.text


def test_the_coverage_says_per_requirement_what_is_there(client: Client) -> None:
    place = scene()
    piece = EvidenceFactory(
        owner=place.student,
        on=[place.a, place.d],
        revision__title="Sprint 1",
        revision__happened_on=date(2026, 9, 8),
    )
    for name in ("Ann", "Bob"):
        FeedbackFactory(
            enrolment=place.enrolment,
            evidence=piece,
            person__name=name,
            role="supervisor",
            remarks={place.a: f"Words of {name}"},
        )
    FeedbackFactory(
        enrolment=place.enrolment,
        evidence=piece,
        person__name="Cas",
        noted=True,
        remarks={place.a: "Words of Cas", None: "A fine piece"},
    )
    GuidelineFactory(
        programme=place.enrolment.programme, requirement=place.a, pieces=1, people=3, roles=0
    )

    html = shown(client, place)

    text = bare(html)
    assert "You make a plan. The guideline still asks: 1 more person" in text
    line = "1 piece 2 remarks +1 noted 2 people +1 noted workplace supervisor 2"
    assert f"1 more person {line} 1 latest 8 September 2026" in text
    assert html.count('title="Autumn: 1"') == 4  # two core tasks, two work processes
    assert "Remarks on the whole 1 remark A fine piece Cas" in text
    assert "Without feedback yet" not in text
    assert "Words of Cas" not in text
    link = f'href="{reverse("evidence:detail", args=[piece.pk])}"'
    assert html.count(link) == 1

    first, other = (opened(client, place, line.pk) for line in (place.a, place.d))

    text = bare(first)
    assert "Officially: plans the work By period: Autumn: 1" in text
    assert "Words of Cas Cas client 1 September 2026 noted, not yet confirmed Sprint 1" in text
    assert "Laid against this, without a remark on it: Sprint 1 8 September 2026" in bare(other)
    assert (first.count(link), other.count(link)) == (3, 1)


def test_a_requirement_at_two_places_has_its_id_at_the_first(client: Client) -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, on=[place.both])
    FeedbackFactory(enrolment=place.enrolment, evidence=piece, remarks={place.both: "Good"})

    html = shown(client, place)

    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))
    lines = [key for key in ids if key.startswith("requirement-")]
    expected = [place.a, place.both, place.c, place.d]
    assert lines == [f"requirement-{line.pk}" for line in expected]
    assert bare(html).count("confers in good time 1 piece 1 remark 1 person") == 2


def test_an_empty_portfolio_says_what_to_do_first(client: Client) -> None:
    place = scene()

    html = shown(client, place)

    assert "It starts with one piece of evidence" in html
    assert reverse("evidence:add") in html
    assert bare(html).count("nothing yet") == 10  # 2 core tasks, 3 work processes, 5 lines


def test_check_ins_and_setting_aside_are_offered_to_whom_they_belong(client: Client) -> None:
    place = scene()
    CheckInFactory(enrolment=place.enrolment, held_on=date(2026, 10, 1))
    people = people_around(place)
    keys = [place.enrolment.pk]
    offers = {
        "check-ins": reverse("portfolio:check_ins", args=keys),
        "hold": reverse("portfolio:check_in_new", args=keys),
        "unit": reverse("portfolio:set_aside", args=[*keys, place.unit.pk]),
        "add": reverse("evidence:add"),
        "last": "2026",
    }

    found = {
        who: {name for name, words in offers.items() if words in main(shown(client, place, user))}
        for who, user in people.items()
        if who in ("student", "adviser", "teacher")
    }

    assert found == {
        "student": {"check-ins", "unit", "add", "last"},
        "adviser": {"check-ins", "hold", "last"},
        "teacher": set(),
    }


def main(html: str) -> str:
    """Above the coverage."""
    return html.partition("<main")[2].partition('id="shown"')[0].replace("2026-2029", "")


# --- A part of the coverage -----------------------------------------------------------------------


def asked(client: Client, place: Scene, user: Account, query: str, **headers: str) -> str:
    client.force_login(user)
    url = reverse("portfolio:coverage", args=[place.enrolment.pk])
    page = client.get(f"{url}?{query}", headers=headers)
    assert page.status_code == 200
    assert "HX-Request" in page["Vary"]
    return page.text


def told() -> Scene:
    """In autumn a client said something and in winter a supervisor, after the check-in."""
    place = scene()
    CheckInFactory(enrolment=place.enrolment, held_on=date(2026, 12, 1))
    for title, day, role in [
        ("Sprint 1", date(2026, 9, 8), "client"),
        ("Sprint 2", date(2026, 12, 8), "supervisor"),
    ]:
        piece = EvidenceFactory(
            owner=place.student, revision__title=title, revision__happened_on=day
        )
        RequirementLinkFactory(
            evidence=piece,
            requirement=place.a,
            recorded_at=datetime.combine(day, time(12), tzinfo=UTC),
        )
        FeedbackFactory(
            enrolment=place.enrolment,
            evidence=piece,
            role=role,
            given_on=day,
            remarks={place.a: f"On {title}"},
        )
    return place


@pytest.mark.parametrize(
    ("query", "said", "words"),
    [
        ("", ["On Sprint 2", "On Sprint 1"], None),
        ("role=supervisor", ["On Sprint 2"], "said by: workplace supervisor 4 requirements shown."),
        ("period=2026-09-01", ["On Sprint 1"], "shown in: Autumn 4 requirements shown."),
        ("thin=on", ["On Sprint 2", "On Sprint 1"], "only what is thin 3 requirements shown."),
        (
            "new=on",
            ["On Sprint 2", "On Sprint 1"],
            "only what is new since 1 December 2026 1 requirement shown.",
        ),
        (
            "role=client&period=2026-12-01&thin=on",
            [],
            "said by: client shown in: Winter only what is thin 4 requirements shown.",
        ),
        (
            "role=king&period=1999-01-01&thin=on&x=y",
            ["On Sprint 2", "On Sprint 1"],
            "only what is thin 3 requirements shown.",
        ),
        ("role=king&period=1999-01-01", ["On Sprint 2", "On Sprint 1"], None),
    ],
)
def test_a_filter_shows_a_part_and_says_so(
    client: Client, query: str, said: list[str], words: str | None
) -> None:
    place = told()

    html = asked(client, place, place.adviser, query)

    text = bare(html)
    assert ("You see a part:" in text) is (words is not None)
    assert words is None or f"You see a part: {words}" in text
    # Whatever is asked of the coverage, is asked of a line.
    for address in re.findall(rf'href="(/[^"]+{place.a.pk}/[^"]*)"', html):
        line = client.get(address.replace("&amp;", "&")).text
        assert re.findall(r"On Sprint \d", bare(line)) == said
    assert re.findall(r"On Sprint \d", bare(opened(client, place, place.a.pk, f"?{query}"))) == said


def test_what_was_chosen_stays_chosen_in_the_form(client: Client) -> None:
    place = told()

    html = asked(client, place, place.student, "role=peer&period=2026-12-01&thin=on")

    assert re.findall(r'<option value="([^"]+)" selected>', html) == ["peer", "2026-12-01"]
    assert re.findall(r'name="(\w+)" id="filter_\w+" checked', html) == ["thin"]


def test_who_does_not_see_check_ins_is_not_asked_about_them(client: Client) -> None:
    place = told()
    people = people_around(place)
    readers = ("student", "adviser", "teacher")

    pages = {
        who: asked(client, place, user, "new=on")
        for who, user in people.items()
        if user and who in readers
    }

    offered = {who: 'name="new"' in html for who, html in pages.items()}
    marked = {who: "You see a part:" in html for who, html in pages.items()}
    assert offered == {"student": True, "adviser": True, "teacher": False}
    assert marked == offered


def test_where_nothing_was_shown_there_is_nothing_to_filter(client: Client) -> None:
    place = scene()

    assert 'class="filters' not in asked(client, place, place.student, "")


@pytest.mark.parametrize("query", ["", "role=client&thin=on", "new=on"])
def test_what_is_swapped_in_is_the_same_part_of_the_page(client: Client, query: str) -> None:
    place = told()

    page = asked(client, place, place.adviser, query)
    part = asked(client, place, place.adviser, query, hx_request="true").strip()

    assert part.startswith('<div id="coverage-shown" data-announce=')
    assert page.count(part) == 1


# --- What they cost -------------------------------------------------------------------------------


def filled(place: Scene, pieces: int) -> None:
    """Answered, unanswered and noted pieces, check-ins and things set aside."""
    for _ in range(pieces):
        piece = EvidenceFactory(owner=place.student, on=[place.a, place.both])
        FeedbackFactory(
            enrolment=place.enrolment, evidence=piece, remarks={place.a: "", None: "Good"}
        )
        EvidenceFactory(owner=place.student, on=[place.c])
        aside = EvidenceFactory(owner=place.student, on=[place.c])
        SetAsideFactory(enrolment=place.enrolment, unit=place.unit, evidence=aside)
        check_in = CheckInFactory(enrolment=place.enrolment)
        AgreementFactory(check_in=check_in)


def kept_and_at_hand(client: Client, url: str) -> None:
    """As it is when work has come by, and somebody has read the page."""
    record_what_was_made()
    keep_figures()
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("pieces", [1, 30])
@pytest.mark.parametrize(
    ("name", "who", "queries"),
    [
        ("coverage", "student", 8),
        ("coverage", "adviser", 8),
        ("check_ins", "student", 7),
        ("check_ins", "adviser", 8),
        ("check_in_new", "adviser", 11),
        ("set_aside", "student", 10),
    ],
)
def test_pages_cost_the_same_for_1_and_30(
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    name: str,
    who: str,
    queries: int,
    pieces: int,
) -> None:
    place = scene()
    filled(place, pieces)
    client.force_login(place.student if who == "student" else place.adviser)
    keys = [place.enrolment.pk, *([place.unit.pk] if name == "set_aside" else [])]
    url = reverse(f"portfolio:{name}", args=keys)
    kept_and_at_hand(client, url)

    with django_assert_num_queries(queries):
        page = client.get(url)

    assert page.status_code == 200


@pytest.mark.parametrize("pieces", [1, 30])
def test_a_part_costs_what_the_whole_costs(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, pieces: int
) -> None:
    place = scene()
    filled(place, pieces)
    client.force_login(place.adviser)
    query = "role=client&period=2026-09-01&thin=on&new=on"
    url = f"{reverse('portfolio:coverage', args=[place.enrolment.pk])}?{query}"
    kept_and_at_hand(client, url)

    with django_assert_num_queries(11):
        page = client.get(url)

    assert "You see a part:" in page.text


@pytest.mark.parametrize("students", [1, 30, 300])
def test_the_advisers_list_costs_the_same_for_1_30_and_300(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, students: int
) -> None:
    adviser = AccountFactory()
    programme = ProgrammeFactory()
    enrolments: list[Enrolment] = EnrolmentFactory.create_batch(
        students, programme=programme, adviser_is=adviser
    )
    for enrolment in enrolments:
        AgreementFactory(check_in__enrolment=enrolment, due_on=LONG_AGO.date())
    client.force_login(adviser)

    with django_assert_num_queries(8):
        page = client.get(reverse("portfolio:students"))

    assert Agreement.objects.count() == students
    assert page.text.count("check-ins/new/") == min(students, 50)
    assert len(page.content) < 80_000


def test_many_students_are_paged_found_and_put_in_order(client: Client) -> None:
    adviser = AccountFactory(language="en")
    programme = ProgrammeFactory()
    for number in range(60):
        EnrolmentFactory(
            programme=programme, adviser_is=adviser, student__name=f"Student {number:02}"
        )
    EnrolmentFactory(programme=programme, student__name="Taught Only")
    ProgrammeRoleFactory(programme=programme, person=adviser, role="teacher")
    client.force_login(adviser)

    def names(query: str) -> list[str]:
        text = client.get(reverse("portfolio:students") + query).text
        return re.findall(r'href="../[0-9a-f-]{36}/">([^<]*)</a>', text)

    assert names("?sort=name&page=2") == [f"Student {number}" for number in range(50, 60)] + [
        "Taught Only"
    ]
    assert names("?q=dent+42") == ["Student 42"]
    assert names("?q=taught") == ["Taught Only"]
    assert "Nobody is found." in client.get(reverse("portfolio:students") + "?q=zzz").text


# --- A line ---------------------------------------------------------------------------------------


def test_who_opens_a_line_is_who_sees_the_page(client: Client) -> None:
    place = told()
    people = people_around(place)
    keys = [place.enrolment.pk]
    pages = {
        reverse("portfolio:coverage", args=keys),
        reverse("portfolio:line", args=[*keys, place.a.pk]),
        reverse("portfolio:line", args=[*keys, "whole"]),
        reverse("portfolio:line", args=[*keys, "unanswered"]),
        reverse("portfolio:in_full", args=keys),
    }

    found = {
        page: {who for who, user in people.items() if visit(client, user, "get", page) == 200}
        for page in pages
    }

    assert found == {page: {"student", "adviser", "teacher"} for page in pages}


def test_a_line_that_the_coverage_does_not_have_is_not_found(client: Client) -> None:
    place = told()
    client.force_login(place.student)

    for key in (scene().a.pk, "nothing", place.enrolment.pk):
        url = reverse("portfolio:line", args=[place.enrolment.pk, key])
        assert client.get(url).status_code == 404


def test_who_does_not_see_check_ins_cannot_ask_a_line_for_what_is_new(client: Client) -> None:
    place = told()
    FeedbackFactory(
        enrolment=place.enrolment,
        evidence=place.student.person.evidence.first(),
        recorded_at=datetime(2026, 12, 9, 12, tzinfo=UTC),
        remarks={place.a: "After the check-in"},
    )
    people = people_around(place)

    def tags(who: str) -> int:
        client.force_login(people[who])  # type: ignore[arg-type]  # of a table
        return opened(client, place, place.a.pk, "?new=on").count(">new<")

    assert {who: tags(who) for who in ("student", "adviser", "teacher")} == {
        "student": 1,
        "adviser": 1,
        "teacher": 0,
    }


@pytest.mark.parametrize("remarks", [20, 21, 45])
def test_a_line_opens_twenty_at_a_time_newest_first(client: Client, remarks: int) -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, on=[place.a])
    bare_piece = EvidenceFactory(owner=place.student, on=[place.a], revision__title="Silent")
    for number in range(remarks):
        FeedbackFactory(
            enrolment=place.enrolment,
            evidence=piece,
            given_on=date(2026, 9, 1) + timedelta(days=number),
            remarks={place.a: f"Words {number}."},
        )
    client.force_login(place.student)
    htmx = {"hx-request": "true"}

    said: list[str] = []
    more, steps = re.match("()", ""), 0
    while more is not None:
        part = opened(client, place, place.a.pk, more[1], **htmx)
        assert "<html" not in part
        assert ("Officially:" in part) is (steps == 0)
        said += re.findall(r"Words \d+\.", part)
        steps += 1
        more = re.search(r'data-hx-get="[^"]*(\?page=\d+)"', part)

    assert said == [f"Words {number}." for number in reversed(range(remarks))]
    assert steps == remarks // 20 + 1  # the piece without a remark comes last
    assert str(bare_piece.pk) in part


def test_a_line_is_a_whole_page_too(client: Client) -> None:
    place = told()
    client.force_login(place.adviser)

    page = opened(client, place, place.a.pk, "?role=client")
    part = opened(client, place, place.a.pk, "?role=client", **{"hx-request": "true"})

    coverage = reverse("portfolio:coverage", args=[place.enrolment.pk])
    assert "<h1>You make a plan.</h1>" in page
    assert f'<a href="{coverage}?role=client">Portfolio of' in page
    assert "You see a part: said by: client" in bare(page)
    assert page.count(part.strip()) == 1


def test_everything_is_there_to_be_printed(client: Client) -> None:
    place = told()
    client.force_login(place.student)
    url = reverse("portfolio:in_full", args=[place.enrolment.pk])

    page, part = client.get(url).text, client.get(f"{url}?role=client").text

    assert re.findall(r"On Sprint \d", page) == ["On Sprint 2", "On Sprint 1"]
    assert re.findall(r"On Sprint \d", part) == ["On Sprint 1"]
    assert ("data-fetch" in page, "data-print" in page) == (False, True)
    assert f'href="{url}?role=client"' in asked(client, place, place.student, "role=client")


def test_of_what_would_count_for_a_unit_a_line_opens_for_its_student_only(client: Client) -> None:
    place = told()
    piece = EvidenceFactory(owner=place.student, on=[place.a], revision__title="Waits")
    people = people_around(place)
    key = [place.enrolment.pk, place.unit.pk]
    line = reverse("portfolio:set_aside_line", args=[*key, place.a.pk])

    seen = {who for who, user in people.items() if visit(client, user, "get", line) == 200}
    client.force_login(place.student)
    body = client.get(line).text

    assert seen == {"student"}
    page = reverse("portfolio:set_aside", args=key)
    assert f'href="{line.removeprefix(page)}"' in client.get(page).text
    assert re.findall(r"On Sprint \d", body) == ["On Sprint 2", "On Sprint 1"]
    assert str(piece.pk) not in body  # without feedback it does not count
