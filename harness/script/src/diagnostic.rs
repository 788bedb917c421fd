//! What is wrong with a script, shown as rustc shows it: the line, a caret, what was expected, the nearest known name.

use super::limit;
use super::span::Span;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use sprig_judge::case::SourceFile;
use std::fmt;
use std::sync::Arc;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    message: String,
    /// Where, and what is to be said there; the first is the place of the mistake, the others belong to it.
    labels: Vec<(Span, String)>,
    notes: Vec<String>,
    help: Vec<String>,
}

impl Diagnostic {
    pub(super) fn error(message: impl Into<String>) -> Self {
        Self { message: message.into(), labels: Vec::new(), notes: Vec::new(), help: Vec::new() }
    }

    /// Points to a place; the first one is that of the mistake.
    pub(super) fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push((span, label.into()));
        self
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a suggestion if there is one.
    pub(super) fn maybe_help(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Where the mistake is, if it is at one place.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|(span, _)| *span)
    }

    /// What is wrong, in one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    fn groups<'a>(&'a self, source: &'a SourceFile, path: &'a str) -> Vec<Group<'a>> {
        let title = Level::ERROR.primary_title(&self.message);
        let mut group = if self.labels.is_empty() {
            Group::with_title(title).element(Origin::path(path))
        } else {
            let annotations = self.labels.iter().enumerate().map(|(index, (span, label))| {
                let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                let annotation = kind.span(span.range());
                if label.is_empty() { annotation } else { annotation.label(label) }
            });
            let snippet = Snippet::source(&source.text).line_start(1).path(path).annotations(annotations);
            title.element(snippet)
        };
        for note in &self.notes {
            group = group.element(Level::NOTE.message(note));
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help));
        }
        vec![group]
    }
}

/// Everything that is wrong with one file, in the order of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    source: Arc<SourceFile>,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(super) fn new(source: Arc<SourceFile>, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(Diagnostic::span);
        Self { source, list }
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// The mistakes: all of them, unless there are [`limit::MISTAKES`] or more.
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// All of them as text, each followed by an empty line; with terminal colours if asked.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let path = self.source.path.display().to_string();
        let mut text = String::new();
        for diagnostic in &self.list {
            text.push_str(&renderer.render(&diagnostic.groups(&self.source, &path)));
            text.push_str("\n\n");
        }
        if self.list.len() >= limit::MISTAKES {
            text.push_str(&format!(
                "error: {path}: there may be more, nothing is looked for after {} mistakes\n\n",
                limit::MISTAKES
            ));
        }
        text
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
