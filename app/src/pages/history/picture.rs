//! The picture: open faults by severity as layers with steps, and below them, on the same line of time, how many objects changed, and when
//! something could not be read. A pause covers everything it took: no line is drawn through it.
//!
//! Each layer has a texture and its name at its end, so that nothing depends on colour.

use leptos::prelude::*;
use posture::Timestamp;

use super::axis::{across, instants, numbers};
use super::says;
use crate::backend::{HistoryView, OpenFaults, TrendPoint};
use crate::site::shown;

type Span = (Timestamp, Timestamp);

/// A layer of the picture: the faults of one severity, or those that could not be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layer {
    /// Its place among the severities; behind them, what is not confirmed.
    index: usize,
    name: &'static str,
    /// The id of its texture.
    texture: &'static str,
    colour: &'static str,
}

/// The layers from the bottom up: the worst has the steadiest ground.
const LAYERS: [Layer; 6] = [
    Layer { index: 0, name: "critical", texture: "layer-critical", colour: "text-fail" },
    Layer { index: 1, name: "high", texture: "layer-high", colour: "text-fail" },
    Layer { index: 2, name: "medium", texture: "layer-medium", colour: "text-warn" },
    Layer { index: 3, name: "low", texture: "layer-low", colour: "text-warn" },
    Layer { index: 4, name: "info", texture: "layer-info", colour: "text-na" },
    Layer { index: 5, name: "not confirmed", texture: "layer-unconfirmed", colour: "text-unknown" },
];

impl Layer {
    fn count(self, open: &OpenFaults) -> u32 {
        open.confirmed.get(self.index).copied().unwrap_or(open.unconfirmed)
    }

    /// How high it reaches: itself and what lies below.
    fn top(self, open: &OpenFaults) -> u32 {
        LAYERS.iter().take(self.index + 1).map(|layer| layer.count(open)).sum()
    }
}

/// The measures of a picture, in units that are pixels where it is drawn at its own size.
#[derive(Debug, Clone, Copy)]
struct Measures {
    width: f64,
    left: f64,
    right: f64,
    /// How many instants are named.
    names: i64,
}

const WIDE: Measures = Measures { width: 1040.0, left: 30.0, right: 128.0, names: 8 };
const NARROW: Measures = Measures { width: 340.0, left: 24.0, right: 100.0, names: 3 };

/// From the top: the layers, the line of time, the changes.
const TOP: f64 = 10.0;
const FLOOR: f64 = 200.0;
const LANE_TOP: f64 = 236.0;
const LANE_FLOOR: f64 = 272.0;
const CERTIFICATES: f64 = 288.0;
const GAPS_TOP: f64 = 304.0;
const GAPS_FLOOR: f64 = 312.0;
const HEIGHT: f64 = 320.0;

/// How far the names at the end are apart at least.
const LINE: f64 = 15.0;

impl Measures {
    fn plot(self) -> f64 {
        self.width - self.left - self.right
    }

    fn x(self, span: Span, at: Timestamp) -> f64 {
        across(span, at, self.left, self.plot())
    }
}

/// Where a number stands.
fn height(count: u32, most: u32) -> f64 {
    FLOOR - (FLOOR - TOP) * f64::from(count) / f64::from(most.max(1))
}

/// A coordinate, to a tenth.
fn tenth(value: f64) -> String {
    format!("{value:.1}")
}

/// The picture, once for wide windows and once for narrow ones; a reader hears one of them as a title and a description.
#[component]
pub(super) fn Picture(view: HistoryView, span: Span) -> impl IntoView {
    let layers: Vec<Layer> = LAYERS
        .into_iter()
        .filter(|layer| view.points.iter().any(|point| layer.count(&point.open) > 0))
        .collect();
    view! {
        <Textures />
        <div class="hidden sm:block">{draw(&view, span, WIDE, &layers, "wide")}</div>
        <div class="sm:hidden">{draw(&view, span, NARROW, &layers, "narrow")}</div>
        <Legend layers=layers />
    }
    .into_any()
}

