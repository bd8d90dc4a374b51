"""What happens in the demo: who the students are, what they made, and what others said of it.

Days are counted back from the day the demo is filled. Nobody here exists.
"""

from dataclasses import dataclass, field

from evidence.models import GiverRole, Revision

ACT, PRODUCT = Revision.Kind.ACT, Revision.Kind.PRODUCT
HERE, EARLIER, ELSEWHERE = Revision.Origin.HERE, Revision.Origin.EARLIER, Revision.Origin.ELSEWHERE
CLIENT, PEER = GiverRole.CLIENT, GiverRole.PEER
SUPERVISOR, TEACHER = GiverRole.SUPERVISOR, GiverRole.TEACHER


@dataclass(frozen=True, slots=True)
class Voice:
    """One giver on one piece. Without words: asked and not answered yet. `lines` are the first
    words of the requirements meant; none means the whole."""

    who: str
    role: GiverRole
    words: str = ""
    lines: tuple[str, ...] = ()
    spoken: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    days_ago: int
    title: str
    lines: tuple[str, ...]
    voices: tuple[Voice, ...] = ()
    kind: Revision.Kind = ACT
    origin: Revision.Origin = HERE
    place: str = ""
    context: str = ""
    reflection: str = ""
    files: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class CheckInStory:
    days_ago: int
    light: str
    summary: str
    agreements: tuple[tuple[str, int], ...] = ()  # text, days until it is due
    read: bool = True


@dataclass(frozen=True, slots=True)
class Story:
    name: str
    key: str
    workplace: str
    supervisors: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()
    check_ins: tuple[CheckInStory, ...] = ()
    set_aside: dict[str, str] = field(default_factory=dict)  # title of a piece: reason


# The first words of the requirements, as the stories refer to them.
ASK = "vraagt door bij opdrachtgever"
PLAN = "maakt een planning"
WARN = "meldt op tijd"
COMPARE = "vergelijkt alternatieven"
DRAW = "werkt het ontwerp uit"
SAFE = "houdt in het ontwerp rekening"
BUILD = "bouwt de afgesproken"
READABLE = "schrijft leesbare code"
GIT = "gebruikt versiebeheer"
DEBUG = "zoekt bij problemen"
CASES = "stelt testgevallen op"
TEST = "voert tests nauwkeurig uit"
CONCLUDE = "trekt uit testresultaten"
USERS = "verzamelt actief ervaringen"
IMPROVE = "formuleert haalbare verbeteringen"
TEAM = "komt afspraken in het team na"
SHARE = "deelt kennis"
AUDIENCE = "stemt verhaal en woordkeus"
SHOW = "laat de werking overtuigend zien"
FEEDBACK = "vraagt en geeft feedback"
OWN = "benoemt eigen aandeel"

