"""Recognisers of personal data: does a text hold an e-mail address, a phone number, a name ...? No network, no model.

A recogniser grades one text: 2 where it is beyond doubt by itself, 1 where only many of its kind tell, 0 where it is
only of the right shape, None where it is not even that. `holds` then judges a column by its grades. Numbers with check
digits are validated by python-stdnum, phone numbers by phonenumbers.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from typing import TypeAlias

from crispq_checks.person_names import GIVEN, SURNAMES, TITLES

Grade: TypeAlias = int | None
Recogniser: TypeAlias = Callable[[str], Grade]

SURE, LIKELY, SHAPE = 2, 1, 0
#: What is read of one text.
LONGEST = 10_000
MOST_WORDS_OF_A_NAME = 4
#: Where more than nine of ten texts have the shape and are not valid, the tenth is chance.
LEAST_OF_SURE = 0.1

_AT = re.compile(r"[^@]*@")
_DIGITS = re.compile(r"(?:\D*\d){7}")
_LETTERS = re.compile(r".*?[^\W\d_]{2}", re.DOTALL)
_SIGNS = re.compile(r"(?:[^.]*\.){3}|(?:[^:]*:){3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of personal data.

    words: how a column's title, or its declaration, names it. loose: what its values look like where the title names
    it. needs: how a text begins that is worth a look. by_share: judged by its share of the rows too, for such a text
    occurs by chance. least: the least share of different texts of this shape that must be of this kind.
    """

    name: str
    words: tuple[str, ...]
    recognise: Recogniser
    loose: str
    needs: re.Pattern[str]
    by_share: bool = False
    least: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a column holds of one kind: different texts and rows that are of it, and different texts of its shape."""

    kind: str
    texts: int
    rows: int
    shaped: int
    sure: bool


def found_in(texts: Mapping[str, int], kind: Kind, *, titled: bool, recognise: Recogniser | None = None) -> Found:
    """Count what the texts (with their numbers of rows) hold of the kind; `titled`: the column's title names it."""
    texts = texts if titled else {text: rows for text, rows in texts.items() if kind.needs.match(text)}
    grades = [(recognise or kind.recognise)(text[:LONGEST]) for text in texts]
    loose = re.compile(kind.loose) if titled else None
    hits = [
        (text, max(grade or 0, LIKELY if loose is not None and loose.fullmatch(text.strip()) else 0))
        for text, grade in zip(texts, grades, strict=True)
    ]
    return Found(
        kind=kind.name,
        texts=sum(grade >= LIKELY for _, grade in hits),
        rows=sum(texts[text] for text, grade in hits if grade >= LIKELY),
        shaped=sum(grade is not None or hit >= LIKELY for grade, (_, hit) in zip(grades, hits, strict=True)),
        sure=any(grade == SURE for grade in grades),
    )


def holds(found: Found, kind: Kind, rows: int, *, share: float, fewest: int) -> bool:
    """Whether this is personal data: one text beyond doubt, or enough likely ones, both in number and as a share."""
    if found.sure and found.texts >= LEAST_OF_SURE * found.shaped:
        return True
    enough = found.texts >= fewest and found.texts >= kind.least * found.shaped
    return enough and (not kind.by_share or found.rows >= share * rows)


def kinds_named(title: str) -> frozenset[str]:
    """The kinds that a column's title, or a declaration, names."""
    words = words_of(title)
    told = f" {' '.join(words)} "
    return frozenset(kind.name for kind in KINDS if any(f" {one} " in told for one in kind.words)) - _misled(words)


def _misled(words: Sequence[str]) -> frozenset[str]:
    """What `address` does not mean in "e-mail address" or "IP address"."""
    other = {"email", "mail", "ip", "mac", "web", "url", "memory"} & set(words)
    return frozenset({"postal address"}) if other else frozenset()


