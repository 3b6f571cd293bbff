//! Services whose links do not show where they lead: shorteners, and wrappers that only their owner can peel.

use url::Url;

use super::domain::{is_under, last_two_labels};
use super::unwrap;

/// Hosts that shorten links. Sorted for a binary search.
const SHORTENERS: [&str; 73] = [
    "1url.com",
    "adf.ly",
    "adfoc.us",
    "amzn.to",
    "bit.do",
    "bit.ly",
    "bitly.com",
    "bitly.ws",
    "bl.ink",
    "buff.ly",
    "chilp.it",
    "clck.ru",
    "cli.re",
    "clk.sh",
    "cur.ly",
    "cutt.ly",
    "db.tt",
    "dlvr.it",
    "dub.sh",
    "fb.me",
    "goo.gl",
    "goo.su",
    "han.gl",
    "hyperurl.co",
    "ift.tt",
    "is.gd",
    "j.mp",
    "kutt.it",
    "l24.im",
    "lc.chat",
    "lnkd.in",
    "mcaf.ee",
    "me2.do",
    "n9.cl",
    "ouo.io",
    "ow.ly",
    "po.st",
    "qr.ae",
    "qrco.de",
    "rb.gy",
    "rebrand.ly",
    "rotf.lol",
    "s.id",
    "short.gy",
    "shorte.st",
    "shorturl.asia",
    "shorturl.at",
    "shrtco.de",
    "snip.ly",
    "soo.gd",
    "spoo.me",
    "surl.li",
    "t.co",
    "t.ly",
    "t2m.io",
    "tinu.be",
    "tiny.cc",
    "tiny.one",
    "tiny.pl",
    "tinyurl.com",
    "tinyurl.is",
    "tny.im",
    "tr.ee",
    "trib.al",
    "u.to",
    "urli.ai",
    "urlr.me",
    "urlz.fr",
    "v.gd",
    "vk.cc",
    "wp.me",
    "x.gd",
    "zpr.io",
];

/// Wrappers whose urls carry a token instead of their target: the host, which counts with all below it, and the beginning
/// of the path. Sorted by the last two labels of the host.
const OPAQUE: [(&str, &str); 30] = [
    ("cmail19.com", "/t/"),
    ("cmail20.com", "/t/"),
    ("createsend.com", "/t/"),
    ("createsend1.com", "/t/"),
    ("customeriomail.com", "/e/c/"),
    ("url.emailprotection.link", "/"),
    ("urlsand.esvalabs.com", "/"),
    ("cl.exct.net", "/"),
    ("hubspotlinks.com", "/"),
    ("shared.outlook.inky.com", "/"),
    ("klclick.com", "/"),
    ("klclick1.com", "/"),
    ("linkscan.io", "/scan/"),
    ("list-manage.com", "/track/click"),
    ("mailanyone.net", "/"),
    ("r.mailjet.com", "/"),
    ("mimecast.com", "/s/"),
    ("mimecastprotect.com", "/s/"),
    ("url.uk.m.mimecastprotect.com", "/"),
    ("mjt.lu", "/lnk/"),
    ("pstmrk.it", "/"),
    ("rs6.net", "/tn.jsp"),
    ("sailthru.com", "/click/"),
    ("sendgrid.net", "/ls/click"),
    ("sendgrid.net", "/wf/click"),
    ("sendibm1.com", "/"),
    ("sendibt2.com", "/"),
    ("sendibt3.com", "/"),
    ("sparkpostmail.com", "/f/a/"),
    ("scanmail.trustwave.com", "/"),
];

/// True for a link of a service that shortens links (`bit.ly`, `tinyurl.com`), which is known by its host and has a path.
pub fn is_shortener(url: &Url) -> bool {
    let Some(host) = host(url) else {
        return false;
    };
    let host = host.strip_prefix("www.").unwrap_or(host);
    url.path().len() > 1 && SHORTENERS.binary_search(&host).is_ok()
}

/// True for a link around another one that cannot be peeled without asking its owner: of a service that hides the target
/// behind a token, or of one that is peeled otherwise, when this link has no target in it.
pub fn is_opaque_wrapper(url: &Url) -> bool {
    let Some(host) = host(url) else {
        return false;
    };
    let last = last_two_labels(host);
    let start = OPAQUE.partition_point(|(domain, _)| last_two_labels(domain) < last);
    let mut same = OPAQUE[start..]
        .iter()
        .take_while(|(domain, _)| last_two_labels(domain) == last);
    let named = same.any(|(domain, path)| is_under(host, domain) && url.path().starts_with(path));
    let own_page = url.path() == "/" && url.query().is_none();
    named || (!own_page && unwrap::is_wrapper(url) && unwrap::layer(url).is_none())
}

fn host(url: &Url) -> Option<&str> {
    url.domain().map(|host| host.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_for_the_search() {
        assert!(SHORTENERS.is_sorted());
        assert!(OPAQUE.is_sorted_by_key(|(domain, _)| last_two_labels(domain)));
    }

    #[test]
    fn what_hides_its_target_is_known() {
        let url = |text| Url::parse(text).unwrap();
        for text in [
            "https://bit.ly/3xYz",
            "https://www.tinyurl.com/a",
            "http://lnkd.in/dXy",
        ] {
            assert!(is_shortener(&url(text)), "{text}");
        }
        for text in [
            "https://bit.ly/",
            "https://bit.ly.evil.example/x",
            "https://evilbit.ly/x",
            "https://evil.example/bit.ly",
        ] {
            assert!(!is_shortener(&url(text)), "{text}");
        }
        for text in [
            "https://protect-us.mimecast.com/s/AbC?domain=evil.example",
            "https://u123.ct.sendgrid.net/ls/click?upn=abc",
            "https://contoso.us1.list-manage.com/track/click?u=1&id=2",
            "https://secure-web.cisco.com/1ZW75xkji42hMk4",
            "https://linkprotect.cudasvc.com/url?c=E,1",
            "https://eur01.safelinks.protection.outlook.com/?data=05",
        ] {
            assert!(is_opaque_wrapper(&url(text)), "{text}");
        }
        for text in [
            "https://www.mimecast.com/",
            "https://secure-web.cisco.com/",
            "https://secure-web.cisco.com/1ZW/https%3A%2F%2Fevil.example%2Fa",
            "https://mimecast.com.evil.example/s/AbC",
            "https://medium.com/@someone/story",
            "https://t.me/evil",
            "https://vk.com/id1",
        ] {
            assert!(!is_opaque_wrapper(&url(text)), "{text}");
        }
    }
}
