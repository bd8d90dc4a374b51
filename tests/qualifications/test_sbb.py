"""Reading Dutch qualification dossiers: what comes out, what is reported, what is refused."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from qualifications.parsed import (
    ImportRefused,
    ImportWarning,
    ParsedDossier,
    ParsedQualification,
    ParsedWorkProcess,
)
from qualifications.sbb import parse_sbb

SMALL = (settings.BASE_DIR / "qualifications/samples/dossier-klein.xml").read_bytes()
SMALL_TEXT = SMALL.decode("utf-8-sig")


def changed(*changes: tuple[str, str]) -> str:
    """The small dossier with the first occurrence of each text, which must be there, replaced."""
    text = SMALL_TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def line_in(text: str, marker: str) -> int:
    return text[: text.index(marker)].count("\n") + 1


def parse(text: str) -> ParsedDossier:
    return parse_sbb(text.encode(), name="klein.xml")


def refusal(content: bytes) -> ImportRefused:
    with pytest.raises(ImportRefused) as raised:
        parse_sbb(content, name="klein.xml")
    return raised.value


def outline(found: ParsedQualification) -> tuple[str, str, int | None, int, int, int]:
    return (
        found.code,
        found.title,
        found.level,
        len(found.core_tasks),
        found.work_process_count,
        found.requirement_count,
    )


def processes(found: ParsedQualification) -> dict[str, ParsedWorkProcess]:
    return {process.code: process for process in found.work_processes}


# --- What comes out -------------------------------------------------------------------------------

PUBLISHED = {
    "2635_Pedagogisch_Werk.xml": [
        ("25486", "Pedagogisch medewerker kinderopvang", 3, 3, 16, 81),
        ("25484", "Gespecialiseerd pedagogisch medewerker", 4, 4, 21, 125),
        ("25485", "Onderwijsassistent", 4, 4, 17, 98),
    ],
    "2755_Dienstverlening.xml": [
        ("25499", "Medewerker facilitaire dienstverlening", 2, 2, 12, 58),
        ("25498", "Helpende Zorg en Welzijn", 2, 2, 12, 59),
        ("25500", "Medewerker sport en recreatie", 2, 2, 12, 61),
    ],
}


@pytest.mark.parametrize("file", PUBLISHED)
def test_published_dossier_gives_every_qualification_with_its_counts(
    samples: Path, file: str
) -> None:
    dossier = parse_sbb((samples / "nl-kd" / file).read_bytes(), name=file)

    assert [outline(found) for found in dossier.qualifications] == PUBLISHED[file]
    assert {found.edition for found in dossier.qualifications} == {date(2015, 8, 1)}


def test_introduction_with_a_dash_in_a_published_dossier_counts_and_is_the_only_oddity(
    samples: Path,
) -> None:
    content = (samples / "nl-kd/2635_Pedagogisch_Werk.xml").read_bytes()
    dossier = parse_sbb(content, name="2635.xml")

    process = processes(dossier.qualifications[0])["P1-K1-W6"]
    assert process.requirements == (
        "De pedagogisch medewerker kinderopvang:",
        "werkt veilig en hygiënisch",
        "voert de werkzaamheden vlot en bedreven uit",
        "gebruikt materialen en middelen op een doeltreffende en verantwoorde manier",
    )
    line = line_in(content.decode(), "-De pedagogisch medewerker kinderopvang:")
    message = (
        "“-De pedagogisch medewerker kinderopvang:” looks like an introduction, but has a dash: "
        "kept."
    )
    assert dossier.warnings == (ImportWarning(f"P1-K1-W6, line {line}", message),)


def test_small_dossier_gives_one_qualification_per_profile() -> None:
    dossier = parse_sbb(SMALL, name="klein.xml")

    assert [outline(found) for found in dossier.qualifications] == [
        ("99901", "Werkplaatsmedewerker (voorbeeld)", 2, 2, 5, 17),
        ("99902", "Werkplaatsbegeleider (voorbeeld)", 3, 2, 5, 20),
    ]
    assert [
        (found.edition, found.dossier_code, found.dossier_title) for found in dossier.qualifications
    ] == [(date(2026, 8, 1), "99900", "Buurtwerkplaats (voorbeeld)")] * 2
    assert (dossier.title, dossier.code) == ("Buurtwerkplaats (voorbeeld)", "99900")
    assert dossier.warnings == ()


def test_codes_tell_the_basic_part_from_the_profile() -> None:
    second = parse_sbb(SMALL, name="klein.xml").qualifications[1]

    assert [task.code for task in second.core_tasks] == ["B1-K1", "P2-K1"]
    assert list(processes(second)) == ["B1-K1-W1", "B1-K1-W2", "B1-K1-W3", "P2-K1-W1", "P2-K1-W2"]


def test_work_process_is_read_without_markup_dashes_and_closing_marks() -> None:
    first = processes(parse_sbb(SMALL, name="klein.xml").qualifications[0])

    assert first["B1-K1-W1"] == ParsedWorkProcess(
        code="B1-K1-W1",
        title="Ontvangt de bezoeker",
        description=(
            "De medewerker heet de bezoeker welkom en vraagt wat er met de fiets is.\n"
            "Samen bekijken ze wat er moet gebeuren & wat het kost."
        ),
        result="De bezoeker weet wat er gaat gebeuren.",
        requirements=(
            "begroet de bezoeker vriendelijk",
            "vraagt door tot duidelijk is wat er aan de hand is",
            "zegt eerlijk wat wel en niet kan",
            "houdt zich aan de afspraken van de werkplaats",
        ),
    )
    assert first["B1-K1-W2"].requirements == (
        "kiest gereedschap dat bij de klus past",
        "legt stap voor stap uit wat hij doet",
        "laat de bezoeker zelf proberen",
        "houdt zich aan de afspraken van de werkplaats",
    )


def test_additions_go_to_their_own_profile_only() -> None:
    first, second = parse_sbb(SMALL, name="klein.xml").qualifications
    shared = (
        "controleert remmen, licht en banden",
        "ruimt gereedschap en werkplek op",
        "vraagt wat de bezoeker ervan vond",
    )
    told = "De medewerker controleert de fiets, ruimt op en bespreekt met de bezoeker hoe het ging."

    assert processes(first)["B1-K1-W3"].requirements == shared
    assert processes(second)["B1-K1-W3"].requirements == (
        *shared,
        "trekt uit een week werk een bruikbare conclusie",
        "doet het team een voorstel om het beter te doen",
    )
    assert processes(first)["B1-K1-W3"].description == told
    assert processes(second)["B1-K1-W3"].description == (
        f"{told}\nDe werkplaatsbegeleider bespreekt dit ook met het team."
    )
    assert [found.core_tasks[0].complexity.count("\n") for found in (first, second)] == [0, 1]


def test_numbers_give_the_order_wherever_the_elements_stand() -> None:
    text = changed(
        ('bezoeker" hoofdstuk="1"', 'bezoeker" hoofdstuk="10"'),
        ('terug" hoofdstuk="3"', 'terug" hoofdstuk="1"'),
    )

    basic = parse(text).qualifications[0].core_tasks[0]

    assert [(process.code, process.title) for process in basic.work_processes] == [
        ("B1-K1-W1", "Rondt af en kijkt terug"),
        ("B1-K1-W2", "Repareert samen met de bezoeker"),
        ("B1-K1-W10", "Ontvangt de bezoeker"),
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("- &lt;em&gt;a&lt;/em&gt; b;", ("a b",)),
        ("- <em>a</em> b;", ("a b",)),
        ("&lt;ul&gt;&lt;li&gt;a;&lt;/li&gt;&lt;li&gt;b.&lt;/li&gt;&lt;/ul&gt;", ("a", "b")),
        ("- a;&lt;br/&gt;- b", ("a", "b")),
        ("- a &amp;lt;i&amp;gt;b&amp;lt;/i&amp;gt;", ("a b",)),
        ("- doet het in &lt; 5 minuten", ("doet het in < 5 minuten",)),
        ("<![CDATA[- a\u00a0 \tb ;.]]>", ("a b",)),
        ("--  a - b-", ("a - b-",)),
    ],
)
def test_lines_come_out_plain(written: str, read: tuple[str, ...]) -> None:
    text = changed(("- telt de voorraad nauwkeurig;\n- bestelt op tijd wat bijna op is;", written))

    first = parse(text).qualifications[0]

    assert processes(first)["P1-K1-W1"].requirements == (*read, "ruimt gereedschap en werkplek op")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_declared_encodings_are_read_alike(encoding: str) -> None:
    text = changed(('encoding="utf-8"', f'encoding="{encoding.removesuffix("-sig")}"'))

    assert parse_sbb(text.encode(encoding), name="klein.xml") == parse(SMALL_TEXT)


# --- What is reported -----------------------------------------------------------------------------

FIRST_LINES = "- telt de voorraad nauwkeurig;\n- bestelt op tijd wat bijna op is;\n"


ODD = {
    "no-level": (
        'niveau="2"',
        "",
        "99901",
        '<profiel nr="401"',
        "The level (niveau) is not known: “”.",
    ),
    "no-such-level": (
        'niveau="2"',
        'niveau="12"',
        "99901",
        '<profiel nr="401"',
        "The level (niveau) is not known: “12”.",
    ),
    "draft": (
        'status="Vastgesteld"',
        'status="Concept"',
        "Buurtwerkplaats (voorbeeld)",
        "<dossier ",
        "The status of this dossier is “Concept”, not “Vastgesteld”.",
    ),
    "no-dash": (
        FIRST_LINES,
        "• telt de voorraad;\n",
        "P1-K1-W1",
        "<werkprocesgedrag>De werkplaatsmedewerker",
        "“• telt de voorraad;” is not a line with a dash and words: left out.",
    ),
    "no-words": (
        FIRST_LINES,
        "-\n",
        "P1-K1-W1",
        "<werkprocesgedrag>De werkplaatsmedewerker",
        "“-” is not a line with a dash and words: left out.",
    ),
    "twice": (
        FIRST_LINES,
        "- ruimt gereedschap en werkplek op;\n",
        "P1-K1-W1",
        '<werkproces nr="421"',
        "“ruimt gereedschap en werkplek op” stands here more than once.",
    ),
    "no-requirements": (
        f"{FIRST_LINES}- ruimt gereedschap en werkplek op.\n",
        "",
        "P1-K1-W1",
        '<werkproces nr="421"',
        "This work process has no requirements in profile P1.",
    ),
    "two-crebos": (
        "</crebo>",
        "</crebo><crebo>99903</crebo>",
        "99901",
        '<profiel nr="401"',
        "This profile has several crebo codes; the first is used.",
    ),
}


@pytest.mark.parametrize(("old", "new", "where", "marker", "message"), ODD.values(), ids=ODD)
def test_what_is_odd_but_harmless_is_reported_once(
    old: str, new: str, where: str, marker: str, message: str
) -> None:
    text = changed((old, new))

    dossier = parse(text)

    place = f"{where}, line {line_in(text, marker)}"
    assert dossier.warnings == (ImportWarning(place, message),)
    assert [found.code for found in dossier.qualifications] == ["99901", "99902"]


def test_dossier_without_basic_core_tasks_is_reported() -> None:
    start, end = SMALL_TEXT.index("<basiskerntaken>"), SMALL_TEXT.index("</basiskerntaken>")
    text = SMALL_TEXT[:start] + "<basiskerntaken>" + SMALL_TEXT[end:]

    dossier = parse(text)

    where = f"Buurtwerkplaats (voorbeeld), line {line_in(text, '<basis ')}"
    assert dossier.warnings == (ImportWarning(where, "The basic part has no core tasks."),)
    assert [found.work_process_count for found in dossier.qualifications] == [2, 2]


def test_core_task_without_work_processes_is_reported() -> None:
    start = SMALL_TEXT.index("<profielwerkprocessen>")
    end = SMALL_TEXT.index("</profielwerkprocessen>")
    text = SMALL_TEXT[:start] + "<profielwerkprocessen>" + SMALL_TEXT[end:]

    dossier = parse(text)

    line = line_in(text, '<kerntaak nr="411"')
    assert dossier.warnings == (
        ImportWarning(f"P1-K1, line {line}", "This core task has no work processes."),
    )


# --- What is refused ------------------------------------------------------------------------------

BOMB = '<!DOCTYPE sbb [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<sbb>'
OUTSIDE = '<!DOCTYPE sbb SYSTEM "file:///etc/passwd">\n<sbb>'


UNTRUSTED = {
    "no-such-profile": (
        '<profiel referentie="402" />\n                    <complexiteit>',
        '<profiel referentie="999" />\n                    <complexiteit>',
        "profiel",
        'referentie="999"',
        "This refers to number “999”, which the file does not hold.",
    ),
    "no-such-competence": (
        '<competentie referentie="103" />',
        '<competentie referentie="203" />',
        "competentie",
        'competentie referentie="203"',
        "This refers to number “203”, which the file does not hold.",
    ),
    "no-such-knowledge": (
        '<kennisofvaardigheid nr="204" titel="kan een rooster maken" />',
        "",
        "vakkennisenvaardigheden",
        'referentie="204"',
        "This refers to number “204”, which the file does not hold.",
    ),
    "addition-for-nobody": (
        '<profiel referentie="402" />',
        "",
        "aanvullend",
        "<aanvullend>",
        "This addition does not say for which profile it is.",
    ),
    "crebo-twice": (
        ">99902<",
        ">99901<",
        "profiel",
        '<profiel nr="402"',
        "The code “99901” stands here for the second time.",
    ),
    "profile-nr-twice": (
        "</profielen>",
        '<profiel nr="401" titel="Derde" hoofdstuk="3" /></profielen>',
        "profiel",
        'titel="Derde"',
        "The code “401” stands here for the second time.",
    ),
    "profile-number-twice": (
        '(voorbeeld)" hoofdstuk="2" niveau',
        '(voorbeeld)" hoofdstuk="1" niveau',
        "profiel",
        '<profiel nr="402"',
        "The code “1” stands here for the second time.",
    ),
    "work-process-twice": (
        'bezoeker " hoofdstuk="2"',
        'bezoeker " hoofdstuk="1"',
        "werkproces",
        '<werkproces nr="312"',
        "The code “1” stands here for the second time.",
    ),
    "core-task-twice": (
        "</basiskerntaken>",
        '<kerntaak titel="Nog een" hoofdstuk="1" /></basiskerntaken>',
        "kerntaak",
        'titel="Nog een"',
        "The code “1” stands here for the second time.",
    ),
    "no-number": (
        'bezoeker " hoofdstuk="2"',
        'bezoeker "',
        "werkproces",
        '<werkproces nr="312"',
        "The attribute “hoofdstuk” is missing or empty here.",
    ),
    "bad-number": (
        'bezoeker " hoofdstuk="2"',
        'bezoeker " hoofdstuk="2a"',
        "werkproces",
        '<werkproces nr="312"',
        "hoofdstuk “2a” is not a number.",
    ),
    "empty-crebo": (
        ">99902<",
        "> <",
        "crebo",
        "> <",
        "“” is not a crebo code.",
    ),
    "bad-crebo": (
        ">99902<",
        ">negen<",
        "crebo",
        ">negen<",
        "“negen” is not a crebo code.",
    ),
    "no-crebo": (
        '<crebo ministerie="OCW" Geldig_vanaf="01-08-2026" Datum_einde_instroom="">99901</crebo>',
        "",
        "profiel",
        '<profiel nr="401"',
        "The element “creboinformatie/crebo” is missing here.",
    ),
    "no-date": (
        ' Geldig_vanaf="01-08-2026" Datum_einde_instroom="">99901',
        ">99901",
        "crebo",
        ">99901",
        "The attribute “Geldig_vanaf” is missing or empty here.",
    ),
    "bad-date": (
        'Geldig_vanaf="01-08-2026" D',
        'Geldig_vanaf="31-02-2026" D',
        "crebo",
        ">99901",
        "Geldig_vanaf “31-02-2026” is not a date (day-month-year).",
    ),
    "profile-without-title": (
        'titel="Werkplaatsmedewerker (voorbeeld)"',
        "",
        "profiel",
        '<profiel nr="401"',
        "The attribute “titel” is missing or empty here.",
    ),
    "work-process-without-title": (
        'titel="Ontvangt de bezoeker"',
        'titel=" "',
        "werkproces",
        '<werkproces nr="311"',
        "The attribute “titel” is missing or empty here.",
    ),
    "endless-title": (
        'titel="Ontvangt de bezoeker"',
        f'titel="{"a" * 201}"',
        "werkproces",
        "a" * 201,
        "The attribute “titel” is far too long here.",
    ),
    "two-dossiers": (
        "</dossier>",
        '</dossier><dossier titel="Tweede" />',
        "sbb",
        "<sbb>",
        "A file must hold one dossier; this one holds 2.",
    ),
    "entities": (
        "<sbb>",
        BOMB,
        "!DOCTYPE",
        "<!DOCTYPE",
        "The file declares a document type or entities, which is not accepted.",
    ),
    "outside": (
        "<sbb>",
        OUTSIDE,
        "!DOCTYPE",
        "<!DOCTYPE",
        "The file declares a document type or entities, which is not accepted.",
    ),
    "undefined-entity": (
        "Ontvangt de bezoeker",
        "Ontvangt &bezoeker;",
        "basiswerkprocessen",
        "&bezoeker;",
        "The XML is damaged here.",
    ),
}


@pytest.mark.parametrize(
    ("old", "new", "element", "marker", "reason"), UNTRUSTED.values(), ids=UNTRUSTED
)
def test_what_cannot_be_trusted_is_refused_by_file_element_and_line(
    old: str, new: str, element: str, marker: str, reason: str
) -> None:
    text = changed((old, new))

    error = refusal(text.encode())

    line = line_in(text, marker)
    assert (error.file, error.element, error.line) == ("klein.xml", element, line)
    assert error.message == f"klein.xml, line {line}, element “{element}”: {reason}"
    assert str(error) == error.message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf \r\n\t", "The file is empty."),
        (b" " * (20 * 1024 * 1024 + 1), "The file is larger than 20 MB."),
    ],
    ids=["nothing", "bom-and-space", "huge"],
)
def test_file_without_readable_content_is_refused_whole(content: bytes, reason: str) -> None:
    error = refusal(content)

    assert (error.element, error.line, error.message) == ("", None, f"klein.xml: {reason}")


@pytest.mark.parametrize(
    "content",
    [
        b"Pedagogisch werk",
        b'{"dossier": 1}',
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n\0",
        b"PK\x03\x04",
        b"\0",
    ],
    ids=["text", "json", "pdf", "png", "zip", "nul"],
)
def test_what_is_not_xml_is_refused(content: bytes) -> None:
    error = refusal(content)

    assert (error.element, error.line) == ("", 1)
    assert error.message == "klein.xml, line 1: This is not XML."


def test_other_xml_is_refused_by_its_root() -> None:
    error = refusal(b'<?xml version="1.0"?>\n<rss><dossiers /></rss>')

    assert (error.element, error.line) == ("rss", 2)
    assert error.message == (
        "klein.xml, line 2, element “rss”: "
        "The outermost element of a qualification dossier is “sbb”."
    )


def test_unknown_encoding_is_refused() -> None:
    error = refusal(changed(('encoding="utf-8"', 'encoding="klingon"')).encode())

    assert error.message == "klein.xml, line 1: The character encoding of this file is unknown."


@pytest.mark.parametrize(
    ("marker", "element"),
    [
        ("- zegt eerlijk", "werkprocesgedrag"),
        ("verantwoordelijkheidperprofiel />", "verantwoordelijkheid"),
        ("&lt;h1&gt;Leeswijzer", "omschrijving"),
        ("</dossiers>", "dossiers"),
        ("</sbb>", "sbb"),
    ],
)
def test_cut_off_file_is_refused_where_it_stops(marker: str, element: str) -> None:
    text = SMALL_TEXT[: SMALL_TEXT.index(marker)]

    error = refusal(text.encode())

    assert (error.element, error.line) == (element, text.count("\n") + 1)
    assert error.message == (
        f"klein.xml, line {error.line}, element “{element}”: "
        "The file stops here, inside this element: it seems to be cut off."
    )


@pytest.mark.parametrize("part", ["basis", "profielen"])
def test_dossier_without_one_of_its_parts_is_refused(part: str) -> None:
    text = SMALL_TEXT.replace(f"<{part} ", "<iets ").replace(f"</{part}>", "</iets>")
    text = text.replace('referentie="402"', 'referentie="401"').replace(
        "<competenties>", '<competenties><profiel nr="401" />'
    )

    error = refusal(text.encode())

    assert error.message == (
        f"klein.xml, line {line_in(text, '<dossier ')}, element “dossier”: "
        f"The element “{part}” is missing here."
    )


@pytest.mark.parametrize("count", [0, 51])
def test_number_of_profiles_has_bounds(count: int) -> None:
    profiles = "".join(f'<profiel hoofdstuk="{n}" />' for n in range(1, count + 1))
    error = refusal(
        f'<sbb><dossiers><dossier titel="a"><basis />\n<profielen>{profiles}</profielen>'
        "</dossier></dossiers></sbb>".encode()
    )

    assert error.message == (
        f"klein.xml, line 2, element “profielen”: A dossier cannot have {count} profiles."
    )


@pytest.mark.parametrize(
    ("lines", "element", "reason"),
    [
        (
            "\n".join(f"- doet {n};" for n in range(10_001)),
            "profiel",
            "This has far more requirements than any real qualification.",
        ),
        (
            "\n".join(f"doet {n};" for n in range(1_001)),
            "werkprocesgedrag",
            "There is too much amiss in this file to read it as a dossier.",
        ),
        (
            "<b>" * 40,
            "b",
            "The file has more elements, or deeper ones, than any real file has.",
        ),
        (
            "<b />" * 50_000,
            "b",
            "The file has more elements, or deeper ones, than any real file has.",
        ),
    ],
    ids=["requirements", "warnings", "depth", "elements"],
)
def test_absurd_amounts_are_refused(lines: str, element: str, reason: str) -> None:
    error = refusal(changed((FIRST_LINES, lines)).encode())

    assert (error.element, error.message.partition(": ")[2]) == (element, reason)


def test_long_names_and_values_are_cut_in_messages() -> None:
    root, date_ = "r" * 500, "9" * 150
    dated = changed(('Geldig_vanaf="01-08-2026" D', f'Geldig_vanaf="{date_}" D'))

    assert refusal(f"<{root} />".encode()).element == "r" * 80
    assert refusal(dated.encode()).message.endswith(
        f": Geldig_vanaf “{date_[:80]}” is not a date (day-month-year)."
    )


# --- What is recognised ---------------------------------------------------------------------------


# --- Whatever happens to a file -------------------------------------------------------------------

PLACE = st.integers(min_value=0, max_value=len(SMALL))


@given(start=PLACE, end=PLACE, put=st.binary(max_size=8))
def test_mutilated_file_is_read_or_refused_and_nothing_else(
    start: int, end: int, put: bytes
) -> None:
    mutilated = SMALL[: min(start, end)] + put + SMALL[max(start, end) :]
    with suppress(ImportRefused):
        dossier = parse_sbb(mutilated, name="klein.xml")
        assert 1 <= len(dossier.qualifications) <= 2


@given(end=st.integers(min_value=0, max_value=SMALL.rindex(b"</sbb>") + len(b"</sbb")))
def test_no_beginning_of_a_file_passes_for_the_whole(end: int) -> None:
    refusal(SMALL[:end])


@given(
    removed=st.lists(st.sampled_from(range(len(SMALL))), max_size=20, unique=True),
    doubled=st.lists(st.sampled_from(range(len(SMALL.splitlines()))), max_size=3, unique=True),
)
def test_lost_bytes_and_doubled_lines_do_no_other_harm(
    removed: list[int], doubled: list[int]
) -> None:
    content = bytes(byte for place, byte in enumerate(SMALL) if place not in removed)
    lines = content.splitlines(keepends=True)
    for place in doubled:
        lines.insert(place % len(lines), lines[place % len(lines)])
    with suppress(ImportRefused):
        dossier = parse_sbb(b"".join(lines), name="klein.xml")
        assert 1 <= len(dossier.qualifications) <= 2
