"""How a query is made of a file of kql/ and its values: the same rule as in render.mjs."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "kql"
NAMES = sorted(path.stem for path in FOLDER.glob("*.kql"))


def read(name: str) -> tuple[str, str, str]:
    """Header comment, let-prelude and body of a query file."""
    text = (FOLDER / f"{name}.kql").read_bytes().decode()
    return re.fullmatch(r"((?://[^\n]*\n)+)((?:let [^\n]*\n)+)\n(.+)", text, re.DOTALL).groups()


def columns(name: str) -> list[str]:
    """The result columns that the header names."""
    return re.search(r"^// columns: (.+)$", read(name)[0], re.MULTILINE)[1].split(", ")


def parameters(name: str) -> list[str]:
    """The parameters of the prelude, in order."""
    return re.findall(r"^let (\w+) = ", read(name)[1], re.MULTILINE)


def literal(value: str | list[str]) -> str:
    """A datetime is a text, a list of values a list. Only what JSON requires is escaped."""
    if isinstance(value, str):
        return f"datetime({value})"

    def escape(match: re.Match) -> str:
        return f"\\u{ord(match[0]):04x}" if match[0] < " " else f"\\{match[0]}"

    return "dynamic([%s])" % ", ".join('"%s"' % re.sub(r'["\\\x00-\x1f]', escape, text) for text in value)


def render(name: str, values: dict[str, str | list[str]]) -> str:
    """The query as it is sent: without the header, the values in place of the examples."""
    _, _, body = read(name)
    return "".join(f"let {key} = {literal(values[key])};\n" for key in parameters(name)) + f"\n{body}"
