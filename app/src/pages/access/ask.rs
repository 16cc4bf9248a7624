//! The form of a question. Its state is the address.

use leptos::prelude::*;

use crate::backend::AccessQuery;
use crate::components::KeepInstant;
use crate::pages::surround::access_path;
use crate::site::href;

/// Verbs that the form offers; any other can be typed.
const VERBS: [&str; 12] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "impersonate",
    "bind",
    "escalate",
    "*",
];

/// Resources that the form offers.
const RESOURCES: [&str; 12] = [
    "pods",
    "pods/exec",
    "secrets",
    "serviceaccounts/token",
    "configmaps",
    "persistentvolumeclaims",
    "deployments.apps",
    "nodes/proxy",
    "networkpolicies",
    "rolebindings",
    "clusterrolebindings",
    "users",
];

/// Asks who can do what.
#[component]
pub(super) fn Ask(query: AccessQuery, cluster: String, namespaces: Vec<String>) -> impl IntoView {
    let action = href(&access_path(&cluster));
    let asking = query.asking;
    view! {
        <section class="no-print min-w-0" aria-labelledby="ask">
            <h2 id="ask" class="text-[0.8125rem] font-semibold text-ink-2 mb-2">"Ask"</h2>
            <form class="panel bg-surface border rounded-lg px-4 py-3.5" method="get" action=action>
                    <KeepInstant />
                <div class="grid gap-x-4 gap-y-2.5 grid-cols-1 md:grid-cols-2 lg:grid-cols-4">
                    <Field name="subject" label="Who" value=query.subject placeholder="everybody" list="" />
                    <Field name="verb" label="May" value=asking.verb placeholder="create" list="verbs" />
                    <Field name="resource" label="What" value=asking.resource placeholder="pods" list="resources" />
                    <Field name="namespace" label="In namespace" value=asking.namespace placeholder="the whole cluster" list="namespaces" />
                </div>
                <Options id="verbs" values=VERBS.map(str::to_owned).to_vec() />
                <Options id="resources" values=RESOURCES.map(str::to_owned).to_vec() />
                <Options id="namespaces" values=namespaces />
                <div class="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2">
                    <button class="button" type="submit">"Ask"</button>
                    <p class="text-ink-3 min-w-0 max-w-[76ch]">
                        "Leave out who to see everybody who may; leave out what to see all that one may. Somebody is written "
                        <code>"serviceaccount:"<wbr />"NAMESPACE/NAME"</code> ", " <code>"user:NAME"</code> " or " <code>"group:NAME"</code> "."
                    </p>
                </div>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn Field(
    name: &'static str,
    label: &'static str,
    value: String,
    placeholder: &'static str,
    list: &'static str,
) -> impl IntoView {
    let list = (!list.is_empty()).then_some(list);
    view! {
        <label class="flex flex-col min-w-0">
            <span class="text-xs text-ink-3">{label}</span>
            <input
                class="field w-full"
                type="text"
                name=name
                value=value
                placeholder=placeholder
                list=list
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
            />
        </label>
    }
    .into_any()
}

#[component]
fn Options(id: &'static str, values: Vec<String>) -> impl IntoView {
    view! {
        <datalist id=id>
            {values.into_iter().map(|value| view! { <option value=value></option> }).collect_view()}
        </datalist>
    }
    .into_any()
}
