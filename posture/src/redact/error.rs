//! Errors of decoding: where it failed and what kind of value stood there, never the value.

use std::fmt;

/// A value of another type than its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mismatch {
    /// What the place takes: `a number`.
    pub wanted: &'static str,
    /// What stood there: `text`.
    pub found: &'static str,
}

/// Why something could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The text is not JSON or YAML.
    Syntax,
    /// `apiVersion`, `kind` or `items` stands twice in one object.
    Twice,
    /// The text ends too early.
    End,
    /// A value has another type than its place.
    Type(Mismatch),
    /// Something that every object has is not there: its name, say.
    Missing(&'static str),
    /// Reading the input failed.
    Input,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("the text is broken"),
            Self::Twice => f.write_str("apiVersion, kind or items stands twice in one object"),
            Self::End => f.write_str("the text ends too early"),
            Self::Type(Mismatch { wanted, found }) => write!(f, "expected {wanted}, found {found}"),
            Self::Missing(what) => write!(f, "there is no {what}"),
            Self::Input => f.write_str("the input could not be read"),
        }
    }
}

/// An object of the API server that could not be decoded. It holds no text of the object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at line {line}, column {column}{}", place(.path))]
pub struct DecodeError {
    /// The path of known fields to the place: `items[3].spec.ports[0].port`; unknown keys are `*`.
    pub path: String,
    /// The line, from 1; 0 where it is not known.
    pub line: usize,
    /// The column, from 1; 0 where it is not known.
    pub column: usize,
    /// What is wrong there.
    pub fault: Fault,
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", in {path}") }
}

/// A file of manifests that could not be decoded. It holds no text of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {fault}{}", place(.path))]
pub struct ManifestError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The path of known fields to the place.
    pub path: String,
    /// What is wrong there.
    pub fault: Fault,
}
