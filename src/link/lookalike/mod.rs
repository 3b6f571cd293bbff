//! Recognises hosts that imitate another name, and says why in words. That is a reason to look, never a verdict.
//!
//! Scripts and confusable letters are those of Unicode Technical Standard 39, by the crate `unicode-security`.

mod brands;

use unicode_security::{MixedScript, RestrictionLevel, RestrictionLevelDetection, skeleton};
use url::{Host, Url};

use super::domain::{first_label, is_under};
use brands::{BRANDS, LURES, SHARED_HOSTING};

/// Names with fewer letters are not searched for one letter away, since too many honest names are.
const SHORTEST_FOR_AN_EDIT: usize = 6;

/// Words with fewer letters are not searched for inside others, since too many honest names hold them: `ups` in
/// `startups`.
const SHORTEST_INSIDE: usize = 6;

/// A name that attackers imitate.
#[derive(Debug, Clone)]
struct ImitatedName {
    /// The word itself, in Unicode and lower case: `contoso`.
    word: String,
    /// Registrable domains that use the name rightfully.
    domains: Vec<String>,
    /// True for names of the tenant or of the configuration: then the bare name on any other domain is worth a look.
    /// For a well-known brand it is not, since its owner has registered it under most suffixes.
    own: bool,
    /// True for an everyday word, which counts only together with a word from [`LURES`].
    common_word: bool,
}

/// The names whose imitations are recognised.
#[derive(Debug, Clone)]
pub struct Lookalikes {
    names: Vec<ImitatedName>,
}

impl Lookalikes {
    /// Recognises imitations of these domains and of well-known brands. Of `mail.contoso.com` the registrable domain
    /// counts; a name without a public suffix is ignored.
    pub fn new<S: AsRef<str>>(domains: &[S]) -> Self {
        let mut names: Vec<ImitatedName> = Vec::new();
        for domain in domains {
            let domain = domain.as_ref().trim_matches('.').to_lowercase();
            let Ok(ascii) = idna::domain_to_ascii(&domain) else {
                continue;
            };
            let known = psl::suffix(ascii.as_bytes()).is_some_and(|suffix| suffix.is_known());
            let Some(registrable) = psl::domain_str(&ascii).filter(|_| known) else {
                continue;
            };
            let registrable = registrable
                .strip_suffix(".onmicrosoft.com")
                .map_or(registrable, |_| ascii.as_str());
            let word = unicode(first_label(registrable));
            match names.iter_mut().find(|name| name.word == word) {
                Some(name) => name.domains.push(registrable.to_owned()),
                None => names.push(ImitatedName {
                    word,
                    domains: vec![registrable.to_owned()],
                    own: true,
                    common_word: false,
                }),
            }
        }
        for (word, common_word, domains) in BRANDS {
            if !names.iter().any(|name| name.word == *word) {
                names.push(ImitatedName {
                    word: (*word).to_owned(),
                    domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
                    own: false,
                    common_word: *common_word,
                });
            }
        }
        Self { names }
    }

    /// Why the host of a url looks like an imitation; `None` when it does not.
    pub fn reason(&self, url: &Url) -> Option<String> {
        let Some(Host::Domain(host)) = url.host() else {
            return None;
        };
        let host = host.trim_end_matches('.');
        let registrable = psl::domain_str(host)?;
        let of_a_name =
            |name: &ImitatedName| name.domains.iter().any(|domain| domain == registrable);
        let shared = SHARED_HOSTING.iter().any(|shared| is_under(host, shared));
        if self.names.iter().any(of_a_name) {
            return None;
        }
        let host = HostParts::new(host, registrable);
        self.same_shape(&host)
            .or_else(|| mixed_scripts(&host))
            .or_else(|| self.disguised_spelling(&host))
            .or_else(|| self.domain_in_front(&host))
            .or_else(|| {
                (!shared)
                    .then(|| self.name_on_foreign_domain(&host))
                    .flatten()
            })
            .or_else(|| self.one_edit_away(&host))
    }

    /// Letters of another script with the same shape: `contoso` with a Cyrillic `о`.
    fn same_shape(&self, host: &HostParts<'_>) -> Option<String> {
        host.tokens()
            .filter(|token| !token.is_ascii())
            .find_map(|token| {
                let shape = shape(token);
                let name = self
                    .names
                    .iter()
                    .find(|name| name.word != *token && shape == self::shape(&name.word))?;
                Some(format!(
                    "`{token}` has the shape of `{}` in other letters",
                    name.word
                ))
            })
    }

