//! Lists one kind page by page, politely and stubbornly.

use super::backoff::Backoff;
use super::error::ApiError;
use super::path::{Form, ResourcePath};
use super::source::Source;

/// How often a list may start over because its continue token became too old.
const RESTARTS: u32 = 3;

/// What the next request of a list gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The page is in the buffer.
    Page,
    /// The list became too old and starts over: what was read of it so far counts for nothing.
    Restarted,
}

/// One list under way. The caller decodes each page and says where it goes on.
#[derive(Debug)]
pub struct Lister<'a> {
    source: &'a Source,
    path: ResourcePath,
    form: Form,
    limit: u32,
    token: Option<String>,
    restarts: u32,
    backoff: Backoff,
}

impl<'a> Lister<'a> {
    /// Prepares a list of whole objects or of their metadata.
    pub fn new(source: &'a Source, path: ResourcePath, metadata_only: bool) -> Self {
        let tuning = source.tuning();
        // Different kinds that fail together must not come back together.
        let seed =
            path.list(0, None).bytes().fold(17, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte));
        Self {
            source,
            path,
            form: if metadata_only { Form::MetadataList } else { Form::Whole },
            limit: tuning.page_size.max(1),
            token: None,
            restarts: 0,
            backoff: Backoff::new(tuning.first_wait, tuning.longest_wait, seed),
        }
    }

    /// Reads the next page into `page`. An error is final: what could be retried was.
    pub async fn fetch(&mut self, page: &mut Vec<u8>) -> Result<Fetched, ApiError> {
        loop {
            let error = match self.request(page).await {
                Ok(()) => {
                    self.backoff.succeeded();
                    return Ok(Fetched::Page);
                }
                Err(error) => error,
            };
            match &error {
                ApiError::TooLarge { .. } if self.limit > 1 => self.limit /= 2,
                ApiError::Gone if self.token.is_some() && self.restarts < RESTARTS => {
                    self.restarts += 1;
                    self.token = None;
                    return Ok(Fetched::Restarted);
                }
                _ if error.is_transient() && self.backoff.attempts() < self.source.tuning().retries => {
                    tokio::time::sleep(self.backoff.next(error.retry_after())).await;
                }
                _ => return Err(error),
            }
        }
    }

    /// Goes on after the page whose list said `token`; false if that was the last page.
    pub fn go_on(&mut self, token: Option<String>) -> bool {
        self.token = token.filter(|token| !token.is_empty());
        self.token.is_some()
    }

    async fn request(&self, page: &mut Vec<u8>) -> Result<(), ApiError> {
        let url = self.path.list(self.limit, self.token.as_deref());
        let answer = self.source.open(&url, self.form, "gzip").await?;
        self.source.read(answer, page, self.source.tuning().page_bytes).await
    }
}
