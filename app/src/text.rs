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

/// A command for a POSIX shell, broken before its options where it is long; the shell reads it as before.
pub fn wrapped_command(line: &str) -> String {
    const WIDTH: usize = 72;
    let mut lines: Vec<String> = vec![String::new()];
    for word in shell_words(line) {
        let is_long = lines.last().is_some_and(|last| last.chars().count() + word.chars().count() > WIDTH);
        let is_option = word.trim_start().starts_with("--");
        match lines.last_mut() {
            Some(last) if !(is_long && is_option) => last.push_str(word),
            _ => lines.push(format!("  {}", word.trim_start())),
        }
    }
    lines.join(" \\\n")
}

/// The words of a command with the space before each; quoted text and escaped characters stay in one word.
fn shell_words(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut quote, mut is_escaped) = (Vec::new(), 0, None, false);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => {
                words.push(&line[start..at]);
                start = at;
            }
            _ => {}
        }
    }
    words.push(&line[start..]);
    words
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
    fn a_long_command_breaks_before_options_and_nowhere_else() {
        let line = "helm upgrade --cleanup-on-fail workshop jupyterhub/jupyterhub --namespace workshop --version 4.4.0";
        let wrapped = wrapped_command(line);
        assert_eq!(
            wrapped,
            "helm upgrade --cleanup-on-fail workshop jupyterhub/jupyterhub \\\n  --namespace workshop --version 4.4.0"
        );
        assert_eq!(wrapped.replace(" \\\n ", ""), line);
        let quoted = format!("kubectl get pods --output 'jsonpath={{ --a --b {} --c }}'", "x".repeat(80));
        assert!(wrapped_command(&quoted).ends_with(&quoted[26..]), "{}", wrapped_command(&quoted));
    }

    #[test]
    fn what_cannot_be_seen_is_not_copied() {
        assert_eq!(copy_refusal("kubectl get pods\nline two"), None);
        assert!(copy_refusal("kubectl delete \u{1b}[2K").is_some_and(|why| why.contains("\\u{1b}")));
        assert!(copy_refusal("a\u{200b}b").is_some());
    }
}
