//! What pages are made of. Every component is plain HTML; one that needs the browser's help contains an island.

mod bar;
mod code;
mod filter_box;
mod heading;
mod icon;
mod layout;
mod marks;
mod notice;
mod panel;
mod sentence;
mod table;
mod time;
mod verdict;

pub use bar::{CountBar, CountWords};
pub use code::{Code, CodeBlock, Prose};
pub use filter_box::FilterBox;
pub use heading::{Crumb, PageHead, SectionHead};
pub use icon::{Icon, Shape};
pub use layout::{Cards, Columns, Section, Stack};
pub use marks::{MarkBox, mark_word};
pub use notice::{Notice, Tone, Trouble};
pub use panel::{Card, Facts, Panel, Row, Rows};
pub(crate) use sentence::value as sentence_value;
pub use sentence::{ObjectName, Sentence};
pub use table::{Cell, Column, Table};
pub use time::{KeepInstant, Style, When};
pub use verdict::{Badge, SeverityBadge, verdict_colour, verdict_word};