def words_of(title: str) -> list[str]:
    """The words of a title in lower case: `dateOfBirth`, `date_of_birth` and `Date of birth` are the same."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain(title).replace("e-mail", "email").replace("E-mail", "Email"))
    return [word.casefold() for word in re.findall(r"[^\W\d_]+", apart)]


def plain(text: str) -> str:
    """The text without accents."""
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


# --- e-mail, accounts, cards ---------------------------------------------------------------------

_MAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}(?![\w-])")
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){12,18}(?![\w]|[.,-]\d)")
_CARD_KIND = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:6011|65\d\d|64[4-9]\d)\d{12}"
    r"|35\d{14}|62\d{14,17}"
)
SHORTEST_IBAN = 15


def _mail(text: str) -> Grade:
    return SURE if "@" in text and _MAIL.search(text) else None


def _iban(text: str) -> Grade:
    from stdnum import iban

    matches = [re.sub(r"\s", "", one[0]) for one in _IBAN.finditer(text.upper())]
    if not matches:
        return None
    ends = ((one, end) for one in matches for end in range(SHORTEST_IBAN, len(one) + 1))
    return SURE if any(iban.is_valid(one[:end]) for one, end in ends) else SHAPE


def _card(text: str) -> Grade:
    from stdnum import luhn

    matches = [one[0] for one in _CARD.finditer(text)]
    if not matches:
        return None
    valid = [one for one in matches if _CARD_KIND.fullmatch(_digits(one)) and luhn.is_valid(_digits(one))]
    if not valid:
        return SHAPE
    grouped = any(re.fullmatch(r"\d{4}([ -])\d{4,6}\1\d{4,5}(?:\1\d{3,4})?", one) for one in valid)
    return SURE if grouped or valid[0] != text.strip() else LIKELY


# --- phone numbers -------------------------------------------------------------------------------

_ABROAD = re.compile(r"(?<![\w+.,])\+[1-9](?:[ ()./-]{0,2}\d){7,14}(?![\w]|[.,]\d)")
_AT_HOME = re.compile(
    r"(?<![\w+.,/-])\(?0[1-9]\d{0,4}\)?(?: ?[ /-] ?\(?\d{2,5}\)?|\d{2,8})(?:[ -]\d{2,5}){0,4}(?![\w]|[.,/-]\d)"
)
_AMERICAN = re.compile(
    r"(?<![\w+.,-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([ .-]))[2-9]\d{2}[ .-]\d{4}(?![\w]|[.,-]\d)"
)
_DATE = re.compile(r"\d{1,2}[ ./-]\d{1,2}[ ./-]\d{2,4}|\d{4}-\d{1,2}-\d{1,2}")
_MOST_DIGITS_OF_A_PHONE = 15


def phone(regions: Iterable[str]) -> Recogniser:
    """Recognise phone numbers: with `+` anywhere, as written at home in one of the regions (ISO codes)."""
    zones = tuple(regions)

    def recognise(text: str) -> Grade:
        if any(_is_phone(one[0], None) for one in _ABROAD.finditer(text)):
            return SURE
        home = [one[0] for one in (*_AT_HOME.finditer(text), *_AMERICAN.finditer(text))]
        home = [one for one in home if not one.isdigit() and not _DATE.fullmatch(one)]
        if not home:
            return None
        return LIKELY if any(_is_phone(one, zone) for one in home for zone in zones) else SHAPE

    return recognise


def _is_phone(text: str, region: str | None) -> bool:
    import phonenumbers

    if len(_digits(text)) > _MOST_DIGITS_OF_A_PHONE:
        return False
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))
    except phonenumbers.NumberParseException:
        return False


# --- numbers that a state gives to persons -------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Number:
    """A national number: what it looks like, the module of python-stdnum for it, and whether one is enough."""

    shape: str
    module: str
    sure: bool = False


#: A shape is sure where chance makes less than one in a thousand texts of it valid, or hardly anything else looks so.
NATIONAL: Mapping[str, _Number] = {
    "US social security number": _Number(shape=r"\d{3}-\d{2}-\d{4}", module="us.ssn", sure=True),
    "German tax number": _Number(shape=r"\d{2} ?\d{3} ?\d{3} ?\d{3}", module="de.idnr"),
    "British NHS number": _Number(shape=r"\d{3}[ -]?\d{3}[ -]?\d{4}", module="gb.nhs"),
    "French social security number": _Number(
        shape=r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", module="fr.nir", sure=True
    ),
    "Italian tax code": _Number(
        shape=r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]", module="it.codicefiscale", sure=True
    ),
    "Spanish identity number": _Number(shape=r"\d{8}-?[A-Z]", module="es.dni"),
    "Spanish foreigner's number": _Number(shape=r"[XYZ]-?\d{7}-?[A-Z]", module="es.nie"),
    "Dutch citizen number": _Number(shape=r"\d{9}", module="nl.bsn"),
    "Polish PESEL": _Number(shape=r"\d{11}", module="pl.pesel"),
    "Swedish personal number": _Number(shape=r"(?:\d{2})?\d{6}[-+]\d{4}", module="se.personnummer"),
    "Norwegian birth number": _Number(shape=r"\d{6} ?\d{5}", module="no.fodselsnummer"),
    "Finnish identity code": _Number(shape=r"\d{6}[-+A-F]\d{3}[0-9A-Y]", module="fi.hetu", sure=True),
    "Swiss insurance number": _Number(shape=r"756\.\d{4}\.\d{4}\.\d{2}", module="ch.ssn", sure=True),
    "Belgian national number": _Number(shape=r"\d{2}\.?\d{2}\.?\d{2}-?\d{3}\.?\d{2}", module="be.nn"),
    "Brazilian CPF": _Number(shape=r"\d{3}\.\d{3}\.\d{3}-\d{2}", module="br.cpf", sure=True),
    "Indian Aadhaar number": _Number(shape=r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", module="in_.aadhaar"),
}


def _national(number: _Number) -> Recogniser:
    shape = re.compile(rf"(?<![\w.,+-])(?:{number.shape})(?![\w]|[.,-]\d)")

    def recognise(text: str) -> Grade:
        matches = [one[0] for one in shape.finditer(text)]
        if not matches:
            return None
        validate = import_module(f"stdnum.{number.module}").is_valid
        if not any(validate(one) for one in matches):
            return SHAPE
        return SURE if number.sure else LIKELY

    return recognise


# --- names, addresses ----------------------------------------------------------------------------

_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019-](?=[^\W\d_]))*\.?")
_TITLED = re.compile(r"\b(\w+)\.? (?:[A-Z]\. ?)?([A-Z][^\W\d_]+)")
_PLACES = frozenset(
    "san santa sao st saint fort port new lake mount mt cape los las el bad north south east west".split()  # noqa: SIM905
)
_NOT_A_NAME = re.compile(r"[\d@#&/\\_=<>()\[\]{}:;!?%$€]")
_STREETS = (
    r"\b[A-ZÄÖÜ][\w.-]*(?:straße|strasse|str\.|gasse|allee|platz|weg|damm)\s\d{1,4}\s?[a-z]?\b",
    r"\b[A-ZÄÖÜ]\w+(?:er|[- ]\w+) (?:Straße|Strasse|Str\.|Gasse|Allee|Platz|Weg|Damm|Ring|Ufer)\s\d{1,4}\s?[a-z]?\b",
    r"\b\d{1,5}[a-zA-Z]? (?:[NSEW]\.? )?(?:[A-Z][\w.']+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr)\b",
    r"\b\d{1,5} (?:[NSEW]\.? )?(?:[A-Z][\w.']+ ){1,3}(?:Boulevard|Blvd|Court|Ct|Terrace|Square|Close|Crescent)\b",
    r"\b\d{1,4}(?: ?bis)?,? (?:rue|avenue|boulevard|chemin|impasse|quai|allée) (?:de |du |des |d')?\w+",
    r"\b(?:Calle|Via|Viale|Avenida|Plaza|Piazza|Corso|Rua)\s(?:\w+\s){0,3}\w+,?\s(?:n\.? ?|nº ?)?\d{1,4}\b",
)
_STREET = re.compile("|".join(_STREETS))


def _address(text: str) -> Grade:
    return LIKELY if any(one.isdigit() for one in text) and _STREET.search(text) else None


def _name(text: str) -> Grade:
    """A text that is a name, such as "Braund, Mr. Owen Harris", or prose that mentions one."""
    if _titled(text):
        return LIKELY
    if is_name_like(text):
        return LIKELY if _known(_folded(text)) else SHAPE
    words = [(one[0], one.start(), one.end()) for one in _WORD.finditer(text)]
    mentioned = any(
        first[0][0].isupper()
        and second[0][0].isupper()
        and second[1] - first[2] == 1
        and plain(first[0]).casefold() in GIVEN
        and plain(second[0]).casefold().rstrip(".") in SURNAMES
        for first, second in itertools.pairwise(words)
    )
    return LIKELY if mentioned else None


def _titled(text: str) -> bool:
    return any(plain(one[1]).casefold() in TITLES and one[1][0].isupper() for one in _TITLED.finditer(text))


def is_name_like(text: str) -> bool:
    """Whether the text is one to four words with capitals and nothing else."""
    if _NOT_A_NAME.search(text):
        return False
    words = _WORD.findall(text)
    small = {"de", "da", "dos", "van", "von", "der", "den", "la", "le", "di", "del", "al", "el", "bin", "zu", "ten"}
    capital = [word for word in words if word[0].isupper()]
    rest = [word for word in words if not word[0].isupper()]
    return 1 <= len(capital) <= MOST_WORDS_OF_A_NAME and set(rest) <= small


def _folded(text: str) -> list[str]:
    return [plain(word).casefold().rstrip(".") for word in re.findall(r"[^\W\d_]+", text)]


def _known(words: Sequence[str]) -> bool:
    """Whether these words are a name: a known one alone; of several, a given name and one more."""
    if words and words[0] in _PLACES:
        return False
    if len(words) == 1:
        return words[0] in GIVEN or words[0] in SURNAMES
    return any(word in GIVEN for word in words)


_QUAD = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d|\w)")
_SIX = re.compile(r"(?<![\w:])[0-9A-Fa-f:]{10,39}(?![\w:])")
#: A version such as 1.2.10.3 has no part as large as this; nearly every address has.
_LARGE_PART = 32
_FEWEST_COLONS = 3


def _ip(text: str) -> Grade:
    if text.count(".") >= 3:  # noqa: PLR2004 - four parts
        for one in _QUAD.finditer(text):
            parts = [int(part) for part in one[0].split(".")]
            if max(parts) < 256 and max(parts) >= _LARGE_PART and 0 < parts[0] != 127:  # noqa: PLR2004 - not itself
                return LIKELY
    if text.count(":") >= _FEWEST_COLONS and any(_is_six(one[0]) for one in _SIX.finditer(text)):
        return LIKELY
    return None


def _is_six(text: str) -> bool:
    import ipaddress

    if text.count(":") < _FEWEST_COLONS:
        return False
    try:
        return ipaddress.ip_address(text).version == 6  # noqa: PLR2004 - the newer kind
    except ValueError:
        return False


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isdigit())


# --- all of them ---------------------------------------------------------------------------------

_ANY = r".*\S.*"
_NUMBER = r"\+?[\d ()./-]{7,22}"


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(","))


_MAIL_WORDS = _phrases("email, mail, emails, mailadresse")
_BORN = _phrases(
    "dob, birthday, birthdate, birth date, date of birth, date birth, geburtsdatum, geburtstag, geb datum, "
    "date de naissance, date naissance, fecha de nacimiento, fecha nacimiento, data di nascita"
)
_NAMED = _phrases(
    "first name, last name, full name, given name, family name, middle name, maiden name, surname, firstname, "
    "lastname, fullname, forename, patient name, customer name, employee name, person name, student name, client name, "
    "nachname, vorname, familienname, nom de famille, prenom, apellido, apellidos, cognome, contact name, "
    "contact person, doctor name, physician name, name of patient, name of the patient, name of a person"
)
_PHONES = _phrases(
    "phone, telephone, tel, telefon, mobile, handy, handynummer, fax, cellphone, telefonnummer, telefono, rufnummer"
)
_STREET_WORDS = _phrases("address, street, strasse, adresse, anschrift, direccion, indirizzo, addr")
_ID_WORDS = _phrases(
    "ssn, social security, national id, passport, nhs number, tax id, steuer id, steueridentifikationsnummer, "
    "sozialversicherungsnummer, identity number, identity card, aadhaar, pesel, cpf, personnummer, driving licence, "
    "driver license, krankenversichertennummer"
)


def _nothing(text: str) -> Grade:
    """Stand for a recogniser that needs more than the text."""
    del text
    return None


BIRTH = "date of birth"
NAME = "name of a person"
PHONE = "phone number"
ID = "national identity number"


@cache
def national_kinds() -> tuple[Kind, ...]:
    """One kind for each national number; all are called the same."""
    loose = r"[\dA-Z][\dA-Z ./-]{5,20}"
    return tuple(
        Kind(name=ID, needs=_DIGITS, words=_ID_WORDS, recognise=_national(one), loose=loose, least=0.8)
        for one in NATIONAL.values()
    )


KINDS: tuple[Kind, ...] = (
    Kind(name="e-mail address", words=_MAIL_WORDS, needs=_AT, recognise=_mail, loose=r"\S+@\S+"),
    Kind(
        name="bank account (IBAN)",
        words=("iban", "bank account", "kontonummer"),
        needs=_DIGITS,
        recognise=_iban,
        loose=r"\S*\d{6,}\S*",
    ),
    Kind(
        name="card number",
        words=("credit card", "card number", "creditcard", "kreditkarte", "card no"),
        needs=_DIGITS,
        recognise=_card,
        loose=r"\d[\d -]{11,21}\d",
        least=0.3,
    ),
    Kind(name=PHONE, words=_PHONES, needs=_DIGITS, recognise=_nothing, loose=_NUMBER, by_share=True, least=0.5),
    Kind(
        name="postal address",
        words=_STREET_WORDS,
        needs=_LETTERS,
        recognise=_address,
        loose=r"(?=.*\d)(?=.*[^\W\d_]{3}).*",
        by_share=True,
    ),
    Kind(name=NAME, words=_NAMED, needs=_LETTERS, recognise=_name, loose=r"[^\W\d_][^\d@_]*", by_share=True, least=0.2),
    Kind(
        name="IP address",
        words=("ip", "ip address", "ipaddress"),
        needs=_SIGNS,
        recognise=_ip,
        loose=_ANY,
        by_share=True,
    ),
    *national_kinds(),
    Kind(name=BIRTH, words=_BORN, needs=_DIGITS, recognise=_nothing, loose=_ANY),
)


_DECLARED = {
    "name": NAME,
    "names": NAME,
    "mail": "e-mail address",
    "iban": "bank account (IBAN)",
    "account": "bank account (IBAN)",
    "card": "card number",
    "street": "postal address",
    "ip": "IP address",
    "birth": BIRTH,
    "identity": ID,
    "id": ID,
}


def kinds_declared(cell: str) -> frozenset[str]:
    """The kinds that a declaration such as `name` or `e-mail` means; all of them where it names none."""
    words = words_of(cell)
    found = kinds_named(cell) | {_DECLARED[word] for word in words if word in _DECLARED}
    return found or frozenset(kind.name for kind in KINDS)


# --- columns -------------------------------------------------------------------------------------


def scan(texts: Mapping[str, int], title: str, *, regions: Sequence[str], share: float, fewest: int) -> Iterator[Found]:
    """What a column of texts (with their numbers of rows) holds, beyond doubt or by its share; one for each kind."""
    rows = sum(texts.values())
    named = kinds_named(title)
    told: set[str] = set()
    for kind in KINDS:
        if kind.name in told or kind.name == BIRTH:
            continue
        recognise = phone(regions) if kind.name == PHONE else None
        one = found_in(texts, kind, titled=kind.name in named, recognise=recognise)
        if holds(one, kind, rows, share=share, fewest=fewest):
            told.add(kind.name)
            yield one


# --- dates of birth ------------------------------------------------------------------------------

_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_WRITTEN = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
MOST_DATES_LOST = 0.1
#: What dates of birth of adults or of all ages have, and the dates of a series or of one project have not.
FEWEST_DATES, FEWEST_YEARS, MOST_YEARS, FEWEST_DAYS = 30, 20, 110, 20
MOST_EQUAL_GAPS = 0.5


def dates_in(texts: Iterable[str]) -> tuple[date, ...]:
    """The days that the texts are; none unless nine of ten are days without a time."""
    every = list(texts)
    found = [one for one in map(_date, every) if one is not None]
    return tuple(sorted(found)) if every and len(found) >= (1 - MOST_DATES_LOST) * len(every) else ()


def _date(text: str) -> date | None:
    text = text.strip()
    if match := _ISO.fullmatch(text):
        parts = [int(one) for one in match.groups()]
    elif match := _WRITTEN.fullmatch(text):
        parts = [int(one) for one in reversed(match.groups())]
        parts = parts if parts[1] <= 12 else [parts[0], parts[2], parts[1]]  # noqa: PLR2004 - months
    else:
        return None
    try:
        return date(*parts) if 1875 < parts[0] < 2100 else None  # noqa: PLR2004 - nobody is older
    except ValueError:
        return None


def are_like_births(dates: Sequence[date], texts: Mapping[str, int]) -> bool:
    """Whether these days lie as days of birth do: over decades, on all days of the month, at no fixed step."""
    if len(dates) < FEWEST_DATES or len(texts) * 2 < sum(texts.values()):
        return False
    years = (dates[-1 - len(dates) // 20] - dates[len(dates) // 20]).days / 365.25
    gaps = Counter((later - earlier).days for earlier, later in itertools.pairwise(dates))
    steps = Counter(_months(later) - _months(earlier) for earlier, later in itertools.pairwise(dates))
    days = {one.day for one in dates}
    regular = max(gaps.values()) > MOST_EQUAL_GAPS * len(dates) or (
        len(days) < FEWEST_DAYS and max(steps.values()) > MOST_EQUAL_GAPS * len(dates)
    )
    return FEWEST_YEARS <= years <= MOST_YEARS and len(days) >= FEWEST_DAYS and not regular


def _months(day: date) -> int:
    return 12 * day.year + day.month
