//! Keeps the instants on the page true: relative ones grow older, absolute ones move to the viewer's zone.

use leptos::prelude::*;

/// Has nothing to see. `now` is the instant the page was made at, in milliseconds since 1970, by the server's clock: the browser's own
/// clock only measures how long the page has been open.
#[island]
pub fn ViewerTime(
    /// The server's now.
    now: i64,
) -> impl IntoView {
    Effect::new(move || {
        #[cfg(feature = "hydrate")]
        browser::start(now);
        #[cfg(not(feature = "hydrate"))]
        let _ = now;
    });
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::time::Duration;

    use js_sys::{Date, Object, Reflect};
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::Element;

    use crate::when::{ago, lasting};

    /// How often relative instants are written anew.
    const EVERY: Duration = Duration::from_secs(5);

    pub(super) fn start(now: i64) {
        let opened = Date::now();
        for time in instants() {
            localize(&time);
        }
        let tick = move || refresh(now.saturating_add(milliseconds(Date::now() - opened)));
        // A browser without timers cannot be: an error here leaves the page as the server wrote it.
        let _ = set_interval_with_handle(tick, EVERY);
    }

    /// Milliseconds of the browser as an integer; they are whole numbers far below 2^53.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the browser's milliseconds are whole and far below 2^53"
    )]
    fn milliseconds(value: f64) -> i64 {
        value as i64
    }

    fn instants() -> Vec<Element> {
        all("time[data-when]")
    }

    fn all(selector: &str) -> Vec<Element> {
        let Ok(found) = document().query_selector_all(selector) else { return Vec::new() };
        (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).collect()
    }

    /// The instant of a `time` element in milliseconds.
    fn instant(time: &Element) -> Option<i64> {
        let at = Date::parse(&time.get_attribute("datetime")?);
        at.is_finite().then(|| milliseconds(at))
    }

    /// Writes relative instants anew and marks what has become stale.
    fn refresh(now: i64) {
        if document().hidden() {
            return;
        }
        for time in instants() {
            let words: fn(i64, i64) -> String = match time.get_attribute("data-when").as_deref() {
                Some("ago") => ago,
                Some("span") => lasting,
                _ => continue,
            };
            if let Some(at) = instant(&time) {
                let words = words(now, at);
                if time.text_content().as_deref() != Some(&words) {
                    time.set_text_content(Some(&words));
                }
            }
        }
        for seen in all("[data-stale-after]") {
            mark(&seen, now);
        }
    }

    fn mark(seen: &Element, now: i64) -> Option<()> {
        let limit: i64 = seen.get_attribute("data-stale-after")?.parse().ok()?;
        let at = instant(&seen.query_selector("time").ok()??)?;
        let state = if now.saturating_sub(at) >= limit.saturating_mul(1000) { "stale" } else { "fresh" };
        seen.set_attribute("data-state", state).ok()
    }

    /// Writes the absolute instant in the viewer's zone: as the text, or for relative ones on hover.
    fn localize(time: &Element) -> Option<()> {
        let at = Date::new(&JsValue::from_str(&time.get_attribute("datetime")?));
        let full = written(
            &at,
            &[
                ("weekday", "short"),
                ("day", "numeric"),
                ("month", "short"),
                ("year", "numeric"),
                ("hour", "2-digit"),
                ("minute", "2-digit"),
                ("second", "2-digit"),
                ("timeZoneName", "short"),
            ],
        );
        time.set_attribute("title", &full).ok()?;
        let day = [("day", "numeric"), ("month", "short"), ("year", "numeric")];
        let text = match time.get_attribute("data-when")?.as_str() {
            "instant" => {
                written(&at, &[day.as_slice(), &[("hour", "2-digit"), ("minute", "2-digit")]].concat())
            }
            "date" => written(&at, &day),
            _ => return None,
        };
        time.set_text_content(Some(&text));
        Some(())
    }

    /// An instant in the language of the page and the zone of the viewer.
    fn written(at: &Date, options: &[(&str, &str)]) -> String {
        let object = Object::new();
        for (name, value) in options {
            // Setting a property of an object that was just made cannot fail.
            let _ = Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value));
        }
        String::from(at.to_locale_string("en-GB", &object))
    }
}
