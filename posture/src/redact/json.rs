//! Objects, lists and watch lines as the API server writes them.

use std::fmt;
use std::io;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::error::{DecodeError, Fault};
use super::reading::{Reading, Step, Types};
use super::rule::Node;
use super::seed::Seed;
use super::{Redactor, table};
use crate::kind::Kind;
use crate::record::Record;

/// What a list says beside its items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMeta {
    /// The version the list shows; a watch continues from it.
    pub resource_version: String,
    /// The token for the next page; `None` on the last.
    pub continue_token: Option<String>,
    /// How many items follow, where the API server says so.
    pub remaining: Option<u64>,
    /// How many records were handed over.
    pub records: usize,
    /// How many values had another type than their place and were left out, and how many items had no name.
    pub malformed: usize,
}

/// One line of a watch.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// A new object, or one that was there when the watch began.
    Added(Box<Record>),
    /// An object changed.
    Modified(Box<Record>),
    /// An object is gone; the record shows its last state.
    Deleted(Box<Record>),
    /// Everything up to this version was sent.
    Bookmark {
        /// The version.
        resource_version: String,
    },
    /// The watch failed; 410 means that it must start again from a list.
    Error {
        /// The HTTP status.
        code: u16,
    },
}

/// Decodes one object, of which the caller knows the kind.
///
/// # Errors
/// If it is not JSON, or lacks what every object has.
pub fn decode_json(bytes: &[u8], kind: Kind, redactor: &Redactor) -> Result<Record, DecodeError> {
    let reading = Reading::new(&redactor.key, Types::Lenient);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let body = Seed::new(table::tree(kind), &reading)
        .deserialize(&mut deserializer)
        .and_then(|body| deserializer.end().map(|()| body))
        .map_err(|error| failed(&error, &reading))?;
    redactor.record(kind, body.unwrap_or(Value::Null)).map_err(|fault| bare(fault, ""))
}

/// Decodes a list, and hands over each record as soon as it is read; the page is never held as values.
///
/// Items of a list do not say of which kind they are: the caller names it.
///
/// # Errors
/// If it is not JSON or not a list. Records that were handed over before stay so.
pub fn decode_json_list(
    bytes: &[u8],
    kind: Kind,
    redactor: &Redactor,
    each: impl FnMut(Record),
) -> Result<ListMeta, DecodeError> {
    list(serde_json::Deserializer::from_slice(bytes), kind, redactor, each)
}

/// As [`decode_json_list`], from a reader.
///
/// # Errors
/// As [`decode_json_list`], and if reading fails.
pub fn decode_json_list_from(
    reader: impl io::Read,
    kind: Kind,
    redactor: &Redactor,
    each: impl FnMut(Record),
) -> Result<ListMeta, DecodeError> {
    list(serde_json::Deserializer::from_reader(reader), kind, redactor, each)
}

fn list<'de, R: serde_json::de::Read<'de>>(
    mut deserializer: serde_json::Deserializer<R>,
    kind: Kind,
    redactor: &Redactor,
    each: impl FnMut(Record),
) -> Result<ListMeta, DecodeError> {
    let reading = Reading::new(&redactor.key, Types::Lenient);
    let list = List { reading: &reading, node: table::tree(kind), kind, redactor, each };
    let mut meta = deserializer
        .deserialize_map(list)
        .and_then(|meta| deserializer.end().map(|()| meta))
        .map_err(|error| failed(&error, &reading))?;
    meta.malformed += reading.malformed();
    Ok(meta)
}

