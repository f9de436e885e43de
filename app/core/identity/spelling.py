"""One provider's spelling of a model, taken apart.

A spelling has a *core* (family, version, variant words: always part of the model's identity) and
*marks*: parts that some providers write and others leave out (size, date, `-instruct`,
`-preview`, context length, revision, speed tier). The core is a sorted bag of words, so the order
of name and version does not matter; version numbers lose their separators, so that `4.5`, `4-5`,
`4p5` and `45` are one. Parts that speak of hosting or packing (`:free`, `-fp8`, `-tee`, regions,
folders, vendor prefixes) belong to neither and are dropped.

Whether a mark makes two models or is one model's longer name is decided in `grouping`, which sees
the whole catalog.
"""

import re
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Final, NamedTuple

from app.core.identity.vendors import (
    FAMILY_VENDOR,
    VENDOR_ALIAS,
    family_vendor,
    is_host,
    lab_of,
    vendor_of,
    word_set,
)

MAX_KEY_LENGTH: Final = 255

# Says how or where the weights are served, not which weights they are.
_HOSTING: Final = word_set(
    "free tee maas hf original cloud default latest hosted serverless paid spot public gguf awq",
    "gptq fp4 fp8 fp16 fp32 bf16 nvfp4 mxfp4 int4 int8 w4a16 w8a8 bnb exl2 mlx 4bit 6bit 8bit",
    "dynamic quantized quant nitro floor extended exacto labs together sambanova fireworks",
)
_TIERS: Final = frozenset(("fast", "lightning", "highspeed", "ultraspeed", "flex", "priority"))
# Speed tiers when a size is there; part of the model's name when not (`gpt-4-turbo`).
_TIERS_OF_SIZED: Final = frozenset(("turbo", "instant", "versatile"))
_INSTRUCT: Final = {"instruct": "instruct", "inst": "instruct", "it": "instruct"}
_PREVIEW: Final = frozenset(("preview", "beta"))
_SYNONYMS: Final = {"think": "thinking", "embedding": "embed", "experimental": "exp"}
# Words that name no model by themselves: an id of nothing else needs its owner's name.
_GENERIC: Final = word_set(
    "agent air analyst audio auto base best beta chat cheap code coder coding custom deep default",
    "dev embed embedding exp fast flash free frontier generate hd high image instruct large latest",
    "lite low max medium micro mini model multilingual nano omni online plus preview pro prime",
    "reasoner reasoning rerank research router search small smart speech standard text thinking",
    "tts turbo ultra v video vision vl voice web xl mm balanced active alpha english",
)

_REGION = re.compile(r"^(?:us-gov|us|eu|au|jp|apac|ap|ca|sa|uk|global)\.(?=[a-z0-9-]+\.)")
_ROUTE_SUFFIX = re.compile(
    r":(?:free|beta|extended|nitro|floor|online|exacto|paid|thinking|cloud|latest|default|\d{4,6})$"
)
_BEDROCK_REVISION = re.compile(r"-v?(?:1:\d+|(?<=\d{8}-v)\d+:\d+)(?::\w+)?$")
_SEPARATORS = re.compile(r"[-_.: ]+(?=\w)")
_PACKERS: Final = frozenset(
    ("azure", "bedrock", "cerebras", "coding", "groq", "route", "unsloth", "vertex")
)
_GGUF_QUANT = re.compile(r"[-_.:]i?q\d(?:[-_][a-z0-9]{1,3}){0,2}$")
_POINT = re.compile(r"(?<=\d)p(?=\d)")
_EDGE, _END = r"(?<![\da-z.])", r"(?![\da-z]|\.\d)"
_DATES: Final = (
    re.compile(_EDGE + r"(?P<y>20\d\d)[-_.]?(?P<m>0[1-9]|1[0-2])[-_.]?(?P<d>[0-3]\d)" + _END),
    re.compile(_EDGE + r"(?P<y>2[3-9])(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)" + _END),
    re.compile(_EDGE + r"(?P<m>0[1-9]|1[0-2])[-_](?P<y>20\d\d)" + _END),
    re.compile(_EDGE + r"(?P<y>20\d\d)[-_](?P<m>0[1-9]|1[0-2])" + _END),
    re.compile(_EDGE + r"(?P<y>2[3-9])(?P<m>0[1-9]|1[0-2])" + _END),
    re.compile(_EDGE + r"(?P<m>0[1-9]|1[0-2])[-_]?(?P<d>[0-3]\d)" + _END),
)
_MAYBE_DATE = re.compile(r"\d\d[-_.]?\d\d")
_CHUNK = re.compile(r"[^\W_]+(?:\.\d[^\W_]*)*")
_PIECE = re.compile(r"\d+(?:\.\d+)*[^\W\d_]*|[^\W\d_]+")
_NUMBER = re.compile(r"([a-z]?)(\d{1,3}(?:\.\d+)*)(v?)$")
_SIZE = re.compile(r"(?:e?\d+(?:\.\d+)?b|\d+x\d+(?:\.\d+)?b|[2-9]\dm|\d{3}m|[1-9]t)$")
_PARTS_OF_SIZE = re.compile(r"(?:a\d+(?:\.\d+)?b|\d+e)$")
_CONTEXT = re.compile(r"(?:\d+k|[1-9]m|4096|8192|16384|32768|65536|131072|262144)$")


