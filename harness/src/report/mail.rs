//! The report for a mailing list: the answer first, plain text, no line too long to be quoted in a reply.

use super::human::{Details, answer, totals};
use super::{Missing, Record, Reporter, Summary, TargetReport};
use std::io::{self, Write};
use textwrap::{Options, WordSeparator, WordSplitter};

/// Columns of a line: what the kernel's lists ask of a mail (Documentation/process/submitting-patches.rst).
const WIDTH: usize = 75;
/// Columns in front of what [`Record::explain`] has to say.
const INDENT: &str = "            ";
/// The line in front of what a target has printed.
const CONSOLE: &str = "console:";
/// Labels of lines that are commands: a shell must still understand them.
const COMMANDS: [&str; 2] = ["again", "record"];

pub(super) struct Mail<'a> {
    out: &'a mut dyn Write,
    details: Details,
    /// What there is to tell of the cases.
    body: Vec<u8>,
}

impl<'a> Mail<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, details: Details::default(), body: Vec::new() }
    }
}

impl Reporter for Mail<'_> {
    fn begin(&mut self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn target_begins(&mut self, _: &str, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.details.record(&mut self.body, record)
    }

    fn target_ends(&mut self, _: &TargetReport) -> io::Result<()> {
        self.details.target_ends(&mut self.body)
    }

    fn target_missing(&mut self, target: &str, missing: &Missing) -> io::Result<()> {
        writeln!(self.body, "ERROR {target} cannot run here: {}\nTo add it: {}\n", missing.reason, missing.remedy)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let mut text = Vec::new();
        writeln!(text, "{}.\n", answer(summary.question, summary.exit))?;
        totals(&mut text, summary)?;
        writeln!(text)?;
        text.append(&mut self.body);
        let text = String::from_utf8_lossy(&text);
        self.out.write_all(mailed(&anstream::adapter::strip_str(&text).to_string()).as_bytes())
    }
}

/// The report with its lines folded, except what a target has printed: tools cannot read a folded oops.
fn mailed(text: &str) -> String {
    let mut is_console = false;
    let mut all = String::new();
    for line in text.trim_end().lines() {
        let goes_on = line.trim().is_empty() || line.starts_with(INDENT);
        is_console = goes_on && (is_console || line.trim() == CONSOLE);
        if is_console {
            all.extend([line, "\n"]);
        } else {
            all.push_str(&folded(line));
        }
    }
    all
}

/// A line in as many as it takes, each with its end.
fn folded(line: &str) -> String {
    let is_command = COMMANDS.iter().any(|label| line.trim_start().starts_with(label) && line.starts_with("  "));
    let (width, end) = if is_command { (WIDTH - " \\".len(), " \\\n") } else { (WIDTH, "\n") };
    let indent = if line.starts_with("  ") { INDENT } else { "  " };
    let options = Options::new(width)
        .subsequent_indent(indent)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(!is_command);
    let lines = textwrap::wrap(line, options);
    lines.join(end) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_said_is_left_as_it_said_it() {
        let registers = format!("{INDENT}GPR00: {}", "c002ee7c ".repeat(9).trim_end());
        let text = format!(
            "  seen      it panicked\n{INDENT}console:\n{INDENT}exit_nr 9\n  \n{registers}\n  again     sprig\n"
        );
        assert_eq!(mailed(&text), text);
    }

    #[test]
    fn prose_is_folded_under_its_label() {
        let line = format!("  source    {}", "word ".repeat(20).trim_end());
        let folded = folded(&line);
        let lines: Vec<&str> = folded.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() <= WIDTH) && lines[1].starts_with("            word"), "{folded}");
    }

    #[test]
    fn a_folded_command_is_still_one_command() {
        let command = format!("sprig gate case --target t --kernel {}/vmlinux --strict --format human", "d".repeat(40));
        let folded = folded(&format!("  again     {command}"));
        let typed = folded.trim_start_matches("  again").replace("\\\n", "");
        assert!(folded.contains(" \\\n"), "{folded}");
        assert_eq!(typed.split_whitespace().collect::<Vec<_>>(), command.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn what_fits_is_left_as_it_is() {
        assert_eq!(folded("  actual    0xa0000004"), "  actual    0xa0000004\n");
        assert_eq!(folded(""), "\n");
    }
}
