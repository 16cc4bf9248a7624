//! The JavaScript beside the WebAssembly, made by wasm-bindgen as a library.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::places::Places;

/// What the browser loads: the module and the script that starts it.
pub(super) struct Pair {
    pub(super) wasm: Vec<u8>,
    pub(super) script: String,
}

/// Turns cargo's output into what a browser can load.
pub(super) fn generate(built: &Path) -> Result<Pair> {
    let mut output = Bindgen::new()
        .input_path(built)
        .out_name("app")
        .web(true)?
        .typescript(false)
        // The page names the module, since its file name carries a hash and the prefix is known at run time only.
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()
        .with_context(|| format!("wasm-bindgen could not read {}", built.display()))?;
    if output.snippets().values().any(|list| !list.is_empty()) || !output.local_modules().is_empty() {
        // They would be files of their own, loaded by a relative path that the hashed names do not have.
        bail!("a dependency of `app` brings JavaScript of its own, which the asset folder has no place for");
    }
    let script = output.js().to_owned();
    Ok(Pair { wasm: output.wasm_mut().emit_wasm(), script })
}

/// Refuses to go on when the library and the crate inside the module would not understand each other.
pub(super) fn check_version(places: &Places) -> Result<()> {
    let path = places.root.join("Cargo.lock");
    let lock = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let (crate_version, ours) = (locked(&lock, "wasm-bindgen"), locked(&lock, "wasm-bindgen-cli-support"));
    if crate_version.is_none() || crate_version != ours {
        bail!(
            "Cargo.lock has wasm-bindgen {} and wasm-bindgen-cli-support {}; they must be equal: \
             run `cargo update --package wasm-bindgen-cli-support --precise {}`",
            crate_version.unwrap_or("nowhere"),
            ours.unwrap_or("nowhere"),
            crate_version.unwrap_or("<version>"),
        );
    }
    Ok(())
}

/// The version of a package in the text of a lock file.
fn locked<'lock>(lock: &'lock str, package: &str) -> Option<&'lock str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == name)?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::locked;

    #[test]
    fn a_name_that_only_starts_alike_is_another_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-cli\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.1\"\n";
        assert_eq!(locked(lock, "wasm-bindgen"), Some("0.2.1"));
        assert_eq!(locked(lock, "walrus"), None);
    }
}