class Parsed(NamedTuple):
    """A spelling taken apart: the core's words joined, and (kind, value) of each mark, sorted."""

    core: str
    marks: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The key in full: `claude-haiku-45;date=1001`."""
        key = ";".join([self.core, *(f"{kind}={value}" for kind, value in self.marks)])
        if len(key) <= MAX_KEY_LENGTH:
            return key
        return f"{key[:200]}-{sha256(key.encode()).hexdigest()[:40]}"


def identity_key(
    provider: str, raw_id: str, *, name: str | None = None, family: str | None = None
) -> str:
    """Return the key of one spelling, from the spelling alone.

    Spellings with equal keys are one model. The reverse needs a view of the catalog
    (`group_spellings`): only there is it known whether `-instruct`, a date or a size tells two
    models apart. The name helps where the id is an abbreviation; `family` is accepted so that a
    feed's record can be passed as it is. Never raises.
    """
    return parse(provider, raw_id, name or family).key


def parse_key(key: str) -> Parsed:
    """Return the parts of a key that `identity_key` or `group_spellings` made."""
    core, *marks = key.split(";")
    pairs = (mark.partition("=") for mark in marks)
    return Parsed(core, tuple(sorted((kind, value) for kind, _, value in pairs)))


@lru_cache(maxsize=32768)
def parse(provider: str, raw_id: str, name: str | None = None) -> Parsed:
    """Take a spelling apart. `name` is used only when the id is an abbreviation of it."""
    provider = provider.lower()
    text, organisation = _bare_name(provider, raw_id.strip().lower())
    words, marks = _words(text)
    if not words and not marks:
        return Parsed(raw_id.strip().lower().replace(";", ",") or "-")
    if not _has_family(words) and all(
        word in _GENERIC or len(word) < 4 or word.isdigit() for word in words
    ):
        named = _from_name(provider, name, words) if name and not organisation else None
        if named is not None:
            words = named
        elif all(word in _GENERIC or len(word) < 3 or word.isdigit() for word in words):
            words = [*words, family_vendor(text) or organisation or lab_of(provider) or provider]
    return Parsed(_join(words), tuple(sorted(marks.items())))


def _join(words: list[str]) -> str:
    letters = sorted({word for word in words if not word.isdigit()})
    return "-".join([*letters, *sorted(word for word in words if word.isdigit())]).replace(";", ",")


def _bare_name(provider: str, text: str) -> tuple[str, str]:
    """Return the model's name without folders, vendor, region and route, and the organisation."""
    text = _ROUTE_SUFFIX.sub("", text)
    parts = [part for part in text.split("/") if part.strip()]
    if not parts:
        return text, ""
    name = parts[-1]
    folders = [part.removeprefix("hf:").lstrip("@~") for part in parts[:-1]]
    if folders and _belongs_to_name(folders[-1], name):
        name = f"{folders[-1]}-{name}"
    name = _REGION.sub("", name.removeprefix("hf:"))
    name = _BEDROCK_REVISION.sub("", name)
    organisation = next((vendor_of(part) for part in reversed(folders) if not is_host(part)), "")
    head, dot, tail = name.partition(".")
    if dot and head in VENDOR_ALIAS and tail and not tail[0].isdigit():
        name, organisation = tail, vendor_of(head)
    name = _GGUF_QUANT.sub("", _without_prefixes(provider, name))
    return _POINT.sub(".", name), organisation


def _belongs_to_name(folder: str, name: str) -> bool:
    """Whether the last folder says more than the maker: `flux/dev`, not `anthropic/claude`."""
    if folder in VENDOR_ALIAS or is_host(folder):
        return False
    words = _CHUNK.findall(name)
    return all(word in _GENERIC or word in _HOSTING or word[0] == "v" for word in words)


def _without_prefixes(provider: str, name: str) -> str:
    """Drop leading vendor, packer and provider words while a known family follows."""
    for _ in range(3):
        if (rest := _rest_after_prefix(provider, name)) is None:
            return name
        name = rest
    return name


def _rest_after_prefix(provider: str, name: str) -> str | None:
    """Return what follows a vendor's, packer's or provider's name, if that opens another name."""
    own = provider.partition("-")[0]
    ends = [match.start() for match in islice(_SEPARATORS.finditer(name), 3)]
    for end in ends:
        word, rest = name[:end], name[end:].lstrip("-_.: ")
        vendor = VENDOR_ALIAS.get(word)
        if vendor is None and word not in _PACKERS and word != own:
            continue
        follows = family_vendor(rest)
        # A family's word is a prefix only before its own maker's family: `mistral-ministral`,
        # but not `mistral-nemotron` or `llama-nemotron`.
        if follows is not None and (word not in FAMILY_VENDOR or follows == vendor):
            return rest
        if follows is None and _rest_after_prefix(provider, rest) is not None:
            return rest
    return None


