//! What moves in the browser. Islands do not nest, and the page is complete without them.

mod copy_button;
mod live_notice;
mod row_filter;
mod theme_switch;
mod viewer_time;

pub use copy_button::CopyButton;
pub use live_notice::LiveNotice;
pub use row_filter::RowFilter;
pub use theme_switch::ThemeSwitch;
pub use viewer_time::ViewerTime;