NOOR = Story(
    "Noor de Vries",
    "student",
    "Webbureau De Lantaarn",
    ("Bas Kuiper", "Sanne Mulder"),
    (
        Piece(
            243,
            "Oefening: een rekenmachine",
            (BUILD,),
            (Voice("Els Bakker", TEACHER, "Hij rekent goed. Let nog op namen.", (BUILD,)),),
            PRODUCT,
        ),
        Piece(
            231,
            "Intakegesprek met de fietsenmaker over zijn nieuwe website",
            (ASK, PLAN),
            (
                Voice(
                    "Henk Brouwer",
                    CLIENT,
                    "Noor bleef vragen tot ik zelf ook wist wat ik wilde. Ze schreef alles op en "
                    "las het aan het eind terug. Dat gaf vertrouwen.",
                    (ASK,),
                ),
                Voice(
                    "Els Bakker",
                    TEACHER,
                    "Je vragen zijn open en je vat goed samen. Vraag een volgende keer ook naar "
                    "wat de klant juist niet wil.",
                    (ASK, PLAN),
                ),
            ),
            place="Fietsenmakerij Brouwer",
            context="Eerste gesprek met een echte klant, samen met Sem.",
            files=("gespreksverslag.txt",),
        ),
        Piece(
            204,
            "Ontwerp van de afsprakenmodule, met twee alternatieven",
            (COMPARE, DRAW, SAFE),
            (
                Voice(
                    "Bas Kuiper",
                    SUPERVISOR,
                    "Twee goed doordachte oplossingen naast elkaar. Ik had zelf de tweede gekozen, "
                    "maar je uitleg over onderhoud overtuigde mij.",
                    (COMPARE, DRAW),
                ),
            ),
            PRODUCT,
            files=("ontwerp.png",),
            reflection="Ik dacht eerst meteen in schermen. Nu begin ik bij de gegevens.",
        ),
        Piece(
            163,
            "Afsprakenmodule gebouwd en in gebruik genomen",
            (BUILD, READABLE, GIT),
            (
                Voice(
                    "Bas Kuiper",
                    SUPERVISOR,
                    "Alles werkt zoals afgesproken. Je code las als een verhaal, ook de lastige "
                    "stukken met tijdzones.",
                    (BUILD, READABLE),
                ),
                Voice(
                    "Henk Brouwer",
                    CLIENT,
                    "Klanten maken nu zelf een afspraak. Ik word niet meer gebeld onder het werk.",
                    (BUILD,),
                ),
                Voice(
                    "Daan Visser",
                    PEER,
                    "Fijne kleine commits. Ik kon er zo op verder.",
                    (GIT,),
                ),
            ),
            PRODUCT,
            files=("module.png",),
        ),
        Piece(
            121,
            "Testplan en testverslag van de afsprakenmodule",
            (CASES, TEST, CONCLUDE),
            (
                Voice(
                    "Sanne Mulder",
                    SUPERVISOR,
                    "Ook de gekke gevallen zaten erin, zoals twee mensen op hetzelfde moment. Je "
                    "conclusie klopte met wat je gemeten had.",
                    (CASES, TEST, CONCLUDE),
                ),
                Voice("Els Bakker", TEACHER, "Helder verslag, makkelijk na te doen.", (TEST,)),
            ),
            PRODUCT,
            files=("testverslag.txt",),
        ),
        Piece(
            84,
            "Storing op vrijdagmiddag gevonden en opgelost",
            (DEBUG, WARN),
            (
                Voice(
                    "Bas Kuiper",
                    SUPERVISOR,
                    "Rustig gebleven, stap voor stap gezocht en op tijd gezegd dat het later werd. "
                    "Precies goed.",
                    (DEBUG, WARN),
                    spoken=True,
                    confirmed=True,
                ),
            ),
            place="De Lantaarn",
        ),
        Piece(
            47,
            "Gebruikers geïnterviewd en verbeteringen voorgesteld",
            (USERS, IMPROVE),
            (
                Voice(
                    "Henk Brouwer",
                    CLIENT,
                    "Ze vroeg drie van mijn klanten wat er lastig was. Daar was ik zelf nooit op "
                    "gekomen.",
                    (USERS,),
                ),
                Voice(
                    "Sanne Mulder",
                    SUPERVISOR,
                    "Goede ideeën. Reken de volgende keer ook uit wat het kost.",
                    (IMPROVE,),
                ),
            ),
            files=("verbeteringen.txt",),
        ),
        Piece(
            33,
            "Eindpresentatie voor klant en klas",
            (AUDIENCE, SHOW),
            (
                Voice(
                    "Lina Öztürk",
                    PEER,
                    "Je liet het gewoon zien op je telefoon, dat was slim. Iedereen snapte het.",
                    (AUDIENCE, SHOW),
                ),
            ),
        ),
        Piece(
            19,
            "Vakantiebaan: kassasysteem uitgelegd aan nieuwe collega's",
            (SHARE,),
            (Voice("Peter Willems", SUPERVISOR, "Geduldig en duidelijk.", (SHARE,)),),
            origin=ELSEWHERE,
            why="Ik deelde hier wat ik wist met mensen die nieuw waren.",
        ),
        Piece(
            6,
            "Code van de betaalmodule laten nakijken",
            (READABLE, SAFE),
            (
                Voice("Sanne Mulder", SUPERVISOR),
                Voice("Daan Visser", PEER),
            ),
            PRODUCT,
        ),
    ),
    (
        CheckInStory(
            190,
            "amber",
            "Een sterk begin met een echte klant. Van testen is nog niets te zien, en alle "
            "feedback komt van twee mensen.",
            (("Vraag ook een klasgenoot om feedback.", 21), ("Maak een testplan.", 35)),
        ),
        CheckInStory(
            95,
            "green",
            "De set wordt rijk en veelzijdig. Testen is er nu ook, met goede feedback van de "
            "praktijk.",
            (("Laat zien dat je verbeteringen voorstelt.", 60),),
        ),
        CheckInStory(
            12,
            "green",
            "Klaar voor de commissie. Alleen bij veilig ontwerpen is de set nog dun; dat weet "
            "Noor.",
            (("Laat de betaalmodule nakijken op veiligheid.", 14),),
            read=False,
        ),
    ),
    {"Oefening: een rekenmachine": "Een oefening uit de eerste weken; later werk laat meer zien."},
)

