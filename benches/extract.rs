//! How fast links are read, beside what bounds it: html5ever's tokenizer, which only reads the
//! markup, and `linkify`, which only finds urls in plain text.

#![allow(missing_docs)]

use std::cell::Cell;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use linkify::LinkFinder;
use linktrail::link::{Attachment, Body, extract, visible_text};

const SIZES: [(&str, usize); 5] = [
    ("1 KB", 1 << 10),
    ("10 KB", 10 << 10),
    ("100 KB", 100 << 10),
    ("1 MB", 1 << 20),
    ("10 MB", 10 << 20),
];

/// Messages as people write them: one link to some four hundred characters of markup and text.
const MESSAGES: [&str; 6] = [
    "<div><div>Hi all, the minutes of Tuesday are in the usual place. Please add what I forgot, and \
     have a look at the open points before the review on Thursday.</div></div>",
    "<p>Please review <a href=\"https://portal.contoso.com/auth?a=1&amp;b=NUM\" rel=\"noreferrer \
     noopener\" title=\"https://portal.contoso.com/auth?a=1&amp;b=NUM\" target=\"_blank\">\
     https://portal.contoso.com/auth?a=1&amp;b=NUM</a> until tomorrow, thanks!</p>",
    "<div>&nbsp;<at id=\"0\">Adele Vance</at>&nbsp;the build is green again, see \
     https://build.fabrikam.com/job/NUM. <emoji id=\"smile\" alt=\"&#128578;\" title=\"Smile\"></emoji></div>",
    "<p><a href=\"https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2FNUM%3Fid%3D1&amp;data=05%7C02%7Cadele%40contoso.com%7Ca1b2&amp;sdata=AbCd%3D&amp;reserved=0\" title=\"Original URL\">Voicemail (0:43)</a></p>",
    "<ul><li>budget &amp; forecast: no changes</li><li>travel: <b>still</b> frozen</li><li>hiring: two \
     positions, both in <i>Lisbon</i></li></ul><p style=\"margin-left:0\">Questions? Ask me any time.</p>",
    "<table><tbody><tr><td><p>Region</p></td><td><p>Q3</p></td></tr><tr><td><p>North</p></td><td><p>\
     1,204 k</p></td></tr></tbody></table><img alt=\"image\" src=\"https://graph.microsoft.com/v1.0/\
     chats/19:a/messages/NUM/hostedContents/aWQ9/$value\" width=\"706\" height=\"529\">",
];

fn html(size: usize) -> String {
    let mut html = String::with_capacity(size + 1000);
    let mut number = 0;
    while html.len() < size {
        html.push_str(&MESSAGES[number % MESSAGES.len()].replace("NUM", &number.to_string()));
        number += 1;
    }
    html
}

fn text(size: usize) -> String {
    visible_text(Body {
        html: true,
        content: Some(&html(size * 3)),
    })
}

fn card(size: usize) -> Attachment {
    let mut items = String::new();
    let mut number = 0;
    while items.len() < size {
        if number > 0 {
            items.push(',');
        }
        items.push_str(&format!(
            "{{\"type\":\"TextBlock\",\"wrap\":true,\"text\":\"Incident {number}: see [the ticket](https://desk.contoso.com/{number})\"}},\
             {{\"type\":\"ActionSet\",\"actions\":[{{\"type\":\"Action.OpenUrl\",\"title\":\"Open\",\"url\":\"https://evil.example/{number}\"}}]}}"
        ));
        number += 1;
    }
    Attachment {
        content_type: Some("application/vnd.microsoft.card.adaptive".into()),
        content: Some(format!("{{\"type\":\"AdaptiveCard\",\"body\":[{items}]}}")),
        ..Attachment::default()
    }
}

/// Counts what the tokenizer hands over, so that nothing is optimised away.
struct Count(Cell<usize>);

impl TokenSink for Count {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        black_box(&token);
        self.0.set(self.0.get() + 1);
        TokenSinkResult::Continue
    }
}

fn html5ever(html: &str) -> usize {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Count(Cell::new(0)), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.get()
}

fn bodies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("html");
    group.sample_size(20);
    for (name, size) in SIZES {
        let html = html(size);
        group.throughput(Throughput::Bytes(html.len() as u64));
        group.bench_with_input(BenchmarkId::new("extract", name), &html, |bencher, html| {
            bencher.iter(|| {
                extract(
                    Body {
                        html: true,
                        content: Some(html),
                    },
                    &[],
                )
            });
        });
        group.bench_with_input(
            BenchmarkId::new("visible_text", name),
            &html,
            |bencher, html| {
                bencher.iter(|| {
                    visible_text(Body {
                        html: true,
                        content: Some(html),
                    })
                });
            },
        );
        group.bench_with_input(
            BenchmarkId::new("html5ever", name),
            &html,
            |bencher, html| {
                bencher.iter(|| html5ever(html));
            },
        );
    }
    group.finish();
}

fn texts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("text");
    group.sample_size(20);
    for (name, size) in SIZES {
        let text = text(size);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("extract", name), &text, |bencher, text| {
            bencher.iter(|| {
                extract(
                    Body {
                        html: false,
                        content: Some(text),
                    },
                    &[],
                )
            });
        });
        group.bench_with_input(BenchmarkId::new("linkify", name), &text, |bencher, text| {
            bencher.iter(|| {
                LinkFinder::new()
                    .links(text)
                    .map(|link| link.as_str().len())
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

fn cards(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("card");
    group.sample_size(20);
    for (name, size) in SIZES {
        let cards = [card(size)];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(
            BenchmarkId::new("extract", name),
            &cards,
            |bencher, cards| {
                bencher.iter(|| {
                    extract(
                        Body {
                            html: true,
                            content: None,
                        },
                        cards,
                    )
                });
            },
        );
    }
    group.finish();
}

/// What an attacker would send: the time must stay that of a large message.
fn hostile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hostile 1 MB");
    group.sample_size(10);
    let attributes: String = (0..110_000).map(|at| format!(" a{at:06}=")).collect();
    let bodies = [
        ("<", "<".repeat(1 << 20)),
        ("[", "[".repeat(1 << 20)),
        ("&", "&".repeat(1 << 20)),
        ("http://", "http://".repeat((1 << 20) / 7)),
        ("www.a:", "www.a:".repeat((1 << 20) / 6)),
        (
            "nested redirects",
            "https://www.google.com/url?q=".repeat((1 << 20) / 29),
        ),
        ("attributes", format!("<a{attributes}>")),
    ];
    for (name, body) in &bodies {
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_with_input(BenchmarkId::new("extract", name), body, |bencher, body| {
            bencher.iter(|| {
                extract(
                    Body {
                        html: true,
                        content: Some(body),
                    },
                    &[],
                )
            });
        });
    }
    // A fortieth of it: html5ever's tokenizer takes quadratic time for the attributes of a tag.
    let short = format!("<a{}>", &attributes[..attributes.len() / 40]);
    group.throughput(Throughput::Bytes(short.len() as u64));
    group.bench_function("html5ever/attributes (26 KB)", |bencher| {
        bencher.iter(|| html5ever(&short))
    });
    group.finish();
}

criterion_group!(benches, bodies, texts, cards, hostile);
criterion_main!(benches);