fn draw(view: &HistoryView, span: Span, measures: Measures, layers: &[Layer], name: &str) -> AnyView {
    let ticks = numbers(view.points.iter().map(|point| point.open.total()).max().unwrap_or(0));
    let most = ticks.last().copied().unwrap_or(1);
    let is_now = shown().is_none();
    let (title, desc) = (format!("{name}-title"), format!("{name}-desc"));
    let labelled = format!("{title} {desc}");
    let right = measures.width - measures.right;
    view! {
        <svg
            class="block w-full h-auto"
            viewBox=format!("0 0 {} {HEIGHT}", measures.width)
            role="img"
            aria-labelledby=labelled
        >
            <title id=title>"Open faults by severity, and changed objects, over time"</title>
            <desc id=desc>{says::summary(view, is_now)}</desc>
            {ticks
                .into_iter()
                .map(|tick| {
                    let y = tenth(height(tick, most));
                    view! {
                        <path class="text-line" d=format!("M{} {y}H{right}", measures.left) stroke="currentColor"></path>
                        <text class="fill-ink-3 text-xs tabular-nums" x=measures.left - 6.0 y=y dy="4" text-anchor="end">{tick}</text>
                    }
                })
                .collect_view()}
            {layers
                .iter()
                .map(|layer| {
                    let (area, edge) = outline(*layer, &view.points, span, measures, most);
                    let dash = (layer.texture == "layer-unconfirmed").then_some("4 3");
                    view! {
                        <path d=area fill=format!("url(#{})", layer.texture)></path>
                        <path class=layer.colour d=edge fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray=dash></path>
                    }
                })
                .collect_view()}
            {ends(view, layers, most)
                .into_iter()
                .map(|(y, from, layer, count)| {
                    view! {
                        <path
                            class="text-ink-3"
                            d=format!("M{} {}L{} {}", right + 1.0, tenth(from), right + 8.0, tenth(y))
                            fill="none"
                            stroke="currentColor"
                        ></path>
                        <text class="fill-ink text-xs tabular-nums" x=right + 11.0 y=tenth(y) dy="4">
                            {format!("{count} {}", layer.name)}
                        </text>
                    }
                })
                .collect_view()}
            {times(span, measures)}
            {lane(view, span, measures)}
            {certificates(view, span, measures)}
            {unseen(view, span, measures)}
        </svg>
    }
    .into_any()
}

/// The area of a layer and its upper edge: it keeps its height until the next point.
fn outline(
    layer: Layer,
    points: &[TrendPoint],
    span: Span,
    measures: Measures,
    most: u32,
) -> (String, String) {
    let end = measures.width - measures.right;
    let line = |value: &dyn Fn(&TrendPoint) -> u32| -> Vec<(f64, f64)> {
        let steps = points.iter().map(|point| (measures.x(span, point.at), height(value(point), most)));
        let mut corners: Vec<(f64, f64)> = Vec::new();
        for (x, y) in steps {
            if let Some((_, before)) = corners.last().copied() {
                if (before - y).abs() < f64::EPSILON {
                    continue;
                }
                corners.push((x, before));
            }
            corners.push((x, y));
        }
        corners.extend(corners.last().map(|(_, y)| (end, *y)));
        corners
    };
    let path = |corners: &[(f64, f64)]| -> String {
        corners.iter().map(|(x, y)| format!("L{} {}", tenth(*x), tenth(*y))).collect::<Vec<_>>().concat()
    };
    let top = path(&line(&|point| layer.top(&point.open)));
    let mut below = line(&|point| layer.top(&point.open) - layer.count(&point.open));
    below.reverse();
    let edge = format!("M{}", top.trim_start_matches('L'));
    (format!("{edge}{}Z", path(&below)), edge)
}

/// The names at the end: where each stands, where its layer lies, and how many there are.
fn ends(view: &HistoryView, layers: &[Layer], most: u32) -> Vec<(f64, f64, Layer, u32)> {
    let Some(open) = view.points.last().map(|point| point.open) else { return Vec::new() };
    let mut named = Vec::new();
    let mut free = FLOOR;
    for layer in layers.iter().filter(|layer| layer.count(&open) > 0) {
        let (top, count) = (layer.top(&open), layer.count(&open));
        let middle = f64::midpoint(height(top, most), height(top - count, most));
        let y = middle.min(free);
        free = y - LINE;
        named.push((y, middle, *layer, count));
    }
    named
}

/// The line of time.
fn times(span: Span, measures: Measures) -> AnyView {
    let right = measures.width - measures.right;
    let text = |x: f64| {
        // A name at an edge stays inside.
        if x < measures.left + 24.0 {
            "start"
        } else if x > measures.width - 24.0 {
            "end"
        } else {
            "middle"
        }
    };
    view! {
        <path class="text-line-strong" d=format!("M{} {FLOOR}H{right}", measures.left) stroke="currentColor"></path>
        {instants(span, measures.names)
            .into_iter()
            .map(|(at, name)| {
                let x = measures.x(span, at);
                view! {
                    <path class="text-line-strong" d=format!("M{} {FLOOR}v5", tenth(x)) stroke="currentColor"></path>
                    <text class="fill-ink-3 text-xs" x=tenth(x) y=FLOOR + 18.0 text-anchor=text(x)>{name}</text>
                }
            })
            .collect_view()}
    }
    .into_any()
}

