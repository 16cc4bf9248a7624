//! Tables that stay readable on a phone: below 640 px each row becomes a block, and each cell says what it is.

use leptos::prelude::*;

/// A column's heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it says.
    pub label: &'static str,
    /// As narrow as its content.
    pub fit: bool,
    /// Numbers, at the end of the line.
    pub number: bool,
}

impl Column {
    /// A column that shares the room.
    pub const fn new(label: &'static str) -> Self {
        Self { label, fit: false, number: false }
    }

    /// As narrow as its content.
    pub const fn fit(self) -> Self {
        Self { fit: true, ..self }
    }

    /// Of numbers.
    pub const fn number(self) -> Self {
        Self { number: true, ..self }
    }

    fn class(&self) -> &'static str {
        match (self.fit, self.number) {
            (true, true) => "fit number",
            (true, false) => "fit",
            (false, true) => "number",
            (false, false) => "",
        }
    }
}

/// A table. Rows are `<tr role="row">` with [`Cell`]s; where a filter works on them, with `data-filter`.
#[component]
pub fn Table(
    /// What the table is, for screen readers; the heading above says it to the eye.
    #[prop(into)]
    caption: String,
    /// The headings. Without any, the table has no head.
    columns: Vec<Column>,
    /// The id of the rows, which a filter names.
    #[prop(optional, into)]
    id: Option<String>,
    /// The rows.
    children: Children,
) -> impl IntoView {
    // The roles are those the elements have; browsers drop them where a row is drawn as a block.
    view! {
        <div class="panel bg-surface border rounded-lg overflow-hidden">
            <table class="stack w-full border-collapse" role="table">
                <caption class="sr-only">{caption}</caption>
                {(!columns.is_empty())
                    .then(|| {
                        view! {
                            <thead role="rowgroup">
                                <tr role="row">
                                    {columns
                                        .iter()
                                        .map(|column| {
                                            view! { <th class=column.class() scope="col" role="columnheader">{column.label}</th> }
                                        })
                                        .collect_view()}
                                </tr>
                            </thead>
                        }
                    })}
                <tbody id=id role="rowgroup">{children()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A cell.
#[component]
pub fn Cell(
    /// What it is, shown before the content where the row is a block; the same as the column's heading. Empty where the content
    /// speaks for itself.
    #[prop(optional)]
    label: &'static str,
    /// As narrow as its content.
    #[prop(optional)]
    fit: bool,
    /// A number, at the end of the line.
    #[prop(optional)]
    number: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    let class = match (fit, number) {
        (true, true) => "fit number",
        (true, false) => "fit",
        (false, true) => "number",
        (false, false) => "",
    };
    let label = (!label.is_empty()).then_some(label);
    // One box around the content: where the row is a block, the label stands beside it.
    view! {
        <td class=class role="cell" data-label=label>
            <div>{children()}</div>
        </td>
    }
    .into_any()
}
