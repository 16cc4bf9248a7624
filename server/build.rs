//! Embeds the browser's assets, where they were built, and rebuilds when a migration is added.
//!
//! `cargo xtask assets` writes them with a manifest into `target/site`. Without them the server still builds and shows plain pages.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The layout of the manifest that this script reads.
const FORMAT: u64 = 1;

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
    println!("cargo:rerun-if-env-changed=PERIJOVE_SITE");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let site = env::var_os("PERIJOVE_SITE").map_or_else(|| root.join("../target/site"), PathBuf::from);
    let manifest = site.join("manifest.json");
    println!("cargo:rerun-if-changed={}", manifest.display());
    let code = fs::read_to_string(&manifest).map_or_else(|_| String::from("&[]"), |text| list(&site, &text));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("assets.rs"), code).expect("the build folder can be written");
}

/// The assets as a Rust expression: `&[Asset { … }, …]`.
fn list(site: &Path, text: &str) -> String {
    let manifest: Value =
        serde_json::from_str(text).expect("the manifest of target/site is JSON; run `cargo xtask assets`");
    assert!(
        manifest["format"].as_u64() == Some(FORMAT),
        "the manifest of target/site has another layout; run `cargo xtask assets`"
    );
    let site = site.canonicalize().expect("the manifest lies in it");
    let mut code = String::from("&[");
    for asset in manifest["assets"].as_array().into_iter().flatten() {
        let text = |key: &str| asset[key].as_str().expect("each asset of the manifest names it").to_owned();
        let path = |ending: &str| site.join(format!("{}{ending}", text("file"))).display().to_string();
        write!(
            code,
            "Asset {{ name: {:?}, file: {:?}, content_type: {:?}, bytes: include_bytes!({:?}), brotli: include_bytes!({:?}) }},",
            text("name"),
            text("file"),
            text("content_type"),
            path(""),
            path(".br"),
        )
        .expect("writing to a string cannot fail");
    }
    code.push(']');
    code
}
