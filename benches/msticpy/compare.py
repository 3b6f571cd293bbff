"""Compares linktrail with msticpy's IoC extraction. Started by the script `compare` beside it."""

import json
import logging
import subprocess
import sys
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import ada_url  # noqa: E402
from msticpy.transform.iocextract import IoCExtract  # noqa: E402

SIZES = [("1 KB", 1 << 10), ("10 KB", 10 << 10), ("100 KB", 100 << 10), ("1 MB", 1 << 20), ("10 MB", 10 << 20)]
# A size is left out when the one before it shows that it would take longer than this.
PATIENCE = 180.0

MESSAGE = (
    '<div><div>Hi all, the minutes of Tuesday are in the usual place, please add what I forgot. '
    '<a href="https://portal.contoso.com/auth?a=1&amp;b={n}" rel="noreferrer noopener">the portal</a>'
    '</div><p>&nbsp;<at id="0">Adele Vance</at>&nbsp;the build is green again, see '
    "https://build.fabrikam.com/job/{n}. Questions? Ask me any time.</p><ul><li>travel: <b>still</b> "
    "frozen</li><li>hiring: two positions, both in Lisbon</li></ul></div>"
)


def normal(url):
    """The url as the WHATWG rules serialise it; as it is when they refuse it."""
    try:
        return ada_url.URL(url).href
    except ValueError:
        return url


def linktrail(program, messages):
    lines = "".join(json.dumps(message) + "\n" for message in messages)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    return [[link["url"] for link in json.loads(line)] for line in done.stdout.splitlines()]


def linktrail_seconds(program, messages, repeat):
    """Seconds for one pass over the messages, without starting up and reading them."""
    lines = "".join(json.dumps(message) + "\n" for message in messages)
    command = [program, "--repeat", str(repeat)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["seconds"] / repeat


def text_of(message, attachments):
    """What msticpy is given: the body, and the attachments when asked for."""
    parts = [message.get("content") or ""]
    for attachment in message.get("attachments") or [] if attachments else []:
        for key in ("contentUrl", "content"):
            value = attachment.get(key)
            if value:
                parts.append(value if isinstance(value, str) else json.dumps(value))
    return "\n".join(parts)


def msticpy(extractor, text):
    # It refuses to look at nothing.
    return extractor.extract(src=text, ioc_types=["url"]).get("url", set()) if text else set()


def is_right(case, urls):
    found = [normal(url) for url in urls]
    expected = {normal(url) for url in case["expected"]}
    allowed = expected | {normal(url) for url in case["tolerated"]}
    return len(found) == len(set(found)) and expected <= set(found) <= allowed


def body(size):
    parts = []
    number = 0
    length = 0
    while length < size:
        html = MESSAGE.format(n=number)
        parts.append(html)
        length += len(html)
        number += 1
    return "".join(parts)


def seconds(value):
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def agreement(program, extractor, cases):
    rows = [("linktrail", linktrail(program, cases))]
    rows.append(("msticpy, body", [msticpy(extractor, text_of(case, False)) for case in cases]))
    rows.append(("msticpy, body and attachments", [msticpy(extractor, text_of(case, True)) for case in cases]))
    print(f"right of {len(cases)} messages")
    for name, answers in rows:
        right = sum(is_right(case, urls) for case, urls in zip(cases, answers))
        print(f"  {name:32} {right:4}  {100 * right / len(cases):5.1f} %")
    wrong = [case["id"] for case, urls in zip(cases, rows[0][1]) if not is_right(case, urls)]
    return wrong


def speed(program, extractor, cases):
    texts = [text_of(case, True) for case in cases]
    start = time.perf_counter()
    for text in texts:
        msticpy(extractor, text)
    slow = time.perf_counter() - start
    fast = linktrail_seconds(program, cases, 50)
    print(f"\nall messages once: linktrail {seconds(fast)}, msticpy {seconds(slow)}, ratio {slow / fast:.0f}")


def growth(program, extractor):
    print(f"\n{'one body of':>12} {'linktrail':>12} {'MB/s':>8} {'msticpy':>12} {'MB/s':>8} {'ratio':>8}")
    last = None
    for name, size in SIZES:
        html = body(size)
        megabytes = len(html) / 1e6
        fast = linktrail_seconds(program, [{"contentType": "html", "content": html}], max(3, (20 << 20) // size))
        if last is not None and last[1] * size / last[0] > PATIENCE:
            print(f"{name:>12} {seconds(fast):>12} {megabytes / fast:8.1f} {'not run: too slow':>21}")
            continue
        runs = []
        for _ in range(3 if size < 1 << 20 else 1):
            start = time.perf_counter()
            msticpy(extractor, html)
            runs.append(time.perf_counter() - start)
        slow = min(runs)
        last = (size, slow)
        print(
            f"{name:>12} {seconds(fast):>12} {megabytes / fast:8.1f} {seconds(slow):>12} "
            f"{megabytes / slow:8.2f} {slow / fast:8.0f}"
        )


def main():
    program, fixture = sys.argv[1:]
    with open(fixture, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    extractor = IoCExtract()
    wrong = agreement(program, extractor, cases)
    speed(program, extractor, cases)
    growth(program, extractor)
    if wrong:
        sys.exit(f"linktrail is wrong about: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
