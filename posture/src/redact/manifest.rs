//! Files of manifests: several YAML or JSON documents, lists among them.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::error::{Fault, ManifestError, Mismatch};
use super::reading::{Reading, Step, Types};
use super::seed::Seed;
use super::{Redactor, table};
use crate::kind::Kind;
use crate::record::Record;

/// A manifest of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Declared {
    /// An object of a kind that is read.
    Object {
        /// The record.
        record: Box<Record>,
        /// The line at which its document starts.
        line: usize,
    },
    /// An object of a kind that is not read, Secrets among them; nothing of it was kept.
    Unsupported {
        /// The kind as the file names it, `unknown` if that is no name.
        kind: String,
        /// The line at which its document starts.
        line: usize,
    },
}

/// Decodes a file of manifests. Objects that name no namespace are put into `namespace`.
///
/// # Errors
/// If a document is broken or a value has another type than its place: the error says where.
pub fn decode_manifests(
    text: &str,
    file: &str,
    redactor: &Redactor,
    namespace: Option<&str>,
) -> Result<Vec<Declared>, ManifestError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for document in documents(text) {
        let reader = Reader {
            file,
            redactor,
            namespace: namespace.unwrap_or("default"),
            line: document.line,
            lines: document.text.lines().count(),
            reading: Reading::new(&redactor.key, Types::Strict),
        };
        reader.read(document.text, &mut found)?;
    }
    Ok(found)
}

/// One document of a file.
struct Document<'a> {
    text: &'a str,
    /// The line at which the text starts, from 1.
    line: usize,
}

/// Cuts a file at the lines that start with `---`, which separate documents wherever they stand. JSON is one document.
fn documents(text: &str) -> Vec<Document<'_>> {
    let mut documents = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 1, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_separator = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if is_separator && offset > start {
            documents.push(Document { text: &text[start..offset], line: start_line });
            (start, start_line) = (offset, index + 1);
        }
        offset += line.len();
    }
    documents.push(Document { text: &text[start..], line: start_line });
    documents.retain(|document| !is_blank(document.text));
    documents
}

/// Whether a document holds nothing but comments and its separator.
fn is_blank(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.strip_prefix("---").unwrap_or(line).trim();
        line.is_empty() || line.starts_with('#') || line == "..."
    })
}

/// Where each of several JSON values in a row ends; empty unless all of them are whole.
fn json_ends(text: &str) -> Vec<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut ends = Vec::new();
    while let Some(value) = values.next() {
        if value.is_err() {
            return Vec::new();
        }
        ends.push(values.byte_offset());
    }
    ends
}

/// What a document is where it is no object and not nothing.
struct Top(Option<&'static str>);

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TopVisitor).map(Self)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Some("a truth value"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Some("a number"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Some("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Some("a number"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Some("text"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

struct Reader<'a> {
    file: &'a str,
    redactor: &'a Redactor,
    namespace: &'a str,
    line: usize,
    lines: usize,
    reading: Reading<'a>,
}

impl Reader<'_> {
    fn read(&self, text: &str, found: &mut Vec<Declared>) -> Result<(), ManifestError> {
        if text.trim_start().starts_with('{') {
            let ends = json_ends(text);
            if let [_, _, ..] = ends.as_slice() {
                // Several objects in a row, as `kubectl get` and `jq` print them.
                let starts = std::iter::once(0).chain(ends.iter().copied());
                return starts.zip(&ends).try_for_each(|(start, end)| {
                    let line = self.line + text[..start].matches('\n').count();
                    let reading = Reading::new(self.reading.key, Types::Strict);
                    Reader { line, reading, ..*self }.read(&text[start..*end], found)
                });
            }
        }
        let is_json = text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok();
        if is_json {
            let header: Header = serde_json::from_str(text).map_err(|error| self.json(&error))?;
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let bodies = Bodies { header: &header, reading: &self.reading }
                .deserialize(&mut deserializer)
                .map_err(|error| self.json(&error))?;
            return self.finish(&header, bodies, found);
        }
        if let Ok(Top(Some(found))) = serde_norway::from_str(text) {
            return Err(self.error(0, 0, Fault::Type(Mismatch { wanted: "an object", found })));
        }
        let header: Option<Header> = serde_norway::from_str(text).map_err(|error| self.yaml(&error))?;
        let Some(header) = header else { return Ok(()) };
        let bodies = Bodies { header: &header, reading: &self.reading }
            .deserialize(serde_norway::Deserializer::from_str(text))
            .map_err(|error| self.yaml(&error))?;
        self.finish(&header, bodies, found)
    }

    fn finish(
        &self,
        header: &Header,
        bodies: Vec<Option<Value>>,
        found: &mut Vec<Declared>,
    ) -> Result<(), ManifestError> {
        let is_merged =
            header.merge.is_some() || header.items.iter().flatten().any(|item| item.merge.is_some());
        if is_merged {
            let found = "the merge key <<, which is not followed";
            return Err(self.error(0, 0, Fault::Type(Mismatch { wanted: "fields", found })));
        }
        if header.kind.is_empty() || header.api_version.is_empty() {
            let what = if header.kind.is_empty() { "kind" } else { "apiVersion" };
            return Err(self.error(0, 0, Fault::Missing(what)));
        }
        let single = [header.own()];
        let headers = if header.is_list() { header.items.as_deref().unwrap_or(&[]) } else { &single };
        for (header, body) in headers.iter().zip(bodies) {
            let Some(kind) = header.known() else {
                found.push(Declared::Unsupported { kind: header.shown_kind(), line: self.line });
                continue;
            };
            let mut body = body.unwrap_or(Value::Null);
            self.place(kind, &mut body);
            let record = self.redactor.record(kind, body).map_err(|fault| self.error(0, 0, fault))?;
            found.push(Declared::Object { record: Box::new(record), line: self.line });
        }
        Ok(())
    }

    fn place(&self, kind: Kind, body: &mut Value) {
        let metadata = body.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata.filter(|_| kind.info().namespaced) {
            let is_missing = metadata.get("namespace").and_then(Value::as_str).is_none_or(str::is_empty);
            if is_missing {
                metadata.insert("namespace".to_owned(), self.namespace.into());
            }
        }
    }

    fn json(&self, error: &serde_json::Error) -> ManifestError {
        let fault = self.reading.mismatch().map_or(Fault::Syntax, Fault::Type);
        self.error(error.line(), error.column(), fault)
    }

    fn yaml(&self, error: &serde_norway::Error) -> ManifestError {
        let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
        // The header's own message names a field of ours, never a value.
        let otherwise =
            if error.to_string().starts_with("duplicate field") { Fault::Twice } else { Fault::Syntax };
        let fault = self.reading.mismatch().map_or(otherwise, Fault::Type);
        self.error(line, column, fault)
    }

    /// An error at a line of this document, 0 for its start.
    fn error(&self, line: usize, column: usize, fault: Fault) -> ManifestError {
        ManifestError {
            file: self.file.to_owned(),
            // YAML breaks lines at more characters than editors do.
            line: self.line + line.saturating_sub(1).min(self.lines),
            column: column.max(1),
            path: self.reading.place(),
            fault,
        }
    }
}

/// What a document says of itself; everything else of it is skipped.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Header {
    #[serde(deserialize_with = "name")]
    api_version: String,
    #[serde(deserialize_with = "name")]
    kind: String,
    items: Option<Vec<ItemHeader>>,
    #[serde(rename = "<<")]
    merge: Option<IgnoredAny>,
}

