//! Makes the one stylesheet: tokens, element styles, the utility classes that the views name, and the print sheet.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use encre_css::Config;

use crate::places::Places;
use crate::site::{self, Effort};
use crate::stamp::{self, Inputs};
use crate::step;

/// The logical name of the stylesheet.
const NAME: &str = "app.css";

/// Builds the stylesheet unless it is up to date.
pub(crate) fn build(places: &Places, effort: Effort) -> Result<()> {
    let (views, style) = (places.root.join("app/src"), places.root.join("style"));
    let inputs = Inputs::new("css")
        .text(effort.word())
        .files(&views, &[".rs"])?
        .files(&style, &[".css", ".toml"])?
        .files(&places.root.join("xtask/src/css.rs"), &[".rs"])?
        .finish();
    if stamp::is_current(places, "css", &inputs) && site::has(places, &[NAME]) {
        return Ok(());
    }
    step::say("Building the stylesheet");
    site::put(places, NAME, compose(&views, &style)?.as_bytes(), effort)?;
    stamp::remember(places, "css", &inputs)
}

/// Joins the sheets. The utilities come after the elements, which they refine; print comes last and overrules both.
fn compose(views: &Path, style: &Path) -> Result<String> {
    let theme = style.join("theme.toml");
    let config =
        Config::from_file(&theme).map_err(|error| anyhow!("{} is not a theme: {error}", theme.display()))?;
    let mut sources = Vec::new();
    for file in stamp::files_below(views, &[".rs"])? {
        sources.push(read(&file)?);
    }
    let utilities = encre_css::generate(sources.iter().map(String::as_str), &config);
    let sheets = [
        read(&style.join("tokens.css"))?,
        read(&style.join("base.css"))?,
        utilities,
        read(&style.join("print.css"))?,
    ];
    minify(&sheets.join("\n"))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))
}

fn minify(sheet: &str) -> Result<String> {
    let small = minifier::css::minify(sheet)
        .map_err(|error| anyhow!("the stylesheet cannot be minified: {error}"))?;
    Ok(small.to_string())
}
