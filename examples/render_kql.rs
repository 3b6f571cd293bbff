//! Renders every query as it is sent, with ordinary and with hostile values, into a folder: `<query>.<case>.kql`, and
//! beside it `<query>.<case>.json` with the values. A case that begins with `workspace-` or `hunting-` is what that
//! place is asked, where columns differ from those that the files name; `<place>-end-<log>` asks for the ends of one
//! log. `tests/kql` reads them back with Microsoft's parser, and runs them.

use std::path::PathBuf;

use linktrail::model::format_time;
use linktrail::source::logs::{Columns, Known, Parameter, Place, Query};
use serde_json::{Map, Value};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    std::fs::create_dir_all(&folder)?;
    // What the places have of the tables in which they differ: what is documented for a workspace, and what is seen in
    // advanced hunting.
    let columns = |names: &[&str]| Columns::from_iter(names.iter().map(|name| (*name).to_owned()));
    let documented = columns(&["ThreadSubtype", "MessageFormatType", "MessageSubject"]);
    let streamed = columns(&["ThreadSubType", "ThreadType", "ThreadName", "Subject"]);
    let of_workspace = Known::from([("MessageEvents", documented)]);
    let of_hunting = Known::from([
        ("MessageEvents", streamed),
        ("MessageUrlInfo", columns(&["TeamsMessageId", "Url"])),
    ]);
    for (case, list) in cases() {
        for query in Query::ALL {
            let values: Vec<(&str, Parameter)> = query
                .parameters()
                .map(|name| match name {
                    "window_from" | "slice_from" => (name, time("2026-10-01T00:00:00Z")),
                    "window_to" | "slice_to" => (name, time("2026-10-31T12:30:00.123Z")),
                    name => (name, Parameter::List(list.clone())),
                })
                .collect();
            let told: Map<String, Value> = values
                .iter()
                .map(|(name, value)| {
                    let value = match value {
                        Parameter::Time(at) => format_time(*at).into(),
                        Parameter::List(items) => items.clone().into(),
                    };
                    ((*name).to_owned(), value)
                })
                .collect();
            let told = Value::Object(told).to_string();
            let write = |case: &str, text: String| {
                let name = format!("{}.{case}", query.name());
                std::fs::write(folder.join(format!("{name}.kql")), text)?;
                std::fs::write(folder.join(format!("{name}.json")), &told)
            };
            write(case, query.render(&values))?;
            let text = query.render_for(Place::Workspace, &of_workspace, &values);
            write(&format!("workspace-{case}"), text)?;
            if query == Query::LogEnds {
                let stand_ins = ["AlertEvidence", "AlertInfo"];
                for log in query
                    .tables()
                    .chain(stand_ins)
                    .filter(|_| case == "ordinary")
                {
                    let text = Query::render_end(log, Place::Workspace, &values);
                    write(&format!("workspace-end-{log}"), text)?;
                    if log != "SecurityAlert" {
                        let text = Query::render_end(log, Place::Hunting, &values);
                        write(&format!("hunting-end-{log}"), text)?;
                    }
                }
            } else if query.places().contains(&Place::Hunting) {
                let text = query.render_for(Place::Hunting, &of_hunting, &values);
                write(&format!("hunting-{case}"), text)?;
            }
        }
    }
    Ok(())
}

fn time(text: &str) -> Parameter {
    Parameter::Time(text.parse().unwrap_or_default())
}

fn cases() -> Vec<(&'static str, Vec<String>)> {
    let hostile = [
        "\")]; drop",
        "a\\",
        "\\\")",
        "'''",
        "```",
        "// comment",
        "| take 0",
        "two\nlines\r\n",
        "tab\t",
        "\u{1b}[31m",
        "\u{202e}gpj.exe",
        "\u{2028}",
        "\u{0}",
        "𝕦𝕟𝕚",
        "аррӏе.example",
        "",
    ];
    vec![
        (
            "ordinary",
            vec!["evil.example".to_owned(), "other.example/a/b".to_owned()],
        ),
        ("hostile", hostile.map(str::to_owned).to_vec()),
        (
            "full",
            (0..500).map(|n| format!("host-{n}.example")).collect(),
        ),
        ("empty", Vec::new()),
    ]
}
