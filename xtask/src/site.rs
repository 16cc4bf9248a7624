//! The folder of browser assets: hashed names, a precompressed copy beside each, and the manifest that lists them.
//!
//! `manifest.json` is `{"format": 1, "assets": [{"name", "file", "content_type", "bytes", "brotli_bytes"}]}`, sorted by
//! name. `name` is what code asks for (`app.css`), `file` the name with the content's hash in it, and `file` + `.br` the
//! same content compressed with Brotli.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use brotli::CompressorWriter;
use serde::{Deserialize, Serialize};

use crate::places::Places;
use crate::stamp;

/// The version of the manifest's layout; the server's build script refuses another.
const FORMAT: u32 = 1;

/// How much time compression may take.
#[derive(Clone, Copy)]
pub(crate) enum Effort {
    /// For a build that a person waits for.
    Fast,
    /// For a release: the smallest result.
    Best,
}

impl Effort {
    fn quality(self) -> u32 {
        match self {
            Self::Fast => 5,
            Self::Best => 11,
        }
    }

    /// The word in a stamp, so that a release does not reuse what was compressed in haste.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Best => "best",
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    assets: Vec<Entry>,
}

/// One asset as the manifest lists it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) content_type: String,
    pub(crate) bytes: usize,
    pub(crate) brotli_bytes: usize,
}

/// Puts an asset into the folder under a hashed name and lists it, in place of its earlier version.
pub(crate) fn put(places: &Places, name: &str, content: &[u8], effort: Effort) -> Result<Entry> {
    let (stem, ending) = name.rsplit_once('.').context("an asset's name has an ending")?;
    let file = format!("{stem}-{}.{ending}", stamp::short_hash(content));
    let packed = compress(content, effort)?;
    let entry = Entry {
        name: name.to_owned(),
        file: file.clone(),
        content_type: content_type(ending)?.to_owned(),
        bytes: content.len(),
        brotli_bytes: packed.len(),
    };
    let mut manifest = read(&places.site);
    if let Some(at) = manifest.assets.iter().position(|asset| asset.name == name) {
        let earlier = manifest.assets.remove(at);
        if earlier.file != file {
            discard(&places.site, &earlier.file)?;
        }
    }
    stamp::write(&places.site.join(&file), content)?;
    stamp::write(&places.site.join(format!("{file}.br")), &packed)?;
    manifest.format = FORMAT;
    manifest.assets.push(entry.clone());
    manifest.assets.sort_by(|one, other| one.name.cmp(&other.name));
    let text = serde_json::to_string_pretty(&manifest).context("could not write the manifest as JSON")?;
    stamp::write(&places.site.join("manifest.json"), text.as_bytes())?;
    Ok(entry)
}

/// Whether every named asset is there.
pub(crate) fn has(places: &Places, names: &[&str]) -> bool {
    let manifest = read(&places.site);
    names.iter().all(|name| {
        manifest.assets.iter().any(|asset| {
            asset.name == *name
                && places.site.join(&asset.file).is_file()
                && places.site.join(format!("{}.br", asset.file)).is_file()
        })
    })
}

/// Every asset that is listed.
pub(crate) fn list(places: &Places) -> Vec<Entry> {
    read(&places.site).assets
}

/// The manifest, or an empty one: what cannot be read is built again.
fn read(site: &Path) -> Manifest {
    fs::read_to_string(site.join("manifest.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<Manifest>(&text).ok())
        .filter(|manifest| manifest.format == FORMAT)
        .unwrap_or_default()
}

fn discard(site: &Path, file: &str) -> Result<()> {
    for name in [file.to_owned(), format!("{file}.br")] {
        let path = site.join(name);
        if path.is_file() {
            fs::remove_file(&path).with_context(|| format!("could not remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Compresses with Brotli.
pub(crate) fn compress(content: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    {
        let mut writer = CompressorWriter::new(&mut packed, 1 << 16, effort.quality(), 22);
        writer.write_all(content).context("could not compress")?;
    }
    Ok(packed)
}

fn content_type(ending: &str) -> Result<&'static str> {
    Ok(match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        other => bail!("no content type is known for assets that end in .{other}; add it to site.rs"),
    })
}