LINA = Story(
    "Lina Öztürk",
    "lina",
    "Gemeente Oudewater",
    ("Wouter Prins",),
    (
        Piece(
            220,
            "Wensen voor de afvalkalender opgehaald bij de gemeente",
            (ASK, PLAN),
            (
                Voice(
                    "Wouter Prins",
                    SUPERVISOR,
                    "Lina had zich goed voorbereid en maakte dezelfde dag nog een planning.",
                    (ASK, PLAN),
                ),
            ),
        ),
        Piece(
            180,
            "Ontwerp van de afvalkalender",
            (COMPARE, DRAW, SAFE),
            (
                Voice(
                    "Els Bakker",
                    TEACHER,
                    "Goed over privacy nagedacht: geen adres opslaan als het niet hoeft.",
                    (COMPARE, SAFE),
                ),
                Voice("Wouter Prins", SUPERVISOR, "Hier kon ons team zo mee bouwen.", (DRAW,)),
            ),
            PRODUCT,
            files=("kalender.png",),
        ),
        Piece(
            140,
            "Afvalkalender gebouwd",
            (BUILD, READABLE, GIT, DEBUG),
            (
                Voice(
                    "Wouter Prins",
                    SUPERVISOR,
                    "Werkt, is leesbaar en staat netjes in versiebeheer. Een lastige fout in de "
                    "feestdagen zocht je zelf uit.",
                    (BUILD, READABLE, GIT, DEBUG),
                ),
                Voice(
                    "Noor de Vries", PEER, "Ik leerde van hoe je functies klein houdt.", (READABLE,)
                ),
            ),
            PRODUCT,
        ),
        Piece(
            101,
            "Getest met inwoners en verbeterd",
            (CASES, TEST, CONCLUDE, USERS, IMPROVE),
            (
                Voice(
                    "Ria van Loon",
                    CLIENT,
                    "Ze keek mee hoe ik het deed, zonder mij te helpen. De letters zijn nu groter.",
                    (USERS, TEST),
                ),
                Voice(
                    "Els Bakker",
                    TEACHER,
                    "Je conclusies volgen uit wat je zag, en je voorstel is haalbaar.",
                    (CASES, CONCLUDE, IMPROVE),
                ),
            ),
        ),
        Piece(
            70,
            "Planning bijgesteld toen de gegevens te laat kwamen",
            (WARN,),
            (Voice("Wouter Prins", SUPERVISOR, "Eerlijk en op tijd.", (WARN,)),),
        ),
    ),
    (
        CheckInStory(170, "green", "Lina weet wat ze wil en vraagt goed om feedback."),
        CheckInStory(75, "green", "De set is rond voor kerntaak 1."),
    ),
)

