"""The qualification of the demo: Software developer (crebo 25998).

Codes and titles of core tasks and work processes are the official ones; the wording of the quality
requirements, and their plain wording, is our own.
"""

from datetime import date

from qualifications.parsed import ParsedCoreTask, ParsedQualification, ParsedWorkProcess

# Work process: [(quality requirement, the same in plain words)].
LINES: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("B1-K1-W1", "Stemt opdracht af, plant werkzaamheden en bewaakt de voortgang"): [
        (
            "vraagt door bij opdrachtgever en gebruikers tot doel en eisen eenduidig zijn",
            "Je vraagt door tot je precies weet wat de opdrachtgever wil.",
        ),
        (
            "maakt een planning met haalbare stappen en benoemt de risico's",
            "Je maakt een planning die haalbaar is en zegt wat er mis kan gaan.",
        ),
        (
            "meldt op tijd dat de planning in gevaar komt en stelt een oplossing voor",
            "Je zegt het op tijd als iets niet lukt, en je komt met een oplossing.",
        ),
    ],
    ("B1-K1-W2", "Maakt een technisch ontwerp voor software"): [
        (
            "vergelijkt alternatieven en onderbouwt de keuze voor het ontwerp",
            "Je vergelijkt meer oplossingen en legt uit waarom je er een kiest.",
        ),
        (
            "werkt het ontwerp uit in passende schema's die een ander kan bouwen",
            "Je tekent het ontwerp zo dat een ander het kan bouwen.",
        ),
        (
            "houdt in het ontwerp rekening met privacy, veiligheid en toegankelijkheid",
            "Je denkt in je ontwerp aan privacy, veiligheid en toegankelijkheid.",
        ),
    ],
    ("B1-K1-W3", "Realiseert (onderdelen van) software"): [
        (
            "bouwt de afgesproken functionaliteit volgens het ontwerp",
            "Je bouwt wat is afgesproken, volgens het ontwerp.",
        ),
        (
            "schrijft leesbare code volgens de afspraken van het team",
            "Je schrijft code die anderen goed kunnen lezen.",
        ),
        (
            "gebruikt versiebeheer zo dat het werk van anderen heel blijft",
            "Je gebruikt versiebeheer zonder het werk van anderen te breken.",
        ),
        (
            "zoekt bij problemen methodisch naar de oorzaak en de oplossing",
            "Je zoekt stap voor stap uit waar een fout vandaan komt.",
        ),
    ],
    ("B1-K1-W4", "Test software"): [
        (
            "stelt testgevallen op die passen bij de eisen, ook voor wat mis kan gaan",
            "Je bedenkt tests die passen bij de eisen, ook voor wat mis kan gaan.",
        ),
        (
            "voert tests nauwkeurig uit en legt de resultaten navolgbaar vast",
            "Je test precies en schrijft de resultaten zo op dat een ander ze begrijpt.",
        ),
        (
            "trekt uit testresultaten de juiste conclusies",
            "Je ziet wat de resultaten van een test betekenen.",
        ),
    ],
    ("B1-K1-W5", "Doet verbetervoorstellen voor de software"): [
        (
            "verzamelt actief ervaringen van gebruikers en collega's",
            "Je vraagt gebruikers en collega's wat beter kan.",
        ),
        (
            "formuleert haalbare verbeteringen en weegt kosten en opbrengst",
            "Je stelt verbeteringen voor die haalbaar zijn en iets opleveren.",
        ),
    ],
    ("B1-K2-W1", "Werkt samen in een projectteam"): [
        (
            "komt afspraken in het team na en spreekt anderen daarop aan",
            "Je houdt je aan afspraken en spreekt anderen daarop aan.",
        ),
        (
            "deelt kennis en vraagt op tijd om hulp",
            "Je deelt wat je weet en vraagt op tijd om hulp.",
        ),
        (
            "meldt op tijd dat de planning in gevaar komt en stelt een oplossing voor",
            "Je zegt het op tijd als iets niet lukt, en je komt met een oplossing.",
        ),
    ],
    ("B1-K2-W2", "Presenteert het opgeleverde werk"): [
        (
            "stemt verhaal en woordkeus af op het publiek",
            "Je vertelt je verhaal zo dat je publiek het begrijpt.",
        ),
        (
            "laat de werking overtuigend zien en beantwoordt vragen deskundig",
            "Je laat zien hoe het werkt en geeft goed antwoord op vragen.",
        ),
    ],
    ("B1-K2-W3", "Evalueert de samenwerking"): [
        (
            "vraagt en geeft feedback die de ander verder helpt",
            "Je vraagt feedback en geeft feedback waar een ander iets aan heeft.",
        ),
        (
            "benoemt eigen aandeel en leerpunten eerlijk en concreet",
            "Je zegt eerlijk wat jij deed en wat je wilt leren.",
        ),
    ],
}
CORE_TASKS = {"B1-K1": "Realiseert software", "B1-K2": "Voert ICT-projecten uit"}


def software_developer() -> ParsedQualification:
    """As an importer would have read it."""
    return ParsedQualification(
        code="25998",
        title="Software developer",
        level=4,
        edition=date(2024, 8, 1),
        dossier_code="23399",
        dossier_title="Software development",
        core_tasks=tuple(
            ParsedCoreTask(
                code=code,
                title=title,
                complexity="",
                responsibility="",
                work_processes=tuple(
                    ParsedWorkProcess(
                        code=process,
                        title=name,
                        description="",
                        result="",
                        requirements=tuple(text for text, _ in lines),
                    )
                    for (process, name), lines in LINES.items()
                    if process.startswith(code)
                ),
            )
            for code, title in CORE_TASKS.items()
        ),
    )


PLAIN = {text: plain for lines in LINES.values() for text, plain in lines}
