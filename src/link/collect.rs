//! Collects links from bodies, cards and attachments, and reports each url once.

use std::borrow::Cow;
use std::collections::HashMap;

use url::{Position, Url};

use super::canonical::{HostKind, Target, host_kind, is_defanged, resolve};
use super::domain::has_public_suffix;
use super::element::Separator;
use super::entity::Rules;
use super::internal::{is_internal, is_schema};
use super::invisible::{in_display_order, may_hold_invisible, push_visible, single_line, strip};
use super::message::{Link, Origin};
use super::own::Own;
use super::text::{self, Candidate};
use super::walk::{Visibility, Visitor, walk};
use super::wrapper::Wrapper;

/// How many redirects of Outlook on the web are peeled at most, one inside the other.
const MAX_OWA: usize = 8;

/// Whether something happens when a target is clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetKind {
    /// It opens something, be it a link or a place that does not count as one.
    Opens,
    /// It opens nothing, so it is plain text.
    OpensNothing,
}

/// How text is shown to its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    Plain,
    /// As cards show it: Markdown with a little HTML.
    Card,
}

/// The links that were found so far, in their order in the message.
pub(crate) struct Collector<'o> {
    own: &'o Own,
    links: Vec<Link>,
}

impl<'o> Collector<'o> {
    /// A collector for messages of this tenant.
    pub(crate) fn new(own: &'o Own) -> Self {
        Self {
            own,
            links: Vec::new(),
        }
    }

    /// What `raw` opens, with redirects of the tenant's own Outlook peeled too.
    fn resolve(&self, raw: &str) -> Target {
        let mut target = resolve(raw);
        for _ in 0..MAX_OWA {
            let Target::Web(url, outer) = target else {
                break;
            };
            let inner = self.own.owa_target(&url).map(|inner| resolve(&inner));
            let Some(Target::Web(inner, wrappers)) = inner else {
                return Target::Web(url, outer);
            };
            let owa = std::iter::once(Wrapper::Service("owa"));
            target = Target::Web(
                inner,
                outer.into_iter().chain(owa).chain(wrappers).collect(),
            );
        }
        target
    }

    /// Adds something that opens `raw` when it is clicked, and is shown as `label`.
    pub(crate) fn target(&mut self, raw: &str, label: Option<&str>, origin: Origin) -> TargetKind {
        match self.resolve(raw) {
            Target::Nothing => TargetKind::OpensNothing,
            Target::NotWeb => TargetKind::Opens,
            Target::Web(url, wrapped_by) => {
                if !is_internal(&url) || self.own.is_foreign_meeting(&url) {
                    let label = label.map(in_display_order);
                    let shows = |label: &str| label.trim() != raw && shows_other_host(label, &url);
                    let mismatch = label.as_deref().is_some_and(shows);
                    let text = label.as_deref().and_then(single_line);
                    let defanged = is_defanged(raw);
                    let raw = raw.to_owned();
                    self.links.push(Link {
                        url,
                        origin,
                        text,
                        raw,
                        wrapped_by,
                        mismatch,
                        defanged,
                    });
                }
                TargetKind::Opens
            }
        }
    }

    /// Adds an attached file. A name with a single dot never counts as a host that the reader sees: `Notes.one` is a
    /// file although `.one` is a public suffix.
    pub(crate) fn file(&mut self, raw: &str, name: Option<&str>) {
        let shows_host = |name: &&str| name.contains('/') || name.matches('.').count() > 1;
        let before = self.links.len();
        self.target(raw, name.filter(shows_host), Origin::Attachment);
        if let Some(link) = self.links.get_mut(before) {
            link.text = name.and_then(single_line);
        }
    }

