//! Builds the `app` crate for the browser: WebAssembly from cargo, JavaScript glue from wasm-bindgen.

mod bindings;
mod compiler;
mod sysroot;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use crate::places::Places;
use crate::site::{self, Effort};
use crate::stamp::{self, Inputs};
use crate::step;

pub(crate) use compiler::Compiler;

/// The target that browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The logical names of what is built here.
const NAMES: [&str; 2] = ["app.js", "app.wasm"];

/// How the WebAssembly is optimized; the names are those of the profiles in the root manifest.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Quick to build.
    Dev,
    /// Small to load.
    Release,
}

impl Profile {
    fn cargo_name(self) -> &'static str {
        match self {
            Self::Dev => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }
}

/// Builds the WebAssembly and its glue unless they are up to date.
pub(crate) fn build(places: &Places, profile: Profile, choice: Compiler, effort: Effort) -> Result<()> {
    let inputs = inputs(places, profile, choice)?;
    if stamp::is_current(places, "wasm", &inputs) && site::has(places, &NAMES) {
        return Ok(());
    }
    let compiler = compiler::find(places, choice)?;
    step::say(&format!("Building the pages for the browser with {}", compiler.describe()));
    let built = compile(places, profile, &compiler)?;
    bindings::check_version(places)?;
    let pair = bindings::generate(&built)?;
    site::put(places, "app.wasm", &pair.wasm, effort)?;
    site::put(places, "app.js", pair.script.as_bytes(), effort)?;
    stamp::remember(places, "wasm", &inputs)
}

/// Everything that decides the result: sources, dependencies, profile, and how we build.
fn inputs(places: &Places, profile: Profile, choice: Compiler) -> Result<String> {
    let root = &places.root;
    let mut inputs = Inputs::new("wasm").text(profile.cargo_name()).text(choice.word());
    for folder in ["app/src", "posture/src", "xtask/src/wasm", "xtask/src/wasm.rs"] {
        inputs = inputs.files(&root.join(folder), &[".rs"])?;
    }
    for file in ["Cargo.toml", "Cargo.lock", "app/Cargo.toml", "posture/Cargo.toml"] {
        inputs = inputs.files(&root.join(file), &["Cargo.toml", "Cargo.lock"])?;
    }
    Ok(inputs.finish())
}

/// Runs cargo and returns the file it made.
fn compile(places: &Places, profile: Profile, compiler: &compiler::Found) -> Result<PathBuf> {
    // A folder of its own: two compilers in one folder throw out each other's build scripts.
    let target = places.target.join("wasm");
    let mut cargo = Command::new(Places::cargo());
    cargo
        .current_dir(&places.root)
        .args(["build", "--package", "app", "--lib", "--no-default-features", "--features", "hydrate"])
        .args(["--target", TARGET, "--profile", profile.cargo_name(), "--target-dir"])
        .arg(&target);
    compiler.apply(&mut cargo);
    step::run(&mut cargo)?;
    Ok(target.join(TARGET).join(profile.cargo_name()).join("app.wasm"))
}
