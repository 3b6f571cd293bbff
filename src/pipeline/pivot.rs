//! Pivots: which urls are looked for in logs and alerts, and by which words.

use url::{Host, Url};

use super::Investigation;
use crate::graph::{Label, NodeRef};
use crate::http::Failure;
use crate::link;
use crate::model::PivotOn;
use crate::model::Window;
use crate::source::logs::Query;
use crate::source::logs::{Rows, chunks};

/// Registrable domains on which many parties keep their own things: a visit to one of their hosts says nothing about
/// a url there.
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

/// A url that is looked for.
pub(super) struct Target {
    pub(super) node: NodeRef,
    pub(super) url: Url,
    /// Many parties share its host.
    pub(super) shared: bool,
    /// Words by which logs are searched.
    needles: Vec<String>,
    /// Its hosts, by which alerts are searched.
    hosts: Vec<String>,
}

/// Targets of one query, and what the query gave.
pub(super) struct Chunk<'a> {
    pub(super) targets: Vec<&'a Target>,
    pub(super) rows: Rows,
}

impl Investigation {
    /// The urls to look for.
    pub(super) fn targets(&self) -> Vec<Target> {
        let mut urls = self.graph.labelled(Label::Url);
        if self.scope.options.pivot_on == PivotOn::Risky {
            urls.retain(|url| self.is_rated_risky(*url));
        }
        urls.into_iter()
            .filter_map(|node| self.target(node))
            .collect()
    }

    /// How many queries it takes to look for all these urls: one kind in logs, and in alerts.
    pub(super) fn pivot_queries(&self, urls: Vec<NodeRef>) -> (usize, usize) {
        let targets = urls.into_iter().filter_map(|node| self.target(node));
        let targets: Vec<Target> = targets.collect();
        let logs = chunks(targets.iter().collect(), |target: &&Target| {
            target.needles.clone()
        });
        let alerts = chunks(targets.iter().collect(), |target: &&Target| {
            target.hosts.clone()
        });
        (logs.len(), alerts.len())
    }

    fn target(&self, node: NodeRef) -> Option<Target> {
        let url = self.addresses.get(&node)?.clone();
        let shared = self.is_shared(&url);
        let hosts = link::host_search_terms(&url);
        let needles = if shared {
            link::path_search_terms(&url)
        } else {
            hosts.clone()
        };
        (!needles.is_empty()).then_some(Target {
            node,
            url,
            shared,
            needles,
            hosts,
        })
    }

    fn is_shared(&self, url: &Url) -> bool {
        let Some(Host::Domain(host)) = url.host() else {
            return false;
        };
        let host = host.trim_end_matches('.');
        let own = self
            .scope
            .settings
            .shared_domains
            .iter()
            .map(String::as_str);
        SHARED.iter().copied().chain(own).any(|shared| {
            host.strip_suffix(shared)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// Runs a query for all targets, by the words that fit it.
    pub(super) async fn look_for<'a>(
        &self,
        query: Query,
        window: Window,
        targets: &'a [Target],
    ) -> Result<Vec<Chunk<'a>>, Failure> {
        // What alerts write for a slash is up to them; a host has none.
        let words = |target: &&Target| {
            if query == Query::Alerts {
                target.hosts.clone()
            } else {
                target.needles.clone()
            }
        };
        let chunks = chunks(targets.iter().collect(), words);
        let lists = chunks
            .iter()
            .map(|chunk| crate::model::sorted(chunk.iter().flat_map(words).collect()))
            .collect();
        let answers = self
            .sentinel
            .query_chunks(query, window, "needles", lists)
            .await?;
        Ok(chunks
            .into_iter()
            .zip(answers)
            .map(|(targets, rows)| Chunk { targets, rows })
            .collect())
    }
}
