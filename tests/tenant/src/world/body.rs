//! Turns what a message is known to hold into the body that Graph gives of it.

use super::facts::{Body, Link, Placed, Style};
use serde_json::{Value, json};

/// Percent-encodes all but unreserved characters, as wrappers do with their target.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte as char);
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Escapes text for HTML content and quoted attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A Safe Links url for `target`, spelt as Exchange does it.
pub fn safelinks(target: &str, recipient: &str) -> String {
    format!(
        "https://eur03.safelinks.protection.outlook.com/?url={}&data=05%7C02%7C{}%7Ca1b2c3%7C0%7C0%7C638412345678901234%7CUnknown%7CTWFpbGZsb3d8%3D%7C0%7C%7C%7C&sdata=AbCd%2BEf%3D&reserved=0",
        encode(target),
        encode(recipient)
    )
}

/// The Teams interstitial page for `target`.
pub fn interstitial(target: &str) -> String {
    format!(
        "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/2/atp-safelinks.html?url={}&locale=en-us&dest={}&pc=abc%253d&si=1",
        encode(target),
        encode(
            "https://teams.microsoft.com/api/mt/part/emea-03/beta/atpsafelinks/geturlreputationsitev2/"
        )
    )
}

/// Proofpoint version 2: percent-encoding with `-` for `%` and `_` for `/`.
pub fn urldefense_v2(target: &str) -> String {
    let mut u = String::new();
    for byte in target.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' => u.push(byte as char),
            b'/' => u.push('_'),
            _ => u.push_str(&format!("-{byte:02X}")),
        }
    }
    format!(
        "https://urldefense.proofpoint.com/v2/url?u={u}&d=DwMFaQ&c=Ab12&r=Cd34&m=Ef56&s=Gh78&e="
    )
}

/// Proofpoint version 3: `#` travels as `*` with its byte behind the semicolon.
pub fn urldefense_v3(target: &str) -> String {
    use base64::Engine as _;
    let replaced: Vec<u8> = target.bytes().filter(|b| *b == b'#').collect();
    let tail = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&replaced);
    format!(
        "https://urldefense.com/v3/__{}__;{tail}!!N-abcDEF!Xyz123$",
        target.replace('#', "*")
    )
}

/// `hxxps://evil[.]example/…`, as analysts write it.
pub fn defang(link: &Link) -> String {
    let scheme = link.scheme.replacen("tt", "xx", 1);
    let port = link.port.map(|p| format!(":{p}")).unwrap_or_default();
    format!(
        "{scheme}://{}{port}{}",
        link.host.replace('.', "[.]"),
        link.rest
    )
}

/// The `raw` a link has as sent, wrappers and all.
pub fn raw(link: &Link, style: Style) -> String {
    match style {
        Style::SafeLinks => safelinks(&link.url, "someone@contoso.com"),
        Style::Interstitial => interstitial(&link.url),
        Style::UrlDefenseV2 => urldefense_v2(&link.url),
        Style::UrlDefenseV3 => urldefense_v3(&link.url),
        Style::SafeLinksOverV3 => safelinks(&urldefense_v3(&link.url), "someone@contoso.com"),
        Style::Google => format!(
            "https://www.google.com/url?q={}&sa=D&ust=1730000000000000",
            encode(&link.url)
        ),
        Style::Defanged => defang(link),
        Style::File => link.url.replace("%20", " "),
        _ => link.url.clone(),
    }
}

