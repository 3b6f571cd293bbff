//! The table of wrappers: which host and path a service has, and where in its urls the target stands.
//!
//! Each line is read off urls that the service gave out. A service whose urls do not fit into a line has a file of its own.

use super::target::Target::{
    self, Amp, Base64, BehindSegment, Hyphens, Inflated, JsonOrParam, Marked, NestedJson, Param,
    Query, Rest, Segment, Suffixed, Turbo, Underscores,
};

/// One kind of url of one service.
pub(super) struct Rule {
    /// The last two labels of the host, by which the table is sorted.
    pub(super) domain: &'static str,
    pub(super) host: Host,
    /// The beginning of the path. One that does not end in a slash is the whole path, with or without a final slash.
    pub(super) path: &'static str,
    /// The name in `wrapped_by`.
    pub(super) name: &'static str,
    pub(super) target: Target,
}

use Host::{Is, Under};

/// The hosts of a service.
pub(super) enum Host {
    /// This one.
    Is(&'static str),
    /// This one and all below it.
    Under(&'static str),
}

const fn rule(
    domain: &'static str,
    host: Host,
    path: &'static str,
    name: &'static str,
    target: Target,
) -> Rule {
    Rule {
        domain,
        host,
        path,
        name,
        target,
    }
}

/// The rules, sorted by domain for a binary search.
#[rustfmt::skip]
pub(super) const RULES: [Rule; 61] = [
    rule("ampproject.org", Under("cdn.ampproject.org"), "/", "amp", Amp),
    rule("archive.org", Is("web.archive.org"), "/web/", "web-archive", BehindSegment),
    rule("avanan.click", Is("url.avanan.click"), "/v1/url", "checkpoint", Param("o")),
    rule("avanan.click", Is("url.avanan.click"), "/v2/", "checkpoint", Underscores),
    rule("awstrack.me", Under("awstrack.me"), "/L0/", "amazon-ses", Segment),
    rule("awstrack.me", Under("awstrack.me"), "/L1/", "amazon-ses", Segment),
    rule("awstrack.me", Under("awstrack.me"), "/L2/", "amazon-ses", Segment),
    rule("bsky.app", Is("go.bsky.app"), "/redirect", "bluesky", Param("u")),
    rule("checkpoint.com", Is("protect.checkpoint.com"), "/v1/url", "checkpoint", Param("o")),
    rule("checkpoint.com", Is("protect.checkpoint.com"), "/v2/", "checkpoint", Underscores),
    rule("cisco.com", Is("secure-web.cisco.com"), "/", "cisco", BehindSegment),
    rule("cudasvc.com", Is("linkprotect.cudasvc.com"), "/url", "barracuda", Param("a")),
    rule("disq.us", Is("disq.us"), "/", "disqus", Param("url")),
    rule("duckduckgo.com", Under("duckduckgo.com"), "/l", "duckduckgo", Param("uddg")),
    rule("edgepilot.com", Is("link.edgepilot.com"), "/s/", "edgepilot", Param("u")),
    rule("egress.com", Under("defend.egress.com"), "/Warning", "egress", Inflated("Base64Url")),
    rule("fireeye.com", Is("protect.fireeye.com"), "/url", "fireeye", Param("u")),
    rule("fireeye.com", Is("protect.fireeye.com"), "/v1/url", "fireeye", Param("u")),
    rule("fireeye.com", Is("protect2.fireeye.com"), "/url", "fireeye", Param("u")),
    rule("fireeye.com", Is("protect2.fireeye.com"), "/v1/url", "fireeye", Param("u")),
    rule("fortimail.com", Under("fortimail.com"), "/fmlurlsvc", "fortimail", Param("url")),
    rule("hornetsecurity.com", Under("hornetsecurity.com"), "/", "hornetsecurity", Param("u")),
    rule("href.li", Is("href.li"), "/", "href-li", Query),
    rule("mailchimp.com", Under("mailchimp.com"), "/mctx/clicks", "mailchimp", Param("url")),
    rule("mailinblack.com", Under("mailinblack.com"), "/securelink", "mailinblack", JsonOrParam("key", "url")),
    rule("mandrillapp.com", Under("mandrillapp.com"), "/track/click.php", "mandrill", Param("url")),
    rule("mandrillapp.com", Under("mandrillapp.com"), "/track/click/", "mandrill", NestedJson("p", "url")),
    rule("mcas-gov.ms", Under("mcas-gov.ms"), "/", "mcas", Suffixed("mcas-gov.ms")),
    rule("mcas-gov.us", Under("mcas-gov.us"), "/", "mcas", Suffixed("mcas-gov.us")),
    rule("mcas.ms", Under("mcas.ms"), "/", "mcas", Suffixed("mcas.ms")),
    rule("medium.com", Is("medium.com"), "/r", "medium", Param("url")),
    rule("menlosecurity.com", Is("safe.menlosecurity.com"), "/", "menlo", Rest),
    rule("reddit.com", Is("out.reddit.com"), "/", "reddit", Param("url")),
    rule("redirectingat.com", Is("go.redirectingat.com"), "/", "skimlinks", Param("url")),
    rule("skimresources.com", Is("go.skimresources.com"), "/", "skimlinks", Param("url")),
    rule("slack-redir.net", Is("slack-redir.net"), "/link", "slack", Param("url")),
    rule("sophos.com", Under("protection.sophos.com"), "/", "sophos", Base64("u")),
    rule("steamcommunity.com", Is("steamcommunity.com"), "/linkfilter", "steam", Param("url")),
    rule("steamcommunity.com", Is("steamcommunity.com"), "/linkfilter", "steam", Param("u")),
    rule("symantec.com", Is("clicktime.symantec.com"), "/", "symantec", Param("u")),
    rule("t.me", Is("t.me"), "/iv", "telegram", Param("url")),
    rule("titanhq.com", Is("linklock.titanhq.com"), "/", "titanhq", Param("url")),
    rule("translate.goog", Under("translate.goog"), "/", "translate", Hyphens),
    rule("trendmicro.com", Under("trendmicro.com"), "/wis/clicktime/", "trendmicro", Param("url")),
    rule("turbopages.org", Under("turbopages.org"), "/", "yandex-turbo", Turbo),
    rule("umblr.com", Is("t.umblr.com"), "/redirect", "tumblr", Param("z")),
    rule("url-protection.com", Is("avanan.url-protection.com"), "/v1/url", "checkpoint", Param("o")),
    rule("url-protection.com", Is("avanan.url-protection.com"), "/v2/", "checkpoint", Underscores),
    rule("url-protection.com", Is("checkpoint.url-protection.com"), "/v1/url", "checkpoint", Param("o")),
    rule("url-protection.com", Is("checkpoint.url-protection.com"), "/v2/", "checkpoint", Underscores),
    rule("urlisolation.com", Under("urlisolation.com"), "/browser", "proofpoint-isolation", Param("url")),
    rule("viglink.com", Is("api.viglink.com"), "/api/click", "viglink", Param("out")),
    rule("viglink.com", Is("redirect.viglink.com"), "/", "viglink", Param("u")),
    rule("vk.com", Is("m.vk.com"), "/away", "vk", Param("to")),
    rule("vk.com", Is("m.vk.com"), "/away.php", "vk", Param("to")),
    rule("vk.com", Is("vk.com"), "/away", "vk", Param("to")),
    rule("vk.com", Is("vk.com"), "/away.php", "vk", Param("to")),
    rule("vk.com", Is("www.vk.com"), "/away.php", "vk", Param("to")),
    rule("yahoo.com", Under("search.yahoo.com"), "/", "yahoo", Marked("/RU=")),
    rule("yandex.com", Is("yandex.com"), "/turbo", "yandex-turbo", Param("text")),
    rule("yandex.ru", Is("yandex.ru"), "/turbo", "yandex-turbo", Param("text")),
];
