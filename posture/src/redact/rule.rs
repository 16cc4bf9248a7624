//! The rules of the table, and the tree of field names that the redactor follows.

use std::collections::BTreeMap;

/// What happens to the value at a path of the table. What no path names is skipped without being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Text of at most [`LONGEST_TEXT`](super::scalar::LONGEST_TEXT) bytes.
    Text,
    /// Text without spaces that looks like a name, an enumeration or a version.
    Word,
    /// A path of a file or a URL that looks harmless; nothing is left of another one.
    Path,
    /// As [`Rule::Path`], but another one leaves its class.
    PathLeaf,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A number, a truth value or a word: quantities, and settings that may be written either way.
    Scalar,
    /// A number or a name, as ports are.
    Port,
    /// An instant.
    Time,
    /// Scheme, host and port of a URL.
    Url,
    /// The URL of a certificate authority: whole for the public ones of Let's Encrypt, else as [`Rule::Url`].
    AuthorityUrl,
    /// The domain of an e-mail address.
    Email,
    /// Nothing of the value, but the class of what it looked like.
    Drop,
    /// The certificates in Base64 of PEM, as bundles of authorities are written; nothing of what is none.
    Bundle,
    /// That the field is there, as an empty object.
    Presence,
    /// A list of words of a command line.
    Words,
    /// A list of environment variables.
    Env,
    /// A map of labels.
    Labels,
    /// A map of annotations.
    Annotations,
    /// The data of a ConfigMap.
    Data,
    /// The binary data of a ConfigMap: names only.
    BinaryData,
}

/// A row of the table: a path, and the rule for what stands there.
///
/// Steps are separated by dots; `[]` after a step means every item of a list, `{}` every value of a map with free keys.
pub type Row = (&'static str, Rule);

/// The kept paths below one field, as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// The rule for the value itself.
    Leaf(Rule),
    /// An object with these fields.
    Fields(BTreeMap<&'static str, Node>),
    /// A list whose items are all alike.
    Items(Box<Node>),
    /// A map with free keys whose values are all alike.
    Entries(Box<Node>),
}

impl Node {
    /// An object without kept fields.
    pub(super) const fn empty() -> Self {
        Self::Fields(BTreeMap::new())
    }

    /// Adds rows below a path, which is empty for the object itself or ends in a dot.
    ///
    /// # Panics
    /// If two rows contradict each other; a test builds every tree.
    pub(super) fn add(&mut self, below: &'static str, rows: &[Row]) {
        for (path, rule) in rows {
            let steps: Vec<_> =
                below.split('.').filter(|step| !step.is_empty()).chain(path.split('.')).collect();
            self.insert(&steps, *rule);
        }
    }

    fn insert(&mut self, steps: &[&'static str], rule: Rule) {
        let Some((step, rest)) = steps.split_first() else {
            assert!(*self == Self::empty() || *self == Self::Leaf(rule), "two rows for one path");
            *self = Self::Leaf(rule);
            return;
        };
        let Self::Fields(fields) = self else { panic!("`{step}` stands below a leaf, a list or a map") };
        let name = step.trim_end_matches(['[', ']', '{', '}']);
        let mut node = fields.entry(name).or_insert_with(Self::empty);
        for bracket in step.as_bytes()[name.len()..].chunks(2) {
            if *node == Self::empty() {
                *node = match bracket {
                    b"[]" => Self::Items(Box::new(Self::empty())),
                    _ => Self::Entries(Box::new(Self::empty())),
                };
            }
            node = match node {
                Self::Items(inner) if bracket == b"[]" => inner,
                Self::Entries(inner) if bracket == b"{}" => inner,
                _ => panic!("`{name}` is both a list or map and something else"),
            };
        }
        node.insert(rest, rule);
    }
}
