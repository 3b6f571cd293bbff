//! Renders the page: the template with styles, scripts and data inline, and a policy that allows nothing else to run.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use sha2::{Digest, Sha256};

use super::assets::{LIBRARIES, LICENCE, SCRIPTS, STYLE, TEMPLATE};
use super::error::ReportError;
use super::json;
use super::model::Model;
use crate::model::StoredGap;
use crate::model::format_time;
use crate::terminal;

/// Writes the page.
pub(super) fn write(model: &Model<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let page = render(model, json::packed(model)?)?;
    out.write_all(page.as_bytes())?;
    Ok(())
}

fn render(model: &Model<'_>, data: String) -> Result<String, minijinja::Error> {
    let style = joined(&[STYLE]);
    let libraries = joined(LIBRARIES);
    let script = joined(SCRIPTS);
    let window = model.case.window;
    let mut environment = Environment::new();
    // A template whose name ends in .html is escaped automatically.
    environment.add_template("report.html", TEMPLATE)?;
    environment.get_template("report.html")?.render(context! {
        csp => policy(&style, &[&libraries, &script]),
        case => context! {
            id => terminal::clean(&model.case.id),
            version => terminal::clean(&model.case.version),
            created => format_time(model.case.created),
            from => format_time(window.from),
            to => format_time(window.to),
        },
        summary => Serde(&model.summary),
        reach => Serde(&model.reach),
        gaps => Serde(cleaned(&model.gaps)),
        notes => Serde(cleaned(&model.notes)),
        style,
        libraries,
        licence => LICENCE,
        script,
        data,
    })
}

/// Joins the texts, with line breaks as an HTML parser normalises them, since browsers hash the normalised text.
fn joined(texts: &[&str]) -> String {
    texts.concat().replace("\r\n", "\n").replace('\r', "\n")
}

/// The Content-Security-Policy. It allows this style, these scripts and inline pictures, and nothing else.
fn policy(style: &str, scripts: &[&str]) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let scripts: Vec<String> = scripts.iter().map(|text| hash(text)).collect();
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        scripts.join(" "),
        hash(style)
    )
}

/// The gaps in plain text, without characters that reverse the reading direction, for readers without scripts.
fn cleaned(gaps: &[StoredGap]) -> Vec<StoredGap> {
    gaps.iter()
        .map(|gap| StoredGap {
            stage: terminal::clean(&gap.stage).into_owned(),
            source: terminal::clean(&gap.source).into_owned(),
            reason: terminal::clean(&gap.reason).into_owned(),
            affected: gap.affected,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_built_in_ends_its_own_element() {
        for text in SCRIPTS.iter().chain(LIBRARIES).chain([&STYLE]) {
            let text = text.to_lowercase();
            assert!(!text.contains("</script") && !text.contains("<!--"));
            assert!(!text.contains("</style"));
        }
    }
}