    /// Adds the urls in a text. With `label_of_action` the text itself already opens something else, so that only links
    /// in Markdown count.
    pub(crate) fn text(&mut self, text: &str, origin: Origin, style: Style, label_of_action: bool) {
        text::scan(text, |seen: &Candidate<'_>| {
            if seen.label.is_none() && label_of_action {
                return true;
            }
            if seen.picture && style == Style::Card {
                return true;
            }
            let before = self.links.len();
            let kind = self.target(&seen.target(), seen.label, origin);
            if let Some(link) = self.links.get_mut(before) {
                seen.raw.clone_into(&mut link.raw);
                link.defanged |= seen.is_escaped();
                // A text that mentions a schema does not link to it, unless it is a link in Markdown.
                if seen.label.is_none() && is_schema(&link.url) {
                    self.links.truncate(before);
                }
            }
            kind == TargetKind::Opens
        });
    }

    /// Adds the urls in a text of a card, which is Markdown with some HTML.
    pub(crate) fn card_text(&mut self, text: &str, label_of_action: bool) {
        if text.contains(['<', '&']) {
            self.html(text, Rules::Strict, Origin::Card, label_of_action);
        } else {
            self.text(&visible(text), Origin::Card, Style::Card, label_of_action);
        }
    }

    /// Adds the links of a message in HTML.
    pub(crate) fn message(&mut self, html: &str) {
        self.collect_html(
            html,
            Rules::Text,
            [Origin::Href, Origin::Text],
            Style::Plain,
            false,
        );
    }

    /// Adds the links of HTML inside a card or an attachment. All of them have the same origin.
    pub(crate) fn html(&mut self, html: &str, rules: Rules, origin: Origin, label: bool) {
        let style = if origin == Origin::Card {
            Style::Card
        } else {
            Style::Plain
        };
        self.collect_html(html, rules, [origin, origin], style, label);
    }

    fn collect_html(
        &mut self,
        html: &str,
        rules: Rules,
        origins: [Origin; 2],
        style: Style,
        label: bool,
    ) {
        let [href, text] = origins;
        let mut visitor = HtmlLinks {
            collector: self,
            href,
            base: None,
            anchor: None,
            label: String::new(),
            body_text: String::with_capacity(html.len()),
            hidden_text: String::new(),
        };
        walk(html, rules, &mut visitor);
        let HtmlLinks {
            body_text,
            hidden_text,
            ..
        } = visitor;
        self.text(&body_text, text, style, label);
        self.text(&hidden_text, text, style, label);
    }

    /// The distinct links. Of several occurrences of a url the one whose origin comes first is kept. If it does not
    /// mismatch and another one does, the other one's text and raw form replace its own: what the reader was made to
    /// believe is the lure.
    pub(crate) fn into_links(mut self) -> Vec<Link> {
        if self.links.len() < 2 {
            return self.links;
        }
        self.links.sort_by_key(|link| link.origin);
        let mut first: HashMap<&str, usize> = HashMap::with_capacity(self.links.len());
        let mut keep = Vec::with_capacity(self.links.len());
        // Kept links that do not mismatch, each with the first other occurrence that does.
        let mut lures: Vec<(usize, usize)> = Vec::new();
        let mut mismatch = vec![false; self.links.len()];
        let mut opens = vec![false; self.links.len()];
        for (at, link) in self.links.iter().enumerate() {
            let same = *first.entry(link.url.as_str()).or_insert(at);
            keep.push(same == at);
            opens[same] |= !link.defanged;
            if link.mismatch && !mismatch[same] {
                mismatch[same] = true;
                if same != at {
                    lures.push((same, at));
                }
            }
        }
        for (kept, lure) in lures {
            let origin = self.links[kept].origin;
            self.links.swap(kept, lure);
            self.links[kept].origin = origin;
        }
        for (link, opens) in self.links.iter_mut().zip(opens) {
            link.defanged = !opens;
        }
        let mut keep = keep.into_iter();
        self.links.retain(|_| keep.next().unwrap_or_default());
        self.links
    }
}

/// The text without invisible characters, as it is scanned for urls.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !may_hold_invisible(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    push_visible(&mut out, text);
    Cow::Owned(out)
}

/// Collects the links of an HTML document while it is walked.
struct HtmlLinks<'c, 'o, 'i> {
    collector: &'c mut Collector<'o>,
    href: Origin,
    base: Option<Url>,
    /// The href of the open anchor.
    anchor: Option<Cow<'i, str>>,
    /// The text inside that anchor.
    label: String,
    /// The text outside of anchors. Each block is on a line of its own.
    body_text: String,
    /// Text that is not displayed. It is scanned apart, so that it does not join urls of the displayed text.
    hidden_text: String,
}

impl HtmlLinks<'_, '_, '_> {
    /// Separates hidden text from the hidden text that comes next.
    fn separate_hidden_text(&mut self) {
        if !self.hidden_text.is_empty() {
            self.hidden_text.push('\n');
        }
    }

    /// The href as a browser would resolve it: a relative one against the base of the document, if there is one.
    fn resolved<'h>(&self, href: &'h str) -> Cow<'h, str> {
        match &self.base {
            Some(base) if Url::parse(href).is_err() => match base.join(href) {
                Ok(url) => Cow::Owned(url.into()),
                Err(_) => Cow::Borrowed(href),
            },
            _ => Cow::Borrowed(href),
        }
    }
}

