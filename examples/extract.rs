//! Reads messages from standard input, one JSON object a line (`contentType`, `content`,
//! `attachments`), and prints the links of each as a JSON array on a line of its own.
//!
//! `--repeat N` reads the input once, extracts N times and prints the seconds of the fastest pass.

use std::io::{BufRead, Write};
use std::time::Instant;

use anyhow::Context;
use linktrail::link::{Attachment, Body, Link, extract};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    content_type: Option<String>,
    content: Option<String>,
    attachments: Option<Vec<Attachment>>,
}

impl Message {
    fn links(&self) -> Vec<Link> {
        let body = Body {
            html: self.content_type.as_deref() == Some("html"),
            content: self.content.as_deref(),
        };
        extract(body, self.attachments.as_deref().unwrap_or_default())
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let repeat: Option<u32> = match arguments.as_slice() {
        [] => None,
        [flag, count] if flag == "--repeat" => Some(count.parse()?),
        _ => anyhow::bail!("usage: extract [--repeat N] < messages.jsonl"),
    };
    let messages = std::io::stdin()
        .lock()
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect::<anyhow::Result<Vec<Message>>>()?;
    let mut out = std::io::stdout().lock();
    if let Some(count) = repeat {
        let pass = || {
            let start = Instant::now();
            let found: usize = messages.iter().map(|message| message.links().len()).sum();
            (start.elapsed().as_secs_f64(), found)
        };
        let best = (0..count)
            .map(|_| pass())
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let (seconds, found) = best.context("nothing to repeat")?;
        writeln!(out, "{}", json!({"seconds": seconds, "links": found}))?;
        return Ok(());
    }
    for message in &messages {
        let links: Vec<Value> = message.links().iter().map(as_json).collect();
        writeln!(out, "{}", Value::Array(links))?;
    }
    Ok(())
}

fn as_json(link: &Link) -> Value {
    let wrapped_by: Vec<&str> = link
        .wrapped_by
        .iter()
        .map(|wrapper| wrapper.as_str())
        .collect();
    json!({
        "url": link.url.as_str(),
        "origin": link.origin.as_str(),
        "text": link.text,
        "raw": link.raw,
        "wrapped_by": wrapped_by,
        "mismatch": link.mismatch,
    })
}