    /// Digits and pairs of letters that look like a letter: `micr0soft`, `rnicrosoft`.
    fn disguised_spelling(&self, host: &HostParts<'_>) -> Option<String> {
        host.tokens().find_map(|token| {
            let plain = fold_disguises(token);
            let name = self.names.iter().find(|name| {
                !name.common_word
                    && name.word.len() >= 5
                    && *token != name.word
                    && plain == fold_disguises(&name.word)
            })?;
            Some(format!(
                "`{token}` is written to be read as `{}`",
                name.word
            ))
        })
    }

    /// A whole domain in front of another one: `contoso.com.evil.example`.
    fn domain_in_front(&self, host: &HostParts<'_>) -> Option<String> {
        let front = host.host.strip_suffix(host.registrable)?;
        let front = format!(".{}", front.replace('-', "."));
        self.names
            .iter()
            .flat_map(|name| &name.domains)
            .find(|domain| front.contains(&format!(".{}.", domain.replace('-', "."))))
            .map(|domain| format!("carries {domain} in front of {}", host.registrable))
    }

    /// The name itself on a domain that does not belong to its owner.
    fn name_on_foreign_domain(&self, host: &HostParts<'_>) -> Option<String> {
        let lured = host.tokens().any(|token| LURES.contains(&token.as_str()));
        let tokens = || host.own.iter();
        self.names.iter().find_map(|name| {
            let lone = host.own.len() == 1;
            let in_own = tokens().any(|token| *token == name.word);
            let joined = || {
                name.word.len() >= SHORTEST_INSIDE
                    && tokens().any(|token| {
                        let rest = token
                            .strip_prefix(name.word.as_str())
                            .or_else(|| token.strip_suffix(name.word.as_str()));
                        rest.is_some_and(|rest| LURES.contains(&rest))
                    })
            };
            let in_front = || lured && host.front.contains(&name.word);
            let found = if name.common_word {
                (in_own && lured && !lone) || joined()
            } else {
                (in_own && (name.own || !lone)) || joined() || in_front()
            };
            found.then(|| {
                format!(
                    "has the name `{}`, but {} is not among its domains",
                    name.word, host.registrable
                )
            })
        })
    }

    /// A name with one letter added, left out, replaced, or swapped with its neighbour.
    fn one_edit_away(&self, host: &HostParts<'_>) -> Option<String> {
        let label = unicode(first_label(host.registrable));
        self.names
            .iter()
            .filter(|name| !name.common_word && name.word.chars().count() >= SHORTEST_FOR_AN_EDIT)
            .find_map(|name| {
                let near = strsim::osa_distance(&label, &name.word) == 1
                    || (name.own
                        && name
                            .domains
                            .iter()
                            .any(|domain| strsim::osa_distance(host.registrable, domain) == 1));
                near.then(|| {
                    format!(
                        "{} is one letter away from `{}`",
                        host.registrable,
                        if label == name.word {
                            &name.domains[0]
                        } else {
                            &name.word
                        }
                    )
                })
            })
    }
}

/// A host and its words.
struct HostParts<'h> {
    host: &'h str,
    registrable: &'h str,
    /// The words of the label that somebody registered, in Unicode.
    own: Vec<String>,
    /// The words of the labels in front of it.
    front: Vec<String>,
}

impl<'h> HostParts<'h> {
    fn new(host: &'h str, registrable: &'h str) -> Self {
        let words = |label: &str| -> Vec<String> {
            unicode(label)
                .split(['-', '_'])
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let front = host.strip_suffix(registrable).unwrap_or_default();
        Self {
            host,
            registrable,
            own: words(first_label(registrable)),
            front: front.split('.').flat_map(words).collect(),
        }
    }

    fn tokens(&self) -> impl Iterator<Item = &String> {
        self.own.iter().chain(&self.front)
    }
}

/// Scripts that nobody mixes in one word: beyond what UTS 39 calls moderately restrictive.
fn mixed_scripts(host: &HostParts<'_>) -> Option<String> {
    host.tokens()
        .find(|token| {
            !token.is_ascii()
                && !token.as_str().is_single_script()
                && token.as_str().detect_restriction_level()
                    > RestrictionLevel::ModeratelyRestrictive
        })
        .map(|token| format!("`{token}` mixes letters of several scripts"))
}

/// A label in Unicode and lower case.
fn unicode(label: &str) -> String {
    idna::domain_to_unicode(label).0.to_lowercase()
}

/// A form that is equal for texts that look alike: the skeleton of UTS 39 in lower case.
fn shape(text: &str) -> String {
    fold_disguises(&skeleton(text).collect::<String>().to_lowercase())
}

/// Replaces digits and pairs of letters by the letter that they look like.
fn fold_disguises(text: &str) -> String {
    text.replace("rn", "m")
        .replace("vv", "w")
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' | '|' | 'i' => 'l',
            '3' => 'e',
            '4' => 'a',
            '5' => 's',
            '7' => 't',
            '8' => 'b',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests;