/// What an item of a list says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ItemHeader {
    #[serde(deserialize_with = "name")]
    api_version: String,
    #[serde(deserialize_with = "name")]
    kind: String,
    #[serde(rename = "<<")]
    merge: Option<IgnoredAny>,
}

/// Text, or nothing where there is something else: a header that is no text is a header that is missing.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Found {
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Found::deserialize(deserializer)? {
        Found::Text(text) => text,
        Found::Other(_) => String::new(),
    })
}

impl Header {
    fn is_list(&self) -> bool {
        self.items.is_some() && self.kind.ends_with("List")
    }

    fn own(&self) -> ItemHeader {
        ItemHeader { api_version: self.api_version.clone(), kind: self.kind.clone(), merge: None }
    }
}

impl ItemHeader {
    fn known(&self) -> Option<Kind> {
        Kind::of_manifest(&self.api_version, &self.kind)
    }

    fn shown_kind(&self) -> String {
        let is_name = !self.kind.is_empty()
            && self.kind.len() <= 63
            && self.kind.chars().all(|c| c.is_ascii_alphanumeric());
        if is_name { self.kind.clone() } else { "unknown".to_owned() }
    }
}

/// The redacted bodies of a document: one, or one for each item of a list.
struct Bodies<'a> {
    header: &'a Header,
    reading: &'a Reading<'a>,
}

impl<'de> DeserializeSeed<'de> for Bodies<'_> {
    type Value = Vec<Option<Value>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.header.is_list() {
            return deserializer.deserialize_map(self);
        }
        body(&self.header.own(), self.reading, deserializer).map(|body| vec![body])
    }
}

fn body<'de, D: Deserializer<'de>>(
    header: &ItemHeader,
    reading: &Reading<'_>,
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    match header.known() {
        Some(kind) => Seed::new(table::tree(kind), reading).deserialize(deserializer),
        None => IgnoredAny::deserialize(deserializer).map(|_| None),
    }
}

impl<'de> Visitor<'de> for Bodies<'_> {
    type Value = Vec<Option<Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut bodies = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key == "items" {
                let items =
                    Items { headers: self.header.items.as_deref().unwrap_or(&[]), reading: self.reading };
                bodies = self.reading.at(Step::Field("items"), || entries.next_value_seed(items))?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(bodies)
    }
}

/// The items of a list, each with the header that was read before.
struct Items<'a> {
    headers: &'a [ItemHeader],
    reading: &'a Reading<'a>,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Vec<Option<Value>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<Option<Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut bodies = Vec::new();
        for (index, header) in self.headers.iter().enumerate() {
            let item = Item { header, reading: self.reading };
            match self.reading.at(Step::Item(index), || items.next_element_seed(item))? {
                Some(body) => bodies.push(body),
                None => break,
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(bodies)
    }
}

struct Item<'a> {
    header: &'a ItemHeader,
    reading: &'a Reading<'a>,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        body(self.header, self.reading, deserializer)
    }
}
