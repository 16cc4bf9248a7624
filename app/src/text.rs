//! Text from the cluster, made safe to look at and to copy.

use std::borrow::Cow;

use posture::hostile::trouble;

/// The text on one line, with every character that could deceive a reader written as its escape: `a\u{202e}b`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| trouble(c).is_some()) {
        Cow::Owned(posture::hostile::visible(text))
    } else {
        Cow::Borrowed(text)
    }
}

/// As [`visible`], for text that may have lines and tabs, such as a configuration.
pub fn visible_lines(text: &str) -> String {
    text.split_inclusive(is_layout).fold(String::with_capacity(text.len()), |mut shown, piece| {
        let words = piece.trim_end_matches(is_layout);
        shown.push_str(&visible(words));
        shown.push_str(&piece[words.len()..]);
        shown
    })
}

/// Why a text must not be copied into a shell or a file, if so: a character in it is not what a reader sees.
pub fn copy_refusal(text: &str) -> Option<String> {
    let (found, trouble) =
        text.chars().filter(|c| !is_layout(*c)).find_map(|c| trouble(c).map(|trouble| (c, trouble)))?;
    Some(format!("not copied: it contains {} ({})", trouble.description(), found.escape_unicode()))
}

/// What text of several lines may contain.
fn is_layout(c: char) -> bool {
    matches!(c, '\n' | '\t')
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
        assert_eq!(visible_lines("a:\n\tb\r\n\nc"), "a:\n\tb\\u{d}\n\nc");
    }

    #[test]
    fn what_cannot_be_seen_is_not_copied() {
        assert_eq!(copy_refusal("kubectl get pods\nline two"), None);
        assert!(copy_refusal("kubectl delete \u{1b}[2K").is_some_and(|why| why.contains("\\u{1b}")));
        assert!(copy_refusal("a\u{200b}b").is_some());
    }
}
