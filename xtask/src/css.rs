//! Makes the one stylesheet: tokens, element styles, the utility classes that the views name, and the print sheet.

mod classes;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
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
        .files(&places.root.join("xtask/src/css"), &[".rs"])?
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
        let text = read(&file)?;
        sources.push((file, text));
    }
    let utilities = encre_css::generate(sources.iter().map(|(_, text)| text.as_str()), &config);
    let sheets = [
        read(&style.join("tokens.css"))?,
        read(&style.join("base.css"))?,
        utilities,
        read(&style.join("print.css"))?,
    ];
    let sheet = sheets.join("\n");
    check(&sources, &sheet)?;
    minify(&sheet)
}

/// Refuses class names without a rule: a typing error in a view would go unnoticed until somebody looks at the page.
fn check(sources: &[(PathBuf, String)], sheet: &str) -> Result<()> {
    let mut complaints = Vec::new();
    for (file, text) in sources {
        let unknown = classes::unknown(text, sheet).into_iter().collect::<Vec<_>>().join(", ");
        if !unknown.is_empty() {
            complaints.push(format!("{}: {unknown}", file.display()));
        }
    }
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("no rule of the stylesheet knows these classes:\n{}", complaints.join("\n"))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))
}

fn minify(sheet: &str) -> Result<String> {
    let small = minifier::css::minify(sheet)
        .map_err(|error| anyhow!("the stylesheet cannot be minified: {error}"))?;
    Ok(small.to_string())
}
