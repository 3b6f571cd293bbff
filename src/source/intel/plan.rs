//! What a load would send to whom, without sending it.

use url::Url;

use super::{Ask, Privacy, Question, Setup, SetupError, State, question, spec};

/// What would be done about one url at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Name of the provider.
    pub provider: &'static str,
    /// The url.
    pub url: Url,
    /// What would be done.
    pub what: What,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A request is sent that asks about this string.
    Send {
        /// The string, to the byte: the url, or what the privacy rules leave of it. The `asked` of a verdict.
        asked: String,
        /// Method and address of the request, in which the string may stand encoded.
        request: String,
        /// Its body.
        body: Option<String>,
    },
    /// Nothing is sent, for that reason.
    Skip(String),
    /// Nothing leaves the tenant: a list or the workspace is looked into.
    Inside,
}

/// What would be sent about these urls, url by url and in the order of the providers named. It is made by the very
/// code that asks, so it cannot differ from what is sent.
///
/// # Errors
/// When a provider cannot be built, such as one whose list cannot be read.
pub fn plan<S: AsRef<str>>(
    providers: &[S],
    setup: &Setup,
    privacy: &Privacy,
    urls: &[Url],
) -> Result<Vec<Planned>, SetupError> {
    let mut built = Vec::new();
    for spec in providers.iter().filter_map(|name| spec(name.as_ref())) {
        built.push((spec.build)(setup)?);
    }
    let mut planned = Vec::new();
    for url in urls {
        for provider in &built {
            let Question { ask, asked } = question(provider.as_ref(), privacy, url);
            let what = match ask {
                Ask::Send(request) => What::Send {
                    asked: asked.unwrap_or_else(|| url.to_string()),
                    request: format!("{} {}", request.method.as_str(), request.url),
                    body: request.body.map(|body| body.text),
                },
                Ask::Local(reading) if reading.state == State::Skipped => {
                    What::Skip(reading.summary)
                }
                Ask::Local(_) | Ask::Workspace(_) => What::Inside,
            };
            planned.push(Planned {
                provider: provider.name(),
                url: url.clone(),
                what,
            });
        }
    }
    Ok(planned)
}
