//! Tells the viewer that something on the page has changed since it was made.

use leptos::prelude::*;

use crate::news::Known;

/// Says so, with a link that shows it. Hears of it by one event stream per browser: the page that holds a lock listens and tells the
/// others. Where there are no locks (no secure context), a page that is looked at asks now and then.
#[island]
pub fn LiveNotice(
    /// The path below which everything is served, with a slash at both ends.
    prefix: String,
    /// The cluster shown, if it is one.
    cluster: Option<String>,
    /// The hub shown, if it is one.
    hub: Option<i64>,
    /// The scan shown of each cluster shown.
    known: Vec<Known>,
) -> impl IntoView {
    let is_old = RwSignal::new(false);
    Effect::new(move || {
        #[cfg(feature = "hydrate")]
        browser::start(browser::Page {
            prefix: prefix.clone(),
            cluster: cluster.clone(),
            hub,
            known: StoredValue::new(known.clone()),
            is_old,
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = (&prefix, &cluster, hub, &known, is_old);
    });
    let later = move |_| {
        #[cfg(feature = "hydrate")]
        browser::put_off(is_old);
    };
    view! {
        <div id="news" class="no-print fixed inset-x-0 bottom-4 z-20 flex justify-center px-4 pointer-events-none" role="status">
            <p class="pointer-events-auto flex flex-wrap items-center gap-x-3 border border-line-strong rounded-lg bg-surface shadow-lg pl-4 pr-2 py-1.5" hidden=move || !is_old.get()>
                "Something on this page has changed."
                <a class="link" href="">"Show it"</a>
                <button type="button" class="button border-transparent bg-transparent text-ink-3" on:click=later>
                    "Later"
                </button>
            </p>
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use std::time::Duration;

    use js_sys::{Function, Promise, Reflect};
    use leptos::prelude::*;
    use leptos::serde_json;
    use leptos::task::spawn_local;
    use wasm_bindgen::prelude::{Closure, wasm_bindgen};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{BroadcastChannel, EventSource, HtmlElement, MessageEvent, Response};

    use crate::news::{Known, News};

    /// How often a page without an event stream asks.
    const ASK_EVERY: Duration = Duration::from_secs(30);

    /// The page that is open.
    #[derive(Clone)]
    pub(super) struct Page {
        pub(super) prefix: String,
        pub(super) cluster: Option<String>,
        pub(super) hub: Option<i64>,
        pub(super) known: StoredValue<Vec<Known>>,
        pub(super) is_old: RwSignal<bool>,
    }

    #[wasm_bindgen]
    extern "C" {
        /// The browser's Web Locks.
        type Locks;
        #[wasm_bindgen(method)]
        fn request(this: &Locks, name: &str, held: &Function) -> Promise;
    }

    pub(super) fn start(page: Page) {
        put_off_by_escape(page.is_old);
        let name = format!("perijove{}", page.prefix);
        if let (Some(locks), Ok(channel)) = (locks(), BroadcastChannel::new(&name)) {
            hear_channel(&channel, page.clone());
            // What changed since the page was made was told to the other pages already.
            ask(page.clone());
            wait_for_turn(&locks, &name, channel, page);
        } else {
            let ask_if_seen = move || {
                if !document().hidden() {
                    ask(page.clone());
                }
            };
            let _ = set_interval_with_handle(ask_if_seen, ASK_EVERY);
        }
    }

    /// Lets the escape key put the notice off, wherever the focus is. What is open, or typed into, has the key first.
    fn put_off_by_escape(is_old: RwSignal<bool>) {
        let _ = window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() != "Escape" || event.default_prevented() || !is_old.get_untracked() || is_taken() {
                return;
            }
            put_off(is_old);
        });
    }

    /// Whether something else has a use for the escape key: an open switcher, or a field.
    fn is_taken() -> bool {
        document().query_selector(":popover-open, input:focus, select:focus").ok().flatten().is_some()
    }

    /// Hides the notice; a focus that was in it goes to the content, not to nowhere.
    pub(super) fn put_off(is_old: RwSignal<bool>) {
        let had_focus = document().query_selector("#news :focus").ok().flatten().is_some();
        is_old.set(false);
        if !had_focus {
            return;
        }
        if let Some(main) =
            document().get_element_by_id("main").and_then(|main| main.dyn_into::<HtmlElement>().ok())
        {
            let _ = main.focus();
        }
    }

    /// Web Locks, which only secure contexts have.
    fn locks() -> Option<Locks> {
        let locks = Reflect::get(&window().navigator(), &JsValue::from_str("locks")).ok()?;
        locks.is_object().then(|| locks.unchecked_into())
    }

    /// Hears what the page with the event stream tells the others.
    fn hear_channel(channel: &BroadcastChannel, page: Page) {
        let hear =
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| page.take(&event.data()));
        channel.set_onmessage(Some(hear.as_ref().unchecked_ref()));
        hear.forget();
    }

    /// Opens the event stream when no other page of this browser has one, and keeps it for as long as this page lives.
    fn wait_for_turn(locks: &Locks, name: &str, channel: BroadcastChannel, page: Page) {
        let held = Closure::once_into_js(move || {
            listen(&channel, &page);
            Promise::new(&mut |_, _| {})
        });
        let _ = locks.request(name, held.unchecked_ref());
    }

    fn listen(channel: &BroadcastChannel, page: &Page) -> Option<()> {
        let stream = EventSource::new(&format!("{}api/events", page.prefix)).ok()?;
        let (channel, page) = (channel.clone(), page.clone());
        let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let _ = channel.post_message(&event.data());
            page.take(&event.data());
        });
        for name in ["changed", "seen"] {
            stream.add_event_listener_with_callback(name, hear.as_ref().unchecked_ref()).ok()?;
        }
        hear.forget();
        Some(())
    }

    /// Asks once.
    fn ask(page: Page) {
        spawn_local(async move {
            if let Some(text) = fetch(&format!("{}api/news", page.prefix)).await {
                for news in serde_json::from_str::<Vec<News>>(&text).unwrap_or_default() {
                    page.hear(&news);
                }
            }
        });
    }

    async fn fetch(address: &str) -> Option<String> {
        let response: Response =
            JsFuture::from(window().fetch_with_str(address)).await.ok()?.dyn_into().ok()?;
        if !response.ok() {
            return None;
        }
        JsFuture::from(response.text().ok()?).await.ok()?.as_string()
    }

    impl Page {
        /// Takes a message. What is not news is dropped: other pages of this origin can write to the channel.
        fn take(&self, message: &JsValue) {
            if let Some(news) = message.as_string().and_then(|text| serde_json::from_str::<News>(&text).ok())
            {
                self.hear(&news);
            }
        }

        fn hear(&self, news: &News) {
            let known = self.known.get_value();
            if news.concerns(self.cluster.as_deref(), self.hub, &known) {
                self.is_old.set(true);
                self.known.update_value(|known| news.note(known));
            }
            if let Some(at) = self.known.try_update_value(|known| news.freshens(known)).flatten() {
                remember_seen(at);
            }
        }
    }

    /// Writes into the header when the cluster was last heard of; [`ViewerTime`](crate::islands::ViewerTime) puts it into words.
    fn remember_seen(at: i64) -> Option<()> {
        let time = document().query_selector("[data-stale-after] time").ok()??;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
        let instant = js_sys::Date::new(&JsValue::from_f64(at as f64));
        time.set_attribute("datetime", &String::from(instant.to_iso_string())).ok()
    }
}
