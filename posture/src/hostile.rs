//! Characters of hostile text that mislead a reader, a terminal or a shell, and how they are made visible.

use std::fmt::Write;

/// What kind of trouble a character makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It ends the line, and so the command.
    LineBreak,
    /// It controls the terminal.
    Control,
    /// It changes the direction of the text around it, so that it reads differently from what it is.
    Direction,
    /// It cannot be seen.
    Invisible,
}

impl Trouble {
    /// What the character is called in a sentence, with its article.
    pub fn description(self) -> &'static str {
        match self {
            Self::LineBreak => "a line break",
            Self::Control => "a control character",
            Self::Direction => "a character that changes the direction of the text",
            Self::Invisible => "a character that cannot be seen",
        }
    }
}

/// The trouble a character makes, if any. The lists are the `Cc`, `Zl`, `Zp` and `Bidi_Control` characters of Unicode, and of the
/// format characters those without a glyph.
pub fn trouble(character: char) -> Option<Trouble> {
    match character {
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(Trouble::LineBreak),
        c if c.is_control() => Some(Trouble::Control),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(Trouble::Direction)
        }
        '\u{ad}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Some(Trouble::Invisible),
        _ => None,
    }
}

/// The first trouble in a text.
pub fn first_trouble(text: &str) -> Option<Trouble> {
    text.chars().find_map(trouble)
}

/// The text with every troublesome character written as `\u{…}`, safe to print in a line of a terminal.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if trouble(character).is_some() {
            write!(out, "\\u{{{:x}}}", u32::from(character)).expect("writing to a String cannot fail");
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_becomes_text() {
        assert_eq!(visible("a\u{1b}[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
    }

    #[test]
    fn ordinary_text_of_any_language_is_left_alone() {
        assert_eq!(visible("Füße, 日本語, עברית ✓"), "Füße, 日本語, עברית ✓");
    }

    #[test]
    fn the_kinds_of_trouble_are_told_apart() {
        let kinds = ["a\nb", "a\u{7}b", "a\u{2066}b", "a\u{200b}b", "ab"].map(first_trouble);
        assert_eq!(
            kinds,
            [
                Some(Trouble::LineBreak),
                Some(Trouble::Control),
                Some(Trouble::Direction),
                Some(Trouble::Invisible),
                None
            ]
        );
    }
}