def _words(text: str) -> tuple[list[str], dict[str, str]]:
    """Return the core's words and the marks of a bare name."""
    marks: dict[str, str] = {}
    if _MAYBE_DATE.search(text):
        text = _take_date(text, marks)
    words: list[str] = []
    number: list[str] = []
    dropped: list[str] = []
    for piece in _pieces(text):
        if piece == "v0" and not words and not number:
            words.append(piece)  # a family of its own: `v0-1.5-md`
            continue
        match = _NUMBER.match(piece)
        if match and not _CONTEXT.match(piece):
            letter, digits, suffix = match.groups()
            if number and (letter or not _joins(number, digits)):
                _end_number(number, words, marks)
            number.extend([letter] if not number else [])
            number.extend(digits.split("."))
            if suffix:
                number.append(suffix)
                _end_number(number, words, marks)
            continue
        _end_number(number, words, marks)
        _sort_piece(piece, words, marks, dropped)
    _end_number(number, words, marks)
    _settle(words, marks, dropped)
    return words, marks


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for chunk in _CHUNK.findall(text):
        if _is_whole(chunk):
            pieces.append(chunk)
        else:
            pieces.extend(_PIECE.findall(chunk))
    return pieces


def _is_whole(chunk: str) -> bool:
    return (
        chunk.isalpha()
        or chunk in _HOSTING
        or (len(chunk) > 1 and not chunk[1].isalpha() and chunk[0].isalpha())
        or _SIZE.match(chunk) is not None
        or _CONTEXT.match(chunk) is not None
        or _PARTS_OF_SIZE.match(chunk) is not None
    )


def _joins(number: list[str], digits: str) -> bool:
    """Whether digits after a dash continue the version: `4-5` does, `3-0528` and `8-128` do not."""
    return len(digits) <= 2 and len(number) < 4


def _end_number(number: list[str], words: list[str], marks: dict[str, str]) -> None:
    """Turn the digits gathered into one word: `4`, `5` -> `45`; `v1` is a mark, `4.0` is `4`."""
    if not number:
        return
    letter, *digits = number
    number.clear()
    while len(digits) > 1 and digits[-1] == "0":
        digits.pop()
    value = "".join(digits)
    if letter == "v" and value == "1" and words:
        marks["rev"] = "1"
    elif value in {"001", "002", "003"}:
        marks["rev"] = value
    elif letter == "l" and digits[0] == "3":
        words.extend(["llama", value])  # `L3.3` in the names of its fine-tunes
    else:
        words.append(value if letter == "v" else letter + value)


def _sort_piece(piece: str, words: list[str], marks: dict[str, str], dropped: list[str]) -> None:
    """Put one piece where it belongs: a mark, a core word, or nowhere."""
    if piece in _HOSTING:
        dropped.append(piece)
    elif piece in _INSTRUCT:
        marks["instruct"] = "instruct"
    elif piece in _PREVIEW:
        marks["preview"] = piece
    elif piece in _TIERS:
        marks["tier"] = piece
    elif _SIZE.match(piece):
        marks["size"] = f"{marks['size']}+{piece}" if "size" in marks else piece
    elif _PARTS_OF_SIZE.match(piece):
        marks["part"] = piece
    elif _CONTEXT.match(piece):
        marks["context"] = piece
    else:
        words.append(_SYNONYMS.get(piece, piece.replace(".", "")))


def _settle(words: list[str], marks: dict[str, str], dropped: list[str]) -> None:
    """Decide what depends on the whole name: parts of sizes, speed tiers, names of one word."""
    part = marks.pop("part", None)
    if "size" in marks:
        # Weights with a size are the same weights on a faster host, and `-chat` is their tuning.
        marks.pop("tier", None)
        marks.pop("context", None)
        for word in [word for word in words if word == "chat" or word in _TIERS_OF_SIZED]:
            if len(words) > 1:
                words.remove(word)
                marks["instruct"] = "instruct"
    elif part and part[0] == "a":
        marks["size"] = part
    if not words:
        # Nothing but marks and packing: then these are the name.
        words.extend([*dropped, *(value for kind, value in marks.items() if kind != "date")])
        if words:
            for kind in [kind for kind in marks if kind != "date"]:
                del marks[kind]


def _take_date(text: str, marks: dict[str, str]) -> str:
    """Move the first date of the text to the marks: `0528`, or `ym2507` where no day is given."""
    for pattern in _DATES:
        match = pattern.search(text)
        if match is None:
            continue
        parts = match.groupdict()
        day = parts.get("d")
        marks["date"] = f"{parts['m']}{day}" if day else f"ym{parts['y'][-2:]}{parts['m']}"
        return f"{text[: match.start()]} {text[match.end() :]}"
    return text


def _has_family(words: list[str]) -> bool:
    return any(word in FAMILY_VENDOR or (word[0] == "o" and word[1:].isdigit()) for word in words)


def _from_name(provider: str, name: str, words: list[str]) -> list[str] | None:
    """Return the display name's words when the id abbreviates it: `k2p7` of `Kimi K2.7 Code`."""
    text, _ = _bare_name(provider, name.strip().lower())
    named, _ = _words(text)
    return named if _has_family(named) and set(words) <= set(named) else None