/// The changed objects: a bar for each part of the span in which there were any.
fn lane(view: &HistoryView, span: Span, measures: Measures) -> AnyView {
    let most = view.changes.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let right = measures.width - measures.right;
    view! {
        <path class="text-line-strong" d=format!("M{} {LANE_FLOOR}H{right}", measures.left) stroke="currentColor"></path>
        {view
            .changes
            .iter()
            .map(|(at, count)| {
                let tall = 4.0 + (LANE_FLOOR - LANE_TOP - 4.0) * f64::from(*count) / f64::from(most.max(1));
                let x = measures.x(span, *at).min(right - 3.0);
                view! {
                    <rect class="fill-ink-2" x=tenth(x) y=tenth(LANE_FLOOR - tall) width="3" height=tenth(tall)>
                        <title>{format!("{}: {count}", at.strftime("%-d %b %Y, %H:%M UTC"))}</title>
                    </rect>
                }
            })
            .collect_view()}
        {(most > 0)
            .then(|| {
                view! {
                    <text class="fill-ink-3 text-xs tabular-nums" x=measures.left - 6.0 y=LANE_TOP dy="6" text-anchor="end">{most}</text>
                }
            })}
        <text class="fill-ink text-xs" x=right + 11.0 y=LANE_FLOOR - 12.0>"changed"</text>
        <text class="fill-ink text-xs" x=right + 11.0 y=LANE_FLOOR + 2.0>"objects"</text>
    }
    .into_any()
}

/// Certificates: a hollow diamond where one was renewed, a full one with a cross where one ran out.
fn certificates(view: &HistoryView, span: Span, measures: Measures) -> AnyView {
    let right = measures.width - measures.right;
    let is_any = !view.certificates.is_empty();
    view! {
        {view
            .certificates
            .iter()
            .map(|moment| {
                let x = measures.x(span, moment.at).min(right - 5.0);
                let path = format!("M{} {}l5 5l-5 5l-5 -5z", tenth(x), tenth(CERTIFICATES - 5.0));
                let cross = format!("M{} {}l4 4m0 -4l-4 4", tenth(x - 2.0), tenth(CERTIFICATES - 2.0));
                let title = says::certificate(moment);
                let (colour, fill) = if moment.ran_out { ("text-fail", "currentColor") } else { ("text-ink-2", "none") };
                view! {
                    <g class=colour>
                        <title>{title}</title>
                        <path d=path fill=fill stroke="currentColor" stroke-width="1.5"></path>
                        {moment.ran_out.then(|| view! { <path class="text-surface" d=cross stroke="currentColor" stroke-width="1.5"></path> })}
                    </g>
                }
            })
            .collect_view()}
        {is_any
            .then(|| {
                view! { <text class="fill-ink text-xs" x=right + 11.0 y=CERTIFICATES + 4.0>"certificates"</text> }
            })}
    }
    .into_any()
}

/// Pauses, which cover what lies in them, and below the changes the gaps.
fn unseen(view: &HistoryView, span: Span, measures: Measures) -> AnyView {
    let has_gaps = view.unseen.iter().any(|unseen| !unseen.is_pause());
    let right = measures.width - measures.right;
    view! {
        {view
            .unseen
            .iter()
            .map(|unseen| {
                let (from, to) = (measures.x(span, unseen.from), measures.x(span, unseen.to));
                let wide = (to - from).max(2.0).min(right - from.min(right - 2.0));
                let (x, wide) = (tenth(from.min(right - 2.0)), tenth(wide));
                let title = format!("{}: {}", says::stretch(unseen), says::what(unseen));
                if unseen.is_pause() {
                    let tall = tenth(LANE_FLOOR - TOP);
                    view! {
                        <g>
                            <title>{title}</title>
                            <rect class="fill-surface" x=x.clone() y=TOP width=wide.clone() height=tall.clone()></rect>
                            <rect fill="url(#not-watched)" x=x y=TOP width=wide height=tall></rect>
                            {(to - from > 48.0)
                                .then(|| {
                                    view! {
                                        <text class="fill-ink text-xs" x=tenth(f64::midpoint(from, to)) y=TOP + 12.0 text-anchor="middle">
                                            "paused"
                                        </text>
                                    }
                                })}
                        </g>
                    }
                    .into_any()
                } else {
                    view! {
                        <rect class="fill-unknown" x=x y=GAPS_TOP width=wide height=GAPS_FLOOR - GAPS_TOP>
                            <title>{title}</title>
                        </rect>
                    }
                    .into_any()
                }
            })
            .collect_view()}
        {has_gaps
            .then(|| {
                view! { <text class="fill-ink text-xs" x=right + 11.0 y=GAPS_FLOOR>"gaps"</text> }
            })}
    }
    .into_any()
}