/// Decodes one line of a watch.
///
/// # Errors
/// If it is not JSON, or the object lacks what every object has.
pub fn decode_watch_line(bytes: &[u8], kind: Kind, redactor: &Redactor) -> Result<WatchEvent, DecodeError> {
    let reading = Reading::new(&redactor.key, Types::Lenient);
    let Line { event } = serde_json::from_slice(bytes).map_err(|error| failed(&error, &reading))?;
    let object = || {
        serde_json::Deserializer::from_slice(bytes)
            .deserialize_map(Object { reading: &reading, node: table::tree(kind) })
            .map_err(|error| failed(&error, &reading))
    };
    let record = || {
        let body = object()?.unwrap_or(Value::Null);
        redactor.record(kind, body).map(Box::new).map_err(|fault| bare(fault, "object"))
    };
    Ok(match event {
        EventType::Added => WatchEvent::Added(record()?),
        EventType::Modified => WatchEvent::Modified(record()?),
        EventType::Deleted => WatchEvent::Deleted(record()?),
        EventType::Bookmark => {
            let line: BookmarkLine =
                serde_json::from_slice(bytes).map_err(|error| failed(&error, &reading))?;
            WatchEvent::Bookmark { resource_version: line.object.metadata.resource_version }
        }
        EventType::Error => {
            let line: ErrorLine = serde_json::from_slice(bytes).map_err(|error| failed(&error, &reading))?;
            WatchEvent::Error { code: line.object.code }
        }
    })
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    event: EventType,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EventType {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

#[derive(Deserialize)]
struct BookmarkLine {
    object: BookmarkObject,
}

#[derive(Deserialize)]
struct BookmarkObject {
    metadata: RawMetadata,
}

#[derive(Deserialize)]
struct ErrorLine {
    object: Status,
}

#[derive(Deserialize)]
struct Status {
    code: u16,
}

/// The metadata of a list or a bookmark.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawMetadata {
    resource_version: String,
    r#continue: Option<String>,
    remaining_item_count: Option<u64>,
}

/// What a decoder's error says without its text, which quotes values.
fn failed(error: &serde_json::Error, reading: &Reading<'_>) -> DecodeError {
    use serde_json::error::Category;
    let fault = match error.classify() {
        Category::Io => Fault::Input,
        Category::Syntax => Fault::Syntax,
        Category::Eof => Fault::End,
        Category::Data => reading.mismatch().map_or(Fault::Syntax, Fault::Type),
    };
    DecodeError { path: reading.place(), line: error.line(), column: error.column(), fault }
}

fn bare(fault: Fault, path: &str) -> DecodeError {
    DecodeError { path: path.to_owned(), line: 0, column: 0, fault }
}

/// A list as a whole.
struct List<'a, F> {
    reading: &'a Reading<'a>,
    node: &'static Node,
    kind: Kind,
    redactor: &'a Redactor,
    each: F,
}

impl<'de, F: FnMut(Record)> Visitor<'de> for List<'_, F> {
    type Value = ListMeta;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<ListMeta, A::Error> {
        let mut meta = ListMeta::default();
        let mut has_items = false;
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "metadata" => {
                    let found: Option<RawMetadata> = entries.next_value()?;
                    let found = found.unwrap_or_default();
                    meta.resource_version = found.resource_version;
                    meta.continue_token = found.r#continue.filter(|token| !token.is_empty());
                    meta.remaining = found.remaining_item_count;
                }
                "items" => {
                    has_items = true;
                    let items = Items { list: &mut self, meta: &mut meta };
                    let reading = items.list.reading;
                    reading.at(Step::Field("items"), || entries.next_value_seed(items))?;
                }
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        if has_items { Ok(meta) } else { Err(A::Error::missing_field("items")) }
    }
}

/// The items of a list; `null` is an empty one.
struct Items<'a, 'b, F> {
    list: &'a mut List<'b, F>,
    meta: &'a mut ListMeta,
}

impl<'de, F: FnMut(Record)> DeserializeSeed<'de> for Items<'_, '_, F> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Record)> Visitor<'de> for Items<'_, '_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let reading = self.list.reading;
        for index in 0.. {
            let seed = Seed::new(self.list.node, reading);
            let Some(body) = reading.at(Step::Item(index), || items.next_element_seed(seed))? else { break };
            match self.list.redactor.record(self.list.kind, body.unwrap_or(Value::Null)) {
                Ok(record) => {
                    self.meta.records += 1;
                    (self.list.each)(record);
                }
                Err(_) => self.meta.malformed += 1,
            }
        }
        Ok(())
    }
}

/// The `object` of a watch line.
struct Object<'a> {
    reading: &'a Reading<'a>,
    node: &'static Node,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut object = None;
        while let Some(key) = entries.next_key::<String>()? {
            if key == "object" {
                let seed = Seed::new(self.node, self.reading);
                object = self.reading.at(Step::Field("object"), || entries.next_value_seed(seed))?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(object)
    }
}
