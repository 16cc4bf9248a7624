//! What all visitors of one document share: where they are, and what they met.

use std::cell::{Cell, RefCell};

use serde::de::Error;

use super::error::Mismatch;
use super::key::RedactionKey;

/// A step from the object to the value being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A field that the table names.
    Field(&'static str),
    /// A key that the table does not know; it is not told, since it may be a secret.
    Key,
    /// An item of a list.
    Item(usize),
}

/// What to do with a value that has another type than its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    /// Stop with an error: files, where somebody can mend it.
    Strict,
    /// Leave it out and count it: one odd object must not hide a page of others.
    Lenient,
}

/// What all visitors of one document share.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) key: &'a RedactionKey,
    types: Types,
    path: RefCell<Vec<Step>>,
    mismatch: Cell<Option<Mismatch>>,
    malformed: Cell<usize>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(key: &'a RedactionKey, types: Types) -> Self {
        Self { key, types, path: RefCell::default(), mismatch: Cell::new(None), malformed: Cell::new(0) }
    }

    /// Where reading stopped: `spec.ports[0].port`.
    pub(super) fn place(&self) -> String {
        let mut text = String::new();
        for step in self.path.borrow().iter() {
            match step {
                Step::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Step::Key => text.push_str(".*"),
                Step::Item(index) => {
                    text.push('[');
                    text.push_str(&index.to_string());
                    text.push(']');
                }
            }
        }
        text
    }

    /// What was wrong with the type of the value where reading stopped.
    pub(super) fn mismatch(&self) -> Option<Mismatch> {
        self.mismatch.get()
    }

    /// How many values were left out because of their type.
    pub(super) fn malformed(&self) -> usize {
        self.malformed.get()
    }

    /// Reads below a step; the path keeps the step if reading fails, since that is where it failed.
    pub(super) fn at<T, E>(&self, step: Step, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.path.borrow_mut().push(step);
        let value = read()?;
        self.path.borrow_mut().pop();
        Ok(value)
    }

    /// Says that a value has another type than its place, and leaves it out unless types are strict.
    pub(super) fn wrong<T, E: Error>(
        &self,
        wanted: &'static str,
        found: &'static str,
    ) -> Result<Option<T>, E> {
        match self.types {
            Types::Lenient => {
                self.malformed.set(self.malformed.get() + 1);
                Ok(None)
            }
            Types::Strict => {
                self.mismatch.set(Some(Mismatch { wanted, found }));
                Err(E::custom("a value of another type"))
            }
        }
    }
}
