//! Follows one kind from a resourceVersion, line by line.

use bytes::{Buf as _, BytesMut};
use http_body_util::BodyExt as _;
use kube::client::Body;
use tokio::time::Instant;

use super::error::ApiError;
use super::path::{Form, ResourcePath};
use super::problem::Problem;
use super::source::{Source, broken};

/// The longest line accepted, in bytes; etcd stores no object of this size.
const LONGEST_LINE: usize = 32 << 20;

/// How a watch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEnd {
    /// The server ended it in good order, as it does when the time is over.
    Closed,
    /// It failed.
    Failed(ApiError),
}

/// One watch under way.
#[derive(Debug)]
pub struct Watch {
    body: Body,
    buffer: BytesMut,
    /// How much of the buffer holds no line end.
    searched: usize,
    deadline: Instant,
}

impl Watch {
    /// Opens a watch; it is open once the server has answered.
    pub async fn open(
        source: &Source,
        path: &ResourcePath,
        metadata_only: bool,
        resource_version: &str,
    ) -> Result<Self, ApiError> {
        let tuning = source.tuning();
        let form = if metadata_only { Form::Metadata } else { Form::Whole };
        let url = path.watch(resource_version, tuning.watch_timeout.as_secs().max(1));
        // Without compression: servers send each event as a gzip member of its own, which decoders stop at.
        let answer = source.open(&url, form, "identity").await?;
        Ok(Self {
            body: answer.into_body(),
            buffer: BytesMut::new(),
            searched: 0,
            deadline: Instant::now() + tuning.watch_timeout + tuning.watch_grace,
        })
    }

    /// The next line, without its end. A watch that outlives its own time counts as timed out.
    pub async fn line(&mut self) -> Result<BytesMut, WatchEnd> {
        loop {
            if let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + at);
                self.buffer.advance(1);
                self.searched = 0;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Ok(line);
            }
            self.searched = self.buffer.len();
            let frame = tokio::time::timeout_at(self.deadline, self.body.frame())
                .await
                .map_err(|_| WatchEnd::Failed(ApiError::Connection(Problem::TimedOut)))?;
            match frame {
                // What is left without a line end is half an event: the next watch sends it again.
                None if self.buffer.is_empty() => return Err(WatchEnd::Closed),
                None => return Err(WatchEnd::Failed(ApiError::Connection(Problem::Broken))),
                Some(Err(error)) => {
                    return Err(WatchEnd::Failed(ApiError::Connection(broken(Problem::of(&error)))));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err(WatchEnd::Failed(ApiError::TooLarge { limit: LONGEST_LINE }));
            }
        }
    }
}
