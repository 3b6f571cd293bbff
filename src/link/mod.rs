//! Placeholder that the link module replaces.
/// Registrable domain.
#[derive(Debug, Clone)]
pub struct Domain {
    /// r
    pub registrable: String,
    /// u
    pub unicode: Option<String>,
    /// s
    pub suffix: Option<String>,
}
/// Defang.
pub fn defang(url: &url::Url) -> String {
    url.to_string()
}
