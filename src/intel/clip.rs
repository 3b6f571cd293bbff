//! Sanitises and shortens text from outside for summaries.

/// Puts a text on one line, without control and direction characters, of at most `most` characters.
pub(super) fn clip(text: &str, most: usize) -> String {
    // The text may be long, and only its beginning is needed.
    let looked_at = text.chars().take(most.saturating_mul(4));
    let spaced: String = looked_at.map(|c| if hides(c) { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let mut cut: String = line.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{061c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipped_text_is_one_bounded_line_without_hidden_characters() {
        assert_eq!(clip("a\u{1b}[31m\n\u{202e}b \t c", 50), "a [31m b c");
        assert_eq!(clip("ééééé", 5), "ééééé");
        assert_eq!(clip("éééééé", 5), "éééé…");
        assert_eq!(clip(&"x".repeat(1_000_000), 3), "xx…");
    }
}
