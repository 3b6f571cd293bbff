//! Chooses the urls that are searched for in logs and alerts, and their search terms.

use url::{Host, Url};

use super::context::Context;
use super::urls::Urls;
use super::verdicts::Verdicts;
use crate::graph::{Graph, Label, NodeRef};
use crate::http::Failure;
use crate::link;
use crate::model::{PivotOn, Settings, Window, sorted};
use crate::source::logs::{Query, Rows, chunks};

/// Domains of services that many parties share. A connection to one of their hosts says nothing about a single url.
const SHARED: &[&str] = &[
    "1drv.ms",
    "adobe.com",
    "amazon.com",
    "amazonaws.com",
    "apple.com",
    "atlassian.net",
    "azureedge.net",
    "azurewebsites.net",
    "bing.com",
    "bit.ly",
    "blob.core.windows.net",
    "box.com",
    "canva.com",
    "cloudflare.com",
    "cloudfront.net",
    "discord.com",
    "discordapp.com",
    "docusign.com",
    "docusign.net",
    "dropbox.com",
    "dropboxusercontent.com",
    "duckduckgo.com",
    "evernote.com",
    "facebook.com",
    "fastly.net",
    "figma.com",
    "firebaseapp.com",
    "github.com",
    "github.io",
    "githubusercontent.com",
    "gitlab.com",
    "gitlab.io",
    "goo.gl",
    "google.com",
    "googleapis.com",
    "googleusercontent.com",
    "hubspot.com",
    "icloud.com",
    "instagram.com",
    "ipfs.io",
    "is.gd",
    "jotform.com",
    "linkedin.com",
    "live.com",
    "mailchimp.com",
    "medium.com",
    "mediafire.com",
    "mega.nz",
    "microsoft.com",
    "microsoftonline.com",
    "netlify.app",
    "notion.site",
    "notion.so",
    "office.com",
    "office.net",
    "office365.com",
    "onedrive.com",
    "onenote.com",
    "outlook.com",
    "ow.ly",
    "pages.dev",
    "pastebin.com",
    "rebrand.ly",
    "reddit.com",
    "salesforce.com",
    "scribd.com",
    "sharepoint.com",
    "sites.google.com",
    "slack.com",
    "smartsheet.com",
    "substack.com",
    "surveymonkey.com",
    "t.co",
    "t.me",
    "teams.microsoft.com",
    "telegram.org",
    "tinyurl.com",
    "trello.com",
    "tumblr.com",
    "twitter.com",
    "typeform.com",
    "vercel.app",
    "vimeo.com",
    "web.app",
    "webflow.io",
    "weebly.com",
    "wetransfer.com",
    "whatsapp.com",
    "windows.net",
    "wix.com",
    "wixsite.com",
    "wordpress.com",
    "workers.dev",
    "x.com",
    "yahoo.com",
    "youtu.be",
    "youtube.com",
    "zendesk.com",
    "zoom.us",
];

/// A url that is searched for.
pub(super) struct Target {
    pub(super) node: NodeRef,
    pub(super) url: Url,
    /// True for a url on a shared service, where only exactly this url counts.
    pub(super) shared: bool,
    /// The search terms for logs.
    search_terms: Vec<String>,
    /// The hosts by which alerts are searched, since products write the rest of a url in different ways.
    hosts: Vec<String>,
}

/// The targets of one query, and its rows.
pub(super) struct Chunk<'a> {
    pub(super) targets: Vec<&'a Target>,
    pub(super) rows: Rows,
}

/// The urls to search for, sorted by the ids of their nodes: the risky ones and those that the analyst named, or all with
/// `--pivot-on all`.
pub(super) fn targets(
    context: &Context,
    graph: &Graph,
    urls: &Urls,
    verdicts: &Verdicts,
) -> Vec<Target> {
    let mut nodes = graph.labelled(Label::Url);
    if context.options.pivot_on == PivotOn::Risky {
        let named = urls.named(graph, &context.options.urls);
        nodes.retain(|url| verdicts.is_risky(*url) || named.contains(url));
    }
    to_targets(&context.settings, graph, urls, nodes)
}

/// The number of queries for all urls of the graph: for each query on logs, and for the query on alerts.
pub(super) fn query_counts(context: &Context, graph: &Graph, urls: &Urls) -> (usize, usize) {
    let targets = to_targets(&context.settings, graph, urls, graph.labelled(Label::Url));
    let count = |words: fn(&Target) -> &Vec<String>| {
        chunks(targets.iter().collect(), |target: &&Target| {
            words(target).clone()
        })
        .len()
    };
    (
        count(|target| &target.search_terms),
        count(|target| &target.hosts),
    )
}

fn to_targets(settings: &Settings, graph: &Graph, urls: &Urls, nodes: Vec<NodeRef>) -> Vec<Target> {
    let urls = nodes
        .into_iter()
        .filter_map(|node| Some((node, urls.url(graph, node)?)));
    urls.filter_map(|(node, url)| Target::new(settings, node, url))
        .collect()
}

/// Runs a query for all targets, in as many chunks as necessary, with the search terms that fit the query.
pub(super) async fn search<'a>(
    context: &Context,
    query: Query,
    window: Window,
    targets: &'a [Target],
) -> Result<Vec<Chunk<'a>>, Failure> {
    let words = |target: &&Target| match query {
        Query::Alerts => target.hosts.clone(),
        _ => target.search_terms.clone(),
    };
    let chunks = chunks(targets.iter().collect(), words);
    let lists = chunks
        .iter()
        .map(|chunk| sorted(chunk.iter().flat_map(words).collect()))
        .collect();
    let logs = &context.logs;
    let answers = logs.query_chunks(query, window, "needles", lists).await?;
    let chunks = chunks.into_iter().zip(answers);
    Ok(chunks
        .map(|(targets, rows)| Chunk { targets, rows })
        .collect())
}

impl Target {
    /// `None` for a url without any search term.
    fn new(settings: &Settings, node: NodeRef, url: Url) -> Option<Self> {
        let shared = is_shared(settings, &url);
        let hosts = link::host_search_terms(&url);
        let search_terms = if shared {
            link::path_search_terms(&url)
        } else {
            hosts.clone()
        };
        (!search_terms.is_empty()).then_some(Self {
            node,
            url,
            shared,
            search_terms,
            hosts,
        })
    }
}

/// True when many parties share the host of a url.
fn is_shared(settings: &Settings, url: &Url) -> bool {
    let Some(Host::Domain(host)) = url.host() else {
        return false;
    };
    let host = host.trim_end_matches('.');
    let configured = settings.shared_domains.iter().map(String::as_str);
    let mut shared = SHARED.iter().copied().chain(configured);
    shared.any(|domain| link::is_under(host, domain))
}
