//! What a browser loads, as a release ships it.

use anyhow::Result;

use super::table::{Measure, Table};
use crate::assets;
use crate::places::Places;
use crate::site;
use crate::wasm::{Compiler, Profile};

/// The name of the case.
pub(super) const NAME: &str = "sizes";

/// Builds the assets as for a release, and lists them.
pub(super) fn run(places: &Places, compiler: Compiler, table: &mut Table) -> Result<()> {
    assets::build(places, Profile::Release, compiler)?;
    let mut sum = 0;
    for asset in site::list(places) {
        table.add(format!("sizes: {}", asset.name), Measure::Size(asset.bytes as u64), None);
        table.add(
            format!("sizes: {} with Brotli", asset.name),
            Measure::Size(asset.brotli_bytes as u64),
            None,
        );
        sum += asset.brotli_bytes as u64;
    }
    table.add("sizes: all assets with Brotli", Measure::Size(sum), Some(Measure::Size(150 << 10)));
    Ok(())
}