impl<'i> Visitor<'i> for HtmlLinks<'_, '_, 'i> {
    fn text(&mut self, text: &str, visibility: Visibility) {
        match (&self.anchor, visibility) {
            (_, Visibility::Hidden) => push_visible(&mut self.hidden_text, text),
            (Some(_), _) => self.label.push_str(text),
            (None, Visibility::Shown) => push_visible(&mut self.body_text, text),
            (None, Visibility::Quoted) => {}
        }
    }

    fn separator(&mut self, _: Separator) {
        self.body_text.push('\n');
        self.separate_hidden_text();
        if self.anchor.is_some() {
            self.label.push('\n');
        }
    }

    fn anchor(&mut self, href: Cow<'i, str>) {
        self.body_text.push('\n');
        self.anchor = Some(href);
        self.label.clear();
    }

    fn anchor_end(&mut self) {
        let Some(href) = self.anchor.take() else {
            return;
        };
        let target = self.resolved(&href);
        if self.collector.target(&target, Some(&self.label), self.href) == TargetKind::OpensNothing
        {
            // An anchor that opens nothing is plain text.
            push_visible(&mut self.body_text, &self.label);
        }
        self.body_text.push('\n');
    }

    fn target(&mut self, raw: &str, label: Option<&str>) {
        let target = self.resolved(raw);
        self.collector.target(&target, label, self.href);
    }

    fn base(&mut self, href: &str) {
        if self.base.is_none()
            && let Target::Web(url, _) = resolve(href)
        {
            self.base = Some(url);
        }
    }

    fn cut(&mut self, source: &str) {
        // Browsers drop an unfinished tag, but a url in it was still sent.
        self.separate_hidden_text();
        push_visible(&mut self.hidden_text, source);
    }
}

/// True when `label` shows the reader another host than that of `url`: in a url somewhere in it, or because it is
/// nothing but a host, with or without a path.
fn shows_other_host(label: &str, url: &Url) -> bool {
    let label = strip(label);
    let label = label.trim();
    if !label.contains([':', '.', '[', '(', '{']) {
        return false;
    }
    let Some(host) = url.host_str() else {
        return false;
    };
    // Long urls are often shown truncated, even in the middle of the host.
    let cut_short = label.ends_with('\u{2026}') || label.ends_with("...");
    let end = label.trim_end_matches(['.', '\u{2026}']);
    let cut_in_host = |raw: &str, shown: &Url| {
        cut_short
            && end.ends_with(raw)
            && !raw.ends_with('/')
            && &shown[Position::AfterHost..] == "/"
    };
    let differs = |raw: &str, url: &Url| {
        let shown = bare_host(url.host_str().unwrap_or_default());
        let host = bare_host(host);
        shown != host && !(cut_in_host(raw, url) && may_be_cut_from(shown, host))
    };
    let mut shown = false;
    let mut another = false;
    text::scan(label, |seen| {
        if let Target::Web(other, _) = resolve(&seen.target()) {
            shown = true;
            another |= differs(seen.raw, &other);
        }
        true
    });
    if shown {
        return another;
    }
    let word = label.trim_end_matches(['.', ',', ';', ':', '!', '?', '\u{2026}']);
    if word.contains(char::is_whitespace) {
        return false;
    }
    let end = word.find(['/', '?', '#']).unwrap_or(word.len());
    if host_kind(&word[..end], end < word.len()) == HostKind::Other {
        return false;
    }
    matches!(resolve(word), Target::Web(other, _) if differs(word, &other))
}

/// True when `shown`, a truncated host, can be the beginning of `host`. A reader takes anything that ends with a public
/// suffix for a complete host, so such a text has to have the same registrable domain.
fn may_be_cut_from(shown: &str, host: &str) -> bool {
    host.starts_with(shown)
        && (!shown.contains('.')
            || !has_public_suffix(&format!("x.{shown}"))
            || psl::domain_str(shown) == psl::domain_str(host))
}

/// The host without `www.` and a final dot, which make no difference to a reader.
fn bare_host(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    host.strip_prefix("www.").unwrap_or(host)
}
