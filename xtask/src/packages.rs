//! Installs Debian packages when this machine has them and we may.

use std::process::Command;

use anyhow::Result;

use crate::places;
use crate::step;

/// Those of the packages that are not installed. Where there is no dpkg, all of them.
pub(crate) fn missing<'name>(names: &[&'name str]) -> Vec<&'name str> {
    names.iter().copied().filter(|name| !is_installed(name)).collect()
}

fn is_installed(name: &str) -> bool {
    step::capture(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", name]))
        .is_ok_and(|status| status == "installed")
}

/// Installs the packages with visible progress. False when there is no apt, no right to use it, or no such package.
pub(crate) fn install(names: &[&str]) -> Result<bool> {
    let Some(apt) = places::program(&["apt-get"]) else { return Ok(false) };
    let is_root = step::capture(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    if !is_root && places::program(&["sudo"]).is_none() {
        return Ok(false);
    }
    step::say(&format!("Installing {} with apt-get", names.join(", ")));
    let command = |words: &[&str]| {
        let mut command = Command::new(if is_root { "env" } else { "sudo" });
        if !is_root {
            command.arg("env");
        }
        command.arg("DEBIAN_FRONTEND=noninteractive").arg(&apt).args(words);
        command
    };
    let wanted: Vec<&str> =
        ["install", "--yes", "--no-install-recommends"].into_iter().chain(names.iter().copied()).collect();
    if command(&wanted).status()?.success() {
        return Ok(true);
    }
    // The lists of a fresh machine are empty or old; they are fetched only when they are needed.
    Ok(command(&["update"]).status()?.success() && command(&wanted).status()?.success())
}
