//! Finds class names that no rule knows, such as a typing error or a utility that the generator lacks.

use std::collections::BTreeSet;

/// The classes that a view names in `class="…"` or `class=format!("…")` and the sheet has no rule for, sorted.
pub(super) fn unknown<'view>(view: &'view str, sheet: &str) -> BTreeSet<&'view str> {
    let known = defined(sheet);
    named(view).filter(|class| !known.contains(*class)).collect()
}

/// The words inside class attributes. What a `format!` fills in is skipped: the other strings of a file are not all classes.
fn named(view: &str) -> impl Iterator<Item = &str> {
    view.split("class=").skip(1).flat_map(|rest| {
        let text = rest.strip_prefix("format!(").unwrap_or(rest);
        let literal = text.strip_prefix('"').and_then(|text| text.split('"').next()).unwrap_or_default();
        literal.split_whitespace().filter(|word| !word.contains(['{', '}']))
    })
}

/// The class names in the selectors of a sheet, without their escapes.
fn defined(sheet: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut characters = sheet.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '.' {
            continue;
        }
        let mut name = String::new();
        while let Some(next) = characters.next_if(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '\\')) {
            name.extend(if next == '\\' { characters.next() } else { Some(next) });
        }
        found.insert(name);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_without_a_rule_is_found() {
        let view = r#"<p class="flex md:w-1.5 w-[2rem]"> <b class=format!("bold {colour}") class=other>"#;
        let sheet = ".flex{} @media x{.md\\:w-1\\.5{} } .w-\\[2rem\\]{width:2.5rem}";
        assert_eq!(unknown(view, sheet), BTreeSet::from(["bold"]));
    }
}
