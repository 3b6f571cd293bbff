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
import pandas  # noqa: E402
from msticpy.transform.iocextract import IoCExtract  # noqa: E402

SIZES = [("1 KB", 1 << 10), ("10 KB", 10 << 10), ("100 KB", 100 << 10), ("1 MB", 1 << 20), ("10 MB", 10 << 20)]
# A size is left out when the one before it shows that it would take longer than this.
PATIENCE = 120.0

# What people write in Teams: links in three of six messages.
MESSAGES = [
    "<div><div>Hi all, the minutes of Tuesday are in the usual place. Please add what I forgot, and "
    "have a look at the open points before the review on Thursday.</div></div>",
    '<p>Please review <a href="https://portal.contoso.com/auth?a=1&amp;b={n}" rel="noreferrer noopener" '
    'title="https://portal.contoso.com/auth?a=1&amp;b={n}" target="_blank">'
    "https://portal.contoso.com/auth?a=1&amp;b={n}</a> until tomorrow, thanks!</p>",
    '<div>&nbsp;<at id="0">Adele Vance</at>&nbsp;the build is green again, see '
    'https://build.fabrikam.com/job/{n}. <emoji id="smile" alt="&#128578;" title="Smile"></emoji></div>',
    '<p><a href="https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2F{n}%3Fid%3D1'
    '&amp;data=05%7C02%7Cadele%40contoso.com%7Ca1b2&amp;sdata=AbCd%3D&amp;reserved=0" title="Original URL">'
    "Voicemail (0:43)</a></p>",
    "<ul><li>budget &amp; forecast: no changes</li><li>travel: <b>still</b> frozen</li><li>hiring: two "
    'positions, both in <i>Lisbon</i></li></ul><p style="margin-left:0">Questions? Ask me any time.</p>',
    "<table><tbody><tr><td><p>Region</p></td><td><p>Q3</p></td></tr><tr><td><p>North</p></td><td><p>"
    '1,204 k</p></td></tr></tbody></table><img alt="image" src="https://graph.microsoft.com/v1.0/chats/19:a/'
    'messages/{n}/hostedContents/aWQ9/$value" width="706" height="529">',
]


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
    """Seconds of the fastest pass over the messages, without starting up and reading them."""
    lines = "".join(json.dumps(message) + "\n" for message in messages)
    command = [program, "--repeat", str(repeat)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["seconds"]


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
        html = MESSAGES[number % len(MESSAGES)].format(n=number)
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


def fastest(fast, slow, rounds):
    """Seconds of the fastest run of each. They take turns, so that a busy machine disturbs both alike; after half a
    minute no new turn begins."""
    begin = time.perf_counter()
    fasts, slows = [], []
    while not slows or (len(slows) < rounds and time.perf_counter() - begin < 30):
        fasts.append(fast())
        start = time.perf_counter()
        slow()
        slows.append(time.perf_counter() - start)
    return min(fasts), min(slows)


def speed(program, extractor, cases):
    chat = [{"contentType": "html", "content": MESSAGES[n % len(MESSAGES)].format(n=n)} for n in range(3000)]
    frame = pandas.DataFrame({"body.content": [message["content"] for message in chat]})
    texts = [text_of(case, True) for case in cases]

    def text_by_text():
        return [msticpy(extractor, message["content"]) for message in chat]

    def as_frame():
        return extractor.extract(data=frame, columns=["body.content"], ioc_types=["url"])

    rows = [
        (f"{len(cases)} cases, text by text", cases, lambda: [msticpy(extractor, text) for text in texts]),
        (f"{len(chat)} chat messages, text by text", chat, text_by_text),
        (f"{len(chat)} chat messages, as a data frame", chat, as_frame),
    ]
    print(f"\n{'':36} {'linktrail':>12} {'msticpy':>12} {'ratio':>8}")
    for name, messages, run in rows:
        fast, slow = fastest(lambda: linktrail_seconds(program, messages, 20), run, 20)
        print(f"{name:36} {seconds(fast):>12} {seconds(slow):>12} {slow / fast:8.0f}")


def growth(program, extractor):
    print(f"\n{'one body of':>12} {'linktrail':>12} {'MB/s':>8} {'msticpy':>12} {'MB/s':>8} {'ratio':>8}")
    last = None
    for name, size in SIZES:
        html = body(size)
        megabytes = len(html) / 1e6
        message = {"contentType": "html", "content": html}
        repeat = min(200, max(3, (4 << 20) // size))
        if last is not None and last[1] * size / last[0] > PATIENCE:
            fast = linktrail_seconds(program, [message], repeat)
            print(f"{name:>12} {seconds(fast):>12} {megabytes / fast:8.1f} {'not run: too slow':>21}")
            continue
        fast, slow = fastest(
            lambda: linktrail_seconds(program, [message], repeat), lambda: msticpy(extractor, html), 100
        )
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
