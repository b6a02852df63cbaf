//! What can go wrong with the read model. None of it endangers a case: the log is the truth.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the read model could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ReadModelError {
    /// SQLite says no.
    #[error("read model: {0}")]
    Sql(#[from] rusqlite::Error),
    /// The file system says no.
    #[error("read model file `{path}`: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
    /// What stands in the file is not what this version writes.
    #[error("read model: {what} in column `{column}` is not readable, expected what this version writes; rebuild it")]
    Unreadable {
        /// Which row.
        what: String,
        /// Which column.
        column: &'static str,
    },
    /// A key cannot be had now.
    #[error("the words of a case cannot be opened now: {0}")]
    Unopened(String),
    /// The index was sealed with another master key, or was changed.
    #[error("read model: page `{0}` of the search index does not open; rebuild it")]
    Sealed(String),
    /// The file is being built from the log and does not know everything yet.
    #[error("read model is being built from the log; it answers when message {until} has been read")]
    BeingBuilt {
        /// Where the log ended when that began.
        until: u64,
    },
    /// A question that walks over more than can be answered in time.
    #[error("the question took longer than {seconds} s: ask a narrower one, or ask again later")]
    TooLong {
        /// How long was waited.
        seconds: u64,
    },
    /// It panicked, which was told where it did, or the hub ends.
    #[error("a question to the read model was cut off")]
    CutOff,
    /// An exchange of the file failed half-way.
    #[error("read model is closed, expected it open; open it again")]
    Closed,
}

impl ReadModelError {
    /// Whether only a rebuild from the log helps.
    pub fn needs_rebuild(&self) -> bool {
        match self {
            Self::Sql(error) => is_corruption(error),
            Self::Unreadable { .. } | Self::Sealed(_) => true,
            Self::File { .. }
            | Self::Unopened(_)
            | Self::Closed
            | Self::CutOff
            | Self::BeingBuilt { .. }
            | Self::TooLong { .. } => false,
        }
    }

    pub(super) fn unreadable(what: &(impl ToString + ?Sized), column: &'static str) -> Self {
        Self::Unreadable { what: what.to_string(), column }
    }

    pub(super) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

/// Whether the file itself is broken or gone, as opposed to busy, full or forbidden.
pub(super) fn is_corruption(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    let broken = matches!(code, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::CannotOpen));
    // A page that was cut off, or a table that went with its page.
    let cut = error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ);
    broken || cut || error.to_string().contains("no such table")
}