/// Renders `text` (already fit for the content type where it holds markup) with its links.
pub fn render(id: &str, text: &str, placed: &[Placed], links: &[Link], markup: &str) -> Body {
    if placed.iter().any(|p| p.style == Style::PlainText) {
        let in_text = |p: &Placed| matches!(p.style, Style::PlainText | Style::Defanged);
        assert!(
            placed.iter().all(in_text),
            "{text}: a text body holds no markup"
        );
        return plain(text, placed, links);
    }
    let mut html = format!("<div><div>{}", escape(text));
    let mut attachments = Vec::new();
    for (n, one) in placed.iter().enumerate() {
        let link = &links[one.link];
        let url = raw(link, one.style);
        let attachment_id = format!("{id}a{n}");
        match one.style {
            Style::HrefUnquoted => html.push_str(&format!(" <a href={url}>here</a>")),
            Style::HrefShown => html.push_str(&format!(
                " <a href=\"{0}\" rel=\"noreferrer noopener\" title=\"{0}\">{0}</a>",
                escape(&url)
            )),
            Style::Lure(shown) => html.push_str(&format!(
                " <a href=\"{}\">{}</a>",
                escape(&url),
                escape(shown)
            )),
            Style::HtmlText | Style::Defanged => html.push_str(&format!(" {}.", escape(&url))),
            Style::SafeLinks | Style::SafeLinksOverV3 => html.push_str(&format!(
                " <a href=\"{}\" title=\"Original URL: {1}\">{1}</a>",
                escape(&url),
                escape(&link.url)
            )),
            Style::AdaptiveCard | Style::SignInCard | Style::ThumbnailCard => {
                html.push_str(&format!("<attachment id=\"{attachment_id}\"></attachment>"));
                attachments.push(card(&attachment_id, one.style, &url));
            }
            Style::File => {
                html.push_str(&format!("<attachment id=\"{attachment_id}\"></attachment>"));
                attachments.push(json!({
                    "id": attachment_id, "contentType": "reference", "contentUrl": url,
                    "content": null, "name": "Invoice.docx", "thumbnailUrl": null
                }));
            }
            Style::Forwarded => {
                html.push_str(&format!("<attachment id=\"{attachment_id}\"></attachment>"));
                attachments.push(forwarded(&attachment_id, &url));
            }
            _ => html.push_str(&format!(" <a href=\"{}\">open it here</a>", escape(&url))),
        }
    }
    html.push_str(markup);
    html.push_str("</div></div>");
    Body {
        content_type: "html",
        content: Some(html),
        attachments,
        mentions: Vec::new(),
    }
}

fn plain(text: &str, placed: &[Placed], links: &[Link]) -> Body {
    let mut content = text.to_owned();
    for one in placed {
        let url = raw(&links[one.link], one.style);
        content.push_str(&format!(" {url} please"));
    }
    Body {
        content_type: "text",
        content: Some(content),
        attachments: Vec::new(),
        mentions: Vec::new(),
    }
}

fn card(id: &str, style: Style, url: &str) -> Value {
    let (kind, content) = match style {
        Style::AdaptiveCard => (
            "application/vnd.microsoft.card.adaptive",
            json!({
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard", "version": "1.4",
                "body": [{"type": "TextBlock", "text": "A document awaits your signature", "wrap": true}],
                "actions": [{"type": "Action.OpenUrl", "title": "Review", "url": url}]
            }),
        ),
        Style::SignInCard => (
            "application/vnd.microsoft.card.signin",
            json!({
                "text": "Please sign in to proceed.",
                "buttons": [{"type": "signin", "title": "Sign In", "value": url}]
            }),
        ),
        _ => (
            "application/vnd.microsoft.card.thumbnail",
            json!({
                "title": "Weekly digest", "subtitle": "<h3>News</h3>",
                "text": format!("Read <a href=\"{}\">the story</a>.", escape(url)),
                "buttons": [{"type": "messageBack", "title": "Later", "text": "later", "value": "later"}]
            }),
        ),
    };
    json!({
        "id": id, "contentType": kind, "contentUrl": null,
        "content": content.to_string(), "name": null, "thumbnailUrl": null
    })
}

fn forwarded(id: &str, url: &str) -> Value {
    let content = json!({
        "originalMessageId": "1727881360458",
        "originalMessageContent": format!("\n<p>see <a href=\"{}\">this</a></p>\n", escape(url)),
        "originalConversationId": "19:97641583cf154265a237da28ebbde27a@thread.v2",
        "originalSentDateTime": "2024-10-02T15:02:40.458+00:00",
        "originalMessageSender": {"application": null, "device": null, "user": null}
    });
    json!({
        "id": id, "contentType": "forwardedMessageReference", "contentUrl": null,
        "content": content.to_string(), "name": null, "thumbnailUrl": null, "teamsAppId": null
    })
}
