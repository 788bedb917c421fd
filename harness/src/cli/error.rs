//! Errors in two tiers: those a user can do something about, with advice, and those that the user cannot help.

use crate::judge::Exit;
use crate::script::LoadError;
use std::fmt;
use std::io;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Error {
    /// The user can do something about it.
    Expected {
        /// The exit status.
        exit: Exit,
        /// What is wrong.
        message: String,
        /// What to do.
        advice: Option<String>,
    },
    /// Files of the suite or scripts are wrong; each mistake says where.
    Mistakes(String),
    /// The machine failed us.
    Internal {
        /// What was being done.
        doing: String,
        /// What came in between.
        cause: io::Error,
    },
}

impl Error {
    /// Wrong usage.
    pub fn usage(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Expected { exit: Exit::Usage, message: message.into(), advice: Some(advice.into()) }
    }

    /// Nothing can be judged.
    pub fn not_judged(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Expected { exit: Exit::NotJudged, message: message.into(), advice: Some(advice.into()) }
    }

    /// The same with another exit status, if it is one that the user can do something about.
    #[must_use]
    pub fn ending_with(self, exit: Exit) -> Self {
        match self {
            Self::Expected { message, advice, .. } => Self::Expected { exit, message, advice },
            other => other,
        }
    }

    /// The exit status it ends the program with.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Expected { exit, .. } => *exit,
            Self::Mistakes(_) => Exit::Usage,
            Self::Internal { .. } => Exit::NotJudged,
        }
    }

    /// True if the output's reader has gone: it wants to hear no more, this included.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Internal { cause, .. } if cause.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected { message, advice, .. } => {
                write!(f, "error: {message}")?;
                advice.as_ref().map_or(Ok(()), |advice| write!(f, "\n  {advice}"))
            }
            Self::Mistakes(text) => f.write_str(text.trim_end()),
            Self::Internal { doing, cause } => write!(f, "error: {doing}: {cause}"),
        }
    }
}

/// What is wrong with a script, as rustc would show it. Colours are written always: standard error takes them out where
/// it is no terminal, or one that wants none.
pub(super) fn shown(error: &LoadError) -> String {
    match error {
        LoadError::Script(diagnostics) => diagnostics.render(true),
        LoadError::Io { .. } => format!("error: {error}\n"),
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Internal { cause, .. } => Some(cause),
            Self::Expected { .. } | Self::Mistakes(_) => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(cause: io::Error) -> Self {
        Self::Internal { doing: "writing the output".to_owned(), cause }
    }
}
