//! Decodes the Secret of a revision: Base64 of Base64 of gzip of JSON, of which five fields are taken and everything else is passed over.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use flate2::bufread::GzDecoder;
use posture::release::Status;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use zeroize::Zeroizing;

use super::super::secret::value::{Value, decode};
use super::super::source::extend_privately;
use super::SECRET_TYPE;
use crate::manifests::ManifestsError;

/// How large a release may be. The API server stores no Secret of more than about a mebibyte, which inflates to a few tens of it at most
/// where it is text.
const MOST_BYTES: usize = 32 << 20;

/// How long the name of a chart with its version may be; it is free text.
const CHART: usize = 128;

/// What is wrong with a revision.
#[derive(Debug)]
pub(super) enum Fault {
    /// The Secret holds something else, in our words.
    Held(&'static str),
    /// The manifest is broken.
    Manifest(Box<ManifestsError>),
}

impl From<&'static str> for Fault {
    fn from(why: &'static str) -> Self {
        Self::Held(why)
    }
}

/// What is taken of a revision.
pub(super) struct Held {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) revision: u32,
    pub(super) status: Status,
    pub(super) chart: Option<String>,
    /// What was installed, with the Secrets in it.
    pub(super) manifest: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Secret<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    data: Data,
}

/// Only one key is decoded; whatever else stands in the Secret is passed over.
#[derive(Default, Deserialize)]
struct Data {
    release: Option<Value>,
}

#[derive(Deserialize)]
struct Release {
    name: String,
    #[serde(default)]
    namespace: String,
    version: u32,
    info: Info,
    chart: Option<Chart>,
    manifest: Option<Text>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
struct Chart {
    metadata: Option<ChartMetadata>,
}

#[derive(Deserialize)]
struct ChartMetadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

/// Text in memory that is emptied afterwards.
struct Text(Zeroizing<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Zeroizing::new(text.to_owned())))
    }
}

/// What is taken of a revision, from the JSON of its Secret.
///
/// # Errors
/// If it is not what Helm writes. The text is ours: that of a decoder may quote a value.
pub(super) fn release(body: &[u8]) -> Result<Held, &'static str> {
    let secret: Secret<'_> = serde_json::from_slice(body)
        .map_err(|_| "it cannot be understood as a Secret with values in Base64")?;
    if secret.kind != SECRET_TYPE {
        return Err("its type is not helm.sh/release.v1");
    }
    let value = secret.data.release.ok_or("it has no value under the key release")?;
    let packed = decode(value.bytes()).ok_or("the value under the key release is not Base64 once more")?;
    drop(value);
    // Helm itself takes what is not compressed for the JSON of old versions.
    let json = if packed.starts_with(&[0x1f, 0x8b]) { inflate(&packed)? } else { packed };
    let release: Release = serde_json::from_slice(&json).map_err(|_| {
        "what is packed in it is not the JSON of a release with a name, a version, a status and a manifest"
    })?;
    let manifest = release.manifest.ok_or("the release in it has no manifest")?;
    Ok(Held {
        namespace: release.namespace,
        name: release.name,
        revision: release.version,
        status: Status::of(&release.info.status),
        chart: release.chart.and_then(|chart| chart.metadata).as_ref().and_then(chart_name),
        manifest: manifest.0,
    })
}

fn chart_name(chart: &ChartMetadata) -> Option<String> {
    let name = format!("{}-{}", chart.name, chart.version);
    (!chart.name.is_empty()).then(|| name.chars().take(CHART).collect())
}

/// Inflates into memory that is emptied afterwards, and not more than a release can be.
fn inflate(packed: &[u8]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let mut source = GzDecoder::new(packed);
    let mut piece = Zeroizing::new([0_u8; 16 << 10]);
    let mut inflated = Zeroizing::new(Vec::new());
    loop {
        match source.read(&mut piece[..]) {
            Ok(0) => return Ok(inflated),
            Ok(length) if inflated.len() + length > MOST_BYTES => {
                return Err("it inflates to more than 32 MiB, which no release is");
            }
            Ok(length) => extend_privately(&mut inflated, &piece[..length]),
            Err(_) => return Err("what is packed in it is broken gzip"),
        }
    }
}
