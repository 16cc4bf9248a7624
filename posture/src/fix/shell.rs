//! Commands as argument lists: slots filled in, each argument quoted for a POSIX shell.

use super::Slots;
use crate::hostile;

/// A command line, and why it must not be copied if that is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The line; troublesome characters are written as `\u{…}`, so that it can be shown anywhere.
    pub text: String,
    /// Why copying is refused, as a sentence; `None` where it is safe.
    pub refused: Option<String>,
}

/// Fills the slots of an argument list and quotes every argument.
///
/// A slot is `<name>` with a name of lower-case letters and hyphens. One without a live value stays as it is and is quoted, so that a
/// line that was copied without being completed names an object that cannot exist, instead of redirecting a file. One whose live value is
/// empty falls away with the option before it: an object of the whole cluster has no namespace.
pub fn command_line(arguments: &[&str], slots: &Slots) -> CommandLine {
    let mut refused = None;
    let mut words: Vec<String> = Vec::new();
    for argument in arguments {
        if is_absent(argument, slots) {
            words.pop_if(|word| word.starts_with("--"));
            continue;
        }
        let filled = fill(argument, slots);
        refused = refused.or_else(|| refusal(argument, slots));
        words.push(quote(&hostile::visible(&filled)));
    }
    CommandLine { text: words.join(" "), refused }
}

/// Whether an argument is a slot that is known to stand for nothing.
fn is_absent(argument: &str, slots: &Slots) -> bool {
    let name = slot_at_start(argument).filter(|name| name.len() + 2 == argument.len());
    name.and_then(|name| slots.value(name)) == Some("")
}

/// Why an argument must not be copied: a live value in it that breaks or disguises the line, or that reads as an option.
fn refusal(argument: &str, slots: &Slots) -> Option<String> {
    for piece in pieces(argument) {
        let Piece::Slot(name) = piece else { continue };
        let Some(value) = slots.value(name) else { continue };
        if let Some(reason) = super::refusal(name, value) {
            return Some(reason);
        }
        if argument.starts_with('<') && value.starts_with('-') {
            let words = name.replace('-', " ");
            return Some(format!(
                "The {words} begins with a hyphen, so the command would read it as an option."
            ));
        }
    }
    None
}

/// The text with its slots filled in; unknown ones stay.
pub(super) fn fill(text: &str, slots: &Slots) -> String {
    pieces(text)
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned(),
            Piece::Slot(name) => slots.value(name).map_or_else(|| format!("<{name}>"), str::to_owned),
        })
        .collect()
}

/// The names of the slots in a text.
pub(super) fn slot_names(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Slot(name) => Some(name),
        Piece::Words(_) => None,
    })
}

enum Piece<'a> {
    Words(&'a str),
    Slot(&'a str),
}

/// Cuts a text into words and slots.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(name) = slot_at_start(rest) {
            rest = &rest[name.len() + 2..];
            return Some(Piece::Slot(name));
        }
        let end = rest
            .char_indices()
            .skip(1)
            .find(|&(index, _)| slot_at_start(&rest[index..]).is_some())
            .map_or(rest.len(), |(index, _)| index);
        let (words, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Words(words))
    })
}

fn slot_at_start(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('<')?.split_once('>')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    is_name.then_some(name)
}

/// Quotes an argument where a shell would read anything else into it.
fn quote(argument: &str) -> String {
    let is_plain = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'@' | b'%' | b'+' | b'=' | b':' | b',' | b'.' | b'/' | b'-')
    };
    if !argument.is_empty() && argument.bytes().all(is_plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_with_a_value_that_is_known_to_be_nothing_falls_away() {
        let command = ["kubectl", "--namespace", "<place>", "delete", "<kind>", "<name>"];
        let known = line(&command, &[("place", ""), ("kind", "clusterrolebinding"), ("name", "x")]);
        assert_eq!(known.text, "kubectl delete clusterrolebinding x");
        assert_eq!(line(&command[..3], &[]).text, "kubectl --namespace '<place>'");
    }

    fn line(arguments: &[&str], values: &[(&str, &str)]) -> CommandLine {
        let mut slots = Slots::default();
        for (name, value) in values {
            slots.set(name, *value);
        }
        command_line(arguments, &slots)
    }

    #[test]
    fn live_values_are_filled_in_also_within_an_argument() {
        let line = line(&["kubectl", "--namespace=<namespace>", "get", "svc"], &[("namespace", "jhub")]);
        assert_eq!(line, CommandLine { text: "kubectl --namespace=jhub get svc".to_owned(), refused: None });
    }

    #[test]
    fn an_unknown_slot_cannot_redirect_a_file() {
        assert_eq!(line(&["dig", "<domain>"], &[]).text, "dig '<domain>'");
    }

    #[test]
    fn a_name_cannot_leave_its_argument() {
        let line = line(&["kubectl", "delete", "x", "<name>"], &[("name", "a'; rm -rf ~ #$(id)`id`")]);
        assert_eq!(line.text, r"kubectl delete x 'a'\''; rm -rf ~ #$(id)`id`'");
        assert_eq!(line.refused, None);
    }

    #[test]
    fn a_value_with_a_slot_in_it_is_not_filled_again() {
        let values = [("name", "<namespace>"), ("namespace", "jhub")];
        assert_eq!(line(&["x", "<name>"], &values).text, "x '<namespace>'");
    }

    #[test]
    fn a_name_with_a_line_break_is_shown_but_not_copied() {
        let line = line(&["x", "<name>"], &[("name", "a\nrm -rf ~")]);
        assert_eq!(line.text, r"x 'a\u{a}rm -rf ~'");
        assert_eq!(
            line.refused.as_deref(),
            Some("The name holds a line break, so this cannot be copied safely.")
        );
    }

    #[test]
    fn a_name_that_reads_as_an_option_is_not_copied() {
        assert!(
            line(&["kubectl", "delete", "rolebinding", "<name>"], &[("name", "--all")]).refused.is_some()
        );
        assert!(line(&["kubectl", "--namespace=<name>"], &[("name", "--all")]).refused.is_none());
    }

    #[test]
    fn braces_and_comparisons_are_not_slots() {
        assert_eq!(
            line(&["-o", "jsonpath={range .items[*]}<\n"], &[]).text,
            "-o 'jsonpath={range .items[*]}<\\u{a}'"
        );
    }
}
