//! `cargo xtask assets`: builds what the browser loads into `target/site/`.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::places::Places;
use crate::site::{self, Effort};
use crate::wasm::{self, Compiler, Profile};
use crate::{css, stamp, step};

/// Build the WebAssembly, its JavaScript and the stylesheet into `target/site/`.
///
/// Steps whose inputs are unchanged are skipped. The server embeds the result when it is built next; without it the
/// server still builds, and its pages are plain.
#[derive(Args)]
pub(crate) struct Options {
    /// Build small instead of fast: link-time optimization and Brotli at its best.
    #[arg(long)]
    release: bool,
    /// Which compiler builds for the browser.
    #[arg(long, value_enum, default_value_t = Compiler::Auto)]
    compiler: Compiler,
}

/// Runs the recipe and prints what it made.
pub(crate) fn run(places: &Places, options: &Options) -> Result<ExitCode> {
    let profile = if options.release { Profile::Release } else { Profile::Dev };
    build(places, profile, options.compiler)?;
    for asset in site::list(places) {
        println!("{:>9} bytes, {:>7} with Brotli  {}", asset.bytes, asset.brotli_bytes, asset.file);
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds every asset that is missing or out of date.
pub(crate) fn build(places: &Places, profile: Profile, compiler: Compiler) -> Result<()> {
    let effort = match profile {
        Profile::Dev => Effort::Fast,
        Profile::Release => Effort::Best,
    };
    css::build(places, effort)?;
    icon(places, effort)?;
    wasm::build(places, profile, compiler, effort)
}

/// The icon of the browser's tab.
fn icon(places: &Places, effort: Effort) -> Result<()> {
    let source = places.root.join("style/icon.svg");
    let inputs = stamp::Inputs::new("icon").text(effort.word()).files(&source, &[".svg"])?.finish();
    if stamp::is_current(places, "icon", &inputs) && site::has(places, &["icon.svg"]) {
        return Ok(());
    }
    step::say("Packing the icon");
    let content = fs::read(&source).with_context(|| format!("could not read {}", source.display()))?;
    site::put(places, "icon.svg", &content, effort)?;
    stamp::remember(places, "icon", &inputs)
}
