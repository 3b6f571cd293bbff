//! The files that are built into the page, in the order in which they are inlined.

/// The template.
pub(super) const TEMPLATE: &str = include_str!("page/report.html");

/// The style sheet.
pub(super) const STYLE: &str = include_str!("page/report.css");

/// Libraries, unchanged from their publishers.
pub(super) const LIBRARIES: &[&str] = &[include_str!("page/vendor/d3.min.js")];

/// The licence text that has to be in every copy of the library.
pub(super) const LICENCE: &str = include_str!("page/vendor/d3.LICENSE");

/// The page's own scripts, which share their declarations.
pub(super) const SCRIPTS: &[&str] = &[
    include_str!("page/base.js"),
    include_str!("page/table.js"),
    include_str!("page/evidence.js"),
    include_str!("page/timeline.js"),
    include_str!("page/graph.js"),
    include_str!("page/report.js"),
];

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::model::digest::hex;

    #[test]
    fn the_library_is_the_one_that_its_readme_names() {
        let table = include_str!("page/vendor/README.md");
        let row = table.lines().find(|line| line.contains("| d3.min.js |"));
        let mut cells = row.unwrap().split('|').map(str::trim);
        let written = cells.rfind(|cell| !cell.is_empty());
        let digest = hex(&Sha256::digest(LIBRARIES[0]));
        assert_eq!(written, Some(digest.as_str()));
    }
}
