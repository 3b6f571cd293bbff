//! The two functions that read a message: its links, and the text that its reader sees.

use super::attachment::{self, Attachment};
use super::collect::{Collector, Style, visible};
use super::element::Separator;
use super::entity::Rules;
use super::invisible::Line;
use super::message::{Body, Link, Origin};
use super::own::Own;
use super::walk::{Visibility, Visitor, walk};

/// The distinct links of a message.
///
/// When a url occurs several times, it is reported once, with the first origin in the order of [`Origin`]. If that
/// occurrence does not mismatch and another one does, everything but the origin comes from the first that mismatches,
/// since the misleading text and what was sent under it are the lure. Links are sorted by origin, then by their place
/// in the message.
///
/// These are not links: deep links to places in Teams, pictures without an action, stored pictures (`hostedContents`),
/// quoted messages, names of schemas, and `mailto:`, `javascript:`, `data:` and the like. The text of an anchor is
/// never a second link.
pub fn extract(body: Body<'_>, attachments: &[Attachment]) -> Vec<Link> {
    extract_for(&Own::default(), body, attachments)
}

/// The distinct links of a message of this tenant. Unlike for [`extract`], meetings of other tenants are links, and
/// redirects of the tenant's own Outlook on the web are peeled.
pub fn extract_for(own: &Own, body: Body<'_>, attachments: &[Attachment]) -> Vec<Link> {
    let mut collector = Collector::new(own);
    match body.content {
        Some(content) if body.html => collector.message(content),
        Some(content) => {
            let content = visible(content);
            collector.text(&content, Origin::Text, Style::Plain, false);
        }
        None => {}
    }
    for attachment in attachments {
        attachment::collect(attachment, &mut collector);
    }
    collector.into_links()
}

/// The text that a reader of the body sees, as one line: no HTML, nothing that is not displayed, white space collapsed,
/// and no control, bidirectional or zero-width characters.
pub fn visible_text(body: Body<'_>) -> String {
    let mut visible = Visible::default();
    match body.content {
        Some(content) if body.html => walk(content, Rules::Text, &mut visible),
        Some(content) => visible.line.push(content),
        None => {}
    }
    visible.line.into_text()
}

/// Collects the displayed text of a body.
#[derive(Default)]
struct Visible {
    line: Line,
}

impl Visitor<'_> for Visible {
    fn text(&mut self, text: &str, visibility: Visibility) {
        if visibility != Visibility::Hidden {
            self.line.push(text);
        }
    }

    fn separator(&mut self, kind: Separator) {
        if kind == Separator::Block {
            self.line.gap();
        }
    }

    fn emoji(&mut self, text: &str) {
        self.line.push(text);
    }
}