/// The textures, once for all pictures of the page.
#[component]
fn Textures() -> impl IntoView {
    view! {
        <svg class="absolute size-0" aria-hidden="true">
            <defs>
                <pattern id="layer-critical" patternUnits="userSpaceOnUse" width="8" height="8">
                    <rect class="fill-fail" width="8" height="8"></rect>
                </pattern>
                <pattern id="layer-high" patternUnits="userSpaceOnUse" width="5" height="5" patternTransform="rotate(45)">
                    <rect class="fill-fail-soft" width="5" height="5"></rect>
                    <rect class="fill-fail" width="2" height="5"></rect>
                </pattern>
                <pattern id="layer-medium" patternUnits="userSpaceOnUse" width="7" height="7" patternTransform="rotate(-45)">
                    <rect class="fill-warn-soft" width="7" height="7"></rect>
                    <rect class="fill-warn" width="1.25" height="7"></rect>
                </pattern>
                <pattern id="layer-low" patternUnits="userSpaceOnUse" width="7" height="7">
                    <rect class="fill-warn-soft" width="7" height="7"></rect>
                    <circle class="fill-warn" cx="2" cy="2" r="1"></circle>
                    <circle class="fill-warn" cx="5.5" cy="5.5" r="1"></circle>
                </pattern>
                <pattern id="layer-info" patternUnits="userSpaceOnUse" width="8" height="8">
                    <rect class="fill-raised" width="8" height="8"></rect>
                    <rect class="fill-na" y="3" width="8" height="1"></rect>
                </pattern>
                <pattern id="not-watched" patternUnits="userSpaceOnUse" width="8" height="8" patternTransform="rotate(45)">
                    <rect class="fill-line-strong" width="1" height="8"></rect>
                </pattern>
                <pattern id="layer-unconfirmed" patternUnits="userSpaceOnUse" width="8" height="8">
                    <rect class="fill-unknown-soft" width="8" height="8"></rect>
                    <path class="text-unknown" d="M2.5 4h3M4 2.5v3" stroke="currentColor" fill="none"></path>
                </pattern>
            </defs>
        </svg>
    }
    .into_any()
}

/// Which texture is which: also of what is over by the end, and has no name there.
#[component]
fn Legend(layers: Vec<Layer>) -> impl IntoView {
    view! {
        <div>
        <ul class="mt-2.5 flex flex-wrap gap-x-4 gap-y-1 text-ink-2" role="list" aria-label="Layers, the lowest first">
            {layers
                .into_iter()
                .map(|layer| {
                    view! {
                        <li class="flex items-center gap-1.5">
                            <svg class=format!("flex-none w-5 h-3 {}", layer.colour) viewBox="0 0 20 12" aria-hidden="true">
                                <rect
                                    x="0.5"
                                    y="0.5"
                                    width="19"
                                    height="11"
                                    fill=format!("url(#{})", layer.texture)
                                    stroke="currentColor"
                                ></rect>
                            </svg>
                            {layer.name}
                        </li>
                    }
                })
                .collect_view()}
        </ul>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(second: i64, high: u32, medium: u32) -> TrendPoint {
        let open = OpenFaults { confirmed: [0, high, medium, 0, 0], unconfirmed: 0 };
        TrendPoint { at: Timestamp::from_second(second).unwrap(), open }
    }

    #[test]
    fn a_layer_lies_on_the_ones_below_and_keeps_its_height_until_the_next_point() {
        let points = [point(0, 1, 1), point(50, 1, 3)];
        let span = (points[0].at, Timestamp::from_second(100).unwrap());
        let measures = Measures { width: 120.0, left: 10.0, right: 10.0, names: 3 };
        let (_, edge) = outline(LAYERS[2], &points, span, measures, 4);
        assert_eq!(edge, "M10.0 105.0L60.0 105.0L60.0 10.0L110.0 10.0");
        let (area, _) = outline(LAYERS[2], &points, span, measures, 4);
        assert!(area.ends_with("L110.0 152.5L10.0 152.5Z"), "{area}");
    }

    #[test]
    fn every_fault_lies_in_one_layer() {
        let open = OpenFaults { confirmed: [1, 2, 3, 4, 5], unconfirmed: 6 };
        assert_eq!(LAYERS.iter().map(|layer| layer.count(&open)).sum::<u32>(), open.total());
        assert_eq!(LAYERS[5].top(&open), open.total());
    }
}
