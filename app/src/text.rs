//! Text from the cluster, made safe to look at and to copy.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character that could deceive a reader shown as its escape: `a\u{202e}b`. Line breaks and tabs are escaped too.
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, is_deceptive)
}

/// As [`visible`], for text that may have lines and tabs, such as a configuration.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_deceptive(c) && !is_layout(c))
}

/// Why a text must not be copied into a shell or a file, if so: a character in it is not what a reader sees.
pub fn copy_refusal(text: &str) -> Option<String> {
    let found = text.chars().find(|c| is_deceptive(*c) && !is_layout(*c))?;
    Some(format!("not copied: it contains the invisible character {}", found.escape_unicode()))
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            write!(shown, "{}", c.escape_unicode()).expect("writing to a string cannot fail");
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn is_layout(c: char) -> bool {
    matches!(c, '\n' | '\t')
}

/// Control characters, characters without width, and those that change the direction of what follows.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_turn_the_line_around_is_shown_as_it_is() {
        assert_eq!(visible("hub\u{202e}evil"), "hub\\u{202e}evil");
        assert_eq!(visible("plain-name.0"), "plain-name.0");
    }

    #[test]
    fn lines_are_kept_only_where_there_may_be_lines() {
        assert_eq!(visible("a\nb"), "a\\u{a}b");
        assert_eq!(visible_lines("a:\n\tb\r"), "a:\n\tb\\u{d}");
    }

    #[test]
    fn what_cannot_be_seen_is_not_copied() {
        assert_eq!(copy_refusal("kubectl get pods\nline two"), None);
        assert!(copy_refusal("kubectl delete \u{1b}[2K").is_some_and(|why| why.contains("\\u{1b}")));
        assert!(copy_refusal("a\u{200b}b").is_some());
    }
}
