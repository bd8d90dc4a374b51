"""The plain wording (B1) of the requirements in qualifications/samples/software-developer.xml."""

PLAIN = {
    "vraagt door bij opdrachtgever en gebruikers tot doel en eisen eenduidig zijn": (
        "Je vraagt door tot je precies weet wat de opdrachtgever wil."
    ),
    "maakt een planning met haalbare stappen en benoemt de risico's": (
        "Je maakt een planning die haalbaar is en zegt wat er mis kan gaan."
    ),
    "meldt op tijd dat de planning in gevaar komt en stelt een oplossing voor": (
        "Je zegt het op tijd als iets niet lukt, en je komt met een oplossing."
    ),
    "vergelijkt alternatieven en onderbouwt de keuze voor het ontwerp": (
        "Je vergelijkt meer oplossingen en legt uit waarom je er een kiest."
    ),
    "werkt het ontwerp uit in passende schema's die een ander kan bouwen": (
        "Je tekent het ontwerp zo dat een ander het kan bouwen."
    ),
    "houdt in het ontwerp rekening met privacy, veiligheid en toegankelijkheid": (
        "Je denkt in je ontwerp aan privacy, veiligheid en toegankelijkheid."
    ),
    "bouwt de afgesproken functionaliteit volgens het ontwerp": (
        "Je bouwt wat is afgesproken, volgens het ontwerp."
    ),
    "schrijft leesbare code volgens de afspraken van het team": (
        "Je schrijft code die anderen goed kunnen lezen."
    ),
    "gebruikt versiebeheer zo dat het werk van anderen heel blijft": (
        "Je gebruikt versiebeheer zonder het werk van anderen te breken."
    ),
    "zoekt bij problemen methodisch naar de oorzaak en de oplossing": (
        "Je zoekt stap voor stap uit waar een fout vandaan komt."
    ),
    "stelt testgevallen op die passen bij de eisen, ook voor wat mis kan gaan": (
        "Je bedenkt tests die passen bij de eisen, ook voor wat mis kan gaan."
    ),
    "voert tests nauwkeurig uit en legt de resultaten navolgbaar vast": (
        "Je test precies en schrijft de resultaten zo op dat een ander ze begrijpt."
    ),
    "trekt uit testresultaten de juiste conclusies": (
        "Je ziet wat de resultaten van een test betekenen."
    ),
    "verzamelt actief ervaringen van gebruikers en collega's": (
        "Je vraagt gebruikers en collega's wat beter kan."
    ),
    "formuleert haalbare verbeteringen en weegt kosten en opbrengst": (
        "Je stelt verbeteringen voor die haalbaar zijn en iets opleveren."
    ),
    "komt afspraken in het team na en spreekt anderen daarop aan": (
        "Je houdt je aan afspraken en spreekt anderen daarop aan."
    ),
    "deelt kennis en vraagt op tijd om hulp": ("Je deelt wat je weet en vraagt op tijd om hulp."),
    "stemt verhaal en woordkeus af op het publiek": (
        "Je vertelt je verhaal zo dat je publiek het begrijpt."
    ),
    "laat de werking overtuigend zien en beantwoordt vragen deskundig": (
        "Je laat zien hoe het werkt en geeft goed antwoord op vragen."
    ),
    "vraagt en geeft feedback die de ander verder helpt": (
        "Je vraagt feedback en geeft feedback waar een ander iets aan heeft."
    ),
    "benoemt eigen aandeel en leerpunten eerlijk en concreet": (
        "Je zegt eerlijk wat jij deed en wat je wilt leren."
    ),
}