DAAN = Story(
    "Daan Visser",
    "daan",
    "Webbureau De Lantaarn",
    ("Bas Kuiper",),
    (
        Piece(
            190,
            "Website van de voetbalclub gebouwd",
            (BUILD, READABLE),
            (
                Voice(
                    "Bas Kuiper",
                    SUPERVISOR,
                    "Het werkt, en snel ook. Andere mensen kunnen je code nog moeilijk lezen.",
                    (BUILD, READABLE),
                ),
                Voice("Karin Vos", CLIENT, "Onze club is er blij mee.", (BUILD,)),
            ),
            PRODUCT,
        ),
        Piece(
            120,
            "Samen een kapotte import gerepareerd",
            (DEBUG, GIT),
            (Voice("Noor de Vries", PEER, "Je gaf niet op. Wel even overleggen.", (DEBUG,)),),
        ),
        Piece(
            60,
            "Planning gemaakt voor de ledenlijst",
            (PLAN,),
            (Voice("Bas Kuiper", SUPERVISOR, "Haalbaar, en de risico's staan erin.", (PLAN,)),),
        ),
        Piece(
            22,
            "Testgevallen voor de ledenlijst",
            (CASES, TEST),
            (
                Voice("Els Bakker", TEACHER, "Nu ook met wat mis kan gaan. Mooi.", (CASES,)),
                Voice("Bas Kuiper", SUPERVISOR),
            ),
            PRODUCT,
        ),
    ),
    (
        CheckInStory(
            150,
            "red",
            "Daan bouwt graag en veel. Van ontwerpen en testen is nog niets te zien.",
            (("Maak van je volgende opdracht eerst een ontwerp.", 30),),
        ),
        CheckInStory(
            28,
            "amber",
            "Na de beslissing 'nog niet' is Daan begonnen met testen. Ontwerpen komt nu.",
            (("Vergelijk twee ontwerpen voor de ledenlijst.", 20),),
        ),
    ),
)

SEM = Story(
    "Sem Jansen",
    "sem",
    "Boekhandel Het Blad",
    ("Tineke Blom",),
    (
        Piece(
            40,
            "Kassakoppeling besproken met de eigenaar",
            (ASK,),
            (Voice("Tineke Blom", SUPERVISOR, "Sem luistert goed.", (ASK,)),),
        ),
        Piece(9, "Eerste versie van de kassakoppeling", (BUILD,), (), PRODUCT),
    ),
    (CheckInStory(52, "amber", "Er is nog weinig te zien. Begin klein en vraag meteen feedback."),),
)

YARA = Story(
    "Yara el Amrani",
    "yara",
    "Zorggroep Rijnstroom",
    ("Marleen Smits",),
    (
        Piece(
            150,
            "Rooster-app ontworpen",
            (COMPARE, DRAW),
            (
                Voice(
                    "Marleen Smits",
                    SUPERVISOR,
                    "Yara dacht mee over wat de zorg echt nodig heeft.",
                    (COMPARE,),
                ),
            ),
            PRODUCT,
        ),
        Piece(
            128,
            "Uitleg aan de verpleging",
            (AUDIENCE,),
            (
                Voice(
                    "Marleen Smits", SUPERVISOR, "Zonder vaktaal, heel prettig.", (AUDIENCE,), True
                ),
            ),
        ),
    ),
    (CheckInStory(110, "amber", "Mooi werk, maar Yara is lang ziek geweest."),),
)

MEES = Story("Mees Hendriks", "mees", "Sportcentrum Noord", ("Ilse Tan",))

STORIES = [NOOR, LINA, DAAN, SEM, YARA, MEES]
